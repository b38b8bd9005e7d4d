//! Both lead: an agent points, asks for control and acts in the customer's page; the customer allows, sees, and stops it.
#[path = "both_lead/anew.rs"]
mod anew;
#[path = "both_lead/forged.rs"]
mod forged;

use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent,
    axe::Inspector,
    handset,
    main_job::{AGENT, SHOPPER},
    merchant::{self, KEY, Merchant, Plot, Sheet, page},
    person::Help,
    shopper,
};
use playwright_rs::protocol::CDPSession;

/// A field like React's: it notices what comes past its own setter with an `input` event, and nothing else.
const FIXTURE: &str = include_str!("../fixtures/lead/order.html");
/// What the page's own developers would not have: the mirror's socket is known, so that a message can be forged.
const SOCKETS: &str = "globalThis.sockets = [];
    globalThis.broken = [];
    addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective + ' ' + event.blockedURI));
    globalThis.WebSocket = class extends WebSocket { constructor(...list) { super(...list); sockets.push(this); } };";
const HAND: &str = "ringside-hand";
const BAR_IS_GONE: &str =
    "() => !document.querySelector('ringside-hand').shadowRoot.querySelector('.bar:not(.points)')";

struct Story {
    stage: Stage,
    shop: Merchant,
    visitor: Person,
    agent: Person,
    _holder: Person,
    _troupe: Troupe,
}

impl Story {
    async fn begin() -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions {
            origins: vec![plot.origin.clone()],
            settings: vec![("ring_customer", "10m")],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let (http, ws) = (stage.ready.url.clone(), stage.ready.url.replacen("http", "ws", 1));
        // A strict policy: nothing of what is drawn above the page may need more than the documentation asks for.
        let policy = format!(
            "default-src 'none'; script-src {http} 'unsafe-inline' 'wasm-unsafe-eval'; connect-src {http} {ws}; form-action 'self'"
        );
        let html = page(&http, FIXTURE, KEY);
        let shop = plot.build([("/order", Sheet { policy: Some(policy), html })]);
        let troupe = Troupe::assemble().await?;
        let visitor = troupe.reader("visitor").await?;
        visitor.sees_through().await?;
        visitor.context.add_init_script(SOCKETS).await?;
        let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
        // A telephone that rings and is not answered: the contact stays where it is.
        let holder = troupe.speaker("handset", SHOPPER, stage.data(), Help::Flags, &[]).await?;
        handset::switches_on(&holder, &stage.ready).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        visitor.goes_to(&format!("{}/order", shop.origin)).await?;
        shopper::asks_for_a_call(&visitor, &stage.ready.handset_number, "Please help").await?;
        // The card would lie above the page.
        visitor.clicks("ringside-widget [data-do=close]").await?;
        agent::sees_page(&agent, "Order").await?;
        Ok(Self { stage, shop, visitor, agent, _holder: holder, _troupe: troupe })
    }

    /// Where an element of the replica stands in the agent's window.
    async fn at(&self, selector: &str) -> Result<(f64, f64)> {
        let script = format!(
            "() => {{ const frame = document.querySelector('.page-view iframe'), box = frame.getBoundingClientRect();
                const scale = box.width / frame.offsetWidth;
                const r = frame.contentDocument.querySelector('{selector}').getBoundingClientRect();
                return [box.left + (r.left + r.width / 2) * scale, box.top + (r.top + r.height / 2) * scale]; }}"
        );
        let [x, y]: [f64; 2] = self.agent.asks(&script).await?;
        Ok((x, y))
    }

    async fn presses(&self, selector: &str) -> Result<()> {
        let (x, y) = self.at(selector).await?;
        self.agent.page.mouse().click(x, y, None).await.context("the agent presses")
    }

    async fn agent_reads(&self, text: &str) -> Result<()> {
        self.agent.sees(&format!(".lead-state:has-text(\"{text}\")")).await.map(drop)
    }

    async fn page_finds(&self, what: &str, script: &str) -> Result<()> {
        let found = self.visitor.finds(what, &format!("() => {script}")).await;
        if found.is_err() {
            let state: String =
                self.agent.asks("() => document.querySelector('.lead-state')?.textContent ?? ''").await?;
            return found.with_context(|| format!("the agent reads: {state}"));
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_points_asks_acts_and_is_stopped() -> Result<()> {
    let story = Story::begin().await?;
    points(&story).await.context("pointing")?;
    let mut axe = Inspector::new()?;
    asks(&story, &mut axe).await.context("asking")?;
    acts(&story).await.context("acting")?;
    anew::types_on(&story).await.context("a page that is read anew")?;
    is_refused(&story).await.context("refusals")?;
    customer_first(&story).await.context("the customer comes first")?;
    scrolls_and_writes(&story).await.context("leading")?;
    is_stopped_in_mid_drag(&story).await.context("stopping")?;
    forged::forged(&story).await.context("forging")?;
    axe.verdict()?;
    let broken: Vec<String> = merchant::broken(&story.visitor).await?;
    ensure!(broken.is_empty(), "the page's policy was broken: {broken:?}");
    ensure!(story.shop.origin != story.stage.ready.url, "two sites");
    Ok(())
}

async fn points(story: &Story) -> Result<()> {
    let (agent, visitor) = (&story.agent, &story.visitor);
    agent.clicks(".lead button:has-text('Point')").await?;
    let (x, y) = story.at("#go").await?;
    agent.page.mouse().move_to(x - 5.0, y, None).await?;
    agent.page.mouse().move_to(x, y, None).await?;
    visitor.sees(&format!("{HAND} .laser span:text-is('Ada')")).await?;
    let over = "(() => { const r = document.querySelector('#go').getBoundingClientRect();
        const [x, y] = document.querySelector('ringside-hand').shadowRoot.querySelector('.laser').style.transform.match(/-?[\\d.]+/g).map(Number);
        return x >= r.left && x <= r.right && y >= r.top && y <= r.bottom; })()";
    story.page_finds("the pointer is over the very button", over).await?;
    agent.clicks(".lead button:has-text('Highlight')").await?;
    story.presses("#size").await?;
    visitor.sees(&format!("{HAND} .mark span:text-is('Ada')")).await?;
    let mirrored: bool = agent.asks("() => document.querySelector('.page-view iframe').contentDocument.querySelector('ringside-hand') !== null").await?;
    ensure!(!mirrored, "what is drawn above the page is not mirrored");
    let clicks: u32 = visitor.asks("() => globalThis.clicks").await?;
    ensure!(clicks == 0, "pointing presses nothing");
    Ok(())
}

/// A question that everybody can read and answer.
async fn asks(story: &Story, axe: &mut Inspector) -> Result<()> {
    let (agent, visitor) = (&story.agent, &story.visitor);
    agent.clicks(".lead button:has-text('Ask for control')").await?;
    story.agent_reads("Waiting for the customer").await?;
    visitor.sees(&format!("{HAND} .ask:has-text('Let Ada click, type and scroll')")).await?;
    axe.look_into(visitor, HAND, "the question").await?;
    let ringed = "() => document.querySelector('.page-view iframe').contentDocument.body.matches('[ringside-focus], [ringside-focus-visible]')";
    ensure!(!agent.asks::<bool>(ringed).await?, "the question has the focus, and not the whole page");
    visitor.clicks(&format!("{HAND} .ask [data-do=allow]")).await?;
    visitor.sees(&format!("{HAND} .bar:has-text('Ada can point and click here.')")).await?;
    axe.look_into(visitor, HAND, "the bar").await?;
    axe.look(agent, "the console, in control").await?;
    story.agent_reads("You are in control").await
}

async fn acts(story: &Story) -> Result<()> {
    let agent = &story.agent;
    story.presses("#name").await?;
    agent.sees(".replica-ghost").await?;
    agent.page.keyboard().type_text("Ada King", None).await?;
    story
        .page_finds("the page noticed what was filled in", "globalThis.noticed.at(-1) === 'Ada King'")
        .await?;
    agent.presses("Escape").await?;
    story.page_finds("and that it changed", "globalThis.changed === 'Ada King'").await?;
    agent::sees_value(agent, "Ada King").await?;
    story.presses("#size").await?;
    agent.sees("select.replica-ghost").await?.select_option("Large", None).await?;
    story.page_finds("the choice arrived", "document.querySelector('#size').value === 'l'").await?;
    story.presses("#gift").await?;
    story.page_finds("the box is ticked", "document.querySelector('#gift').checked").await?;
    story.presses("#amount").await?;
    story
        .page_finds("the slider moved to its middle", "document.querySelector('#amount').value === '5'")
        .await?;
    story.presses("#rich").await?;
    agent.sees("textarea.replica-ghost").await?;
    agent.page.keyboard().type_text("Hello", None).await?;
    story.page_finds("the editor has it", "document.querySelector('#rich').textContent === 'Hello'").await?;
    agent.presses("Escape").await?;
    story.presses("#go").await?;
    story
        .page_finds(
            "the button was pressed as a mouse does it",
            "globalThis.heard.join() === 'pointerdown,mousedown,focus,pointerup,mouseup,click'",
        )
        .await
}

async fn is_refused(story: &Story) -> Result<()> {
    for (selector, words) in [
        ("#card", "stays the customer"),
        ("#file", "Files are the customer"),
        ("#away", "leads away"),
        ("#script", "leads away"),
        ("#send", "the customer sends it"),
        ("#masked", "stays the customer"),
    ] {
        story.presses(selector).await?;
        story.agent_reads(words).await.with_context(|| selector.to_owned())?;
        // Something that works, so that the next words are new.
        story.presses("#go").await?;
        story
            .agent
            .finds(
                "no words are left",
                "() => /in control/.test(document.querySelector('.lead-state').textContent)",
            )
            .await?;
    }
    let untouched: bool = story
        .visitor
        .asks("() => location.pathname === '/order' && document.querySelector('#card').value === '' && globalThis.sent === 0 && globalThis.pressed === 0")
        .await?;
    ensure!(untouched, "nothing of it was done");
    Ok(())
}

async fn customer_first(story: &Story) -> Result<()> {
    let (visitor, agent) = (&story.visitor, &story.agent);
    let (x, y) = visitor.where_is("p:text-is('End')").await?;
    visitor.page.mouse().move_to(x, y, None).await?;
    visitor.page.mouse().down(None).await?;
    story.presses("#gift").await?;
    story.agent_reads("comes first").await?;
    visitor.page.mouse().up(None).await?;
    // Chosen anew, the tool has no old words.
    for _ in 0..2 {
        agent.clicks(".lead button:text-is('Control')").await?;
    }
    // While the customer types, what the agent types goes nowhere.
    visitor.clicks("#note").await?;
    let typing = async {
        loop {
            visitor.page.keyboard().type_text("a", None).await?;
        }
    };
    let filling = async {
        story.page_finds("the customer types", "document.querySelector('#note').value.length > 1").await?;
        story.presses("#note").await?;
        story.agent_reads("comes first").await
    };
    tokio::select! {
        stopped = typing => stopped,
        refused = filling => refused,
    }?;
    let value: String = visitor.asks("() => document.querySelector('#note').value").await?;
    ensure!(value.bytes().all(|letter| letter == b'a'), "the customer's text is the customer's own: {value}");
    agent.presses("Escape").await
}

async fn scrolls_and_writes(story: &Story) -> Result<()> {
    let (visitor, agent) = (&story.visitor, &story.agent);
    if agent.asks::<bool>("() => [...document.querySelectorAll('.lead button')].find(b => b.textContent === 'Lead').ariaPressed !== 'true'").await? {
        agent.clicks(".lead button:text-is('Lead')").await?;
    }
    let (x, y) = story.at("h1").await?;
    agent.page.mouse().move_to(x, y, None).await?;
    agent.page.mouse().wheel(0.0, 200.0).await?;
    story.page_finds("the page scrolled", "scrollY > 100").await?;
    agent.page.mouse().wheel(0.0, -2000.0).await?;
    story.page_finds("and back", "scrollY === 0").await?;
    agent.clicks(".lead button:text-is('Note')").await?;
    agent.types("#lead-note", "Choose <b>oak</b>").await?;
    agent.clicks(".lead-note button:has-text('Put on the page')").await?;
    visitor.sees(&format!("{HAND} .note span:text-is('Choose <b>oak</b>')")).await?;
    agent.sees(".lead-notes li:has-text('Choose <b>oak</b>')").await?;
    visitor.clicks(&format!("{HAND} .note [data-do=unpin]")).await?;
    agent.finds("the note is gone", "() => !document.querySelector('.lead-notes')").await
}

/// As often as the agent tries to drag.
const TRIES: u32 = 8;
/// Whether the drag begins, within a second.
const DRAGS: &str = "() => new Promise(go => { const end = performance.now() + 1000; const look = () =>
    dragged.includes('pointerdown') ? go(true) : performance.now() > end ? go(false) : requestAnimationFrame(look); look(); })";

/// A mouse by the DevTools protocol: Playwright's waits, while a button is held, for scripts of every frame, and the
/// replica's runs none.
struct Mouse(CDPSession);

impl Mouse {
    async fn is(&self, kind: &str, (x, y): (f64, f64), held: u8) -> Result<()> {
        let event = serde_json::json!({ "type": kind, "x": x, "y": y, "button": if kind == "mouseMoved" && held == 0 { "none" } else { "left" },
            "buttons": held, "clickCount": 1 });
        self.0.send("Input.dispatchMouseEvent", Some(event)).await?;
        Ok(())
    }
}

async fn is_stopped_in_mid_drag(story: &Story) -> Result<()> {
    let (visitor, agent) = (&story.visitor, &story.agent);
    let mouse = Mouse(agent.context.new_cdp_session(&agent.page).await?);
    // The customer has just pressed and typed, and comes first for a moment.
    let mut drags = false;
    for _ in 0..TRIES {
        // Where it is now: the note's going gave the replica more room.
        let (x, y) = story.at("#drag").await?;
        visitor.asks::<u32>("() => dragged.length = 0").await?;
        mouse.is("mouseMoved", (x, y), 0).await?;
        mouse.is("mousePressed", (x, y), 1).await?;
        for step in 1..=4 {
            mouse.is("mouseMoved", (x + 12.0 * f64::from(step), y), 1).await?;
        }
        drags = visitor.asks(DRAGS).await?;
        if drags {
            break;
        }
        mouse.is("mouseReleased", (x, y), 0).await?;
    }
    let state: String = agent.asks("() => document.querySelector('.lead').textContent").await?;
    ensure!(drags, "nothing is dragged; the agent reads: {state}");
    visitor.presses("Escape").await?;
    story.page_finds("the drag was let go of", "globalThis.dragged.includes('pointercancel')").await?;
    story.agent_reads("The customer took control back.").await?;
    visitor.finds("the bar is gone", BAR_IS_GONE).await?;
    let (x, y) = story.at("#drag").await?;
    mouse.is("mouseReleased", (x, y), 0).await?;
    // Something that is told after it: the order of messages is kept.
    story.presses("#go").await?;
    let dropped: bool = visitor.asks("() => globalThis.dragged.includes('pointerup')").await?;
    ensure!(!dropped, "nothing was dropped");
    Ok(())
}

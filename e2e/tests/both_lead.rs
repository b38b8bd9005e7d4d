//! Both lead: an agent points, asks for control and acts in the customer's page; the customer allows, sees, and stops it.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, handset,
    main_job::{AGENT, SHOPPER},
    merchant::{self, KEY, Merchant, Plot, Sheet, page},
    person::Help,
    shopper,
};

/// A field like React's: it notices what comes past its own setter with an `input` event, and nothing else.
const FIXTURE: &str = include_str!("../fixtures/lead/order.html");
/// What the page's own developers would not have: the closed shadow root opens for the story's eyes.
const EYES: &str = "const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (init) { return attach.call(this, { ...init, mode: 'open' }); };
    globalThis.broken = [];
    addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective + ' ' + event.blockedURI));";
const HAND: &str = "ringside-hand";

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
        visitor.context.add_init_script(EYES).await?;
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

    async fn gets_control(&self) -> Result<()> {
        self.agent.clicks(".lead button:has-text('Ask for control')").await?;
        self.agent_reads("Waiting for the customer").await?;
        self.visitor.sees(&format!("{HAND} .ask:has-text('Let Ada click, type and scroll')")).await?;
        self.visitor.clicks(&format!("{HAND} .ask [data-do=allow]")).await?;
        self.visitor.sees(&format!("{HAND} .bar:has-text('Ada can point and click here.')")).await?;
        self.agent_reads("You are in control").await
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
    story.gets_control().await.context("asking")?;
    acts(&story).await.context("acting")?;
    is_refused(&story).await.context("refusals")?;
    is_stopped(&story).await.context("stopping")?;
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

/// One key ends it, and what the agent does afterwards does nothing.
async fn is_stopped(story: &Story) -> Result<()> {
    let (visitor, agent) = (&story.visitor, &story.agent);
    let clicks: u32 = visitor.asks("() => globalThis.clicks").await?;
    visitor.presses("Escape").await?;
    story.agent_reads("The customer took control back.").await?;
    let bar = "() => !document.querySelector('ringside-hand').shadowRoot.querySelector('.bar:not(.points)')";
    visitor.finds("the bar is gone", bar).await?;
    story.presses("#go").await?;
    agent.sees(".lead button:has-text('Ask for control')").await?;
    let after: u32 = visitor.asks("() => globalThis.clicks").await?;
    ensure!(after == clicks, "nothing was pressed after the stop");
    Ok(())
}

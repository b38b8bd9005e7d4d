//! A customer who is on some telephone with an agent shows a page: no call, a code, and the agent leads as in a call.
//! On the way: codes that are wrong or used, tabs, and pages that are masked strictly.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, api,
    axe::Inspector,
    merchant::{KEY, Merchant, Plot, Sheet, page},
    shopper,
};
use shared::{api::Channel, contact::EndReason};

/// More than one agent may make at once.
const MANY_TRIES: usize = 12;
const SHOW: &str = "ringside-widget #card button:has-text('Show this page')";
const CODE: &str = "(() => { const code = document.querySelector('ringside-widget').shadowRoot.querySelector('.code'); \
    return code ? code.textContent : ''; })()";
/// What is masked is a dot a letter.
const MASKED: &str = "() => { const text = document.querySelector('.page-view iframe')?.contentDocument?.body?.innerText \
    ?? ''; return text.includes('••••') && !/Quiet|hushed/.test(text); }";
const VALUE_IS_DOTS: &str = "() => document.querySelector('.page-view iframe').contentDocument.querySelector('#name')?.value === '••••••••'";
/// The heading that the agent sees, once it is another node than the one asked about before: one of a page that came since.
const NEXT_HEADING: &str = "() => { const heading = document.querySelector('.page-view iframe')?.contentDocument\
    ?.querySelector('#heading'); if (!heading || heading === window.asked || !/^(Basket|•{6})$/.test(heading.textContent)) \
    return false; window.asked = heading; return true; }";

struct Story {
    stage: Stage,
    shop: Merchant,
    visitor: Person,
    agent: Person,
    _troupe: Troupe,
}

impl Story {
    async fn begin() -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions {
            origins: vec![plot.origin.clone()],
            business: vec![("strict_pages", "/quiet")],
            ..StageOptions::default()
        };
        let stage = Stage::start(options).await?;
        let sheet = |name: &str| {
            let body =
                format!("<h1 id=heading>{name}</h1><label>Name <input id=name></label><p>It is hushed.</p>");
            Sheet { policy: None, html: page(&stage.ready.url, &body, KEY) }
        };
        let sheets = [("/basket", sheet("Basket")), ("/other", sheet("Other")), ("/quiet", sheet("Quiet"))];
        let shop = plot.build(sheets);
        let troupe = Troupe::assemble().await?;
        let visitor = troupe.reader("visitor").await?;
        visitor.sees_through().await?;
        let agent = visitor.as_another("agent").await?;
        agent::signs_in(&agent, &stage.ready).await?;
        agent.clicks(".tab:has-text('Watch')").await?;
        visitor.goes_to(&format!("{}/basket", shop.origin)).await?;
        shopper::opens_the_form(&visitor).await?;
        visitor.clicks(SHOW).await?;
        Ok(Self { stage, shop, visitor, agent, _troupe: troupe })
    }

    async fn code(&self) -> Result<String> {
        self.visitor.finds("a code is given", &format!("() => {CODE}")).await?;
        self.visitor.asks(&format!("() => {CODE}")).await
    }

    async fn tries(&self, code: &str) -> Result<()> {
        self.agent.types("#session-code", code).await?;
        self.agent.clicks(".code-form button").await
    }

    async fn is_refused(&self, text: &str) -> Result<()> {
        self.agent.sees(&format!(".notice:has-text('{text}')")).await?;
        self.agent.clicks(".notice button").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_without_a_call_by_a_code() -> Result<()> {
    let story = Story::begin().await?;
    let mut axe = Inspector::new()?;
    let code = join(&story, &mut axe).await.context("joining")?;
    lead(&story).await.context("leading")?;
    let tab = switch(&story).await.context("tabs")?;
    strict(&story, &tab).await.context("strict pages")?;
    strict_everywhere(&story, &tab).await.context("a strict business")?;
    end(&story, &tab, &code).await.context("the end")?;
    axe.verdict()
}

/// A wrong code opens nothing; one of two is good, and it is the newer.
async fn join(story: &Story, axe: &mut Inspector) -> Result<String> {
    let Story { visitor, agent, .. } = story;
    let first = story.code().await?;
    ensure!(first.len() == 9 && first.as_bytes()[4] == b' ', "it is read four and four: {first}");
    axe.look_into(visitor, "ringside-widget", "a page that is shown").await?;
    story.tries("0000 0000").await?;
    story.is_refused("That code is not good").await?;
    // On another page of the shop it is another one.
    story.visitor.goes_to(&format!("{}/other", story.shop.origin)).await?;
    story.visitor.clicks("ringside-widget .pill").await?;
    let second = story.code().await?;
    ensure!(first != second, "each page has its own");
    story.tries(&first).await?;
    story.is_refused("That code is not good").await?;
    story.tries(&second).await?;
    agent::sees_page(agent, "Other").await?;
    shopper::reads(visitor, "Ada sees this page with you").await?;
    visitor.sees("ringside-widget .chip:has-text('Ada sees this page')").await?;
    axe.look(agent, "a page that is shown without a call").await?;
    Ok(second)
}

/// The agent has the part of one whose call it is: pushes, asks, and acts.
async fn lead(story: &Story) -> Result<()> {
    let Story { visitor, agent, shop, .. } = story;
    agent::pushes(agent, &format!("{}/basket", shop.origin)).await?;
    agent::sees_page(agent, "Basket").await?;
    agent.clicks(".lead button:has-text('Ask for control')").await?;
    visitor.clicks("ringside-hand .ask [data-do=allow]").await?;
    agent.sees(".lead-state:has-text('You are in control')").await?;
    visitor.presses("Escape").await?;
    agent.sees(".lead-state:has-text('took control back')").await.map(drop)
}

/// What is shown is the tab that was used last.
async fn switch(story: &Story) -> Result<Person> {
    let Story { visitor, agent, shop, .. } = story;
    let other = visitor.opens_a_tab().await?;
    other.goes_to(&format!("{}/other", shop.origin)).await?;
    agent::sees_page(agent, "Other").await?;
    agent.sees(".page-state:has-text('went on in another tab')").await?;
    comes_forward(visitor).await?;
    agent::sees_page(agent, "Basket").await?;
    visitor.types("#name", "Grace").await?;
    agent::sees_value(agent, "Grace").await?;
    comes_forward(&other).await?;
    agent::sees_page(agent, "Other").await?;
    Ok(other)
}

/// The driver lets every tab believe that it is in front, so that the browser says nothing.
async fn comes_forward(tab: &Person) -> Result<()> {
    tab.page.bring_to_front().await?;
    tab.asks::<bool>("() => dispatchEvent(new FocusEvent('focus'))").await.map(drop)
}

/// The business names pages of which only the shape is seen.
async fn strict(story: &Story, tab: &Person) -> Result<()> {
    let Story { agent, shop, .. } = story;
    tab.goes_to(&format!("{}/quiet", shop.origin)).await?;
    agent.finds("text is dots", MASKED).await?;
    tab.types("#name", "Lovelace").await?;
    agent.finds("a value is dots", VALUE_IS_DOTS).await?;
    let seen = agent::replica_text(agent).await?;
    ensure!(!seen.contains("Lovelace") && !seen.contains("Quiet"), "{seen}");
    Ok(())
}

/// The business masks all of its pages from now on. The server hears of it within two seconds; a page that comes then is
/// masked. Each page has the time to come: one that is left at once is never shown, however often it is opened.
async fn strict_everywhere(story: &Story, tab: &Person) -> Result<()> {
    let Story { agent, shop, .. } = story;
    let set = ["business", "set", "--business", "harbour-and-pine", "mask_strict", "true"];
    story.stage.admin(&set).await?;
    loop {
        tab.goes_to(&format!("{}/basket", shop.origin)).await?;
        agent.finds("the page is shown", NEXT_HEADING).await?;
        if agent.asks::<String>("() => window.asked.textContent").await? != "Basket" {
            break;
        }
    }
    tab.types("#name", "Lovelace").await?;
    agent.finds("a value is dots", VALUE_IS_DOTS).await?;
    let seen = agent::replica_text(agent).await?;
    ensure!(!seen.contains("hushed") && !seen.contains("Merchant"), "{seen}");
    Ok(())
}

/// The customer is done; the code opens nothing any more, and after some tries nothing is looked at.
async fn end(story: &Story, tab: &Person, code: &str) -> Result<()> {
    let Story { agent, .. } = story;
    tab.clicks("ringside-widget .pill").await?;
    tab.clicks("ringside-widget #card button:has-text('Done')").await?;
    shopper::reads(tab, "Your page isn’t shown any more").await?;
    agent.sees(".notice:has-text('That page is not shown any more')").await?;
    agent.clicks(".notice button").await?;
    story.tries(code).await?;
    story.is_refused("That code is not good").await?;
    // So many at once; one comes back every twenty seconds.
    for _ in 0..MANY_TRIES {
        story.tries("1111 1111").await?;
        agent.sees(".notice").await?;
        let said: String = agent.asks("() => document.querySelector('.notice').textContent").await?;
        agent.clicks(".notice button").await?;
        if said.contains("Too many requests") {
            return recorded(agent).await;
        }
    }
    anyhow::bail!("{MANY_TRIES} codes were tried at once")
}

/// What is kept of it: who, when, and that nobody was called.
async fn recorded(agent: &Person) -> Result<()> {
    let [shown] = &api::contacts(agent).await?[..] else { anyhow::bail!("one contact") };
    ensure!((shown.channel, shown.reason) == (Channel::Page, Some(EndReason::Shown)), "{shown:?}");
    ensure!(shown.agent.as_deref() == Some("Ada Marlowe"), "{shown:?}");
    ensure!(api::record(agent, shown.contact).await?.legs.is_empty(), "nobody was called");
    Ok(())
}

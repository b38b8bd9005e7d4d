//! What the widget keeps, and for how long: a request over pages, reloads and tabs, a number over visits, and nothing
//! where the browser keeps nothing.
use anyhow::{Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, api,
    merchant::{self, KEY, Sheet, Site, page},
    shopper,
    tap::Tap,
};
use serde::Deserialize;

#[tokio::test(flavor = "multi_thread")]
async fn ten_pages_a_reload_and_a_tab_are_one_request_and_each_shows_it() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let (shopper, agent) = (troupe.reader("shopper").await?, troupe.reader("agent").await?);
    agent::signs_in(&agent, &stage.ready).await?;
    let tap = Tap::on(&shopper).await?;
    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "Is it in stock?").await?;
    shopper::reads(&shopper, "You’re next").await?;
    let pages = ["/about.html", "/cart.html", "/products/oak-bench.html", "/checkout.html", "/"];
    for path in pages.iter().cycle().take(10) {
        shopper.goes_to(&format!("{}{path}", stage.shop)).await?;
        shows_it(&shopper).await?;
    }
    shopper.page.reload(None).await?;
    shows_it(&shopper).await?;
    let tab = shopper.opens_a_tab().await?;
    let tab_tap = Tap::on(&tab).await?;
    tab.goes_to(&format!("{}/about.html", stage.shop)).await?;
    shows_it(&tab).await?;

    let sent = [api::posted(&tap), api::posted(&tab_tap)].concat();
    ensure!(sent.len() == 1, "ten pages later there is one request: {sent:?}");
    let contacts = api::contacts(&agent).await?;
    ensure!(contacts.len() == 1, "and one contact: {contacts:?}");
    let trail = api::record(&agent, contacts[0].contact).await?.trail;
    let last = trail.last().map(|page| page.url.clone()).unwrap_or_default();
    let walked = trail.len() == 10 && last == format!("{}/about.html", stage.shop);
    ensure!(walked, "the agent has the last ten pages: {trail:?}");

    shopper::cancels(&tab).await?;
    for page in [&tab, &shopper] {
        shopper::reads(page, "Cancelled").await?;
    }
    Ok(())
}

/// The pill says how things stand, and so does the card.
async fn shows_it(shopper: &Person) -> Result<()> {
    shopper.clicks("ringside-widget .pill.live:has-text('In line')").await?;
    shopper::reads(shopper, "You’re next").await
}

#[derive(Debug, PartialEq, Deserialize)]
struct Kept {
    number: String,
    ticked: bool,
    stored: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_remembered_over_visits_until_it_is_to_be_forgotten() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let shopper = troupe.reader("shopper").await?;
    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::opens_the_form(&shopper).await?;
    shopper.clicks("ringside-widget .check").await?;
    // Sent with Enter: the field is never left, so the number was not checked before.
    shopper.types("ringside-widget #number", "020 7946 0123").await?;
    shopper.presses("Enter").await?;
    shopper::cancels(&shopper).await?;
    shopper::reads(&shopper, "Cancelled").await?;

    let next_visit = shopper.opens_a_tab().await?;
    next_visit.goes_to(&format!("{}/about.html", stage.shop)).await?;
    shopper::opens_the_form(&next_visit).await?;
    let whole = Kept { number: "+44 20 7946 0123".into(), ticked: true, stored: true };
    keeps(&next_visit, &whole).await?;
    // Nothing is asked: one press is enough.
    next_visit.clicks(shopper::CALL_ME).await?;
    shopper::cancels(&next_visit).await?;
    shopper::reads(&next_visit, "Cancelled").await?;
    next_visit.clicks("ringside-widget #card button:has-text('Ask again')").await?;

    next_visit.clicks("ringside-widget button:has-text('Forget me')").await?;
    let gone = Kept { number: String::new(), ticked: false, stored: false };
    keeps(&next_visit, &gone).await?;
    next_visit.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::opens_the_form(&next_visit).await?;
    keeps(&next_visit, &gone).await
}

async fn keeps(visitor: &Person, expected: &Kept) -> Result<()> {
    let script = "() => { const root = document.querySelector('ringside-widget').shadowRoot; return { \
        number: root.querySelector('#number').value, ticked: root.querySelector('.check input').checked, \
        stored: Object.keys(localStorage).some(key => key.endsWith(':number')) }; }";
    let kept: Kept = visitor.asks(script).await?;
    ensure!(kept == *expected, "the browser keeps {expected:?}, not {kept:?}");
    Ok(())
}

/// How blocked storage shows itself to a page: reading the property throws (HTML, 12.2.3).
const BLOCKED: &str = "for (const name of ['localStorage', 'sessionStorage']) \
    Object.defineProperty(globalThis, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_asked_for_where_the_browser_keeps_nothing() -> Result<()> {
    let site = Site::open(|server| vec![("/", Sheet { html: page(server, "", KEY), policy: None })]).await?;
    let visitor = site.visitor().await?;
    visitor.context.add_init_script(BLOCKED).await?;
    site.visit(&visitor, "/").await?;
    merchant::form_is_mounted(&visitor).await?;
    let throws = "() => { try { localStorage; return false; } catch { return true; } }";
    ensure!(visitor.asks::<bool>(throws).await?, "the storage of this page is blocked");
    let tap = Tap::on(&visitor).await?;
    shopper::fills_in(&visitor, &site.stage.ready.handset_number, "Is it in stock?").await?;
    visitor.clicks("ringside-widget .check").await?;
    visitor.clicks(shopper::CALL_ME).await?;
    shopper::reads(&visitor, "You’re next").await?;
    let sent = api::posted(&tap);
    let here = format!("{}/", site.merchant.origin);
    ensure!(sent.len() == 1 && sent[0].body.contains(&here), "the page itself is in the trail: {sent:?}");
    shopper::cancels(&visitor).await?;
    shopper::reads(&visitor, "Cancelled").await?;
    let errors = visitor.page.page_errors();
    ensure!(errors.is_empty(), "nothing threw: {errors:?}");
    Ok(())
}

//! The widget as a guest in merchants' pages: under their policies, beside their styles, over their navigations.
use anyhow::{Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent, api,
    merchant::{Merchant, Plot, Sheet, page},
    shopper,
    tap::Tap,
};
use serde::Deserialize;

const TAG: &str = "data-business=harbour-and-pine";
/// Runs first in every page: what breaks a policy, and how far things moved by themselves.
const WATCH: &str = "globalThis.broken = []; globalThis.shifts = [];
    addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective + ' ' + event.blockedURI));
    new PerformanceObserver(list => shifts.push(...list.getEntries().map(one => one.value))).observe({ type: 'layout-shift', buffered: true });";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_asked_for_under_every_policy_that_the_documentation_names() -> Result<()> {
    let site = Site::open(|server| {
        let (http, ws) = (server.to_owned(), server.replacen("http", "ws", 1));
        let reach = format!("connect-src {http} {ws}");
        let strict = format!("default-src 'none'; script-src {http} 'wasm-unsafe-eval'; {reach}");
        let nonce = format!(
            "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; {reach}"
        );
        let trusted = format!("{strict}; require-trusted-types-for 'script'; trusted-types 'none'");
        let sheet = |policy: Option<String>, more: &str| Sheet {
            policy,
            html: page(server, "", &format!("{TAG} {more}")),
        };
        vec![
            ("/none", sheet(None, "")),
            ("/strict", sheet(Some(strict), "")),
            ("/nonce", sheet(Some(nonce), "nonce=abc")),
            ("/trusted", sheet(Some(trusted), "")),
            ("/no-wasm", sheet(Some(format!("script-src {http}; {reach}")), "data-phone='+44 20 7946 0000'")),
        ]
    })
    .await?;
    for path in ["/none", "/strict", "/nonce", "/trusted"] {
        let visitor = site.visitor().await?;
        site.visit(&visitor, path).await?;
        shopper::asks_for_a_call(&visitor, &site.stage.ready.handset_number, "Is it in stock?").await?;
        shopper::reads(&visitor, "You’re next").await?;
        shopper::cancels(&visitor).await?;
        shopper::reads(&visitor, "Cancelled").await?;
        let broken: Vec<String> = visitor.asks("() => globalThis.broken").await?;
        ensure!(broken.is_empty(), "{path}: the widget broke the policy: {broken:?}");
    }
    let visitor = site.visitor().await?;
    site.visit(&visitor, "/no-wasm").await?;
    visitor.sees("ringside-widget a.pill[href='tel:+442079460000']").await?;
    let broken: Vec<String> = visitor.asks("() => globalThis.broken").await?;
    ensure!(!broken.is_empty(), "the watch sees that this policy refuses WASM");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_foreign_origin_are_refused_in_plain_words() -> Result<()> {
    let site = Site::open(|server| {
        vec![("/wrong-key", Sheet { html: page(server, "", "data-business=nobody"), ..Sheet::default() })]
    })
    .await?;
    let foreign = Plot::take()
        .await?
        .build([("/", Sheet { html: page(&site.stage.ready.url, "", TAG), ..Sheet::default() })]);
    let visitor = site.visitor().await?;
    for url in [format!("{}/wrong-key", site.merchant.origin), format!("{}/", foreign.origin)] {
        visitor.goes_to(&url).await?;
        visitor.clicks("ringside-widget .pill").await?;
        shopper::reads(&visitor, "We can’t reach the call service now").await?;
        ensure!(
            visitor.page.locator("ringside-widget #number").count().await? == 0,
            "{url}: there is no form"
        );
    }
    let sent = api::Posted {
        key: "k".repeat(32),
        body: serde_json::json!({ "business": "harbour-and-pine", "channel": "browser", "consent": "1" })
            .to_string(),
    };
    let refused = api::post(&visitor, &site.stage.ready.url, &foreign.origin, &sent).await?;
    ensure!(
        refused.status == 403 && refused.text("code") == "origin_not_allowed",
        "a foreign origin: {refused:?}"
    );
    let wrong = api::Posted { body: sent.body.replace("harbour-and-pine", "nobody"), ..sent };
    let refused = api::post(&visitor, &site.stage.ready.url, &site.stage.shop, &wrong).await?;
    ensure!(refused.status == 403 && refused.text("code") == "unknown_key", "a wrong key: {refused:?}");
    Ok(())
}

/// What a careless merchant's style sheet says, or a hostile one's. What is said of `html` and `body` themselves (a
/// transform, an opacity) moves whatever is in them, so only what is inherited is said there.
const HOSTILE: &str = "<style>
    body *, button, span, svg, ringside-widget { color: red !important; font: 40px serif !important; background: lime !important;
      display: inline !important; position: static !important; margin: 50px !important; border: 9px solid !important;
      opacity: .5 !important; transform: rotate(3deg) !important; visibility: hidden !important; letter-spacing: 9px !important; }
    html, body { font-size: 3px !important; text-transform: uppercase !important; word-spacing: 40px; line-height: 9; text-align: right; color: red !important; cursor: none; }
  </style>";
/// Every property that can be computed, of one element.
const STYLE: &str =
    "element => [...getComputedStyle(element)].map(name => name + ':' + getComputedStyle(element)[name])";

#[tokio::test(flavor = "multi_thread")]
async fn no_style_leaks_and_nothing_moves() -> Result<()> {
    let site = Site::open(|server| {
        let with = page(server, "", TAG);
        let bare = with.split("<script").next().unwrap_or_default().to_owned();
        let hostile = page(server, HOSTILE, TAG);
        [("/with", with), ("/bare", bare), ("/hostile", hostile)]
            .map(|(path, html)| (path, Sheet { html, policy: None }))
            .to_vec()
    })
    .await?;
    let visitor = site.visitor().await?;
    visitor.goes_to(&format!("{}/bare", site.merchant.origin)).await?;
    let own_bare: Vec<String> = visitor.page.locator("#own").evaluate(STYLE, None::<()>).await?;

    site.visit(&visitor, "/with").await?;
    let pill = looks(&visitor).await?;
    let own_with: Vec<String> = visitor.page.locator("#own").evaluate(STYLE, None::<()>).await?;
    ensure!(
        own_bare == own_with,
        "the widget changed the page's own button: {:?}",
        differences(&own_bare, &own_with)
    );
    the_form_is_fetched(&visitor).await?;
    let shifts: Vec<f64> = visitor.asks("() => globalThis.shifts").await?;
    ensure!(shifts.is_empty(), "the tag moved the page by {shifts:?}");
    let push = "() => { const high = document.createElement('div'); high.style.height = '200px'; document.body.prepend(high); return true; }";
    visitor.asks::<bool>(push).await?;
    visitor.finds("the watch sees what moves", "() => shifts.length > 0").await?;

    site.visit(&visitor, "/hostile").await?;
    let beside = looks(&visitor).await?;
    ensure!(pill.len() > 600, "all properties of the pill, its icon and its label were read: {}", pill.len());
    ensure!(pill == beside, "the merchant's style changed the pill: {:?}", differences(&pill, &beside));
    Ok(())
}

/// Computed style and place of the pill and of what is in it.
async fn looks(visitor: &Person) -> Result<Vec<String>> {
    // Nobody points at it, nothing has the focus: the two are the same but for the merchant's style.
    let script = format!(
        "() => {{ const style = {STYLE}; const pill = document.querySelector('ringside-widget').shadowRoot.querySelector('.pill'); \
         const place = element => JSON.stringify(element.getBoundingClientRect()); \
         return [pill, ...pill.querySelectorAll('*')].flatMap(element => [...style(element), place(element)]); }}"
    );
    visitor.asks(&script).await
}

fn differences(before: &[String], after: &[String]) -> Vec<String> {
    before.iter().zip(after).filter(|(a, b)| a != b).map(|(a, b)| format!("{a} -> {b}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pages_while_waiting_are_one_request_and_each_shows_it() -> Result<()> {
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
        shopper.clicks("ringside-widget .pill.live:has-text('In line')").await?;
        shopper::reads(&shopper, "You’re next").await?;
    }
    let sent = api::posted(&tap);
    ensure!(sent.len() == 1, "ten pages later there is one request, not {}", sent.len());
    let contacts = api::contacts(&agent).await?;
    ensure!(contacts.len() == 1, "and one contact: {contacts:?}");
    let trail = api::record(&agent, contacts[0].contact).await?.trail;
    let last = trail.last().map(|page| page.url.clone()).unwrap_or_default();
    ensure!(
        trail.len() == 10 && last == format!("{}/", stage.shop),
        "the agent has the last ten pages: {trail:?}"
    );
    Ok(())
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
    shopper::fills_in(&shopper, "020 7946 0123", "").await?;
    let written = "() => document.querySelector('ringside-widget').shadowRoot.querySelector('#number').value === '+44 20 7946 0123'";
    shopper.finds("the number is written in full once the field was left", written).await?;
    shopper.clicks("ringside-widget .check").await?;
    shopper.clicks(shopper::CALL_ME).await?;
    shopper::cancels(&shopper).await?;
    shopper::reads(&shopper, "Cancelled").await?;

    let next_visit = shopper.opens_a_tab().await?;
    next_visit.goes_to(&format!("{}/about.html", stage.shop)).await?;
    shopper::opens_the_form(&next_visit).await?;
    let kept = kept(&next_visit).await?;
    let whole = Kept { number: "+44 20 7946 0123".into(), ticked: true, stored: true };
    ensure!(kept == whole, "the next visit finds the number: {kept:?}");
    next_visit.clicks("ringside-widget button:has-text('Forget me')").await?;
    let gone = Kept { number: String::new(), ticked: false, stored: false };
    let kept_now = self::kept(&next_visit).await?;
    ensure!(kept_now == gone, "it is forgotten at once: {kept_now:?}");
    next_visit.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::opens_the_form(&next_visit).await?;
    let later = self::kept(&next_visit).await?;
    ensure!(later == gone, "and stays so: {later:?}");
    Ok(())
}

async fn kept(visitor: &Person) -> Result<Kept> {
    let script = "() => { const root = document.querySelector('ringside-widget').shadowRoot; return { \
        number: root.querySelector('#number').value, ticked: root.querySelector('.check input').checked, \
        stored: Object.keys(localStorage).some(key => key.endsWith(':number')) }; }";
    visitor.asks(script).await
}

/// A merchant's site whose origin is on the business's list.
struct Site {
    stage: Stage,
    merchant: Merchant,
    troupe: Troupe,
}

impl Site {
    async fn open(sheets: impl FnOnce(&str) -> Vec<(&'static str, Sheet)>) -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions { origins: vec![plot.origin.clone()], ..StageOptions::default() };
        let stage = Stage::start(options).await?;
        let merchant = plot.build(sheets(&stage.ready.url));
        Ok(Self { stage, merchant, troupe: Troupe::assemble().await? })
    }

    async fn visitor(&self) -> Result<Person> {
        let visitor = self.troupe.reader("visitor").await?;
        visitor.context.add_init_script(WATCH).await?;
        Ok(visitor)
    }

    async fn visit(&self, visitor: &Person, path: &str) -> Result<()> {
        visitor.goes_to(&format!("{}{path}", self.merchant.origin)).await?;
        visitor.sees("ringside-widget .pill").await.map(drop)
    }
}

/// The form's WASM came in while the page was idle.
async fn the_form_is_fetched(visitor: &Person) -> Result<()> {
    let fetched = "() => performance.getEntriesByType('resource').some(one => one.name.endsWith('.wasm') && one.responseEnd > 0)";
    visitor.finds("the form was fetched", fetched).await
}

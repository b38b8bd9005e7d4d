//! The widget as a guest in merchants' pages: under their policies, beside their styles, and where it is not welcome.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, api,
    merchant::{self, KEY, Plot, Sheet, Site, page},
    shopper,
    tap::Tap,
};

/// What merchants read.
const DOCUMENTATION: &str = include_str!("../../docs/embedding.md");
const PHONE: &str = "data-phone='+44 20 7946 0000'";

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
            html: page(server, "", &format!("{KEY} {more}")),
        };
        vec![
            ("/none", sheet(None, "")),
            ("/strict", sheet(Some(strict), "")),
            ("/nonce", sheet(Some(nonce), "nonce=abc")),
            ("/trusted", sheet(Some(trusted), "")),
        ]
    })
    .await?;
    for path in ["/none", "/strict", "/nonce", "/trusted"] {
        let visitor = site.visitor().await?;
        site.visit(&visitor, path).await?;
        asks_and_cancels(&visitor, &site).await.with_context(|| format!("under {path}"))?;
        let broken = merchant::broken(&visitor).await?;
        ensure!(broken.is_empty(), "{path}: the widget broke the policy: {broken:?}");
    }
    Ok(())
}

async fn asks_and_cancels(visitor: &Person, site: &Site) -> Result<()> {
    shopper::asks_for_a_call(visitor, &site.stage.ready.handset_number, "Is it in stock?").await?;
    shopper::reads(visitor, "You’re next").await?;
    shopper::cancels(visitor).await?;
    shopper::reads(visitor, "Cancelled").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_forbids_too_much_leaves_a_telephone_link_or_says_so() -> Result<()> {
    let site = Site::open(|server| {
        let (http, ws) = (server.to_owned(), server.replacen("http", "ws", 1));
        let wasm = format!("script-src {http} 'wasm-unsafe-eval'");
        let sheet = |policy: String, more: &str| Sheet {
            policy: Some(policy),
            html: page(server, "", &format!("{KEY} {more}")),
        };
        let no_wasm = format!("script-src {http}; connect-src {http} {ws}");
        let no_connections = format!("default-src 'none'; {wasm}");
        let no_sockets = format!("default-src 'none'; {wasm}; connect-src {http}");
        vec![
            ("/no-wasm", sheet(no_wasm, PHONE)),
            ("/no-connections", sheet(no_connections.clone(), PHONE)),
            ("/no-number", sheet(no_connections, "")),
            ("/no-sockets", sheet(no_sockets, "")),
        ]
    })
    .await?;
    for path in ["/no-wasm", "/no-connections"] {
        let visitor = site.visitor().await?;
        site.visit(&visitor, path).await?;
        visitor
            .sees("ringside-widget a.pill[href='tel:+442079460000']:has-text('Call +44 20 7946 0000')")
            .await?;
        ensure!(!merchant::broken(&visitor).await?.is_empty(), "{path}: the watch sees what was refused");
        ensure!(warned(&visitor, "Ringside"), "{path}: the developer is told: {:?}", console(&visitor));
    }
    let visitor = site.visitor().await?;
    site.visit(&visitor, "/no-number").await?;
    visitor.sees("ringside-widget .pill:has-text('No calls here')").await?;

    let visitor = site.visitor().await?;
    site.visit(&visitor, "/no-sockets").await?;
    shopper::asks_for_a_call(&visitor, &site.stage.ready.handset_number, "").await?;
    shopper::reads(&visitor, "You’re next").await?;
    visitor.sees("ringside-widget .notice:has-text('No connection')").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_open_over_an_update_gets_the_form_that_is_there_now() -> Result<()> {
    let site = Site::open(|server| {
        let old = page(server, "", &format!("{KEY} data-app=app/0123456789ab"));
        vec![
            ("/old", Sheet { html: old, policy: None }),
            ("/", Sheet { html: page(server, "", KEY), policy: None }),
        ]
    })
    .await?;
    for (path, caching) in [("/old", "public, max-age=300"), ("/", "public, max-age=31536000, immutable")] {
        let visitor = site.visitor().await?;
        site.visit(&visitor, path).await?;
        asks_and_cancels(&visitor, &site).await.with_context(|| format!("from {path}"))?;
        let script = format!(
            "async () => {{ const form = {FORM}; return (await fetch(form)).headers.get('cache-control'); }}"
        );
        let answered: String = visitor.asks(&script).await?;
        ensure!(answered == caching, "{path}: the form is kept with `{answered}`");
    }
    Ok(())
}

/// The address that the form was fetched from.
const FORM: &str = "performance.getEntriesByType('resource').find(one => one.name.endsWith('/widget.js') && one.name.includes('/app/')).name";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_breaks_becomes_a_telephone_link() -> Result<()> {
    let site = Site::open(|server| {
        vec![("/", Sheet { html: page(server, "", &format!("{KEY} {PHONE}")), policy: None })]
    })
    .await?;
    let visitor = site.visitor().await?;
    site.visit(&visitor, "/").await?;
    shopper::opens_the_form(&visitor).await?;
    // An error of the page's own is not ours.
    let own = "() => { setTimeout(() => { globalThis.threw = true; throw new Error('the merchant’s'); }); return true; }";
    visitor.asks::<bool>(own).await?;
    visitor.finds("the page threw", "() => globalThis.threw").await?;
    visitor.sees("ringside-widget #number").await?;
    // One from within the form's WASM is: it is handed a thing that it can make nothing of.
    let broken = format!(
        "async () => {{ const {{ mount }} = await import({FORM}); const host = document.createElement('div'); \
         host.attachShadow({{ mode: 'open' }}); setTimeout(() => mount(host, null)); return true; }}"
    );
    visitor.asks::<bool>(&broken).await?;
    visitor.sees("ringside-widget a.pill[href='tel:+442079460000']").await?;
    ensure!(visitor.page.locator("ringside-widget #card").count().await? == 0, "the broken card is gone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_foreign_origin_are_refused_in_plain_words() -> Result<()> {
    let site = Site::open(|server| {
        vec![("/wrong-key", Sheet { html: page(server, "", "data-business=nobody"), ..Sheet::default() })]
    })
    .await?;
    let tagged = page(&site.stage.ready.url, "", &format!("{KEY} {PHONE}"));
    let foreign = Plot::take().await?.build([("/", Sheet { html: tagged, ..Sheet::default() })]);
    let wrong_key = format!("{}/wrong-key", site.merchant.origin);
    for (url, advice) in [
        (&wrong_key, "Check data-business in the script tag"),
        (&foreign.origin, "ringside admin origin add"),
    ] {
        let visitor = site.visitor().await?;
        visitor.goes_to(url).await?;
        visitor.clicks("ringside-widget .pill").await?;
        shopper::reads(&visitor, "We can’t take calls on this page now").await?;
        ensure!(
            visitor.page.locator("ringside-widget #number").count().await? == 0,
            "{url}: there is no form"
        );
        ensure!(warned(&visitor, advice), "{url}: the developer is told `{advice}`: {:?}", console(&visitor));
    }
    refused_by_the_server(&site, &foreign.origin).await?;

    // What the developer was told to do helps.
    site.stage.admin(&["origin", "add", "--business", "harbour-and-pine", &foreign.origin]).await?;
    let visitor = site.visitor().await?;
    listed(&visitor, &foreign.origin).await
}

/// The server itself refuses, not only the browser.
async fn refused_by_the_server(site: &Site, foreign: &str) -> Result<()> {
    let visitor = site.visitor().await?;
    let body = serde_json::json!({ "business": "harbour-and-pine", "channel": "browser", "consent": "1" });
    let sent = api::Posted { key: "k".repeat(32), body: body.to_string() };
    let answer = api::post(&visitor, &site.stage.ready.url, foreign, &sent).await?;
    ensure!(answer.status == 403 && answer.text("code") == "origin_not_allowed", "{answer:?}");
    let wrong = api::Posted { body: sent.body.replace("harbour-and-pine", "nobody"), ..sent };
    let answer = api::post(&visitor, &site.stage.ready.url, &site.stage.shop, &wrong).await?;
    ensure!(answer.status == 403 && answer.text("code") == "unknown_key", "{answer:?}");
    Ok(())
}

/// The form comes; a running server notices a change within seconds.
async fn listed(visitor: &Person, url: &str) -> Result<()> {
    visitor.goes_to(url).await?;
    visitor.clicks("ringside-widget .pill").await?;
    loop {
        let either = visitor.sees("ringside-widget :is(#number, button:has-text('Try again'))").await?;
        if either.get_attribute("id").await?.as_deref() == Some("number") {
            return Ok(());
        }
        either.click(None).await?;
    }
}

/// Warnings of the page's console.
fn console(visitor: &Person) -> Vec<String> {
    let all = visitor.page.console_messages();
    all.iter().filter(|one| one.type_() == "warning").map(|one| one.text().to_owned()).collect()
}

fn warned(visitor: &Person, of: &str) -> bool {
    console(visitor).iter().any(|text| text.starts_with("Ringside") && text.contains(of))
}

/// What a careless merchant's style sheets say, or a hostile one's. What is said of `html` and `body` themselves (a
/// transform, an opacity) moves whatever is in them, so only what is inherited is said there.
const HOSTILE: [&str; 2] = [
    "body * { all: unset; display: none !important; font-size: 80px !important; }",
    "body *, button, span, ringside-widget { color: red !important; font: 40px serif !important; background: lime !important;
      display: inline !important; position: static !important; margin: 50px !important; border: 9px solid !important;
      opacity: .5 !important; transform: rotate(3deg) !important; visibility: hidden !important; letter-spacing: 9px !important; }
    html, body { font-size: 3px !important; text-transform: uppercase !important; word-spacing: 40px; line-height: 9;
      text-align: right; color: red !important; cursor: none; }",
];
/// Every property that can be computed, of one element.
const STYLE: &str =
    "element => [...getComputedStyle(element)].map(name => name + ':' + getComputedStyle(element)[name])";

#[tokio::test(flavor = "multi_thread")]
async fn no_style_leaks_and_nothing_moves() -> Result<()> {
    let site = Site::open(|server| {
        let sheet = |head: &str| Sheet { html: page(server, head, KEY), policy: None };
        let bare = page(server, "", KEY).split("<script").next().unwrap_or_default().to_owned();
        let hostile = HOSTILE.map(|css| sheet(&format!("<style>{css}</style>")));
        let [unset, loud] = hostile;
        let bare = Sheet { html: bare, policy: None };
        vec![("/with", sheet("")), ("/bare", bare), ("/unset", unset), ("/loud", loud)]
    })
    .await?;
    let visitor = site.visitor().await?;
    visitor.goes_to(&format!("{}/bare", site.merchant.origin)).await?;
    let bare = looks_of_the_page(&visitor).await?;

    site.visit(&visitor, "/with").await?;
    merchant::form_is_mounted(&visitor).await?;
    let with = looks_of_the_page(&visitor).await?;
    ensure!(bare == with, "the widget changed the page: {:?}", differences(&bare, &with));
    let shifts: Vec<f64> = visitor.asks("() => globalThis.shifts").await?;
    ensure!(shifts.is_empty(), "the tag moved the page by {shifts:?}");
    let pill = looks_of_the_widget(&visitor, false).await?;
    let card = looks_of_the_widget(&visitor, true).await?;
    ensure!(card.len() > 10_000, "all properties of all that is in the card were read: {}", card.len());

    for path in ["/unset", "/loud"] {
        site.visit(&visitor, path).await?;
        merchant::form_is_mounted(&visitor).await?;
        let beside = looks_of_the_widget(&visitor, false).await?;
        ensure!(pill == beside, "{path} changed the pill: {:?}", differences(&pill, &beside));
        let beside = looks_of_the_widget(&visitor, true).await?;
        ensure!(card == beside, "{path} changed the card: {:?}", differences(&card, &beside));
    }
    site.visit(&visitor, "/with").await?;
    let push = "() => { const high = document.createElement('div'); high.style.height = '200px'; document.body.prepend(high); return true; }";
    visitor.asks::<bool>(push).await?;
    visitor.finds("the watch sees what moves", "() => shifts.length > 0").await
}

/// Every property of everything in the page but the widget.
async fn looks_of_the_page(visitor: &Person) -> Result<Vec<String>> {
    let script = format!(
        "() => {{ const style = {STYLE}; \
         return [...document.querySelectorAll('html, body, h1, p, #own')].flatMap(style); }}"
    );
    visitor.asks(&script).await
}

/// Every property and the place of everything that the widget shows, once nothing moves any more.
async fn looks_of_the_widget(visitor: &Person, open: bool) -> Result<Vec<String>> {
    if open {
        visitor.asks::<bool>("() => { Ringside.open(); return true; }").await?;
        visitor.sees("ringside-widget #number:focus").await?;
    }
    let script = format!(
        "async () => {{ const style = {STYLE}; const root = document.querySelector('ringside-widget').shadowRoot; \
         await document.fonts.ready; await Promise.allSettled(root.getAnimations().map(one => one.finished)); \
         const place = element => JSON.stringify(element.getBoundingClientRect()); \
         return [...root.querySelectorAll('*')].flatMap(element => [...style(element), element.id + element.className + place(element)]); }}"
    );
    visitor.asks(&script).await
}

fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let pairs = before.iter().zip(after).filter(|(a, b)| a != b);
    pairs.take(20).map(|(a, b)| format!("{a} -> {b}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentations_examples_work_as_written() -> Result<()> {
    let (tag, queue) = (merchant::block(DOCUMENTATION, "html")?, merchant::block(DOCUMENTATION, "js")?);
    // Without a language: the policy.
    let policy = merchant::block(DOCUMENTATION, "")?;
    ensure!(policy.contains("connect-src"), "the first block without a language is the policy: {policy}");
    let policy = policy.replace('\n', " ");
    let site = Site::open(move |server| {
        let written = |text: &str| {
            text.replace("https://HOST", server)
                .replace("wss://HOST", &server.replacen("http", "ws", 1))
                .replace("KEY", "harbour-and-pine")
        };
        let html = format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Merchant</title><h1>Merchant</h1>\
             <script nonce=abc>{queue}</script>{}</html>",
            written(&tag)
        );
        // The page's own script needs its own permission.
        let policy = written(&policy).replacen("script-src", "default-src 'none'; script-src 'nonce-abc'", 1);
        vec![("/", Sheet { html, policy: Some(policy) })]
    })
    .await?;
    let visitor = site.visitor().await?;
    site.visit(&visitor, "/").await?;
    let tap = Tap::on(&visitor).await?;
    asks_and_cancels(&visitor, &site).await?;
    let sent = api::posted(&tap);
    ensure!(sent.len() == 1 && sent[0].body.contains("Oak bench"), "what the page queued was sent: {sent:?}");
    let broken = merchant::broken(&visitor).await?;
    ensure!(broken.is_empty(), "the documented policy allows all that is needed: {broken:?}");
    for method in DOCUMENTATION.lines().filter(|line| line.starts_with("| `Ringside.")) {
        for name in method.split("Ringside.").skip(1).filter_map(|rest| rest.split('(').next()) {
            let is_there: bool =
                visitor.asks(&format!("() => typeof Ringside.{name} === 'function'")).await?;
            ensure!(is_there, "the documented Ringside.{name} is there");
        }
    }
    visitor.asks::<bool>("() => { Ringside.close(); return true; }").await?;
    visitor
        .finds(
            "the card closed",
            "() => !document.querySelector('ringside-widget').shadowRoot.querySelector('#card')",
        )
        .await
}

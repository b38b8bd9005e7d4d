//! What a hostile customer sends: text that would be a program, and bytes that are no message.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, Troupe, agent,
    api::{self, Posted},
    handset, shopper, socket,
    tap::Tap,
};
use shared::{ProtocolVersion, TabId, api::PageView, close, limits, wire::widget};

/// Each would run where it was read as markup, as the last of them is by the positive control.
const MARKUP: &str = "</blockquote><script>pwned=1</script><svg onload=pwned=1><img src=x onerror=pwned=1>";
/// Turns the direction of what follows (U+202E, U+2066), joins, and never ends.
const TURNED: &str = "\u{202e}dne eht\u{2066}\u{200d}\u{fdfd}";
/// Runs in every page of the agent: what breaks the page's policy, and whatever asks for a dialogue.
const WATCH: &str = "globalThis.broken = []; \
    addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective + ' ' + event.blockedURI)); \
    for (const name of ['alert', 'confirm', 'prompt']) globalThis[name] = () => { globalThis.pwned = name; };";
/// Everything that would be there if a text had become markup.
const GROWN: &str = "() => [...document.querySelectorAll(':is(.panel, .rail, .offer, .record, .history) :is(img, script, iframe, object, a[href])')].map(e => e.outerHTML)";

#[tokio::test(flavor = "multi_thread")]
async fn hostile_note_title_and_address_stay_text_in_the_console() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let (shopper, holder, agent) =
        (troupe.reader("shopper").await?, troupe.reader("handset").await?, troupe.reader("agent").await?);
    agent.context.add_init_script(WATCH).await?;
    handset::switches_on(&holder, &stage.ready).await?;
    agent::starts_shift(&agent, &stage.ready).await?;

    let note = format!("{MARKUP}{TURNED}{}", "x".repeat(limits::NOTE_CHARS - 200));
    let title = format!("{MARKUP}{TURNED}{}", "T".repeat(5_000));
    browses_hostile_page(&shopper, &stage, &title).await?;
    let tap = Tap::on(&shopper).await?;
    shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, &note).await?;
    agent.sees(".panel blockquote").await?;
    let shown: String = agent.asks("() => document.querySelector('.panel blockquote').textContent").await?;
    ensure!(shown == note, "the note arrived as {shown:?}");
    let titles: Vec<String> = agent
        .asks("() => [...document.querySelectorAll('.panel .trail-title')].map(e => e.textContent)")
        .await?;
    let start: String = title.chars().take(limits::TITLE_CHARS).collect();
    ensure!(titles.contains(&start), "the title arrived, cut, among {titles:?}");
    nothing_ran(&agent).await?;
    agent
        .finds("nothing is wider than the window", "() => document.documentElement.scrollWidth <= innerWidth")
        .await?;

    by_hand(&stage, &shopper, &agent, &tap).await?;
    the_watch_sees_what_it_watches_for(&agent, &shopper).await
}

/// An address and a title that no honest page has.
async fn browses_hostile_page(shopper: &Person, stage: &Stage, title: &str) -> Result<()> {
    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper.sees("ringside-widget .pill").await?;
    let title = serde_json::to_string(title)?;
    let address = serde_json::to_string(&format!("/about.html?{}#{MARKUP}", "<b>'\"".repeat(50)))?;
    let script =
        format!("() => {{ document.title = {title}; history.pushState(null, '', {address}); return true; }}");
    shopper.asks::<bool>(&script).await?;
    let noted = "() => Object.keys(localStorage).some(key => key.endsWith(':trail') && localStorage[key].includes('/about.html'))";
    shopper.finds("the page is in the trail", noted).await
}

/// What the widget would never send: NUL, a title beyond the limit, an address that is a program.
async fn by_hand(stage: &Stage, shopper: &Person, agent: &Person, tap: &Tap) -> Result<()> {
    let sent = api::posted(tap).into_iter().next().context("a request was sent")?;
    let body: serde_json::Value = serde_json::from_str(&sent.body)?;
    let with = |name: &str, value: serde_json::Value| {
        let mut body = body.clone();
        body["number"] = "020 7946 0999".into();
        body[name] = value;
        let key = format!("{:x<32}", name);
        Posted { key, body: body.to_string() }
    };
    let page = |url: &str, title: &str| serde_json::json!([{ "url": url, "title": title, "at": 0 }]);
    let long = "x".repeat(limits::HTTP_BODY_BYTES);
    for (bad, code) in [
        (with("note", "a\0b".into()), 422),
        (with("note", "x".repeat(limits::NOTE_CHARS + 1).into()), 422),
        (with("trail", page("javascript:pwned=1", "t")), 422),
        (with("trail", page("https://shop.example/", &"x".repeat(limits::TITLE_CHARS + 1))), 422),
        (with("unheard_of", 1.into()), 400),
        (with("note", long.into()), 413),
    ] {
        let answer = api::post(shopper, &stage.ready.url, &stage.shop, &bad).await?;
        ensure!(answer.status == code, "expected {code}: {answer:?}");
        ensure!(answer.text("detail").len() > 10, "a refusal says what to do: {answer:?}");
    }
    let fine = with("trail", page("https://shop.example/<i>", "NUL\0title"));
    let answer = api::post(shopper, &stage.ready.url, &stage.shop, &fine).await?;
    ensure!(answer.status == 201, "a strange title is no fault: {answer:?}");
    agent::finds_in_history(agent, "7946 0999").await?;
    agent
        .finds(
            "the address is text",
            "() => document.querySelector('.record .trail-url').textContent === '/<i>'",
        )
        .await?;
    nothing_ran(agent).await
}

async fn nothing_ran(agent: &Person) -> Result<()> {
    let broken: Vec<String> = agent.asks("() => globalThis.broken").await?;
    ensure!(broken.is_empty(), "the console's policy was broken: {broken:?}");
    ensure!(agent.asks::<bool>("() => !('pwned' in globalThis)").await?, "a text ran as a program");
    let grown: Vec<String> = agent.asks(GROWN).await?;
    ensure!(grown.is_empty(), "a text became markup: {grown:?}");
    Ok(())
}

/// The same text as markup runs where no policy forbids it, and in the console breaks the policy.
async fn the_watch_sees_what_it_watches_for(agent: &Person, free: &Person) -> Result<()> {
    let plant =
        format!("() => {{ document.body.innerHTML = {}; return true; }}", serde_json::to_string(MARKUP)?);
    free.goes_to("about:blank").await?;
    free.asks::<bool>(&plant).await?;
    free.finds("the text runs as markup", "() => globalThis.pwned === 1").await?;
    agent.asks::<bool>(&plant).await?;
    agent.finds("the policy was broken", "() => broken.length > 0").await?;
    ensure!(agent.asks::<bool>("() => !('pwned' in globalThis)").await?, "the console's policy stopped it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_close_with_their_code_and_the_server_goes_on() -> Result<()> {
    let stage = Stage::start(StageOptions::default()).await?;
    let troupe = Troupe::assemble().await?;
    let shopper = troupe.reader("shopper").await?;
    shopper.goes_to(&format!("{}/", stage.shop)).await?;
    shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "").await?;
    shopper::reads(&shopper, "You’re next").await?;
    let token = shopper::token(&shopper).await?.context("the browser holds a token")?;
    let hello = widget::Hello { version: ProtocolVersion::CURRENT, token, tab: TabId(7), voice: false };
    let hello = widget::WidgetToServer::from(hello).encode();

    for (name, frame) in malformed(&hello) {
        let mut socket = socket::open(&stage, "/ws/widget").await?;
        socket.send(hello.clone()).await?;
        ensure!(socket.next().await?.is_some(), "the server welcomes before `{name}`");
        socket.send(frame.clone()).await?;
        let code = socket.closed().await.with_context(|| format!("`{name}` after the hello"))?;
        ensure!(code == close::MALFORMED, "`{name}` after the hello closes with {code}");
    }
    for (name, frame) in malformed(&hello) {
        if name == "second hello" {
            continue; // it is a good first one
        }
        let mut socket = socket::open(&stage, "/ws/widget").await?;
        socket.send(frame).await?;
        let code = socket.closed().await.with_context(|| format!("`{name}` as a first frame"))?;
        ensure!(code == close::MALFORMED, "`{name}` as a first frame closes with {code}");
    }
    shopper::cancels(&shopper).await?;
    shopper::reads(&shopper, "Cancelled").await
}

/// Frames that are no messages, or that break a limit.
fn malformed(hello: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let viewed = |url: &str| {
        let page = PageView { url: url.into(), title: String::new(), at: shared::Timestamp(0) };
        widget::WidgetToServer::from(widget::PageViewed { page }).encode()
    };
    let mut trailing = hello.to_vec();
    trailing.push(0);
    let too_large = vec![0; limits::MESSAGE_BYTES + 1];
    vec![
        ("nothing", Vec::new()),
        ("half a head", vec![1, 0, 9]),
        ("half a hello", hello[..hello.len() / 2].to_vec()),
        ("bytes that follow", trailing),
        ("a length of 4 GiB", [4, 0, 255, 255, 255, 255, 1].to_vec()),
        ("a body that is none", [4, 0, 3, 0, 0, 0, 255, 255, 255].to_vec()),
        ("a page that is a program", viewed("javascript:alert(1)")),
        ("a page beyond the limit", viewed(&format!("https://a.test/{}", "x".repeat(limits::URL_BYTES)))),
        ("a message beyond the limit", too_large),
        ("second hello", hello.to_vec()),
    ]
}

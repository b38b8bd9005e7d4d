//! While the server is under attack a shopper presses "Call me" and is served, under a merchant's strict policy.
use anyhow::{Result, ensure};
use e2e::{
    StageOptions, api,
    merchant::{self, KEY, Sheet, Site, page},
    shopper,
    tap::Tap,
};

/// One request of a minute is an attack here: everybody is asked for a proof.
const ATTACKED: &str = "[attack]\nbusiness_requests = 1\nnetworks = 1\n";
/// The search goes on by messages to itself. Held, it waits for ever.
const HOLD: &str = "() => { globalThis.Real = MessageChannel; \
    globalThis.MessageChannel = function () { const { port1 } = new Real(); return { port1, port2: { postMessage() {} } }; }; \
    return true; }";
/// Milliseconds from the answer that asks for a proof to the request that brings it.
const SEARCHED: &str = "() => { const all = performance.getEntriesByType('resource') \
    .filter((one) => one.name.endsWith('/api/v1/requests')); \
    const [asked, proven] = all.slice(-2); return proven.startTime - asked.responseEnd; }";
const LET_GO: &str = "() => { globalThis.MessageChannel = Real; return true; }";

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_proves_to_be_no_program_without_noticing_much_and_is_served() -> Result<()> {
    let options = StageOptions { config: ATTACKED, ..StageOptions::default() };
    let site = Site::open_with(options, |server| {
        let reach = format!("connect-src {server} {}", server.replacen("http", "ws", 1));
        let policy = format!("default-src 'none'; script-src {server} 'wasm-unsafe-eval'; {reach}");
        vec![("/strict", Sheet { policy: Some(policy), html: page(server, "", KEY) })]
    })
    .await?;
    let visitor = site.visitor().await?;
    site.visit(&visitor, "/strict").await?;
    let tap = Tap::on(&visitor).await?;
    shopper::fills_in(&visitor, &site.stage.ready.handset_number, "Is it in stock?").await?;
    ensure!(visitor.asks::<bool>(HOLD).await?, "the search will wait");
    visitor.clicks(shopper::CALL_ME).await?;
    shopper::reads(&visitor, "One moment: checking that you are a person").await?;
    if let Some(folder) = std::env::var_os("RINGSIDE_TEST_PICTURES") {
        visitor.pictures(&std::path::Path::new(&folder).join("under-attack.png")).await?;
    }
    shopper::cancels(&visitor).await?;
    visitor.sees(shopper::CALL_ME).await?;
    let kept = "() => document.querySelector('ringside-widget').shadowRoot.querySelector('#note').value";
    let kept: String = visitor.asks(kept).await?;
    ensure!(kept == "Is it in stock?", "what was typed stays: {kept}");

    ensure!(visitor.asks::<bool>(LET_GO).await?, "the search may go on");
    visitor.clicks(shopper::CALL_ME).await?;
    shopper::reads(&visitor, "You’re next").await?;
    let searched: f64 = visitor.asks(SEARCHED).await?;
    // A figure for the documents, never a test.
    eprintln!("the search of 16 pieces of 12 bits took {searched:.0} ms");
    let sent = api::posted(&tap);
    // What was cancelled is another request: its number was not yet written out.
    let [_, asked, proven] = &sent[..] else { anyhow::bail!("cancelled, asked again and proven: {sent:?}") };
    ensure!(asked.key == proven.key && asked.body == proven.body, "it is one request: {sent:?}");
    let broken = merchant::broken(&visitor).await?;
    ensure!(broken.is_empty(), "the widget broke the policy: {broken:?}");
    let errors = visitor.page.page_errors();
    ensure!(errors.is_empty(), "nothing threw: {errors:?}");
    shopper::cancels(&visitor).await?;
    shopper::reads(&visitor, "Cancelled").await
}

//! A session that is recorded can be played to its end, and back and forth, and shows the page as the agent saw it, also
//! where the server was killed in the middle of it; of a payment page in it there is nothing, and nothing lies open.
use std::path::Path;

use anyhow::{Context, Result, ensure};
use contact_server::archive::keys;
use e2e::{
    StageOptions, agent,
    axe::Inspector,
    mirrored::{Mirrored, NEXT_FRAME},
    person::PATIENCE,
    recorded::recorded_texts,
    tap::contains,
};
use playwright_rs::protocol::Viewport;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_played_as_it_was_and_a_payment_page_is_left_out() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/replay");
    let safe = tempfile::tempdir()?;
    let path = safe.path().join("recording.keys");
    keys::add(&path, "story")?;
    let config: &'static str = format!("recording_keys = '{}'\n", path.display()).leak();
    let business = vec![("record_cobrowse", "true")];
    let mut mirrored =
        Mirrored::assemble_with(&folder, StageOptions { business, config, ..StageOptions::default() })
            .await?;
    mirrored.stage.admin(&["agent", "player", "--login", "ada", "true"]).await?;
    let chip =
        "() => /It is recorded/.test(document.querySelector('ringside-widget').shadowRoot.textContent)";
    mirrored.shopper.finds("the customer is told", chip).await?;
    mirrored.play("lamps.html").await?;
    let lamps = mirrored.shown().await?;
    reads_long(&mirrored).await?;
    mirrored.goes_to("pay/card.html").await?;
    mirrored.shopper.clicks("#card").await?;
    mirrored.shopper.page.keyboard().type_text("4242424242424242", None).await?;
    agent::sees_page(&mirrored.agent, "Pay with plumtree").await?;
    labels_stay_where_they_belong(&mirrored).await?;
    mirrored.play("thanks.html").await?;
    mirrored.shopper.asks::<bool>("() => !document.querySelector('h1').append(' and goodbye')").await?;
    agent::sees_page(&mirrored.agent, "and goodbye").await?;
    let thanks = mirrored.shown().await?;
    killed(&mut mirrored, &path).await.context("a kill in the middle")?;
    let agent = &mirrored.agent;
    agent::wraps_up(agent, "Advised", "recorded").await?;

    agent::finds_in_history(agent, "Looks at fixtures").await?;
    begins_before_all_is_there(&mirrored, &thanks).await?;
    agent.sees(".player-list button:has-text('Thanks')").await?;
    agent.sees(".player-list button:has-text('A long read')").await?;
    agent.presses("End").await?;
    mirrored.shows(&thanks, "at the end").await?;
    let seen = "() => document.querySelector('.player .replica > div').clientHeight >= 280";
    agent.finds("there is room for the page", seen).await?;
    agent.sees(".page-state:text-is('The end of the recording.')").await?;
    // What was there when the next page, which was left out, began.
    agent.clicks(".player-list button:has-text('Not recorded')").await?;
    agent.sees(".page-state:has-text('payment page')").await?;
    agent.presses("ArrowLeft").await?;
    agent.presses("Home").await?;
    agent.presses("End").await?;
    mirrored.shows(&thanks, "at the end, after going back").await?;
    agent.clicks(".player-list button:has-text('Lamps')").await?;
    agent.sees(".player-page:has-text('Lamps')").await?;
    let texts = recorded_texts(mirrored.stage.data(), &path).await?;
    for text in ["Anglepoise", "Thanks", "One lamp"] {
        ensure!(texts.contains(text), "the search finds {text}");
    }
    for secret in ["plumtree", "4242", "Pay with", "card.html"] {
        ensure!(!texts.contains(secret), "{secret} was recorded");
    }
    ensure!(lamps.contains("Candle"), "the live page was one");
    let mut axe = Inspector::new()?;
    axe.look(&mirrored.agent, "the player").await?;
    axe.verdict()
}

/// What is said of pictures that are kept back stands on them, at whatever size the agent sees the page.
async fn labels_stay_where_they_belong(mirrored: &Mirrored) -> Result<()> {
    const STAY: &str = "() => { const frame = document.querySelector('.page-view iframe'), at = frame.getBoundingClientRect(), scale = at.width / frame.clientWidth; \
        const boxes = [...frame.contentDocument.querySelectorAll('canvas, ringside-box')].map(box => box.getBoundingClientRect()); \
        const labels = [...document.querySelectorAll('[data-replica-badge]')].map(label => label.getBoundingClientRect()).filter(label => label.width); \
        const on = (label, box) => label.left >= at.x + box.left * scale - 1 && label.right <= at.x + box.right * scale + 1 && label.top >= at.y + box.top * scale - 1 && label.bottom <= at.y + box.bottom * scale + 1; \
        return labels.length > 1 && labels.every(label => boxes.some(box => on(label, box))); }";
    let (agent, view) = (&mirrored.agent, |width, height| Viewport { width, height });
    mirrored.goes_to("kept.html").await?;
    agent::sees_page(agent, "Kept back").await?;
    // The story's own style shows the page unscaled.
    let bare = "() => { globalThis.before = [...document.adoptedStyleSheets]; document.adoptedStyleSheets = []; return true; }";
    agent.asks::<bool>(bare).await?;
    for (width, height) in [(1_600, 1_000), (390, 844), (820, 600)] {
        agent.page.set_viewport_size(view(width, height)).await?;
        agent.finds(&format!("labels stay on what they are said of, {width} px"), STAY).await?;
        let boxed = "() => [...document.querySelectorAll('[data-replica-badge]')].some(label => label.checkVisibility() && label.textContent === 'Embedded page, not shown')";
        let says_why = if width < 1_000 { boxed.to_owned() } else { boxed.replacen("() => ", "() => !", 1) };
        agent
            .finds(
                &format!("boxes that are too small to be read say above why they are there, {width} px"),
                &says_why,
            )
            .await?;
    }
    agent.page.set_viewport_size(view(1_600, 1_000)).await?;
    agent.asks::<bool>("() => { document.adoptedStyleSheets = before; return true; }").await.map(drop)
}

/// More than one answer holds.
async fn reads_long(mirrored: &Mirrored) -> Result<()> {
    mirrored.goes_to("long.html").await?;
    for chapter in 1..=6 {
        mirrored.shopper.asks::<bool>(&format!("() => turnsTo({chapter})")).await?;
        agent::sees_page(&mirrored.agent, &format!("Chapter {chapter}")).await?;
    }
    Ok(())
}

/// Lets so many answers of the server through; the others wait, or fail while it is unplugged.
const GATE: &str = "() => {
  const fetched = window.fetch;
  window.gate = { left: 0, unplugged: false, waiting: [] };
  gate.opens = (left) => {
    Object.assign(gate, { left, unplugged: false });
    gate.waiting.splice(0).forEach(([go]) => go());
    return true;
  };
  gate.unplugs = () => {
    gate.unplugged = true;
    gate.waiting.splice(0).forEach(([, fail]) => fail(new TypeError('unplugged')));
    return true;
  };
  window.fetch = async (asked) => {
    if (/recordings\\/[^/]+\\//.test(asked.url)) {
      if (gate.unplugged) throw new TypeError('unplugged');
      if (gate.left-- <= 0) await new Promise((go, fail) => gate.waiting.push([go, fail]));
    }
    return fetched(asked);
  };
  return true;
}";

/// It plays with its first piece; a fault in the middle is said and mended, and a place loads what it needs alone.
async fn begins_before_all_is_there(mirrored: &Mirrored, thanks: &str) -> Result<()> {
    let agent = &mirrored.agent;
    agent.asks::<bool>(GATE).await?;
    agent.sees(".recorded:has-text('MB')").await?;
    agent.clicks("button:has-text('Replay')").await?;
    let comes = "() => gate.waiting.length === 1 && document.querySelector('.player-stage[aria-busy=true] .player-skeleton')";
    agent.finds("what will be a page is shown while its first piece is on its way", comes).await?;
    agent.asks::<bool>("() => gate.opens(0)").await?;
    let plays = "() => gate.waiting.length === 1 && +document.querySelector('.player-range').value > 0 && document.querySelector('.player iframe').contentDocument.querySelector('h1')";
    agent.finds("it plays while the second piece is on its way", plays).await?;
    agent.sees(".player-head:has-text('loaded')").await?;
    agent.asks::<bool>("() => gate.unplugs()").await?;
    let said = "The rest of the recording could not be loaded. The server cannot be reached. Check your connection, then try again.";
    agent.sees(&format!(".player-fault > span:text-is('{said}')")).await?;
    agent.presses("End").await?;
    let still = "() => document.querySelector('.player iframe').contentDocument.querySelector('h1') && document.querySelector('.player-fault')";
    agent.finds("what was shown stays, and so does the fault", still).await?;
    // The last piece, and at most one before it, in which its page begins.
    agent.asks::<bool>("() => gate.opens(2)").await?;
    agent.clicks(".player-fault button:has-text('Try again')").await?;
    mirrored.shows(thanks, "at the end, without what is before").await?;
    agent.finds("the fault is gone", "() => !document.querySelector('.player-fault')").await?;
    agent.sees(".player-head:has-text('loaded')").await?;
    agent.asks::<bool>("() => gate.opens(1e9)").await?;
    let whole = "() => !document.querySelector('.player-head').textContent.includes('loaded')";
    agent.finds("all of it was read", whole).await
}

/// kill -9 once what was last shown is sealed: it stays, and no file holds anything of a page that can be read.
async fn killed(mirrored: &mut Mirrored, keys: &Path) -> Result<()> {
    let sealed = async {
        while !recorded_texts(mirrored.stage.data(), keys).await?.contains("and goodbye") {
            mirrored.agent.asks::<bool>(NEXT_FRAME).await?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, sealed).await.context("it is not sealed")??;
    mirrored.stage.kill().await?;
    let mut folders = vec![mirrored.stage.data().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path)?;
            files += 1;
            for text in ["Anglepoise", "goodbye"] {
                ensure!(!contains(&bytes, text.as_bytes()), "{text} lies open in {}", path.display());
            }
        }
    }
    ensure!(files > 2, "the database and a recording are there");
    mirrored.stage.restart().await
}

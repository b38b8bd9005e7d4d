//! Frames, and the page, are led to where nothing of them may be seen and back, in every order of tasks: whatever is
//! written there never leaves, however the recorder's reading falls between. With masking off the same search finds it.
//!
//! A failure names its seed. `MOVES_SEED=N` plays one, `MOVES_SEEDS=N` that many.
use std::fmt;

use anyhow::{Context, Result, ensure};
use e2e::{
    Person,
    merchant::{Sheet, Site},
};
use serde::Deserialize;
use shared::{
    ProtocolVersion, Timestamp,
    wire::mirror::{KeyframeWanted, Masking, PublisherWelcome, ServerToPublisher},
};

const MOVES: &str = include_str!("../../fixtures/secrets/moves.js");
const PART: &str = "<p class=text>open</p><input class=field>";
/// They answer for the document, and say nothing.
const NAMED: &str = "<form name=URL></form><form name=defaultView></form><form name=location></form>";
const SEEDS: u32 = 3;
const STEPS: u32 = 500;

/// What one play came to.
#[derive(Debug, Deserialize)]
struct Told {
    sent: u32,
    wrote: Wrote,
    /// How many texts were found that may be seen, and which that may not.
    open: u32,
    secret: Vec<String>,
    /// What was written last, may be seen, and was not sent.
    unsaid: Vec<String>,
    kinds: Vec<String>,
}

/// How many texts of each kind there were.
#[derive(Debug, Deserialize)]
struct Wrote {
    secret: u32,
    open: u32,
}

impl fmt::Display for Told {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, wrote, open, secret, .. } = self;
        write!(to, "{sent} messages; found {open} of {} open texts", wrote.open)?;
        write!(to, ", {} of {} secret ones", secret.len(), wrote.secret)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_where_it_may_not_be_seen_never_leaves() -> Result<()> {
    let sheet =
        |html: String| Sheet { policy: None, html: format!("<!doctype html><meta charset=utf-8>{html}") };
    let site = Site::open(|_| {
        vec![
            ("/", sheet(format!("{PART}<script>{MOVES}</script>"))),
            ("/frame", sheet(PART.into())),
            ("/named", sheet(format!("{PART}{NAMED}"))),
        ]
    })
    .await?;
    let visitor = site.troupe.reader("visitor").await?;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let seeds = match number("MOVES_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("MOVES_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let told = play(&site, &visitor, seed, Masking::Balanced).await?;
        eprintln!("seed {seed}: {told}");
        ensure!(told.secret.is_empty(), "seed {seed}: these left: {:?}", told.secret);
        ensure!(told.unsaid.is_empty(), "seed {seed}: these were never mirrored: {:?}", told.unsaid);
    }
    let told = play(&site, &visitor, 1, Masking::Off).await.context("with masking off")?;
    eprintln!("with masking off: {told}");
    ensure!(told.secret.len() as u32 * 4 > told.wrote.secret, "the search is blind: {told:?}");
    for kind in &told.kinds {
        let is_found = told.secret.iter().any(|text| text.starts_with(&format!("secret-{kind}-")));
        ensure!(is_found, "the search is blind for {kind}: {told:?}");
    }
    Ok(())
}

async fn play(site: &Site, visitor: &Person, seed: u32, masking: Masking) -> Result<Told> {
    let welcome = PublisherWelcome {
        version: ProtocolVersion::CURRENT,
        now: Timestamp(0),
        heartbeat_ms: 60_000,
        sharing: true,
        masking,
        mask_selectors: vec!["!p /account*".into()],
    };
    let given = serde_json::json!({
        "seed": seed,
        "steps": STEPS,
        // Of whatever build is there.
        "recorder": format!("{}/app/any/recorder.js", site.stage.ready.url),
        "welcome": ServerToPublisher::from(welcome).encode(),
        "wanted": ServerToPublisher::from(KeyframeWanted {}).encode(),
    });
    visitor.goes_to(&format!("{}/", site.merchant.origin)).await?;
    let told: Told =
        visitor.asks(&format!("() => play({given})")).await.with_context(|| format!("seed {seed}"))?;
    let errors = visitor.page.page_errors();
    ensure!(errors.is_empty(), "seed {seed}: the page threw {errors:?}");
    Ok(told)
}

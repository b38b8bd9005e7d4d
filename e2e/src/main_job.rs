//! The main job once, with real parts: from the click to the conversation to the record.
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{
    Mic, Person, Stage, StageOptions, Troupe, agent, ear, handset,
    person::Help,
    shopper,
    tap::{Tap, storage},
};

/// What the shopper's telephone and the agent say.
pub const SHOPPER: Mic = Mic { hertz: 620 };
pub const AGENT: Mic = Mic { hertz: 1_180 };
/// A test card number (it passes Luhn), which must never leave the browser.
pub const CARD: &str = "4111111111111111";
const NOTE: &str = "Does the bench come in 160 cm? <img src=x onerror=alert(1)>";
/// As long as a card number, but it fails Luhn and stands in a plain field: the search must find it.
const CONTROL: &str = "4111111111111112";
/// Plain text of a form, which the agent does see.
const GIFT: &str = "For Grandmother, with love";

/// What was seen, in the order in which it was.
#[derive(Debug, Default)]
pub struct Evidence(Vec<String>);

impl Evidence {
    pub fn note(&mut self, line: String) {
        self.0.push(line);
    }

    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

/// The three people, each in a browser of their own.
pub struct Cast {
    pub stage: Stage,
    pub shopper: Person,
    pub holder: Person,
    pub agent: Person,
    pub troupe: Troupe,
}

impl Cast {
    /// The agent is ready, the telephone is on, the shopper's browser is open.
    pub async fn assemble(options: StageOptions) -> Result<Self> {
        let stage = Stage::start(options).await?;
        let troupe = Troupe::assemble().await?;
        let folder = stage.data();
        let shopper = troupe.reader("shopper").await?;
        let holder = troupe.speaker("handset", SHOPPER, folder, Help::Flags, &[]).await?;
        let agent = troupe.speaker("agent", AGENT, folder, Help::Flags, &[]).await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        handset::switches_on(&holder, &stage.ready).await?;
        Ok(Self { stage, shopper, holder, agent, troupe })
    }

    /// Browses three pages and asks for a call to the telephone.
    pub async fn shopper_asks(&self) -> Result<()> {
        let shop = &self.stage.shop;
        for path in ["/", "/products/oak-bench.html", "/cart.html"] {
            self.shopper.goes_to(&format!("{shop}{path}")).await?;
        }
        shopper::asks_for_a_call(&self.shopper, &self.stage.ready.handset_number, NOTE).await?;
        shopper::reads(&self.shopper, "Pick up and press 1").await
    }

    /// From the ringing telephone to the bridge.
    pub async fn telephone_to_bridge(&self) -> Result<()> {
        handset::answers(&self.holder).await?;
        handset::presses(&self.holder, '1').await?;
        agent::accepts(&self.agent).await?;
        agent::talks(&self.agent).await
    }

    /// Keeps pictures of every screen, for whoever looks at a failure.
    pub async fn pictures(&self, folder: &std::path::Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        for person in [&self.shopper, &self.holder, &self.agent] {
            person.pictures(&folder.join(format!("{}.png", person.name))).await?;
        }
        Ok(())
    }
}

/// Runs it and says what was seen.
pub async fn run() -> Result<Evidence> {
    let cast = Cast::assemble(StageOptions::default()).await?;
    let mut evidence = Evidence::default();
    let played = play(&cast, &mut evidence).await;
    if played.is_err() {
        let folder = failure_folder();
        let kept = cast.pictures(&folder).await;
        let log = std::fs::read_to_string(cast.stage.data().join("server.log")).unwrap_or_default();
        let seen = evidence.lines().join("\n");
        return played.map(|()| evidence).with_context(|| {
            format!("seen so far:\n{seen}\npictures ({kept:?}) in {}\nserver:\n{log}", folder.display())
        });
    }
    Ok(evidence)
}

fn failure_folder() -> PathBuf {
    std::env::temp_dir().join(format!("ringside-failure-{}", std::process::id()))
}

async fn play(cast: &Cast, evidence: &mut Evidence) -> Result<()> {
    let tap = Tap::on(&cast.shopper).await?;
    cast.shopper_asks().await?;
    evidence.note("the shopper browsed three pages and asked for a call".into());
    cast.shopper.goes_to(&format!("{}/checkout.html", cast.stage.shop)).await?;
    shopper::has_a_live_contact(&cast.shopper).await?;
    handset::rings(&cast.holder).await?;
    before_the_bridge(cast, evidence).await?;
    cast.telephone_to_bridge().await?;
    voices(cast, evidence).await?;
    page(cast, &tap, evidence).await?;
    records(cast, evidence).await
}

/// The agent has trail and live page while the telephone still rings.
async fn before_the_bridge(cast: &Cast, evidence: &mut Evidence) -> Result<()> {
    cast.agent
        .finds(
            "the trail ends at the checkout",
            "() => document.querySelector('.panel .trail-url')?.textContent === '/checkout.html'",
        )
        .await?;
    let trail = agent::trail(&cast.agent).await?;
    let walked = ["/", "/products/oak-bench.html", "/cart.html", "/checkout.html"];
    ensure!(trail == walked, "the agent's trail is {trail:?}, the path walked was {walked:?}");
    let note: String =
        cast.agent.asks("() => document.querySelector('.panel blockquote').textContent").await?;
    ensure!(note == NOTE, "the note arrived as {note:?}");
    agent::sees_page(&cast.agent, "Checkout").await?;
    evidence.note(format!(
        "before the bridge the agent had the trail {trail:?}, the note as text, and the live page"
    ));
    Ok(())
}

/// Each side's signal is recognised at the other.
async fn voices(cast: &Cast, evidence: &mut Evidence) -> Result<()> {
    let at_agent = ear::hears(&cast.agent, SHOPPER.hertz, &[AGENT.hertz]).await?;
    let at_handset = ear::hears(&cast.holder, AGENT.hertz, &[SHOPPER.hertz]).await?;
    for (who, tone, heard) in [("agent", SHOPPER, &at_agent), ("handset", AGENT, &at_handset)] {
        evidence.note(format!(
            "the {who} hears {} Hz: {:.0}% of the power in {} loud blocks, peak {:.1} dBFS; own tone {:.1}%",
            tone.hertz,
            heard.shares[0] * 100.0,
            heard.loud,
            heard.peak_dbfs,
            heard.shares[1] * 100.0
        ));
    }
    Ok(())
}

/// A form value arrives, the card number does not leave, the agent leads to another page.
async fn page(cast: &Cast, tap: &Tap, evidence: &mut Evidence) -> Result<()> {
    cast.shopper.types("input[autocomplete='cc-number']", CARD).await?;
    let note = format!("{GIFT} {CONTROL}");
    cast.shopper.types("#delivery-note", &note).await?;
    agent::sees_value(&cast.agent, &note).await?;
    let replica = agent::replica_text(&cast.agent).await?;
    ensure!(!replica.contains(CARD), "the card number stands in the replica");
    // Typed after the card number, so that whoever has heard of it has heard of all before it.
    tap.finds(CONTROL).await?;
    let doors = tap.search(CARD);
    ensure!(doors.is_empty(), "the card number left the browser by {doors:?}");
    ensure!(!storage(&cast.shopper).await?.contains(CARD), "the card number is in the page's storage");
    evidence.note(format!(
        "a form value arrived; the card number is in none of {} things that left the browser, nor in {} decoded \
         frames, where the same search finds a value that is not masked",
        tap.all().len(),
        tap.mirrored().frames
    ));
    agent::pushes(&cast.agent, &format!("{}/about.html", cast.stage.shop)).await?;
    cast.shopper.finds("it was led to the about page", "() => location.pathname === '/about.html'").await?;
    agent::sees_page(&cast.agent, "A small shop").await?;
    cast.agent
        .finds(
            "the replica is at the page's top again",
            "() => document.querySelector('.page-view iframe').contentWindow.scrollY === 0",
        )
        .await?;
    evidence.note("the agent pushed a page, the shopper went there, and the replica followed".into());
    Ok(())
}

/// Hang-up, wrap-up, history, a record of every leg.
async fn records(cast: &Cast, evidence: &mut Evidence) -> Result<()> {
    agent::hangs_up(&cast.agent).await?;
    handset::is_done(&cast.holder).await?;
    agent::wraps_up(&cast.agent, "Advised", "wants the 160 cm bench").await?;
    agent::finds_in_history(&cast.agent, "160 cm bench").await?;
    let legs = agent::legs(&cast.agent).await?;
    ensure!(legs.len() == 2, "two legs were placed, the record shows {legs:?}");
    evidence.note(format!("the record has both legs: {legs:?}"));
    let url: String = cast.agent.asks("() => performance.getEntriesByType('resource').map(e => e.name).filter(n => /contacts\\/[0-9a-f]{32}$/.test(n)).at(-1)").await?;
    evidence.note(format!("contact row {}", url.rsplit('/').next().unwrap_or_default()));
    Ok(())
}

//! What a recording weighs: a customer reads pages of a shop, an agent looks on, and the server records.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use contact_server::archive::{file, keys};
use e2e::{Person, StageOptions};
use rig::bench::Goal;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Plan,
    scene::{self, PAGE, Scene},
    side::round,
    site::Site,
    tab::Tab,
};

/// To the text above the button with what is said of recordings.
const AGREED: &str = "1+rec1";
/// Pages, and how long each is read. In the short form one, for a moment.
const PAGES: u32 = 6;
const SECONDS: u32 = 20;
/// The mouse moves so often a second, from place to place.
const MOVES: u32 = 10;
/// Fields whose names, made of words, read as one for a card's number would end the recording.
const OPEN_FIELDS: &str = "() => { for (const f of document.querySelectorAll('input')) if (/card|label|number|code|pin/.test(f.name + f.placeholder)) f.remove(); return true }";
/// What may be written at most; a day of eight hours of it is 240 MB for one agent.
const GOAL_KB_A_MINUTE: f64 = 500.0;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let safe = tempfile::tempdir()?;
    let path = safe.path().join("recording.keys");
    keys::add(&path, "bench")?;
    let config: &'static str = format!("recording_keys = '{}'\n", path.display()).leak();
    let business = vec![("record_cobrowse", "true")];
    let options = StageOptions { business, config, ..StageOptions::default() };
    let scene = Scene::open_with(plan, (person, AGREED), site, options).await?;
    let tab = Tab::of(person).await?;
    let (pages, seconds) = if plan.repetitions > 1 { (PAGES, SECONDS) } else { (1, 3) };
    for page in 0..pages {
        let plan = Plan { seed: plan.seed + page, ..plan.clone() };
        scene::shows_changed(&plan, &tab, (site, PAGE), &scene, OPEN_FIELDS).await?;
        reads(&tab, seconds, plan.seed).await?;
    }
    let data = scene.stage.data().join("recordings");
    let Weight { bytes, ms, segments } = weighed(&data)?;
    ensure!(segments > 0 && ms > 0, "nothing was recorded");
    let kb_a_minute = bytes as f64 / 1_000.0 / (ms as f64 / 60_000.0);
    let figures = vec![("recording_kb_a_minute", round(kb_a_minute), Goal::AtMost(GOAL_KB_A_MINUTE))];
    let details = json!({
        "pages": pages, "nodes": PAGE, "seconds_each": seconds, "bytes": bytes, "seconds": round(ms as f64 / 1_000.0),
        "segments": segments,
    });
    Ok((figures, details))
}

/// Somebody reads: the mouse moves, the page is scrolled every other second and changes every second, and a few words
/// are typed.
async fn reads(tab: &Tab<'_>, seconds: u32, seed: u32) -> Result<()> {
    let (mouse, keyboard) = (tab.person.page.mouse(), tab.person.page.keyboard());
    let mut beat = interval(Duration::from_secs(1) / MOVES);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for at in 0..seconds * MOVES {
        beat.tick().await;
        let (x, y) = (f64::from(at * 37 % 1_000), f64::from(at * 23 % 600));
        mouse.move_to(x, y, None).await?;
        if at % MOVES == 0 {
            tab.person.asks::<Value>(&format!("() => bench.beats(1, 0, {})", seed + at)).await?;
        }
        if at % (2 * MOVES) == MOVES {
            mouse.wheel(0.0, 300.0).await?;
        }
        if at == 3 * MOVES / 2 {
            tab.person.asks::<bool>("() => !document.querySelector('input')?.focus()").await?;
            keyboard.type_text("a soft lamp", None).await?;
        }
    }
    Ok(())
}

struct Weight {
    bytes: u64,
    ms: u64,
    segments: usize,
}

/// All that lies there, and from when until when it is.
fn weighed(folder: &Path) -> Result<Weight> {
    let mut weight = Weight { bytes: 0, ms: 0, segments: 0 };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            weight.bytes += std::fs::metadata(&path)?.len();
            let heads = file::heads(&path)?;
            if let (Some(first), Some(last)) = (heads.first(), heads.last()) {
                weight.ms += u64::try_from(last.until.since(first.from).as_millis())?;
            }
            weight.segments += heads.len();
        }
    }
    Ok(weight)
}

//! From a change in the customer's page to the replica's document, and to its paint.
//!
//! Ours goes through a real server to a console; rrweb's events through a bare relay in this process to its
//! own replayer. The two pages of a side stand in two profiles of one browser, so in two processes; both clocks
//! are the machine's, which DevTools relates them to.
use anyhow::{Context, Result};
use e2e::Person;
use rig::bench::Goal;
use serde_json::{Value, json};

use crate::{
    Plan,
    scene::{self, PAGE, REPLICA, RRWEB, Scene},
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Between two changes, on the average.
const PAUSE_MS: u32 = 40;
const WATCH: &str = include_str!("sides.js");
const P50_GOAL_MS: f64 = 4.0;
const P99_GOAL_MS: f64 = 20.0;
const RATIO_GOAL: f64 = 0.5;

/// Milliseconds from the change to the replica's document, and to its paint.
#[derive(Default)]
pub(crate) struct Ways {
    pub(crate) seen: Vec<f64>,
    painted: Vec<f64>,
}

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let scene = Scene::open(plan, person, site).await?;
    let rounds = plan.repetitions.div_ceil(2);
    let (mut ours, mut rrweb) = (Ways::default(), Ways::default());
    for _ in 0..rounds {
        ours.extend(one(plan, person, site, (Side::Ours, &scene.to), &scene.agent).await?);
        let replayer = scene::replayer(person, site).await?;
        rrweb.extend(one(plan, person, site, (Side::Rrweb, &scene::relay(site)), &replayer).await?);
        replayer.page.close().await?;
    }
    let ratio = at(&ours.seen, 50) / at(&rrweb.seen, 50);
    let figures = vec![
        ("latency_p50_ratio", round(ratio), Goal::AtMost(RATIO_GOAL)),
        ("latency_p50_ms", round(at(&ours.seen, 50)), Goal::AtMost(P50_GOAL_MS)),
        ("latency_p99_ms", round(at(&ours.seen, 99)), Goal::AtMost(P99_GOAL_MS)),
    ];
    Ok((figures, json!({ "ours": ours.json(), "rrweb": rrweb.json(), "server": server(plan) })))
}

fn server(plan: &Plan) -> &'static str {
    if plan.server.is_some() { "as given" } else { "debug build" }
}

/// One page, its viewer, and changes.
async fn one(
    plan: &Plan,
    person: &Person,
    site: &Site,
    (side, to): (Side, &Value),
    viewer: &Person,
) -> Result<Ways> {
    let page = Tab::of(person).await?;
    let document = if side == Side::Ours { REPLICA } else { RRWEB };
    scene::shows(plan, &page, (site, PAGE), (side, to), (viewer, document)).await?;
    changes(plan, &page, (viewer, document)).await
}

/// Small changes of a page that is shown, one after the other, and their ways.
pub(crate) async fn changes(
    plan: &Plan,
    page: &Tab<'_>,
    (viewer, document): (&Person, &str),
) -> Result<Ways> {
    // The console has nothing of the bench's.
    let watch = WATCH.split("// ----").nth(1).and_then(|part| part.split_once('\n'));
    let (_, watch) = watch.context("sides.js has a part for viewers")?;
    let script = format!("() => {{ {watch} return watchBeats({document}); }}");
    viewer.asks::<bool>(&script).await?;
    let seed = plan.seed;
    let count = plan.changes;
    let began: Vec<f64> =
        page.person.asks(&format!("() => bench.beats({count}, {PAUSE_MS}, {seed})")).await?;
    viewer.finds("the last change was painted", &format!("() => painted[{count}] > 0")).await?;
    let seen: Vec<Option<f64>> = viewer.asks("() => Array.from(seen, (at) => at ?? null)").await?;
    let painted: Vec<Option<f64>> = viewer.asks("() => Array.from(painted, (at) => at ?? null)").await?;
    let apart = Tab::of(viewer).await?.clock_ms().await? - page.clock_ms().await?;
    Ok(Ways { seen: ways(&began, &seen, apart), painted: ways(&began, &painted, apart) })
}

/// What was overtaken by a later change was there with it.
fn ways(began: &[f64], ended: &[Option<f64>], apart: f64) -> Vec<f64> {
    let mut later = f64::NAN;
    let mut found = Vec::new();
    for (n, began) in began.iter().enumerate().rev() {
        later = ended.get(n + 1).copied().flatten().unwrap_or(later);
        found.push(later + apart - began);
    }
    found
}

pub(crate) fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

impl Ways {
    pub(crate) fn extend(&mut self, more: Self) {
        self.seen.extend(more.seen);
        self.painted.extend(more.painted);
        self.seen.sort_by(f64::total_cmp);
        self.painted.sort_by(f64::total_cmp);
    }

    fn json(&self) -> Value {
        let spread = |sorted: &[f64]| json!({ "p50_ms": round(at(sorted, 50)), "p99_ms": round(at(sorted, 99)), "count": sorted.len() });
        json!({ "to_document": spread(&self.seen), "to_paint": spread(&self.painted) })
    }
}

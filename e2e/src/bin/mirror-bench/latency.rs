//! From a change in the customer's page to the replica's document, and to its paint.
//!
//! Ours goes through a real server to a console; rrweb's events through a bare relay in this process to its
//! own replayer. The two pages of a side stand in two profiles of one browser, so in two processes; both clocks
//! are the machine's, which DevTools relates them to.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, agent,
    api::{self, Posted},
    handset, merchant,
};
use rig::bench::Goal;
use serde_json::{Value, json};

use crate::{
    Plan,
    side::{Side, round},
    site::Site,
    tab::Tab,
};

const PAGE: u32 = 1_000;
/// Between two changes, on the average.
const PAUSE_MS: u32 = 40;
/// Nobody answers the telephone: the page is shown all the while.
const RINGS: &str = "1200s";
const REPLICA: &str = "document.querySelector('.page-view iframe').contentDocument";
const RRWEB: &str = "replayer.iframe.contentDocument";
const P50_GOAL_MS: f64 = 4.0;
const P99_GOAL_MS: f64 = 20.0;
const RATIO_GOAL: f64 = 0.5;

/// Milliseconds from the change to the replica's document, and to its paint.
#[derive(Default)]
struct Ways {
    seen: Vec<f64>,
    painted: Vec<f64>,
}

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let options = StageOptions {
        settings: vec![("ring_customer", RINGS)],
        origins: vec![site.origin.clone()],
        program: plan.server.clone(),
        ..StageOptions::default()
    };
    let stage = Stage::start(options).await?;
    let holder = person.as_another("handset").await?;
    handset::switches_on(&holder, &stage.ready).await?;
    let viewer = person.as_another("agent").await?;
    agent::starts_shift(&viewer, &stage.ready).await?;
    let rounds = plan.repetitions.div_ceil(2);
    let (mut ours, mut rrweb) = (Ways::default(), Ways::default());
    let token = asks(&stage, person, site).await?;
    for _ in 0..rounds {
        let to = json!({
            "socket": format!("{}/ws/mirror", stage.ready.url.replacen("http", "ws", 1)),
            "token": token, "tab": "00000000000000000000000000000001",
        });
        ours.extend(one(plan, person, site, Side::Ours, &to, &viewer).await?);
        let replayer = person.as_another("replayer").await?;
        replayer.goes_to(&format!("{}/replay", site.origin)).await?;
        let view = site.socket("/relay/view");
        replayer.asks::<bool>(&format!("() => watchRrweb('{view}')")).await?;
        let to = json!({ "socket": site.socket("/relay/publish") });
        rrweb.extend(one(plan, person, site, Side::Rrweb, &to, &replayer).await?);
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

/// A customer asks for a call, and keeps the token.
async fn asks(stage: &Stage, person: &Person, site: &Site) -> Result<String> {
    let business = merchant::KEY.rsplit('=').next().context("the tag names a business")?;
    let number = &stage.ready.handset_number;
    let body = json!({ "business": business, "channel": "telephone", "number": number, "consent": "1" });
    let posted = Posted { key: "b".repeat(32), body: body.to_string() };
    let answer = api::post(person, &stage.ready.url, &site.origin, &posted).await?;
    ensure!(answer.status == 201, "the call is refused: {answer:?}");
    Ok(answer.text("token").to_owned())
}

/// One page, its viewer, and changes.
async fn one(
    plan: &Plan,
    person: &Person,
    site: &Site,
    side: Side,
    to: &Value,
    viewer: &Person,
) -> Result<Ways> {
    let page = Tab::of(person).await?;
    person.goes_to(&format!("{}/page", site.origin)).await?;
    let (seed, name) = (plan.seed, side.name());
    person.asks::<f64>(&format!("() => bench.fill({PAGE}, {seed})")).await?;
    person.asks::<Value>(&format!("() => bench.load('{name}', {to})")).await?;
    person.asks::<Value>("() => bench.start()").await?;
    let (document, watch) = match side {
        Side::Ours => (REPLICA, include_str!("sides.js")),
        Side::Rrweb | Side::Bare => (RRWEB, ""),
    };
    viewer
        .finds(
            "the replica shows the page",
            &format!("() => {document}?.getElementById('beat')?.textContent === '0'"),
        )
        .await?;
    if !watch.is_empty() {
        let start = watch.find("const watchBeats").context("sides.js has watchBeats")?;
        let end = watch.find("// A viewer of rrweb").context("sides.js has watchRrweb")?;
        viewer
            .asks::<bool>(&format!("() => {{ {}; return watchBeats({document}); }}", &watch[start..end]))
            .await?;
    } else {
        viewer.asks::<bool>(&format!("() => watchBeats({document})")).await?;
    }
    let count = plan.changes;
    let began: Vec<f64> = person.asks(&format!("() => bench.beats({count}, {PAUSE_MS}, {seed})")).await?;
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

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

impl Ways {
    fn extend(&mut self, more: Self) {
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

//! What it takes a viewer to show a page: thread time of its main thread, with layout and paint.
use anyhow::Result;
use e2e::Person;
use rig::{bench::Goal, probe};
use serde_json::{Map, Value, json};

use crate::{
    Plan,
    scene::{self, REPLICA, RRWEB, Scene},
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Page and figure.
const FIGURES: [(u32, &str); 2] = [(10_000, "apply_cpu_ratio_10k"), (45_000, "apply_cpu_ratio_45k")];
const GOAL: f64 = 1.0;
/// Until what was shown is painted as well.
const SETTLED: &str = "() => new Promise((done) => setTimeout(() => done(true), 500))";

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let scene = Scene::open(plan, person, site).await?;
    let to = scene::relay(site);
    let (mut figures, mut details) = (Vec::new(), Map::new());
    for &nodes in plan.pages {
        let (mut ours, mut rrweb) = (Vec::new(), Vec::new());
        for _ in 0..plan.repetitions {
            let page = (site, nodes);
            ours.push(one(plan, person, page, (Side::Ours, &scene.to), (&scene.agent, REPLICA)).await?);
            let replayer = scene::replayer(person, site).await?;
            rrweb.push(one(plan, person, page, (Side::Rrweb, &to), (&replayer, RRWEB)).await?);
            replayer.page.close().await?;
        }
        let (ours, rrweb) = (probe::median(ours), probe::median(rrweb));
        details.insert(
            nodes.to_string(),
            json!({ "ours_cpu_ms": round(ours), "rrweb_cpu_ms": round(rrweb), "cpu_ratio": round(ours / rrweb) }),
        );
        let named = FIGURES.iter().find(|figure| figure.0 == nodes);
        figures.extend(named.map(|(_, name)| (*name, round(ours / rrweb), Goal::AtMost(GOAL))));
    }
    Ok((figures, Value::Object(details)))
}

/// From before a page is recorded until its viewer shows it, in milliseconds of the viewer's main thread.
async fn one(
    plan: &Plan,
    person: &Person,
    page: (&Site, u32),
    to: (Side, &Value),
    (viewer, document): (&Person, &str),
) -> Result<f64> {
    let (from, at) = (Tab::of(person).await?, Tab::of(viewer).await?);
    at.sweeps().await?;
    let before = at.thread_ms().await?;
    scene::shows(plan, &from, page, to, (viewer, document)).await?;
    viewer.asks::<bool>(SETTLED).await?;
    Ok(at.thread_ms().await? - before)
}

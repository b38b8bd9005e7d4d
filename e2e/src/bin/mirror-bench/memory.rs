//! What stays behind: at the agent and the server over many pages of one customer, and at all three over many changes of
//! one page.
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::Person;
use rig::{bench::Goal, probe};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    Plan,
    scene::{self, PAGE, REPLICA, Scene},
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Looks, evenly spaced; growth is counted from the second, since caches fill.
const LOOKS: u32 = 5;
const MIB: f64 = 1024.0 * 1024.0;
/// Changes of one task.
const BURST: u32 = 200;
/// From burst to burst, once all changes that were wanted are made and time is left.
const BEAT: Duration = Duration::from_secs(1);
/// What a browser's heap, or a server, may differ by from look to look without growing.
const PAGE_GOAL_MIB: f64 = 1.0;
const SERVER_GOAL_MIB: f64 = 8.0;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let scene = Scene::open(plan, person, site).await?;
    let (tab, viewer) = (Tab::of(person).await?, Tab::of(&scene.agent).await?);
    let pages = walk(plan, &scene, &tab, &viewer, site).await?;
    let changes = churn(plan, &scene, &tab, &viewer).await?;
    let mut figures = Vec::new();
    for (name, looks, goal) in [
        ("memory_navigations_replica_mib", &pages.replica, PAGE_GOAL_MIB),
        ("memory_navigations_server_mib", &pages.server, SERVER_GOAL_MIB),
        ("memory_changes_page_mib", &changes.page, PAGE_GOAL_MIB),
        ("memory_changes_replica_mib", &changes.replica, PAGE_GOAL_MIB),
        ("memory_changes_server_mib", &changes.server, SERVER_GOAL_MIB),
    ] {
        figures.push((name, round(growth(looks)?), Goal::AtMost(goal)));
    }
    let details = json!({
        "navigations": plan.navigations, "over_navigations": pages.json(),
        "changes": changes.count, "minutes": plan.minutes, "over_changes": changes.json(),
    });
    Ok((figures, details))
}

/// The customer goes from page to page.
async fn walk(plan: &Plan, scene: &Scene, tab: &Tab<'_>, viewer: &Tab<'_>, site: &Site) -> Result<Watched> {
    let mut watched = Watched::default();
    for _ in 0..LOOKS {
        for _ in 0..(plan.navigations / LOOKS).max(1) {
            let ours = (Side::Ours, &scene.to);
            scene::shows(plan, tab, (site, PAGE), ours, (&scene.agent, REPLICA)).await?;
        }
        watched.look(scene, None, viewer).await?;
    }
    Ok(watched)
}

/// One page changes: as fast as it can, or for so many minutes in bursts of which one is shown before the next begins.
async fn churn(plan: &Plan, scene: &Scene, tab: &Tab<'_>, viewer: &Tab<'_>) -> Result<Watched> {
    let mut watched = Watched::default();
    let each = Duration::from_secs(60) * plan.minutes / LOOKS;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in 1..=LOOKS {
        let (ends, wanted) =
            (Instant::now() + each, u64::from(plan.churn) * u64::from(look) / u64::from(LOOKS));
        while watched.count < wanted || Instant::now() < ends {
            let script = format!("() => bench.churn({BURST}, {})", plan.seed);
            let last: f64 = tab.person.asks(&script).await?;
            let here = format!("() => {REPLICA}.getElementById('beat').textContent === '{last}'");
            scene.agent.finds("the replica has followed", &here).await?;
            watched.count += u64::from(BURST);
            if watched.count >= wanted && Instant::now() < ends {
                beat.tick().await;
            }
        }
        watched.look(scene, Some(tab), viewer).await?;
    }
    Ok(watched)
}

/// What lived at each look, after the garbage was collected.
#[derive(Default)]
struct Watched {
    page: Vec<Look>,
    replica: Vec<Look>,
    server: Vec<Look>,
    count: u64,
}

#[derive(Clone, Copy, Default)]
struct Look {
    heap_mib: f64,
    /// All that WebAssembly holds. It never gives back.
    wasm_mib: f64,
    /// Of a server: all that it holds.
    resident_mib: f64,
    nodes: f64,
}

impl Watched {
    async fn look(&mut self, scene: &Scene, page: Option<&Tab<'_>>, viewer: &Tab<'_>) -> Result<()> {
        if let Some(page) = page {
            self.page.push(look(page).await?);
        }
        self.replica.push(look(viewer).await?);
        let pid = scene.stage.pid().context("the server runs")?;
        let resident_mib = probe::usage(pid)?.resident_kb as f64 / 1024.0;
        self.server.push(Look { resident_mib, ..Look::default() });
        Ok(())
    }

    fn json(&self) -> Value {
        let list = |looks: &[Look], of: fn(&Look) -> f64| looks.iter().map(of).map(round).collect::<Vec<_>>();
        let browser = |looks: &[Look]| json!({ "heap_mib": list(looks, |look| look.heap_mib), "wasm_mib": list(looks, |look| look.wasm_mib), "nodes": list(looks, |look| look.nodes) });
        json!({
            "page": browser(&self.page), "replica": browser(&self.replica),
            "server_mib": list(&self.server, |look| look.resident_mib),
        })
    }
}

async fn look(tab: &Tab<'_>) -> Result<Look> {
    tab.sweeps().await?;
    let metric = tab.metrics().await?;
    let wasm_mib = tab.wasm_bytes().await? / MIB;
    Ok(Look { heap_mib: metric("JSHeapUsedSize") / MIB, wasm_mib, nodes: metric("Nodes"), resident_mib: 0.0 })
}

fn growth(looks: &[Look]) -> Result<f64> {
    let all = |look: &Look| look.heap_mib + look.wasm_mib + look.resident_mib;
    let early = looks.get(1).context("there are several looks")?;
    Ok(all(looks.last().context("there are several looks")?) - all(early))
}

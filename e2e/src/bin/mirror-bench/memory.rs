//! What stays behind: at the agent over many pages of one customer, and on both sides over many changes of one page.
use anyhow::{Context, Result};
use e2e::Person;
use rig::bench::Goal;
use serde_json::{Value, json};

use crate::{
    Plan,
    scene::{self, REPLICA, Scene},
    side::{Side, round},
    site::Site,
    tab::Tab,
};

/// Looks, evenly spaced; the first is not counted, since caches fill.
const LOOKS: u32 = 5;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let scene = Scene::open(plan, person, site).await?;
    let tab = Tab::of(person).await?;
    let viewer = Tab::of(&scene.agent).await?;
    let ours = (Side::Ours, &scene.to);
    let mut pages = Vec::new();
    for _ in 0..LOOKS {
        for _ in 0..(plan.navigations / LOOKS).max(1) {
            scene::shows(plan, &tab, site, ours, (&scene.agent, REPLICA)).await?;
        }
        pages.push(look(&viewer).await?);
    }
    let (mut page, mut replica) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let count = plan.churn / LOOKS;
        let last: f64 = person.asks(&format!("() => bench.churn({count})")).await?;
        let here = format!("() => {REPLICA}.getElementById('beat').textContent === '{last}'");
        scene.agent.finds("the replica has followed", &here).await?;
        page.push(look(&tab).await?);
        replica.push(look(&viewer).await?);
    }
    let details = json!({
        "navigations": plan.navigations, "replica_over_navigations": growth(&pages)?,
        "changes": plan.churn, "page_over_changes": growth(&page)?, "replica_over_changes": growth(&replica)?,
    });
    Ok((Vec::new(), details))
}

/// What lives after the garbage was collected.
struct Look {
    heap_mib: f64,
    nodes: f64,
    /// Of the recorder's module; 0 elsewhere.
    wasm_mib: f64,
}

async fn look(tab: &Tab<'_>) -> Result<Look> {
    tab.sweeps().await?;
    let metric = tab.metrics().await?;
    let wasm: f64 = tab.person.asks("() => typeof bench === 'undefined' ? 0 : bench.wasmBytes()").await?;
    Ok(Look { heap_mib: metric("JSHeapUsedSize") / MIB, nodes: metric("Nodes"), wasm_mib: wasm / MIB })
}

fn growth(looks: &[Look]) -> Result<Value> {
    let second = looks.get(1).context("there are several looks")?;
    let last = looks.last().context("there are several looks")?;
    let side = |look: &Look| json!({ "heap_mib": round(look.heap_mib), "nodes": look.nodes, "recorder_wasm_mib": look.wasm_mib });
    Ok(json!({ "early": side(second), "end": side(last) }))
}

//! The whole page, once: by size.
use anyhow::Result;
use e2e::Person;
use rig::bench::Goal;
use serde_json::{Map, Value, json};

use crate::{
    Plan,
    side::{Costs, Side, round},
    site::Site,
    tab::Tab,
};

/// Page, figure of its CPU, figure of its bytes and its goal.
const FIGURES: [(u32, &str, &str, f64); 2] = [
    (10_000, "keyframe_cpu_ratio_10k", "keyframe_bytes_ratio_10k", 0.45),
    (45_000, "keyframe_cpu_ratio_45k", "keyframe_bytes_ratio_45k", 0.36),
];
const CPU_GOAL: f64 = 0.4;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let tab = Tab::of(person).await?;
    let mut figures = Vec::new();
    let mut details = Map::new();
    for &nodes in plan.pages {
        let mut costs = Costs::default();
        let mut count = 0.0;
        for _ in 0..plan.repetitions {
            for side in Side::ALL {
                count = tab.opens(plan, site, nodes, side).await?;
                costs.add(side, tab.costs("() => bench.start()").await?);
            }
        }
        let compared = costs.compared();
        let mut page = compared.json();
        page["nodes"] = json!(round(count));
        details.insert(nodes.to_string(), page);
        for (_, cpu, bytes, bytes_goal) in FIGURES.iter().filter(|figure| figure.0 == nodes) {
            figures.push((*cpu, round(compared.cpu_ratio()), Goal::AtMost(CPU_GOAL)));
            figures.push((*bytes, round(compared.bytes_ratio()), Goal::AtMost(*bytes_goal)));
        }
    }
    Ok((figures, Value::Object(details)))
}

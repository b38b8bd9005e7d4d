//! The ten workloads, each in a fresh small page whose keyframe was sent before.
use anyhow::Result;
use e2e::Person;
use rig::bench::Goal;
use serde_json::{Map, Value};

use crate::{
    Plan,
    side::{Compared, Costs, Side, round},
    site::Site,
    tab::Tab,
};

const PAGE: u32 = 1_000;

pub(crate) async fn run(
    plan: &Plan,
    person: &Person,
    site: &Site,
) -> Result<(Vec<(&'static str, f64, Goal)>, Value)> {
    let tab = Tab::of(person).await?;
    let names = names(&tab, plan, site).await?;
    let mut all: Vec<Costs> = names.iter().map(|_| Costs::default()).collect();
    for _ in 0..plan.repetitions {
        for (name, costs) in names.iter().zip(&mut all) {
            for side in Side::ALL {
                tab.opens(plan, site, PAGE, side).await?;
                let seed = plan.seed;
                tab.person.asks::<Value>(&format!("() => bench.prepare('{name}', {seed})")).await?;
                tab.person.asks::<Value>("() => bench.start()").await?;
                costs.add(side, tab.costs(&format!("() => bench.run('{name}')")).await?);
            }
        }
    }
    let compared: Vec<Compared> = all.iter().map(Costs::compared).collect();
    Ok((figures(&compared), details(&names, &compared)))
}

async fn names(tab: &Tab<'_>, plan: &Plan, site: &Site) -> Result<Vec<String>> {
    tab.opens(plan, site, PAGE, Side::Bare).await?;
    tab.person.asks("() => Object.keys(WORKLOADS)").await
}

fn figures(compared: &[Compared]) -> Vec<(&'static str, f64, Goal)> {
    let sum = |field: fn(&Compared) -> f64| compared.iter().map(field).sum::<f64>();
    let worst = |field: fn(&Compared) -> f64| compared.iter().map(field).fold(0.0, f64::max);
    let bytes = sum(|one| one.ours.bytes) / sum(|one| one.rrweb.bytes);
    let cpu = sum(|one| one.ours.cpu_ms) / sum(|one| one.rrweb.cpu_ms);
    vec![
        ("mutation_bytes_ratio_sum", round(bytes), Goal::AtMost(0.3)),
        ("mutation_bytes_ratio_worst", round(worst(Compared::bytes_ratio)), Goal::AtMost(1.0)),
        ("mutation_cpu_ratio_sum", round(cpu), Goal::AtMost(0.6)),
        ("mutation_cpu_ratio_worst", round(worst(Compared::cpu_ratio)), Goal::AtMost(1.0)),
    ]
}

fn details(names: &[String], compared: &[Compared]) -> Value {
    let rows = names.iter().zip(compared).map(|(name, one)| (name.clone(), one.json()));
    Value::Object(rows.collect::<Map<_, _>>())
}

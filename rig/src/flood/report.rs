//! What a trial of `flood` showed.
use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{Look, attack::Answers, neighbour::Window};
use crate::probe::{Cores, Spread, Usage, median};

/// A neighbour's p99 under attack is at most so many times that alone. Printed, never a test.
pub const GOAL: f64 = 1.5;

#[derive(Debug, Default)]
pub struct Report {
    pub calm: Vec<Look>,
    /// The same attackers, against another server.
    pub control: Vec<Look>,
    pub storm: Vec<Look>,
    pub answers: Answers,
    pub before: Usage,
    pub peak: Usage,
    pub after: Usage,
    /// Until the descriptors were back where they had been.
    pub back_after: Option<Duration>,
    pub log_bytes: u64,
    pub load_before: f64,
}

/// One of the times that a neighbour waits for.
type Which = fn(&Window) -> Spread;

const TIMES: [(&str, Which); 4] = [
    ("request_to_201", |window| window.answered),
    ("page_connected", |window| window.joined),
    ("click_to_offer", |window| window.offered),
    ("frame", |window| window.frames),
];

impl Report {
    /// Whether all that is no figure is as it must be: the neighbour was served, attackers were told when to come
    /// back, and what they held came back.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self
            .calm
            .iter()
            .chain(&self.control)
            .chain(&self.storm)
            .flat_map(|look| {
                let trouble = look.window.trouble.iter();
                trouble.map(|(what, count)| format!("neighbour: {what}, {count} times"))
            })
            .collect();
        faults.extend(self.answers.faults());
        if self.back_after.is_none() {
            let (stay, before) = (self.after.descriptors, self.before.descriptors);
            faults.push(format!("{stay} descriptors stay, {before} were there"));
        }
        faults
    }

    pub fn json(&self) -> Value {
        let p99 =
            |looks: &[Look], which: Which| median(looks.iter().map(|look| which(&look.window).p99).collect());
        let ratios = |of: &[Look], to: &[Look]| -> BTreeMap<&str, f64> {
            TIMES.iter().map(|(name, which)| (*name, p99(of, *which) / p99(to, *which))).collect()
        };
        let mut ratio = BTreeMap::from([("attacked_to_alone", ratios(&self.storm, &self.calm))]);
        if !self.control.is_empty() {
            ratio.insert("control_to_alone", ratios(&self.control, &self.calm));
            ratio.insert("attacked_to_control", ratios(&self.storm, &self.control));
        }
        let times: BTreeMap<&str, Value> = TIMES
            .iter()
            .map(|(name, which)| {
                let of = |looks: &[Look]| spread(looks, *which);
                let times = json!({ "alone": of(&self.calm), "control": of(&self.control),
                    "attacked": of(&self.storm) });
                (*name, times)
            })
            .collect();
        let usage = |usage: Usage| json!({ "resident_mb": usage.resident_kb / 1024, "descriptors": usage.descriptors });
        json!({
            "p99_ratios": ratio, "goal": GOAL, "times": times,
            "cpu_percent": { "alone": cpu(&self.calm), "control": cpu(&self.control), "attacked": cpu(&self.storm) },
            "server": { "before": usage(self.before), "peak": usage(self.peak), "after": usage(self.after),
                "back_after_s": self.back_after.map(|after| after.as_secs_f64()), "log_bytes": self.log_bytes },
            "answers": self.answers, "load_before": self.load_before, "faults": self.faults(),
        })
    }
}

fn spread(looks: &[Look], which: Which) -> Value {
    let of = |pick: fn(Spread) -> f64| median(looks.iter().map(|look| pick(which(&look.window))).collect());
    json!({ "p50_ms": of(|spread| spread.p50), "p99_ms": of(|spread| spread.p99),
        "count": looks.iter().map(|look| which(&look.window).count).sum::<usize>() })
}

/// Of the server, of the first core, of the second, and what this machine was not given.
fn cpu(looks: &[Look]) -> Value {
    let of = |pick: fn(&Cores) -> f64| median(looks.iter().map(|look| pick(&look.cores)).collect());
    json!({ "server": median(looks.iter().map(|look| look.server).collect()),
        "first_core": of(|cores| cores.busy(0)), "second_core": of(|cores| cores.busy(1)),
        "stolen": of(|cores| cores.stolen) })
}

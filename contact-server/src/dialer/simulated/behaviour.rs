//! How simulated people and lines behave: the `[simulated]` table of the configuration, and what is drawn
//! from it for one leg. Pure.
use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use shared::contact::LegCause;

use super::chance::Chance;
use crate::dialer::code;

/// Milliseconds, from the first to the second, both included.
pub type SpanMs = [u64; 2];

/// No simulated person takes longer for anything.
const LONGEST_MS: u64 = 24 * 3600 * 1000;

/// Outcomes are weights: `answer = 7` and `busy = 3` are seven answers in ten calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// The same seed, number and attempt give the same behaviour.
    pub seed: u64,
    pub browsers: Browsers,
    pub customers: Customers,
    pub agents: Agents,
    /// How long a prompt that is played once takes.
    pub prompt_ms: u64,
    pub faults: Faults,
    /// A file to which each leg that is placed, answered or down is appended as a line of JSON, with its
    /// number. What the network saw, whatever became of the server.
    pub journal: Option<PathBuf>,
}

/// Who is at a page and at a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Browsers {
    /// Nobody: their legs behave like simulated people.
    Simulated,
    /// Whoever is connected: they are invited, and whatever they offer is answered, without voice.
    Connected,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customers {
    pub answer: u32,
    pub no_answer: u32,
    pub busy: u32,
    pub rejected: u32,
    pub failed: u32,
    /// Until the answer, or the refusal.
    pub rings_ms: SpanMs,
    /// Who answered: presses 1, presses 9, presses nothing.
    pub presses_one: u32,
    pub presses_nine: u32,
    pub presses_nothing: u32,
    pub presses_ms: SpanMs,
    /// From the answer: hangs up then, unless somebody talks.
    pub patience_ms: SpanMs,
    /// From the bridge: hangs up then.
    pub talks_ms: SpanMs,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agents {
    pub answer: u32,
    pub no_answer: u32,
    pub rejected: u32,
    pub failed: u32,
    pub rings_ms: SpanMs,
    pub talks_ms: SpanMs,
}

/// What goes wrong between the driver and the server, in a thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Events that never arrive.
    pub lost: u32,
    /// Events that arrive twice.
    pub doubled: u32,
    /// Events that arrive late, and so perhaps behind younger ones.
    pub late: u32,
    pub late_ms: SpanMs,
    /// Commands at which the driver crashes instead: every leg is down, and nobody is told.
    pub crashes: u32,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            seed: 1,
            browsers: Browsers::Simulated,
            customers: Customers::default(),
            agents: Agents::default(),
            prompt_ms: 3_000,
            faults: Faults::default(),
            journal: None,
        }
    }
}

impl Default for Customers {
    fn default() -> Self {
        Self {
            answer: 70,
            no_answer: 15,
            busy: 8,
            rejected: 4,
            failed: 3,
            rings_ms: [2_000, 15_000],
            presses_one: 92,
            presses_nine: 1,
            presses_nothing: 7,
            presses_ms: [1_000, 6_000],
            patience_ms: [30_000, 180_000],
            talks_ms: [60_000, 400_000],
        }
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            answer: 95,
            no_answer: 3,
            rejected: 1,
            failed: 1,
            rings_ms: [500, 5_000],
            talks_ms: [60_000, 600_000],
        }
    }
}

impl Behaviour {
    /// What is wrong with it, for the operator.
    pub fn fault(&self) -> Option<String> {
        let Customers { rings_ms, presses_ms, patience_ms, talks_ms, .. } = &self.customers;
        let spans = [
            ("customers.rings_ms", rings_ms),
            ("customers.presses_ms", presses_ms),
            ("customers.patience_ms", patience_ms),
            ("customers.talks_ms", talks_ms),
            ("agents.rings_ms", &self.agents.rings_ms),
            ("agents.talks_ms", &self.agents.talks_ms),
            ("faults.late_ms", &self.faults.late_ms),
        ];
        for (name, [from, to]) in spans {
            if from > to || *to > LONGEST_MS {
                return Some(format!("`{name}` must be [from, to] in milliseconds, at most a day"));
            }
        }
        let Faults { lost, doubled, late, crashes, .. } = self.faults;
        if [lost, doubled, late, crashes].iter().any(|per_mille| *per_mille > 1_000) {
            return Some("`faults` are counted in a thousand".to_owned());
        }
        (self.prompt_ms > LONGEST_MS).then(|| "`prompt_ms` must be at most a day".to_owned())
    }

    pub(super) fn customer(&self, chance: &mut Chance) -> Plan {
        let c = &self.customers;
        let rings = within(chance, c.rings_ms);
        let outcome = match chance.weighted(&[c.answer, c.no_answer, c.busy, c.rejected, c.failed]) {
            0 => {
                let key = [Some('1'), Some('9'), None]
                    [chance.weighted(&[c.presses_one, c.presses_nine, c.presses_nothing])];
                Outcome::Answers {
                    key: key.map(|key| (within(chance, c.presses_ms), key)),
                    patience: Some(within(chance, c.patience_ms)),
                    talks: within(chance, c.talks_ms),
                }
            }
            1 => Outcome::NoAnswer,
            2 => Outcome::Fails(LegCause::Busy, code::BUSY),
            3 => Outcome::Fails(LegCause::Rejected, code::REJECTED),
            _ => Outcome::Fails(LegCause::Failed, code::UNREACHABLE),
        };
        Plan { rings, outcome }
    }

    pub(super) fn agent(&self, chance: &mut Chance) -> Plan {
        let a = &self.agents;
        let rings = within(chance, a.rings_ms);
        let outcome = match chance.weighted(&[a.answer, a.no_answer, a.rejected, a.failed]) {
            0 => Outcome::Answers { key: None, patience: None, talks: within(chance, a.talks_ms) },
            1 => Outcome::NoAnswer,
            2 => Outcome::Fails(LegCause::Rejected, code::REJECTED),
            _ => Outcome::Fails(LegCause::Failed, code::UNREACHABLE),
        };
        Plan { rings, outcome }
    }
}

pub(super) fn within(chance: &mut Chance, [from, to]: SpanMs) -> Duration {
    Duration::from_millis(from + chance.below(to.saturating_sub(from) + 1))
}

/// What the far end of one leg is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rings: Duration,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    NoAnswer,
    Fails(LegCause, u16),
    Answers {
        /// Pressed so long after the answer.
        key: Option<(Duration, char)>,
        /// Hangs up so long after the answer, if nobody talks by then.
        patience: Option<Duration>,
        /// Hangs up so long after the bridge.
        talks: Duration,
    },
}

//! The decision that somebody is under attack: a pure function of what was seen and when.
//!
//! Counts *knocks* (requests for a call that bring no good proof) and good proofs over the last minute. It begins when
//! enough knocks came from enough networks, and ends when for a while no minute had half as many. Every request
//! knocks once, with or without a proof that follows, so what is counted is the same before and during an attack.
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use shared::Timestamp;

/// The window is moved on by slices.
const SLICE: Duration = Duration::from_secs(10);
const SLICES: usize = 6;
/// Networks that are told apart within a window; enough is enough.
pub(super) const NETWORKS: usize = 1_024;

/// When it begins and ends, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Knocks within a minute.
    pub requests: u32,
    /// Networks that they come from; at most [`NETWORKS`].
    pub networks: usize,
    pub calm: Duration,
    /// Zero bits of a proof.
    pub easiest: u8,
    pub hardest: u8,
}

#[derive(Debug, Default)]
pub struct Siege {
    knocks: Window,
    proofs: Window,
    /// With the slice in which it knocked last.
    networks: BTreeMap<IpAddr, u64>,
    /// It holds until then.
    until: Option<Timestamp>,
}

/// How an attack stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub bits: u8,
    /// It ends then, if nothing more comes.
    pub until: Timestamp,
}

impl Siege {
    /// A request without a good proof.
    pub fn knock(&mut self, now: Timestamp, from: IpAddr, rules: &Rules) {
        if self.until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
        if self.knocks.count(now) {
            let oldest = slice(now).saturating_sub(SLICES as u64 - 1);
            self.networks.retain(|_, seen| *seen >= oldest);
        }
        if self.networks.len() < NETWORKS || self.networks.contains_key(&from) {
            self.networks.insert(from, slice(now));
        }
        let knocks = self.knocks.sum(now);
        let begins = knocks >= rules.requests && self.networks.len() >= rules.networks;
        let goes_on = self.stands(now, rules).is_some() && knocks.saturating_mul(2) >= rules.requests;
        if begins || goes_on {
            self.until = Some(now + rules.calm);
        }
    }

    /// A request with a good proof.
    pub fn proven(&mut self, now: Timestamp) {
        self.proofs.count(now);
    }

    /// None: all is calm.
    pub fn stands(&self, now: Timestamp, rules: &Rules) -> Option<Standing> {
        let until = self.until.filter(|until| *until > now)?;
        Some(Standing { bits: self.bits(now, rules), until })
    }

    /// It grows harder with the proofs that come, not with the knocks: customers pay more only if attackers pay.
    fn bits(&self, now: Timestamp, rules: &Rules) -> u8 {
        let doubled = self.proofs.sum(now).saturating_mul(2) / rules.requests.max(1);
        let steps = doubled.checked_ilog2().map_or(0, |log| log + 1);
        let bits = u32::from(rules.easiest).saturating_add(steps).min(u32::from(rules.hardest));
        u8::try_from(bits).unwrap_or(rules.hardest)
    }
}

/// Counts of the last slices.
#[derive(Debug, Default)]
struct Window([(u64, u32); SLICES]);

impl Window {
    /// True: a slice began.
    fn count(&mut self, now: Timestamp) -> bool {
        let slice = slice(now);
        let (known, count) = &mut self.0[(slice % SLICES as u64) as usize];
        let began = *known != slice || *count == 0;
        *count = if began { 1 } else { count.saturating_add(1) };
        *known = slice;
        began
    }

    fn sum(&self, now: Timestamp) -> u32 {
        let now = slice(now);
        let counts = self.0.iter().filter(|(known, _)| now.saturating_sub(*known) < SLICES as u64);
        counts.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

fn slice(now: Timestamp) -> u64 {
    now.0 / SLICE.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const RULES: Rules =
        Rules { requests: 60, networks: 20, calm: Duration::from_secs(300), easiest: 12, hardest: 16 };

    #[test]
    fn many_requests_from_many_networks_within_a_minute_are_an_attack() {
        let mut siege = Siege::default();
        for n in 0..59 {
            siege.knock(at(n), network(n), &RULES);
            assert_eq!(siege.stands(at(n), &RULES), None, "{n}");
        }
        siege.knock(at(59), network(59), &RULES);
        assert_eq!(siege.stands(at(59), &RULES), Some(Standing { bits: 12, until: at(359) }));
    }

    #[test]
    fn many_requests_from_one_place_are_none() {
        let mut siege = Siege::default();
        for n in 0..10_000 {
            siege.knock(at(n / 1_000), network(n % 19), &RULES);
        }
        assert_eq!(siege.stands(at(10), &RULES), None);
    }

    #[test]
    fn as_many_requests_spread_over_an_hour_are_none() {
        let mut siege = Siege::default();
        for n in 0..3_000 {
            siege.knock(at(n * 2), network(n), &RULES);
            assert_eq!(siege.stands(at(n * 2), &RULES), None, "one every other second");
        }
    }

    #[test]
    fn it_ends_when_it_was_calm_for_long_enough_and_not_while_they_go_on_knocking() {
        let mut siege = attacked();
        for n in 60..1_000 {
            siege.knock(at(n), network(n), &RULES);
        }
        assert!(siege.stands(at(1_298), &RULES).is_some());
        assert_eq!(siege.stands(at(1_299), &RULES), None);
        // A third of it is ordinary.
        let mut siege = attacked();
        (0..200).for_each(|n| siege.knock(at(120 + n * 3), network(n), &RULES));
        assert_eq!(siege.stands(at(720), &RULES), None);
    }

    #[test]
    fn proofs_grow_harder_with_those_that_come_and_easier_when_they_stop() {
        let mut siege = attacked();
        let mut hardest = Vec::new();
        for n in 0..240 {
            siege.proven(at(60));
            hardest.push(siege.stands(at(60), &RULES).map_or(0, |standing| standing.bits));
            assert!(n == 0 || hardest[n] >= hardest[n - 1]);
        }
        assert_eq!((hardest[28], hardest[29], hardest[59], hardest[119], hardest[239]), (12, 13, 14, 15, 16));
        assert_eq!(siege.stands(at(130), &RULES).map(|standing| standing.bits), Some(12));
    }

    proptest! {
        #[test]
        fn whatever_comes_it_begins_with_reason_and_stays_in_bounds(
            steps in proptest::collection::vec((0_u64..40_000, 0_u64..3_000, any::<bool>()), 1..400)
        ) {
            let (mut siege, mut now, mut knocks) = (Siege::default(), 0, Vec::new());
            for (pause, from, proven) in steps {
                // Pauses are short as a rule, so that windows fill.
                now += if pause > 30_000 { pause } else { pause / 100 };
                let was = siege.stands(Timestamp(now), &RULES).is_some();
                if proven {
                    siege.proven(Timestamp(now));
                } else {
                    siege.knock(Timestamp(now), network(from), &RULES);
                    knocks.push(now);
                }
                let recent = knocks.iter().filter(|at| **at + 60_000 > now).count();
                let stands = siege.stands(Timestamp(now), &RULES);
                prop_assert!(was || stands.is_none() || recent >= 60, "begun with {recent} in the last minute");
                prop_assert!(stands.is_none_or(|standing| (12..=16).contains(&standing.bits)));
                prop_assert!(stands.is_none_or(|standing| standing.until <= Timestamp(now) + RULES.calm));
                prop_assert!(siege.networks.len() <= NETWORKS);
            }
            let later = Timestamp(now) + RULES.calm;
            prop_assert_eq!(siege.stands(later, &RULES), None);
        }
    }

    #[test]
    fn the_networks_of_a_great_flood_are_remembered_in_bounded_memory() {
        let mut siege = Siege::default();
        (0..10_000).for_each(|n| siege.knock(at(1), network(n), &RULES));
        assert_eq!(siege.networks.len(), NETWORKS);
        siege.knock(at(100), network(1), &RULES);
        assert_eq!(siege.networks.len(), 1, "those of a window that is over are forgotten");
    }

    /// Since the 59th second.
    fn attacked() -> Siege {
        let mut siege = Siege::default();
        (0..60).for_each(|n| siege.knock(at(n), network(n), &RULES));
        siege
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    fn network(n: u64) -> IpAddr {
        Ipv4Addr::from_bits(u32::try_from(n << 8).unwrap()).into()
    }
}

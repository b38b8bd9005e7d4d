//! Under attack, a request for a call must bring a proof of work; in ordinary times nobody is asked for one.
//! Beside attacks that come fast there are such as come slowly: a network that asks for more than its part must bring
//! one too, and where much of a business's waiting list is taken, everybody must, and such a network waits.
//!
//! [`siege`] decides from what was seen, for each business and for the server as a whole; [`challenge`] makes and checks
//! what is asked for. Both are pure. Here they meet: one short lock a request, nothing that waits.
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use shared::{BusinessId, Timestamp, api::ProofAsked, work};

use crate::{
    ids,
    limits::{Buckets, Rate},
    metrics::Metrics,
};

pub mod challenge;
pub mod siege;
#[cfg(test)]
mod tests;

use challenge::{Bad, Mint, Solved, Spending, Spent, Visitor};
use siege::{NETWORKS, Rules, Siege, Standing};

/// Zero bits of the easiest and of the hardest proof, of which there are [`work::PIECES`]: 65,000 and a million hashes.
/// docs/security.md has what they take.
const EASIEST_BITS: u8 = 12;
const HARDEST_BITS: u8 = 16;
/// How long it is at least said to last that a waiting list is long.
const CROWDED_FOR: Duration = Duration::from_secs(60);

/// When an attack is seen, and what it costs. Part of the configuration (`[attack]`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attack {
    /// Requests for a call in a minute, to one business and to all.
    pub business_requests: u32,
    pub server_requests: u32,
    /// Networks (/24, /64) that they come from at least.
    pub networks: usize,
    /// It is over when it was calm for this long.
    pub calm_seconds: u32,
    pub easiest_bits: u8,
    pub hardest_bits: u8,
    /// Requests of one network (/24, /48) to one business, past which each must bring a proof.
    pub network_requests: Rate,
    /// From how much of a business's waiting list on (in percent) each request must bring a proof, and networks
    /// are held to [`Self::network_requests`].
    pub crowded_percent: u8,
    /// Used proofs that are remembered until they end; past it no proof counts.
    pub proofs: usize,
}

impl Default for Attack {
    fn default() -> Self {
        Self {
            business_requests: 120,
            server_requests: 1_200,
            networks: 20,
            calm_seconds: 300,
            easiest_bits: EASIEST_BITS,
            hardest_bits: HARDEST_BITS,
            network_requests: Rate { burst: 60, per_minute: 1 },
            crowded_percent: 25,
            proofs: 65_536,
        }
    }
}

impl Attack {
    /// What is wrong with it.
    pub fn fault(&self) -> Option<String> {
        let bits = [self.easiest_bits, self.hardest_bits];
        if !bits.iter().all(|bits| work::BITS.contains(bits)) || self.easiest_bits > self.hardest_bits {
            let (least, most) = (work::BITS.start(), work::BITS.end());
            return Some(format!("`easiest_bits` and `hardest_bits` must rise, within {least} to {most}"));
        }
        if self.networks > NETWORKS {
            return Some(format!("`networks` must be at most {NETWORKS}"));
        }
        (self.business_requests == 0 || self.server_requests == 0)
            .then(|| "`business_requests` and `server_requests` must be at least 1".to_owned())
    }

    fn rules(&self, requests: u32) -> Rules {
        Rules {
            requests,
            networks: self.networks,
            calm: Duration::from_secs(self.calm_seconds.into()),
            easiest: self.easiest_bits,
            hardest: self.hardest_bits,
        }
    }
}

/// Stands before whatever costs anything.
pub struct Guard {
    of_business: Rules,
    of_server: Rules,
    crowded_percent: u8,
    networks: Buckets<(BusinessId, IpAddr)>,
    mint: Mint,
    state: Mutex<State>,
    metrics: Arc<Metrics>,
}

struct State {
    server: Siege,
    /// As many as there are businesses.
    businesses: BTreeMap<BusinessId, Siege>,
    spent: Spent,
}

/// Why a request is not taken now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It may come again at once with a proof, or without one when the attack is over.
    #[error("a proof of work is asked for")]
    ProofAsked { proof: ProofAsked, retry_after: u32 },
    /// Nothing more can be remembered.
    #[error("there are more proofs than can be remembered")]
    Full { retry_after: u32 },
    /// Its network has its part of a list that is long.
    #[error("a network asks for more than its part")]
    Share { retry_after: u32 },
}

impl Refused {
    pub fn proof(&self) -> Option<&ProofAsked> {
        match self {
            Self::ProofAsked { proof, .. } => Some(proof),
            Self::Full { .. } | Self::Share { .. } => None,
        }
    }
}

impl Guard {
    pub fn new(config: &Attack, metrics: Arc<Metrics>) -> Self {
        Self {
            of_business: config.rules(config.business_requests),
            of_server: config.rules(config.server_requests),
            crowded_percent: config.crowded_percent,
            networks: Buckets::new(config.network_requests),
            mint: Mint::new(ids::seed()),
            state: Mutex::new(State {
                server: Siege::default(),
                businesses: BTreeMap::new(),
                spent: Spent::new(config.proofs),
            }),
            metrics,
        }
    }

    /// One request for a call, of a page that may ask. `proof` is what it brought, `filled` how much of the
    /// business's waiting list is taken, in percent.
    pub fn admit(
        &self,
        visitor: Visitor<'_>,
        proof: Option<&str>,
        filled: u8,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let knocks = Knocks { block: block(visitor.network), crowded: filled >= self.crowded_percent };
        let visitor = Visitor { network: network(visitor.network), ..visitor };
        // Hashing needs no lock, and only follows a challenge of ours.
        match proof.map(|proof| self.mint.check(proof, visitor, now)) {
            Some(Ok(solved)) => self.spend(visitor, knocks, solved, now),
            Some(Err(bad)) => self.knock(visitor, knocks, Some(bad), now),
            None => self.knock(visitor, knocks, None, now),
        }
    }

    fn spend(
        &self,
        visitor: Visitor<'_>,
        knocks: Knocks,
        solved: Solved,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut state = self.lock();
        match state.spent.spend(solved, now) {
            Spending::Done => {
                state.server.proven(now);
                state.businesses.entry(visitor.business).or_default().proven(now);
                self.metrics.proof("good");
                Ok(())
            }
            Spending::Before => {
                drop(state);
                self.knock(visitor, knocks, Some(Bad::Spent), now)
            }
            Spending::Full(until) => {
                self.metrics.proof("no_room");
                Err(Refused::Full { retry_after: seconds(until, now) })
            }
        }
    }

    /// A request without a good proof: taken in ordinary times, and asked for one otherwise.
    fn knock(
        &self,
        visitor: Visitor<'_>,
        knocks: Knocks,
        bad: Option<Bad>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let own = self.of_network(visitor.business, knocks, now)?;
        let (was, standing) = {
            let mut state = self.lock();
            let was = self.stands(&state, visitor.business, now).is_some();
            state.server.knock(now, visitor.network, &self.of_server);
            let business = state.businesses.entry(visitor.business).or_default();
            business.knock(now, visitor.network, &self.of_business);
            (was, self.stands(&state, visitor.business, now))
        };
        let Some(Standing { bits, until }) = worse(standing, own) else { return Ok(()) };
        if standing.is_some() && !was {
            tracing::warn!(business = %visitor.business, ?until, "under attack: requests must bring a proof of work");
        }
        self.metrics.proof(bad.map_or("asked", outcome));
        let challenge = self.mint.challenge(visitor, bits, now, ids::fresh(now));
        let proof = ProofAsked { challenge, pieces: work::PIECES, bits };
        Err(Refused::ProofAsked { proof, retry_after: seconds(until, now) })
    }

    /// What a network is asked for that asks slowly, and a list that is long. Every proof follows a knock, so
    /// knocks are what is counted.
    fn of_network(
        &self,
        business: BusinessId,
        Knocks { block, crowded }: Knocks,
        now: Timestamp,
    ) -> Result<Option<Standing>, Refused> {
        let bits = self.of_business.hardest;
        match (self.networks.take((business, block), now), crowded) {
            (Ok(()), false) => Ok(None),
            (Ok(()), true) => Ok(Some(Standing { bits, until: now + CROWDED_FOR })),
            (Err(after), false) => {
                Ok(Some(Standing { bits, until: now + Duration::from_secs(after.into()) }))
            }
            (Err(retry_after), true) => {
                self.metrics.proof("share");
                Err(Refused::Share { retry_after })
            }
        }
    }

    /// The worse of the two.
    fn stands(&self, state: &State, business: BusinessId, now: Timestamp) -> Option<Standing> {
        let business = state.businesses.get(&business).and_then(|siege| siege.stands(now, &self.of_business));
        let server = state.server.stands(now, &self.of_server);
        worse(business, server)
    }

    /// How many businesses are under attack now, and whether the server is as a whole.
    pub fn levels(&self, now: Timestamp) -> (u32, bool) {
        let state = self.lock();
        let attacked =
            state.businesses.values().filter(|siege| siege.stands(now, &self.of_business).is_some());
        let businesses = u32::try_from(attacked.count()).unwrap_or(u32::MAX);
        (businesses, state.server.stands(now, &self.of_server).is_some())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request came from, and what it meets.
#[derive(Debug, Clone, Copy)]
struct Knocks {
    block: IpAddr,
    crowded: bool,
}

fn worse(one: Option<Standing>, other: Option<Standing>) -> Option<Standing> {
    let both = one
        .zip(other)
        .map(|(one, other)| Standing { bits: one.bits.max(other.bits), until: one.until.max(other.until) });
    both.or(one).or(other)
}

/// The label of a proof that counts for nothing.
fn outcome(bad: Bad) -> &'static str {
    match bad {
        Bad::Unreadable => "unreadable",
        Bad::Foreign => "foreign",
        Bad::Expired => "expired",
        Bad::Unsolved => "unsolved",
        Bad::Spent => "spent",
    }
}

/// What an address is of: telephones change theirs within it. IPv6 callers are networks already.
fn network(caller: IpAddr) -> IpAddr {
    match caller {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8).into(),
        IpAddr::V6(_) => caller,
    }
}

/// What somebody is given who is given many addresses.
fn block(caller: IpAddr) -> IpAddr {
    match caller {
        IpAddr::V4(_) => network(caller),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
    }
}

fn seconds(until: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(until.since(now).as_secs()).unwrap_or(u32::MAX).max(1)
}

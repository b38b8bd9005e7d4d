//! Strangers and another business, who keep to no limit: each kind of attack is a number of actors that do the
//! same again and again until the time is over. All of it goes to one loopback address, is bounded, and ends.
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Result, ensure};
use contact_server::{demo, ids};
use serde::{Deserialize, Serialize};
use shared::BusinessId;
use store::Business;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::neighbour;
use crate::{
    lock,
    people::Chance,
    place::{Place, now},
};

mod peers;
mod people;

/// The other business, whose key and origin everybody knows.
pub(super) const KEY: &str = "attacked-business";
pub(super) const ORIGIN: &str = "http://other.test";

/// Makes the other business.
pub async fn seed(place: &Place) -> Result<()> {
    let business = Business {
        id: BusinessId(ids::fresh(now())),
        key: KEY.to_owned(),
        origins: vec![ORIGIN.to_owned()],
        dialer: Some("simulated".to_owned()),
        ..demo::new_business("Other", "US", now())
    };
    Ok(place.open().await?.put_business(&business, &neighbour::settings()).await?)
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Sockets that say nothing, from one address.
    Sockets,
    /// The same of one address behind the proxy.
    ProxiedSockets,
    /// The same from a few dozen addresses.
    SpreadSockets,
    /// Heads and bodies byte by byte.
    Loris,
    /// Connections that say nothing, and such as ask for much and read nothing.
    HalfOpen,
    /// Frames that are larger than allowed, endless messages, compressed frames, pings.
    Frames,
    /// Messages just below the limit, from nobody, that never end.
    Withheld,
    /// Compressed bodies, and bodies without an end.
    Bodies,
    /// Tokens that are none.
    FalseTokens,
    /// Requests of all kinds from hundreds of addresses.
    Requests,
    /// Sign-ins from hundreds of addresses.
    SignIns,
    /// Contacts of the other business whose pages publish as much as they may.
    Pages,
}

/// The kind, its actors when all of them come, and the pause between two acts of one.
const KINDS: [(Kind, &str, usize, (u64, u64)); 12] = [
    (Kind::Sockets, "sockets", 10_000, (4_000, 8_000)),
    (Kind::ProxiedSockets, "proxied-sockets", 1_500, (4_000, 8_000)),
    (Kind::SpreadSockets, "spread-sockets", 2_500, (500, 1_000)),
    (Kind::Loris, "loris", 500, (100, 500)),
    (Kind::HalfOpen, "half-open", 500, (100, 500)),
    (Kind::Frames, "frames", 100, (200, 600)),
    (Kind::Withheld, "withheld", 100, (500, 1_000)),
    (Kind::Bodies, "bodies", 50, (200, 400)),
    (Kind::FalseTokens, "false-tokens", 50, (200, 400)),
    (Kind::Requests, "requests", 64, (30, 60)),
    (Kind::SignIns, "sign-ins", 80, (200, 400)),
    (Kind::Pages, "pages", 20, (100, 500)),
];
/// Answers that a server that works gives in any flood. On a machine that is busy the attackers, who are niced, go on
/// until they have had each.
pub const EXPECTED: [(&str, &str); 5] =
    [("frames", "4501"), ("bodies", "415"), ("bodies", "413"), ("false-tokens", "4500"), ("requests", "201")];
/// At most so much longer than planned.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// All actors of a kind have begun by then.
const RAMP: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub struct Plan {
    pub addr: SocketAddr,
    pub seed: u64,
    pub period: Duration,
    pub percent: usize,
    pub only: Option<String>,
}

/// What attackers were answered, by kind: statuses, close codes (`4000`), and what else became of them.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Answers(BTreeMap<String, BTreeMap<String, u64>>);

impl Answers {
    pub fn add(&mut self, other: Self) {
        for (kind, answers) in other.0 {
            for (answer, count) in answers {
                *self.0.entry(kind.clone()).or_default().entry(answer).or_default() += count;
            }
        }
    }

    pub fn count(&self, kind: &str, answer: &str) -> u64 {
        self.0.get(kind).and_then(|answers| answers.get(answer)).copied().unwrap_or(0)
    }

    fn has(&self, expected: &[(&str, &str)]) -> bool {
        expected.iter().all(|(kind, answer)| self.count(kind, answer) > 0)
    }

    /// Refusals that do not say when to come back, and failures of the server's.
    pub fn faults(&self) -> Vec<String> {
        let wrong = |answer: &str| answer.contains("without") || answer == "500" || answer == "4002";
        let all = self.0.iter().flat_map(|(kind, answers)| answers.iter().map(move |one| (kind, one)));
        all.filter(|(_, (answer, _))| wrong(answer))
            .map(|(kind, (answer, count))| format!("attackers ({kind}): {answer}, {count} times"))
            .collect()
    }
}

/// What all actors share.
struct Attack {
    addr: SocketAddr,
    answers: Mutex<Answers>,
}

impl Attack {
    fn count(&self, kind: &str, answer: String) {
        let mut answers = lock(&self.answers);
        *answers.0.entry(kind.to_owned()).or_default().entry(answer).or_default() += 1;
    }
}

/// Attacks until the period is over; every connection ends with it.
pub async fn run(plan: &Plan) -> Result<Answers> {
    ensure!(plan.addr.ip().is_loopback(), "floods go to this machine alone");
    let attack = Arc::new(Attack { addr: plan.addr, answers: Mutex::default() });
    let until = Instant::now() + plan.period;
    let mut actors = JoinSet::new();
    for (kind, name, count, pause) in KINDS {
        if plan.only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let count = (count * plan.percent / 100).max(1);
        for n in 0..count {
            let chance = Chance::new(plan.seed, &format!("{name} {n}"));
            let begin = RAMP * u32::try_from(n)? / u32::try_from(count)?;
            actors.spawn(actor(attack.clone(), (kind, name), n, begin, pause, chance));
        }
    }
    ensure!(!actors.is_empty(), "there is no attack of that name");
    // Actors go on for ever: nobody joins.
    while Instant::now() < until + PATIENCE {
        let all_seen = plan.only.is_some() || lock(&attack.answers).has(&EXPECTED);
        if Instant::now() >= until && all_seen {
            break;
        }
        drop(timeout(LOOK_EVERY, actors.join_next()).await);
    }
    actors.shutdown().await;
    Ok(std::mem::take(&mut *lock(&attack.answers)))
}

async fn actor(
    attack: Arc<Attack>,
    (kind, name): (Kind, &'static str),
    n: usize,
    begin: Duration,
    pause: (u64, u64),
    mut chance: Chance,
) {
    sleep(begin).await;
    let mut kept = people::Kept::default();
    loop {
        let act = Act { attack: &attack, name, n };
        match act.once(kind, &mut kept, &mut chance).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                attack.count(name, "nobody there".to_owned());
            }
            Err(_) => attack.count(name, "cut off".to_owned()),
        }
        sleep(chance.ms(pause.0, pause.1)).await;
    }
}

/// One act of one actor.
struct Act<'a> {
    attack: &'a Attack,
    name: &'static str,
    n: usize,
}

impl Act<'_> {
    async fn once(&self, kind: Kind, kept: &mut people::Kept, chance: &mut Chance) -> io::Result<()> {
        match kind {
            Kind::Sockets => self.hold(Ipv4Addr::new(127, 0, 0, 2), None).await,
            Kind::ProxiedSockets => self.hold(Ipv4Addr::LOCALHOST, Some("203.0.113.9")).await,
            Kind::SpreadSockets => self.hold(self.address(3, 30), None).await,
            Kind::Loris => self.dribble(self.address(4, 20)).await,
            Kind::HalfOpen => self.half_open(self.address(5, 20)).await,
            Kind::Frames => self.wrong_frames(self.address(6, 20)).await,
            Kind::Withheld => self.withhold(self.address(7, 4)).await,
            Kind::Bodies => self.wrong_bodies(self.address(8, 20)).await,
            Kind::FalseTokens => self.false_token(chance).await,
            Kind::Requests => self.request(kept, chance).await,
            Kind::SignIns => self.sign_in(kept, chance).await,
            Kind::Pages => self.publish(chance).await,
        }
    }

    /// One of so many loopback addresses of a network.
    fn address(&self, network: u8, of: usize) -> Ipv4Addr {
        Ipv4Addr::new(127, network, 0, u8::try_from(1 + self.n % of).unwrap_or(1))
    }

    fn count(&self, answer: impl Into<String>) {
        self.attack.count(self.name, answer.into());
    }
}

//! The world around one business: clock, store, crashes. Every input goes through [`World::input`].
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use shared::{AgentId, ContactId, Timestamp};

use super::{
    super::{
        ledger::Ledger,
        stage::{T0, settings},
    },
    driver::Driver,
    invariants::Watch,
    oracle,
    people::People,
};
use crate::{
    Center, Effect, Input, Notice, Refusal, Settings,
    center::{agents::Duty, contacts::Need},
    settings::{DialMode, Retry},
};

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) rng: Rng,
    pub(super) now: Timestamp,
    pub(super) center: Center,
    pub(super) ledger: Ledger,
    pub(super) driver: Driver,
    pub(super) people: People,
    pub(super) watch: Watch,
    pub(super) seen: BTreeMap<&'static str, u32>,
    /// The last inputs, for a failing history.
    trace: VecDeque<String>,
    steps: u32,
    /// The next effects are stored and do not leave.
    cut_short: bool,
}

/// splitmix64.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// 0 to `n` - 1.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
    pub(super) fn ms(&mut self, up_to: u64) -> Duration {
        Duration::from_millis(self.below(up_to + 1))
    }
    fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let settings = random_settings(&mut rng, 1);
        let ledger = Ledger::new(settings);
        let center = Center::restore(T0, ledger.snapshot(T0), rng.bytes());
        let people = People::new(&mut rng);
        let mut world = Self {
            seed,
            people,
            rng,
            now: T0,
            center,
            ledger,
            driver: Driver::default(),
            watch: Watch::default(),
            seen: BTreeMap::new(),
            trace: VecDeque::new(),
            steps: 0,
            cut_short: false,
        };
        world.take_effects();
        world.hire();
        world
    }

    pub(super) fn step(&mut self) {
        self.steps += 1;
        match self.rng.below(100) {
            0..=34 => {
                let time = if self.rng.one_in(12) { self.rng.ms(90_000) } else { self.rng.ms(6_000) };
                self.pass(time);
            }
            35..=49 => self.customers_act(),
            50..=96 => self.agents_act(),
            97 => self.crash(),
            98 => self.fail_a_commit(),
            _ => {
                let version = self.center.settings.version + 1;
                let settings = random_settings(&mut self.rng, version);
                let _ = self.input(Input::Configured(settings));
            }
        }
    }

    /// Everybody behaves from now on; in the end nothing may be left.
    pub(super) fn settle(&mut self) {
        self.people.well_behaved = true;
        self.driver.well_behaved = true;
        for _ in 0..400 {
            self.agents_act();
            self.pass(Duration::from_secs(3));
        }
        self.pass(Duration::from_hours(20));
        for _ in 0..20 {
            self.agents_act();
            self.pass(Duration::from_secs(60));
        }
        self.check_all_is_over();
    }

    /// Lets time pass; deadlines and dialer events come at their time.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let timeout = self.center.poll_timeout().map(|(at, _)| at.max(self.now));
            let event = self.driver.next_at();
            match (timeout, event) {
                (Some(at), event) if at <= end && event.is_none_or(|event| at <= event) => {
                    self.now = at;
                    self.timeout();
                }
                (_, Some(at)) if at <= end => {
                    self.now = self.now.max(at);
                    for (leg, event) in self.driver.take_due(self.now) {
                        let _ = self.input(Input::Dialer(leg, event));
                    }
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn timeout(&mut self) {
        self.note("timeout".to_owned());
        let due = self.center.poll_timeout();
        self.center.now = self.now;
        self.center.expire();
        self.route();
        self.take_effects();
        let next = self.center.poll_timeout();
        self.must(next.is_none_or(|(at, _)| at > self.now), &format!("{due:?} was not done: {next:?}"));
        self.check();
    }

    pub(super) fn input(&mut self, input: Input) -> Result<(), Refusal> {
        self.catch_up();
        self.note(match &input {
            Input::Requested(request) => format!(
                "Requested({:?}, {:?}, {:?}, {:?}, {:?}, due {:?})",
                request.contact,
                request.channel,
                request.person.e164,
                request.person.region,
                request.skill,
                request.due.map(|(from, until)| (from.0 - T0.0, until.0 - T0.0)),
            ),
            input => format!("{input:?}"),
        });
        self.center.now = self.now;
        let before = self.center.poll_timeout();
        let result = self.center.apply(input);
        if let Err(refusal) = &result {
            self.note(format!("  refused: {refusal}"));
            let unchanged = self.center.out.is_empty() && self.center.poll_timeout() == before;
            self.must(
                unchanged && self.center.changed_contacts.is_empty(),
                "a refused input changed something",
            );
        } else {
            self.route();
        }
        self.take_effects();
        self.check();
        result
    }

    /// Deadlines that lie behind are done before the next input, as the engine does it.
    fn catch_up(&mut self) {
        if self.center.poll_timeout().is_some_and(|(at, _)| at <= self.now) {
            self.timeout();
        }
    }

    fn route(&mut self) {
        let expected = oracle::decide(&self.center, &self.ledger);
        let counted = self.counted();
        self.center.route();
        let decided = std::mem::take(&mut self.center.decided);
        self.must(decided == expected, &format!("decided {decided:?}, the oracle {expected:?}"));
        for (need, _, agent) in decided {
            match need {
                Need::Orphaned => self.saw("orphaned"),
                Need::OnTheLine if counted.contains(&agent) => self.saw("counted agent taken"),
                Need::OnTheLine | Need::InLine => {}
            }
        }
        self.center.tell_changes();
    }

    fn counted(&self) -> Vec<AgentId> {
        let counted = |duty| matches!(duty, Duty::Ready { counted_by: Some(_) });
        self.center.agents.iter().filter(|(_, agent)| counted(agent.duty)).map(|(id, _)| *id).collect()
    }

    /// Stores first, then lets the effects out.
    fn take_effects(&mut self) {
        let mut outward = Vec::new();
        while let Some(effect) = self.center.poll_effect() {
            match effect {
                Effect::Store(change) => {
                    self.must(outward.is_empty(), "told before stored");
                    self.ledger.apply(change);
                }
                effect @ (Effect::Tell(_) | Effect::Dial(_)) => outward.push(effect),
            }
        }
        self.count_events();
        if std::mem::take(&mut self.cut_short) {
            return;
        }
        for effect in outward {
            match effect {
                Effect::Tell(notice) => self.told(notice),
                Effect::Dial(command) => self.dial(command),
                Effect::Store(_) => {}
            }
        }
    }

    fn told(&mut self, notice: Notice) {
        if let Notice::Displaced { .. } = notice {
            self.saw("displaced");
        }
        if let Err(why) = self.watch.told(&notice) {
            self.must(false, &why);
        }
    }

    /// The process dies, with the dialer or without it, and comes back.
    fn crash(&mut self) {
        self.note("crash".to_owned());
        self.saw("restarted");
        if self.rng.one_in(2) {
            self.driver.die();
        }
        self.now = self.now + self.rng.ms(20_000);
        self.rebuild();
    }

    /// An input was applied, and its commit failed: nothing of it may remain. Or the commit was the last
    /// thing that happened: what should have left never did.
    fn fail_a_commit(&mut self) {
        self.catch_up();
        let (input, what) = match self.driver.next() {
            Some((leg, event)) if self.rng.one_in(2) => (Input::Dialer(leg, event), "on a dialer's word"),
            _ => (Input::Requested(Box::new(self.random_request())), "on a request"),
        };
        let _ = self.center.handle(self.now, input);
        self.center.decided.clear();
        if self.rng.one_in(2) {
            self.note(format!("a commit fails {what}"));
            self.saw("commit failed");
        } else {
            self.note(format!("cut off after the commit {what}"));
            self.saw("cut off after the commit");
            self.cut_short = true;
            self.take_effects();
        }
        self.rebuild();
    }

    fn rebuild(&mut self) {
        let snapshot = self.ledger.snapshot(self.now);
        if snapshot.contacts.iter().any(|(row, _)| row.state.name() == "in wrap-up") {
            self.saw("wrap-up after restart");
        }
        let seed = self.rng.bytes();
        self.center = Center::restore(self.now, snapshot, seed);
        self.center.decided.clear();
        self.watch.restarted();
        self.take_effects();
        self.consoles_reconnect();
        self.check();
    }

    pub(super) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    fn note(&mut self, what: String) {
        if self.trace.len() >= 60 {
            self.trace.pop_front();
        }
        self.trace.push_back(format!("{:>9} {what}", self.now.0 - T0.0));
    }

    pub(super) fn must(&self, holds: bool, claim: &str) {
        if !holds {
            let trace: Vec<&str> = self.trace.iter().map(String::as_str).collect();
            panic!("SIM_SEED={} step {}: {claim}\n{}", self.seed, self.steps, trace.join("\n"));
        }
    }

    pub(super) fn open_contacts(&self) -> Vec<ContactId> {
        self.center.contacts.keys().copied().collect()
    }
}

fn random_settings(rng: &mut Rng, version: u32) -> Settings {
    let seconds = Duration::from_secs;
    Settings {
        version,
        dial_mode: rng.pick(&[DialMode::AgentReserved, DialMode::AgentAtAnswer]),
        press_one: !rng.one_in(4),
        ring_customer: seconds(20),
        confirm_within: seconds(10),
        ring_agent: seconds(8),
        connect_agent: seconds(5),
        hold_limit: seconds(rng.pick(&[15, 60])),
        wait_limit: rng.pick(&[seconds(120), Duration::from_hours(12)]),
        wrap_up_limit: rng.pick(&[Duration::ZERO, seconds(30)]),
        retry: Retry {
            attempts: rng.pick(&[1, 3]),
            after_busy: seconds(20),
            after_no_answer: seconds(40),
            after_failure: seconds(2),
        },
        regions: BTreeSet::from(["DE".to_owned(), "FR".to_owned()]),
        dial_budget: rng.pick(&[6, 500, 500, 500]),
        dials_per_number: rng.pick(&[3, 50]),
        open_contacts: 12,
        ..settings()
    }
}

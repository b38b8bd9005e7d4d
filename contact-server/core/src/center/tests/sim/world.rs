//! The world around one business: true time and the business's clock, what happens at random, and the trace
//! that a failing history prints. The engine's part of it stands in [`super::engine`].
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use shared::{ContactId, Timestamp};

use super::{
    super::{
        ledger::Ledger,
        stage::{T0, settings},
    },
    compare::Lines,
    coverage::Coverage,
    driver::{Driver, Temper},
    engine::Lag,
    invariants::Watch,
    model::{DAY, Model},
    people::People,
};
use crate::{
    Center, Input, Settings,
    settings::{DialMode, Retry},
};

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) rng: Rng,
    /// True time.
    pub(super) now: Timestamp,
    /// By how much the business's clock is wrong.
    skew_ms: i64,
    pub(super) center: Center,
    /// What the center decided so far, stored or not.
    pub(super) ledger: Ledger,
    pub(super) model: Model,
    /// The disk is slow just now: what was decided since is not stored.
    pub(super) lag: Option<Lag>,
    pub(super) driver: Driver,
    pub(super) people: People,
    pub(super) watch: Watch,
    pub(super) lines: Lines,
    pub(super) cover: Coverage,
    /// The last inputs, for a failing history.
    trace: VecDeque<(Timestamp, Note)>,
    pub(super) steps: u64,
    /// Of them, those in which nothing happened but a sign of life.
    pub(super) signs: u64,
    /// Deadlines that lie behind are done before an input.
    pub(super) punctual: bool,
}

/// For the trace: made into words only if a history fails.
pub(super) enum Note {
    Input(Input),
    Timeout,
    Said(String),
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
    pub(super) fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }
}

const TEMPERS: [Temper; 6] =
    [Temper::Lossy, Temper::Exact, Temper::Slow, Temper::Failing, Temper::Wild, Temper::Wild];

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let temper = rng.pick(&TEMPERS);
        let settings = random_settings(&mut rng, 1);
        let ledger = Ledger::new(settings.clone());
        let center = Center::restore(T0, ledger.snapshot(T0), rng.bytes());
        let mut world = Self {
            seed,
            people: People::new(),
            rng,
            now: T0,
            skew_ms: 0,
            center,
            ledger,
            model: Model::new(T0, settings),
            lag: None,
            driver: Driver::new(temper),
            watch: Watch::default(),
            lines: Lines::default(),
            cover: Coverage::default(),
            trace: VecDeque::new(),
            steps: 0,
            signs: 0,
            punctual: true,
        };
        for _ in 0..1 + world.rng.below(4) {
            world.hire();
        }
        world
    }

    /// One thing happens.
    pub(super) fn happens(&mut self) {
        if self.punctual {
            self.catch_up();
        }
        if self.rng.one_in(3) {
            self.the_rare_meets_all();
        }
        if self.rng.one_in(12) {
            self.pages_are_shown();
        }
        match self.rng.below(200) {
            0..=69 => {
                let long = self.rng.one_in(12);
                let time = self.rng.ms(if long { 90_000 } else { 6_000 });
                self.pass(time);
            }
            70..=99 => self.customers_act(),
            100..=183 if self.driver.temper == Temper::Wild && self.rng.one_in(3) => self.anything_is_said(),
            100..=183 => self.agents_act(),
            184..=185 => self.crash(),
            186..=187 => self.commit_fails(),
            188..=189 => self.disk_is_slow(),
            190..=192 => self.disk_catches_up(),
            193..=194 => self.clock_jumps(),
            195 => self.timeout(),
            196 => self.punctual = !self.punctual,
            197 if self.driver.temper == Temper::Failing => {
                self.say("the driver dies");
                self.driver.die();
            }
            197 if self.rng.one_in(2) => self.a_day_after_a_dial(),
            197 => {}
            _ => {
                let version = self.model.settings_version() + 1;
                let settings = random_settings(&mut self.rng, version);
                let _ = self.input(Input::Configured(settings));
            }
        }
    }

    /// Everybody behaves from now on; in the end nothing may be left.
    pub(super) fn settle(&mut self) {
        self.say("all behave from now on");
        self.disk_catches_up();
        self.punctual = true;
        self.catch_up();
        self.people.well_behaved = true;
        self.driver.well_behaved = true;
        // Until the clock, if it was set back, is where it was.
        self.pass(self.model.now.since(self.clock()));
        for _ in 0..60 {
            self.agents_act();
            self.pass(Duration::from_secs(20));
        }
        self.pass(Duration::from_hours(20));
        for _ in 0..20 {
            self.agents_act();
            self.pass(Duration::from_secs(60));
        }
        self.check_all_is_over();
    }

    /// The business's clock.
    pub(super) fn clock(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.skew_ms))
    }

    fn clock_jumps(&mut self) {
        let size = self.rng.pick(&[1_000, 40_000, 40_000, 600_000, 3_600_000, 26 * 3_600_000]);
        let ahead = self.rng.one_in(2);
        let mut by = i64::try_from(self.rng.below(size)).unwrap();
        if !self.driver.legs.is_empty() {
            // Not defended: a restart reads the legs of one day, and after this jump they were of the day before.
            by = by.min(20 * 3_600_000);
        }
        if self.lag.is_some() {
            by = by.min(300_000); // a commit never takes longer, and what it holds has yet to leave
        }
        // Backwards no more than ten minutes: nothing happens until the clock is where it was.
        self.skew_ms += if ahead { by } else { -by.min(600_000) };
        self.say(&format!("the clock jumps by {}{by} ms", if ahead { "+" } else { "-" }));
    }

    /// The moment before (or at which) a dial leaves the budget's window, and somebody asks for a call.
    fn a_day_after_a_dial(&mut self) {
        let Some(dialled_at) = self.model.first_dial_of_the_day() else { return };
        let ends = dialled_at + DAY;
        self.say("a day after a dial");
        let wait = ends.since(self.clock()).saturating_sub(self.rng.ms(1_000));
        self.pass(wait);
        for _ in 0..4 {
            self.customer_asks();
        }
        self.pass(ends.since(self.clock()));
        self.customer_asks();
    }

    /// Lets time pass; deadlines and dialer events come at their time.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        // Sometimes the timers are late, and all come together.
        let timers = self.punctual || self.rng.one_in(2);
        loop {
            let due = self.center.poll_timeout().filter(|_| timers);
            let timeout =
                due.map(|(at, _)| Timestamp(at.0.saturating_add_signed(-self.skew_ms)).max(self.now));
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
        if self.punctual {
            self.catch_up();
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        if self.trace.len() >= 60 {
            self.trace.pop_front();
        }
        self.trace.push_back((self.clock(), note));
    }

    pub(super) fn say(&mut self, what: &str) {
        self.note(Note::Said(what.to_owned()));
    }

    pub(super) fn must(&self, holds: bool, claim: &str) {
        if !holds {
            self.fail(claim);
        }
    }

    pub(super) fn fail(&self, claim: &str) -> ! {
        let mut trace = String::new();
        for (at, note) in &self.trace {
            let words = match note {
                Note::Input(Input::Requested(request)) => format!(
                    "Requested({:?}, {:?}, {:?}, {:?}, {:?}, due {:?})",
                    request.contact,
                    request.channel,
                    request.person.e164,
                    request.person.region,
                    request.skill,
                    request.due.map(|(from, until)| (from.0 - T0.0, until.0 - T0.0)),
                ),
                Note::Input(input) => format!("{input:?}"),
                Note::Timeout => "timeout".to_owned(),
                Note::Said(what) => what.clone(),
            };
            trace += &format!("\n{:>9} {words}", i128::from(at.0) - i128::from(T0.0));
        }
        let (seed, step, temper) = (self.seed, self.steps, self.driver.temper);
        panic!("SIM_SEED={seed} ({temper:?}) step {step}: {claim}{trace}");
    }

    pub(super) fn open_contacts(&self) -> Vec<ContactId> {
        self.model.requests.keys().copied().collect()
    }

    pub(super) fn saw(&mut self, what: &'static str) {
        self.cover.saw(what);
    }
}

/// A panic of the center names the history, too.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("SIM_SEED={} failed at step {}", self.seed, self.steps);
        }
    }
}

pub(super) type Seen = BTreeMap<&'static str, u64>;

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
        regions: if rng.one_in(8) {
            BTreeSet::from(["DE".to_owned()])
        } else {
            BTreeSet::from(["DE".to_owned(), "FR".to_owned()])
        },
        dial_budget: rng.pick(&[6, 500, 500, 500]),
        dials_per_number: rng.pick(&[3, 50]),
        open_contacts: 12,
        merged_contacts: 4,
        pointing: !rng.one_in(6),
        control: !rng.one_in(6),
        show_page: !rng.one_in(8),
        shown_pages: rng.pick(&[1, 3]),
        show_unseen: seconds(rng.pick(&[20, 600])),
        show_limit: seconds(rng.pick(&[60, 300])),
        page_grace: seconds(10),
        ..settings()
    }
}

//! A dialer and the people at the far ends. What is physically up is known here alone; what the business is
//! told of it may be late, doubled, out of order or lost, and commands may be carried out late or fail.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::{EffectId, LegId, Timestamp, contact::LegCause};

use super::world::{Rng, World};
use crate::{
    DialCommand, DialEvent, Endpoint,
    effect::{Action, JoinMode},
};

/// How a history's driver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temper {
    /// Tells everything once, soon and in order.
    Exact,
    /// Some events come late, twice or never.
    Lossy,
    /// Commands and events take long; a hang-up up to a minute.
    Slow,
    /// Every other leg fails or is never heard of, and the driver dies by itself now and then.
    Failing,
    /// Lies: any event of any leg at any time. What is physically up proves nothing then.
    Wild,
}

pub(super) struct Driver {
    pub(super) temper: Temper,
    pub(super) legs: BTreeMap<LegId, Leg>,
    effects: BTreeSet<EffectId>,
    /// What will be told, and when.
    agenda: BTreeMap<(Timestamp, u64), (LegId, DialEvent)>,
    counter: u64,
    pub(super) well_behaved: bool,
}

/// A leg that is physically there.
pub(super) struct Leg {
    pub(super) to: Endpoint,
    /// Goes down at that time.
    pub(super) down_at: Option<Timestamp>,
}

impl Driver {
    pub(super) fn new(temper: Temper) -> Self {
        let (legs, effects, agenda) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { temper, legs, effects, agenda, counter: 0, well_behaved: false }
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let agenda = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let down = self.legs.values().filter_map(|leg| leg.down_at).min();
        agenda.into_iter().chain(down).min()
    }

    /// What is told now. Physical effects take place.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<(LegId, DialEvent)> {
        self.legs.retain(|_, leg| leg.down_at.is_none_or(|at| at > now));
        let mut due = Vec::new();
        while let Some((&key, _)) = self.agenda.first_key_value()
            && key.0 <= now
        {
            due.extend(self.agenda.remove(&key));
        }
        due
    }

    /// All legs are gone, and what was to be told of them.
    pub(super) fn die(&mut self) {
        self.legs.clear();
        self.agenda.clear();
    }

    /// The business hears of something: once, twice, late, or never.
    fn tell(&mut self, rng: &mut Rng, at: Timestamp, leg: LegId, event: &DialEvent) {
        let times = match self.temper {
            _ if self.well_behaved => 1,
            Temper::Exact | Temper::Slow => 1,
            Temper::Lossy | Temper::Failing | Temper::Wild => rng.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 0]),
        };
        for _ in 0..times {
            let late = match self.temper {
                Temper::Exact => Duration::ZERO,
                Temper::Slow => rng.ms(if self.well_behaved { 1_000 } else { 20_000 }),
                _ if rng.one_in(6) => rng.ms(4_000),
                _ => Duration::ZERO,
            };
            self.counter += 1;
            self.agenda.insert((at + late, self.counter), (leg, event.clone()));
        }
    }

    fn originate(&mut self, rng: &mut Rng, now: Timestamp, leg: LegId, to: Endpoint) {
        let console = matches!(to, Endpoint::Console(_)); // see `People`
        let at = now + rng.ms(3_000);
        if self.temper == Temper::Failing && !self.well_behaved && rng.one_in(3) {
            if rng.one_in(2) {
                let cause = rng.pick(&[LegCause::Failed, LegCause::Unreachable, LegCause::NotAllowed]);
                self.tell(rng, at, leg, &DialEvent::Failed { cause, code: 503 });
            }
            return; // and nobody rings
        }
        self.legs.insert(leg, Leg { to, down_at: None });
        if !self.well_behaved {
            let early = if rng.one_in(2) { DialEvent::Ringing } else { DialEvent::EarlyMedia };
            self.tell(rng, now, leg, &early);
        }
        if console {
            return;
        }
        if !self.well_behaved && rng.one_in(3) {
            let no = [LegCause::Busy, LegCause::NoAnswer, LegCause::Rejected, LegCause::Unreachable];
            let cause = rng.pick(&no);
            if cause != LegCause::NoAnswer {
                self.goes_down(rng, at, leg, &DialEvent::Failed { cause, code: 0 });
            }
            return; // or it rings until somebody gives up
        }
        self.tell(rng, at, leg, &DialEvent::Answered);
        self.customer_talks(rng, at, leg);
    }

    /// What a customer does who picked up.
    fn customer_talks(&mut self, rng: &mut Rng, answered: Timestamp, leg: LegId) {
        let mut at = answered;
        let keys: &[&[char]] = &[&['1'], &['1'], &['1'], &['5', '1'], &['9'], &['4', '5', '6'], &[]];
        for key in if self.well_behaved { &['1'] } else { rng.pick(keys) } {
            at = at + rng.ms(2_000);
            self.tell(rng, at, leg, &DialEvent::Digit(*key));
        }
        if self.well_behaved {
            let end = at + rng.ms(60_000);
            return self.goes_down(rng, end, leg, &DialEvent::Ended { cause: LegCause::HungUp });
        }
        if rng.one_in(3) {
            let away = answered + rng.ms(8_000);
            self.tell(rng, away, leg, &DialEvent::Suspended);
            let back = away + rng.ms(9_000);
            self.tell(rng, back, leg, &DialEvent::Resumed);
        }
        if rng.one_in(3) {
            let causes = [LegCause::HungUp, LegCause::HungUp, LegCause::MediaLost, LegCause::Failed];
            let end = at + rng.ms(40_000);
            let cause = rng.pick(&causes);
            self.goes_down(rng, end, leg, &DialEvent::Ended { cause });
        }
    }

    fn goes_down(&mut self, rng: &mut Rng, at: Timestamp, leg: LegId, event: &DialEvent) {
        if let Some(up) = self.legs.get_mut(&leg) {
            up.down_at = Some(up.down_at.map_or(at, |before| before.min(at)));
        }
        self.tell(rng, at, leg, event);
    }

    /// The agent's console brings its voice up, or fails to.
    pub(super) fn agent_leg(&mut self, rng: &mut Rng, now: Timestamp, leg: LegId, event: &DialEvent) {
        if !self.legs.contains_key(&leg) {
            return;
        }
        match event {
            DialEvent::Failed { .. } | DialEvent::Ended { .. } => self.goes_down(rng, now, leg, event),
            event => {
                let at = now + rng.ms(1_500);
                self.tell(rng, at, leg, event);
            }
        }
    }
}

impl World {
    /// A command leaves for the driver.
    pub(super) fn dial(&mut self, command: &DialCommand) {
        let DialCommand { effect, leg, action } = command.clone();
        let new = self.driver.effects.insert(effect);
        self.must(new, "an effect id came twice");
        if let Action::Originate { to, .. } = &action {
            self.check_originate(leg, to);
        }
        let (rng, driver, now) = (&mut self.rng, &mut self.driver, self.now);
        let known = driver.legs.contains_key(&leg);
        match action {
            Action::Originate { to, .. } => driver.originate(rng, now, leg, to),
            Action::HangUp { .. } if known => {
                let slow = driver.temper == Temper::Slow;
                let at = now + rng.ms(if slow { 60_000 } else { 5_000 });
                driver.goes_down(rng, at, leg, &DialEvent::Ended { cause: LegCause::OtherSide });
            }
            _ if !known => {
                let at = now + rng.ms(3_000);
                driver.tell(rng, at, leg, &DialEvent::Unknown);
            }
            Action::Play { repeat: false, .. } => {
                let at = now + rng.ms(25_000);
                driver.tell(rng, at, leg, &DialEvent::PlayEnded { effect });
            }
            Action::Join { mode, .. } => {
                driver.tell(rng, now, leg, &DialEvent::Joined);
                self.must(mode == JoinMode::Talk, "who listens?");
            }
            Action::Leave { .. } => driver.tell(rng, now, leg, &DialEvent::Left),
            Action::Play { repeat: true, .. } | Action::Stop | Action::HangUp { .. } => {}
        }
    }

    /// A driver that lies.
    pub(super) fn anything_is_said(&mut self) {
        let legs: Vec<LegId> = self.model.legs.keys().copied().collect();
        let live: Vec<LegId> = self.model.live_legs().collect();
        let leg = match self.rng.below(8) {
            0 => LegId(u128::from(self.rng.next())),
            1 if !legs.is_empty() => self.rng.pick(&legs),
            _ if !live.is_empty() => self.rng.pick(&live),
            _ => return,
        };
        self.is_said_of(leg);
    }

    pub(super) fn is_said_of(&mut self, leg: LegId) {
        let cause = self.rng.pick(&CAUSES);
        let effect = EffectId(u128::from(self.rng.next()));
        let digit = self.rng.pick(&['1', '1', '9', '5', '#']);
        let event = match self.rng.below(12) {
            0 => DialEvent::Ringing,
            1 => DialEvent::EarlyMedia,
            2 => DialEvent::Answered,
            3 => DialEvent::Failed { cause, code: 0 },
            4 => DialEvent::PlayEnded { effect },
            5 => DialEvent::Joined,
            6 => DialEvent::Left,
            7 => DialEvent::Digit(digit),
            8 => DialEvent::Suspended,
            9 => DialEvent::Resumed,
            10 => DialEvent::Ended { cause },
            _ => DialEvent::Unknown,
        };
        let _ = self.input(crate::Input::Dialer(leg, event));
    }
}

const CAUSES: [LegCause; 13] = [
    LegCause::HungUp,
    LegCause::OtherSide,
    LegCause::Busy,
    LegCause::NoAnswer,
    LegCause::Rejected,
    LegCause::Unreachable,
    LegCause::NotConfirmed,
    LegCause::Cancelled,
    LegCause::MediaLost,
    LegCause::Interrupted,
    LegCause::NotAllowed,
    LegCause::NoMicrophone,
    LegCause::Failed,
];

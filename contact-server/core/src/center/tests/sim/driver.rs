//! A dialer and the people at the far ends. What is physically up is known here alone; what the business is
//! told of it may be late, doubled or lost.
use std::collections::{BTreeMap, BTreeSet};

use shared::{ContactId, LegId, Timestamp, contact::LegCause};

use super::world::{Rng, World};
use crate::{
    DialCommand, DialEvent, Endpoint,
    effect::{Action, JoinMode},
};

#[derive(Default)]
pub(super) struct Driver {
    pub(super) legs: BTreeMap<LegId, Leg>,
    effects: BTreeSet<shared::EffectId>,
    /// What will happen, or be told, and when.
    agenda: BTreeMap<(Timestamp, u64), (LegId, DialEvent)>,
    counter: u64,
    pub(super) well_behaved: bool,
}

/// A leg that is physically there.
pub(super) struct Leg {
    pub(super) to: Endpoint,
    pub(super) answered: bool,
    pub(super) confirmed: bool,
    pub(super) room: Option<ContactId>,
    /// Told to hang up; down at that time.
    pub(super) down_at: Option<Timestamp>,
}

impl Driver {
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let agenda = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let down = self.legs.values().filter_map(|leg| leg.down_at).min();
        agenda.into_iter().chain(down).min()
    }

    /// What is told now. Physical effects take place.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<(LegId, DialEvent)> {
        self.legs.retain(|_, leg| leg.down_at.is_none_or(|at| at > now));
        let mut due = Vec::new();
        while let Some((&(at, n), _)) = self.agenda.first_key_value()
            && at <= now
        {
            let Some((leg, event)) = self.agenda.remove(&(at, n)) else { break };
            due.push((leg, event));
        }
        due
    }

    /// What would be told next, and now never is.
    pub(super) fn next(&mut self) -> Option<(LegId, DialEvent)> {
        self.agenda.pop_first().map(|(_, event)| event)
    }

    /// All legs are gone, and what was to be told of them.
    pub(super) fn die(&mut self) {
        self.legs.clear();
        self.agenda.clear();
    }

    /// The far end does something, and the business hears of it: once, twice, late, or never.
    fn happens(&mut self, rng: &mut Rng, at: Timestamp, leg: LegId, event: &DialEvent) {
        let times = if self.well_behaved { 1 } else { rng.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 0]) };
        for _ in 0..times {
            let late = if rng.one_in(6) { rng.ms(4_000) } else { rng.ms(0) };
            self.counter += 1;
            self.agenda.insert((at + late, self.counter), (leg, event.clone()));
        }
    }

    fn originate(&mut self, rng: &mut Rng, now: Timestamp, leg: LegId, to: Endpoint) {
        let ends = |cause| DialEvent::Failed { cause, code: 0 };
        let mut at = now + rng.ms(3_000);
        let answers = match &to {
            Endpoint::Telephone(_) | Endpoint::Page(_) => !rng.one_in(3),
            Endpoint::Console(_) => false, // see `People`
        };
        let customer = !matches!(to, Endpoint::Console(_));
        let mut up = Leg { to, answered: false, confirmed: false, room: None, down_at: None };
        if customer && !answers && !self.well_behaved {
            let cause =
                rng.pick(&[LegCause::Busy, LegCause::NoAnswer, LegCause::Rejected, LegCause::Unreachable]);
            if cause != LegCause::NoAnswer {
                self.happens(rng, at, leg, &ends(cause));
                up.down_at = Some(at);
            }
        } else if customer {
            up.answered = true;
            self.happens(rng, at, leg, &DialEvent::Answered);
            let keys: &[char] = if self.well_behaved {
                &['1']
            } else {
                rng.pick(&[&['1'], &['1'], &['5', '1'], &['9'], &['4', '5', '6'], &[]])
            };
            for key in keys {
                at = at + rng.ms(2_000);
                up.confirmed |= *key == '1';
                self.happens(rng, at, leg, &DialEvent::Digit(*key));
            }
            if !self.well_behaved {
                if rng.one_in(4) {
                    let away = at + rng.ms(5_000);
                    self.happens(rng, away, leg, &DialEvent::Suspended);
                    let back = away + rng.ms(6_000);
                    self.happens(rng, back, leg, &DialEvent::Resumed);
                }
                if rng.one_in(3) {
                    let cause = rng.pick(&[LegCause::HungUp, LegCause::HungUp, LegCause::MediaLost]);
                    let end = at + rng.ms(40_000);
                    self.ends(rng, end, leg, &mut up, cause);
                }
            } else {
                let end = at + rng.ms(60_000);
                self.ends(rng, end, leg, &mut up, LegCause::HungUp);
            }
        }
        self.legs.insert(leg, up);
    }

    fn ends(&mut self, rng: &mut Rng, at: Timestamp, leg: LegId, up: &mut Leg, cause: LegCause) {
        up.down_at = Some(at);
        self.happens(rng, at, leg, &DialEvent::Ended { cause });
    }

    /// The agent's console brings its voice up, or fails to.
    pub(super) fn agent_leg(&mut self, rng: &mut Rng, now: Timestamp, leg: LegId, event: &DialEvent) {
        let Some(up) = self.legs.get_mut(&leg) else { return };
        match event {
            DialEvent::Answered => up.answered = true,
            DialEvent::Failed { .. } | DialEvent::Ended { .. } => up.down_at = Some(now),
            DialEvent::Ringing
            | DialEvent::EarlyMedia
            | DialEvent::PlayEnded { .. }
            | DialEvent::Joined
            | DialEvent::Left
            | DialEvent::Digit(_)
            | DialEvent::Suspended
            | DialEvent::Resumed
            | DialEvent::Unknown => {}
        }
        let at = now + rng.ms(1_500);
        self.happens(rng, at, leg, event);
    }
}

impl World {
    pub(super) fn dial(&mut self, command: DialCommand) {
        let DialCommand { effect, leg, action } = command;
        let new = self.driver.effects.insert(effect);
        self.must(new, "an effect id came twice");
        match action {
            Action::Originate { to, .. } => {
                self.check_originate(leg, &to);
                self.driver.originate(&mut self.rng, self.now, leg, to);
            }
            Action::Play { repeat, .. } => {
                if !repeat {
                    let at = self.now + self.rng.ms(4_000);
                    let (rng, driver) = (&mut self.rng, &mut self.driver);
                    driver.happens(rng, at, leg, &DialEvent::PlayEnded { effect });
                }
            }
            Action::Join { room, mode } => {
                self.must(mode == JoinMode::Talk, "who listens?");
                if let Some(up) = self.driver.legs.get_mut(&leg) {
                    up.room = Some(room);
                }
            }
            Action::Leave { .. } => {
                if let Some(up) = self.driver.legs.get_mut(&leg) {
                    up.room = None;
                }
            }
            Action::Stop => {}
            Action::HangUp { .. } => {
                let at = self.now + self.rng.ms(5_000);
                if let Some(up) = self.driver.legs.get_mut(&leg) {
                    up.down_at = Some(up.down_at.map_or(at, |before| before.min(at)));
                }
                let (rng, driver) = (&mut self.rng, &mut self.driver);
                driver.happens(rng, at, leg, &DialEvent::Ended { cause: LegCause::OtherSide });
            }
        }
    }
}

//! The simulated telephone network. Pure: it is given the time, commands and what browsers say, and gives
//! back events, invitations and notes.
//!
//! A leg rings until its plan (or its browser) answers, refuses, or its ring time is over; then it is up until
//! one side hangs up. There is no voice: a room knows who would hear whom.
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use contact_core::{
    DialCommand, DialEvent, Endpoint,
    effect::{Action, JoinMode},
};
use shared::{BusinessId, ContactId, EffectId, LegId, contact::LegCause};

use super::{
    behaviour::{Behaviour, Browsers, Outcome, Plan, within},
    chance::Chance,
};
use crate::dialer::{LegEvent, code, recent::Recent};

mod browsers;
#[cfg(test)]
mod tests;

/// Legs at once, in all businesses.
const LEGS: usize = 20_000;
/// Numbers whose attempts are counted; past it all are forgotten, and behave as at their first attempt again.
const NUMBERS: usize = 65_536;

/// What the caller must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    Event(LegEvent),
    /// Ask the browser that is connected there; if one is, call [`Exchange::rung`].
    Invite {
        business: BusinessId,
        to: Endpoint,
        leg: LegId,
        caller_name: String,
    },
    Gone {
        business: BusinessId,
        to: Endpoint,
        leg: LegId,
    },
    Note {
        leg: LegId,
        to: Endpoint,
        what: &'static str,
    },
}

pub(super) struct Exchange {
    behaviour: Behaviour,
    legs: BTreeMap<LegId, Leg>,
    effects: Recent<EffectId>,
    attempts: BTreeMap<String, u32>,
    /// What is going to happen; the serial keeps the order of what falls on one instant.
    due: BTreeMap<(Duration, u64), Due>,
    serial: u64,
    faults: Chance,
    out: VecDeque<Out>,
}

struct Leg {
    business: BusinessId,
    to: Endpoint,
    up: bool,
    /// None: a browser that is connected decides.
    plan: Option<Plan>,
    room: Option<(ContactId, JoinMode)>,
    has_talked: bool,
    playing: Option<EffectId>,
}

enum Due {
    Leg(LegId, Step),
    Late(LegEvent),
}

enum Step {
    RingsOut,
    /// The plan's outcome.
    Decides,
    Presses(char),
    LosesPatience,
    HasTalked,
    PromptEnds(EffectId),
}

impl Exchange {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        Self {
            faults: Chance::new(behaviour.seed, "faults", 0),
            behaviour,
            legs: BTreeMap::new(),
            effects: Recent::default(),
            attempts: BTreeMap::new(),
            due: BTreeMap::new(),
            serial: 0,
            out: VecDeque::new(),
        }
    }

    pub(super) fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    /// When [`Self::handle_timeout`] is next due.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Due::Late(event) => self.out.push_back(Out::Event(event)),
                Due::Leg(leg, step) => self.step(now, leg, step),
            }
        }
    }

    pub(super) fn has(&self, business: BusinessId, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| leg.business == business)
    }

    pub(super) fn command(&mut self, now: Duration, business: BusinessId, command: DialCommand) {
        let DialCommand { effect, leg, action } = command;
        if !self.effects.insert(effect) {
            return;
        }
        if self.faults.happens(self.behaviour.faults.crashes) {
            return self.crash();
        }
        if let Action::Originate { to, caller_name, ring } = action {
            return self.originate(now, business, leg, to, caller_name, ring);
        }
        if !self.has(business, leg) {
            return self.tell(now, business, leg, DialEvent::Unknown);
        }
        match action {
            Action::Originate { .. } => {}
            Action::Play { repeat, .. } => self.play(now, leg, effect, repeat),
            Action::Stop => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.playing = None;
                }
            }
            Action::Join { room, mode } => self.join(now, business, leg, room, mode),
            Action::Leave { .. } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.room = None;
                }
                self.tell(now, business, leg, DialEvent::Left);
            }
            Action::HangUp { cause } => self.finish(now, leg, DialEvent::Ended { cause }),
        }
    }

    /// All legs are down, and nobody is told.
    fn crash(&mut self) {
        self.due.clear();
        for (id, leg) in std::mem::take(&mut self.legs) {
            self.note(id, &leg.to, "crashed");
            self.uninvite(id, &leg);
        }
    }

    fn originate(
        &mut self,
        now: Duration,
        business: BusinessId,
        id: LegId,
        to: Endpoint,
        caller_name: String,
        ring: Duration,
    ) {
        if self.legs.contains_key(&id) {
            return;
        }
        if self.legs.len() >= LEGS {
            let failed = DialEvent::Failed { cause: LegCause::Failed, code: code::OVERLOADED };
            return self.tell(now, business, id, failed);
        }
        self.note(id, &to, "placed");
        let plan = self.plan(id, &to);
        self.later(now + ring, id, Step::RingsOut);
        if let Some(plan) = &plan {
            self.later(now + plan.rings, id, Step::Decides);
        }
        let is_planned = plan.is_some();
        let leg =
            Leg { business, to: to.clone(), up: false, plan, room: None, has_talked: false, playing: None };
        self.legs.insert(id, leg);
        if is_planned {
            self.tell(now, business, id, DialEvent::Ringing);
        } else {
            self.out.push_back(Out::Invite { business, to, leg: id, caller_name });
        }
    }

    fn plan(&mut self, leg: LegId, to: &Endpoint) -> Option<Plan> {
        let seed = self.behaviour.seed;
        let simulated = self.behaviour.browsers == Browsers::Simulated;
        match to {
            Endpoint::Telephone(number) => {
                if self.attempts.len() >= NUMBERS && !self.attempts.contains_key(number) {
                    self.attempts.clear();
                }
                let attempt = self.attempts.entry(number.clone()).or_default();
                *attempt += 1;
                Some(self.behaviour.customer(&mut Chance::new(seed, number, *attempt)))
            }
            Endpoint::Page(_) => {
                simulated.then(|| self.behaviour.customer(&mut Chance::new(seed, &leg.to_string(), 0)))
            }
            Endpoint::Console(_) => {
                simulated.then(|| self.behaviour.agent(&mut Chance::new(seed, &leg.to_string(), 0)))
            }
        }
    }

    fn step(&mut self, now: Duration, id: LegId, step: Step) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let (business, up) = (leg.business, leg.up);
        match step {
            Step::RingsOut if !up => {
                self.finish(now, id, DialEvent::Failed { cause: LegCause::NoAnswer, code: code::NO_ANSWER })
            }
            Step::Decides if !up => self.decide(now, id),
            Step::Presses(key) if up => self.tell(now, business, id, DialEvent::Digit(key)),
            Step::LosesPatience if up && !leg.has_talked => self.hangs_up(now, id),
            Step::HasTalked if up => self.hangs_up(now, id),
            Step::PromptEnds(effect) if leg.playing == Some(effect) => {
                leg.playing = None;
                self.tell(now, business, id, DialEvent::PlayEnded { effect });
            }
            Step::RingsOut
            | Step::Decides
            | Step::Presses(_)
            | Step::LosesPatience
            | Step::HasTalked
            | Step::PromptEnds(_) => {}
        }
    }

    fn decide(&mut self, now: Duration, id: LegId) {
        let Some(plan) = self.legs.get(&id).and_then(|leg| leg.plan.clone()) else { return };
        match plan.outcome {
            Outcome::NoAnswer => {}
            Outcome::Fails(cause, code) => self.finish(now, id, DialEvent::Failed { cause, code }),
            Outcome::Answers { key, patience, .. } => {
                self.is_up(now, id);
                if let Some((after, key)) = key {
                    self.later(now + after, id, Step::Presses(key));
                }
                if let Some(patience) = patience {
                    self.later(now + patience, id, Step::LosesPatience);
                }
            }
        }
    }

    fn is_up(&mut self, now: Duration, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| !leg.up) else { return };
        leg.up = true;
        let (business, to) = (leg.business, leg.to.clone());
        self.note(id, &to, "answered");
        self.tell(now, business, id, DialEvent::Answered);
    }

    fn hangs_up(&mut self, now: Duration, id: LegId) {
        self.finish(now, id, DialEvent::Ended { cause: LegCause::HungUp });
    }

    fn play(&mut self, now: Duration, id: LegId, effect: EffectId, repeat: bool) {
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.playing = (!repeat).then_some(effect);
        }
        if !repeat {
            let end = now + Duration::from_millis(self.behaviour.prompt_ms);
            self.later(end, id, Step::PromptEnds(effect));
        }
    }

    fn join(&mut self, now: Duration, business: BusinessId, id: LegId, room: ContactId, mode: JoinMode) {
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.room = Some((room, mode));
            let begins = !std::mem::replace(&mut leg.has_talked, true);
            if let Some(Plan { outcome: Outcome::Answers { talks, .. }, .. }) = leg.plan
                && begins
            {
                self.later(now + talks, id, Step::HasTalked);
            }
        }
        self.tell(now, business, id, DialEvent::Joined);
    }

    /// Whom a leg would hear, if there were voice.
    pub(super) fn heard_by(&self, listener: LegId) -> Vec<LegId> {
        let Some((room, _)) = self.legs.get(&listener).and_then(|leg| leg.room) else { return Vec::new() };
        let is_console = self.legs.get(&listener).is_some_and(|leg| matches!(leg.to, Endpoint::Console(_)));
        let speaks = |mode| match mode {
            JoinMode::Talk => true,
            JoinMode::Whisper => is_console,
            JoinMode::Listen => false,
        };
        self.legs
            .iter()
            .filter(|(id, leg)| {
                **id != listener && leg.room.is_some_and(|(other, mode)| other == room && speaks(mode))
            })
            .map(|(id, _)| *id)
            .collect()
    }

    /// Takes the leg down and tells why.
    fn finish(&mut self, now: Duration, id: LegId, event: DialEvent) {
        let Some(leg) = self.legs.remove(&id) else { return };
        self.note(id, &leg.to, "down");
        self.uninvite(id, &leg);
        self.tell(now, leg.business, id, event);
    }

    fn uninvite(&mut self, id: LegId, leg: &Leg) {
        if leg.plan.is_none() {
            self.out.push_back(Out::Gone { business: leg.business, to: leg.to.clone(), leg: id });
        }
    }

    fn note(&mut self, leg: LegId, to: &Endpoint, what: &'static str) {
        if self.behaviour.journal.is_some() {
            self.out.push_back(Out::Note { leg, to: to.clone(), what });
        }
    }

    fn later(&mut self, at: Duration, leg: LegId, step: Step) {
        self.schedule(at, Due::Leg(leg, step));
    }

    fn schedule(&mut self, at: Duration, due: Due) {
        self.serial += 1;
        self.due.insert((at, self.serial), due);
    }

    /// Tells the server, or not, or twice, or later.
    fn tell(&mut self, now: Duration, business: BusinessId, leg: LegId, event: DialEvent) {
        let faults = self.behaviour.faults.clone();
        let event = LegEvent { business, leg, event };
        if self.faults.happens(faults.lost) {
            return;
        }
        if self.faults.happens(faults.doubled) {
            self.out.push_back(Out::Event(event.clone()));
        }
        if self.faults.happens(faults.late) {
            let after = within(&mut self.faults, faults.late_ms);
            return self.schedule(now + after, Due::Late(event));
        }
        self.out.push_back(Out::Event(event));
    }
}

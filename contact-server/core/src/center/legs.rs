//! Legs: a record for each, from the intent to its end, and the numbers that are not free yet.
use std::{collections::BTreeMap, time::Duration};

use shared::{
    ContactId, EffectId, LegId, Timestamp,
    api::{LegRecord, Party},
    contact::LegCause,
};

use super::{Center, Due, limits::Limits};
use crate::{
    effect::{Action, DialCommand, Endpoint},
    record::{Change, Event},
};

/// How long a telephone leg that was told to hang up may take to say that it did, before its number counts
/// as free. RFC 3261 gives a SIP transaction 32 s (timer B, 64 * T1).
const HANG_UP_LIMIT: Duration = Duration::from_secs(32);

/// While a leg is up, something is stored at least so often: if the server is killed, legs end at what was stored last
/// ([`super::restore`]), and are paid for until then. An event counts, so that it costs one small commit for each
/// business whose calls are quiet.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Telephone legs that were told to hang up and have not said yet that they are down.
/// Numbers are known by their marks ([`super::limits::Limits::mark`]).
#[derive(Default)]
pub(super) struct Hanging {
    legs: BTreeMap<LegId, (Timestamp, String)>,
    /// How many of them a number has.
    busy: BTreeMap<String, u32>,
}

impl Hanging {
    pub(super) fn is_busy(&self, limits: &Limits, number: &str) -> bool {
        !self.busy.is_empty() && self.busy.contains_key(&limits.mark(number))
    }
}

impl Center {
    /// The intent of a dial: record and event are stored before the command leaves.
    pub(super) fn open_leg(
        &mut self,
        contact: ContactId,
        to: Endpoint,
        caller_name: String,
        ring: Duration,
    ) -> LegId {
        let (leg, effect) = (self.ids.leg(), self.ids.effect());
        let (party, number, agent) = match &to {
            Endpoint::Telephone(number) => (Party::Customer, Some(number.clone()), None),
            Endpoint::Page(_) => (Party::Customer, None, None),
            Endpoint::Console(agent) => (Party::Agent, None, Some(*agent)),
        };
        let record = LegRecord {
            leg,
            contact,
            party,
            number,
            agent,
            started_at: self.now,
            answered_at: None,
            bridged_at: None,
            ended_at: None,
            cause: None,
        };
        self.legs.insert(leg, record.clone());
        self.store(Change::Leg(record));
        self.record(Event::Dialed { contact, leg, effect, agent });
        let action = Action::Originate { to, caller_name, ring };
        self.out.dials.push_back(DialCommand { effect, leg, action });
        leg
    }

    pub(super) fn command(&mut self, leg: LegId, action: Action) -> EffectId {
        let effect = self.ids.effect();
        self.out.dials.push_back(DialCommand { effect, leg, action });
        effect
    }

    /// Changes the record of a live leg.
    pub(super) fn amend_leg(&mut self, leg: LegId, amend: impl FnOnce(&mut LegRecord)) {
        if let Some(record) = self.legs.get_mut(&leg) {
            amend(record);
            let record = record.clone();
            self.store(Change::Leg(record));
        }
    }

    pub(super) fn leg_answered(&mut self, leg: LegId) {
        let Some(contact) = self.legs.get(&leg).filter(|l| l.answered_at.is_none()).map(|l| l.contact) else {
            return;
        };
        let now = self.now;
        self.amend_leg(leg, |record| record.answered_at = Some(now));
        self.record(Event::Answered { contact, leg });
    }

    /// The driver said that the leg is down.
    pub(super) fn leg_ended(&mut self, leg: LegId, cause: LegCause) {
        self.close_leg(leg, self.now, cause);
    }

    /// Ends a leg. Its record closes with the command: the driver's own word may never come.
    pub(super) fn hang_up(&mut self, leg: LegId, cause: LegCause) {
        let Some(record) = self.close_leg(leg, self.now, cause) else { return };
        self.command(leg, Action::HangUp { cause });
        if let Some(number) = record.number {
            self.await_hang_up(leg, number);
        }
    }

    pub(super) fn close_leg(&mut self, leg: LegId, at: Timestamp, cause: LegCause) -> Option<LegRecord> {
        let mut record = self.legs.remove(&leg)?;
        record.ended_at = Some(at.max(record.started_at));
        record.cause = Some(cause);
        self.store(Change::Leg(record.clone()));
        self.record(Event::LegEnded { contact: record.contact, leg, cause });
        Some(record)
    }

    /// None: no leg is up, and nothing needs to be stored.
    pub(super) fn sign_of_life_at(&self) -> Option<Timestamp> {
        (!self.legs.is_empty()).then(|| self.stored_at + SIGN_OF_LIFE)
    }

    pub(super) fn give_sign_of_life(&mut self) {
        if self.sign_of_life_at().is_some_and(|at| at <= self.now) {
            self.stored_at = self.now;
            self.store(Change::Alive(self.now));
        }
    }

    /// Until the leg is down for certain, nobody else dials its number.
    pub(super) fn await_hang_up(&mut self, leg: LegId, number: String) {
        let number = self.limits.mark(&number);
        let until = self.now + HANG_UP_LIMIT;
        self.deadlines.insert((until, Due::HangUp(leg)));
        *self.hanging.busy.entry(number.clone()).or_default() += 1;
        let waits = self.numbers.get(&number).copied();
        self.hanging.legs.insert(leg, (until, number));
        if let Some(contact) = waits {
            self.reindex(contact);
        }
    }

    /// A leg that was told to hang up is down, or was given up.
    pub(super) fn hung_up(&mut self, leg: LegId) {
        let Some((until, number)) = self.hanging.legs.remove(&leg) else { return };
        self.deadlines.remove(&(until, Due::HangUp(leg)));
        if let Some(legs) = self.hanging.busy.get_mut(&number) {
            *legs -= 1;
            if *legs > 0 {
                return;
            }
        }
        self.hanging.busy.remove(&number);
        if let Some(contact) = self.numbers.get(&number).copied() {
            self.reindex(contact);
        }
    }
}

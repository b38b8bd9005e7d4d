//! Rebuilding a business from what is stored, after a crash or a commit that failed.
//!
//! Nobody knows what became of the legs that were up: each is closed as interrupted and hung up (the driver
//! may have outlived us), and the retry policy decides about its contact. Agents who were signed in may come
//! back within the grace and find their state.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use shared::{
    AgentId, ContactId, Timestamp,
    api::LegRecord,
    contact::{EndReason, LegCause, Presence},
};

use super::{
    Center, ContactState, Outbox,
    agents::{Duty, Link, Tally},
    contacts::Contact,
    ids::Ids,
    legs::Hanging,
    limits::Limits,
    requests::Open,
    routing::Lines,
    views::{Handling, Recent, WaitingList},
};
use crate::{
    Settings, Snapshot,
    effect::Action,
    record::{AgentStateRow, ContactRow, Event, Person, is_fingerprint},
};

/// A hang-up that was decided so long before the last commit (a sign of life is one, too) has left for the
/// driver: a commit takes seconds, and the rest is for clocks that jump.
const TOLD_FOR_CERTAIN: Duration = Duration::from_mins(10);

impl Center {
    /// `seed` is fresh random bytes from the shell: leg and effect ids derive from it.
    ///
    /// Effects may be due at once (calls that the crash cut off): poll them like those of an input.
    pub fn restore(now: Timestamp, snapshot: Snapshot, seed: [u8; 32]) -> Self {
        let limits = Limits::restore(&snapshot);
        let last_at = snapshot.last_at;
        let mut center = Self {
            now: now.max(last_at),
            business_name: snapshot.business_name,
            settings: Arc::new(snapshot.settings),
            contacts: BTreeMap::new(),
            agents: BTreeMap::new(),
            legs: BTreeMap::new(),
            numbers: BTreeMap::new(),
            open: Open::default(),
            last_place: snapshot.last_place,
            lines: Lines::new(),
            queue: WaitingList::default(),
            limits,
            hanging: Hanging::default(),
            handling: Handling::new(snapshot.today.values().map(|(calls, seconds, _)| (*calls, *seconds))),
            recent: Recent::default(),
            deadlines: BTreeSet::new(),
            stored_at: last_at,
            changed_contacts: BTreeSet::new(),
            changed_agents: BTreeSet::new(),
            refresh_at: Timestamp(0),
            supervisors: BTreeSet::new(),
            live_changed: false,
            told_live: Default::default(),
            out: Outbox::default(),
            ids: Ids::new(seed),
        };
        let older: BTreeMap<u32, Arc<Settings>> = snapshot
            .older_settings
            .into_iter()
            .map(|settings| (settings.version, Arc::new(settings)))
            .collect();
        let mut wrap_ups = snapshot.wrap_ups;
        for (row, person) in snapshot.contacts {
            let wrap_up = wrap_ups.remove(&row.id).unwrap_or_default();
            let settings = older.get(&row.settings).filter(|_| row.settings != center.settings.version);
            let settings = Arc::clone(settings.unwrap_or(&center.settings));
            center.load_contact(row, person, settings).wrap_up = wrap_up;
        }
        for profile in snapshot.agents {
            let id = profile.id;
            center.enter_profile(profile);
            if let Some(agent) = center.agents.get_mut(&id)
                && let Some(&(calls, seconds, at)) = snapshot.today.get(&id)
            {
                agent.tally = Tally { calls, seconds, last_ended_at: (at > Timestamp(0)).then_some(at) };
            }
        }
        for row in snapshot.agent_states {
            center.load_agent_state(row);
        }
        center.index_contacts();
        center.cut_off(snapshot.legs, last_at);
        center.straighten_agents();
        center.route();
        center.tell_changes();
        center
    }

    fn load_contact(&mut self, row: ContactRow, person: Person, settings: Arc<Settings>) -> &mut Contact {
        let id = row.id;
        let skill = self.lines.intern(&row.skill);
        self.last_place = self.last_place.max(row.place);
        if !row.state.is_over() {
            *self.open.of(&row) += 1;
        }
        let over = row.state.is_over();
        let contact = self.contacts.entry(id).or_insert_with(|| Contact::new(row, person, settings, skill));
        if let Some(number) = contact.number()
            && !over
        {
            let number = self.limits.mark(number);
            self.numbers.insert(number.clone(), id);
        }
        contact
    }

    fn load_agent_state(&mut self, row: AgentStateRow) {
        let until = self.now + self.settings.console_grace;
        let Some(agent) = self.agents.get_mut(&row.id) else { return };
        agent.stored = Some(row.clone());
        agent.since = row.since;
        agent.idle_since = row.since;
        agent.away_reason = row.away_reason;
        agent.link = Link::Lost { until };
        let ready = Duty::Ready { counted_by: None };
        agent.duty = match (row.presence, row.contact) {
            (Presence::Offline, owes) => {
                agent.link = Link::Gone;
                Duty::Offline { owes }
            }
            (Presence::Away, _) => Duty::Away,
            (Presence::Reserved, Some(contact)) => Duty::Reserved { contact },
            (Presence::Ringing, Some(contact)) => Duty::Ringing { contact, until: None },
            (Presence::Talking, Some(contact)) => Duty::Talking { contact, until: None },
            (Presence::WrapUp, Some(contact)) => {
                let state = self.contacts.get(&contact).map(|contact| &contact.row.state);
                let until = if let Some(ContactState::WrapUp { until, .. }) = state { *until } else { None };
                Duty::WrapUp { contact, until }
            }
            (Presence::Ready | Presence::Reserved | Presence::Ringing, _) => ready,
            (Presence::Talking | Presence::WrapUp, None) => ready,
        };
        self.reindex_agent(row.id);
    }

    /// Gives every contact its place in the indexes. Nothing of it is new to anybody.
    fn index_contacts(&mut self) {
        let ids: Vec<ContactId> = self.contacts.keys().copied().collect();
        for id in ids {
            self.reindex(id);
        }
        self.changed_contacts.clear();
    }

    /// Frees agents from contacts that are not theirs (any more), and closes wrap-ups that nobody owes.
    fn straighten_agents(&mut self) {
        let tied: Vec<(AgentId, ContactId)> =
            self.agents.iter().filter_map(|(id, agent)| Some((*id, agent.duty.contact()?))).collect();
        for (agent, contact) in tied {
            if self.state_of(contact).and_then(|state| state.agent()) != Some(agent) {
                self.finish_duty(agent);
            }
        }
        let ids: Vec<ContactId> = self.contacts.keys().copied().collect();
        for id in ids {
            let Some(ContactState::WrapUp { agent, until }) = self.state_of(id) else { continue };
            match self.agents.get(&agent).map(|agent| (agent.link, agent.duty.contact())) {
                Some((_, Some(contact))) if contact == id => {}
                Some((Link::Gone, None)) => self.set_duty(agent, Duty::Offline { owes: Some(id) }),
                Some((_, None)) => self.set_duty(agent, Duty::WrapUp { contact: id, until }),
                Some((_, Some(_))) | None => self.close_wrap_up(id),
            }
        }
    }

    /// Closes every leg that was up, and sends its contact on.
    fn cut_off(&mut self, legs: Vec<LegRecord>, last_at: Timestamp) {
        for mut record in legs {
            let leg = record.leg;
            let number = record.number.clone();
            // What stands for the number of somebody who was erased is for the moment, not for the record.
            record.number = record.number.filter(|number| !is_fingerprint(number));
            if let Some(ended_at) = record.ended_at {
                // That it was told to hang up may never have left, however long ago that is by now: what
                // counts is how long the one before us lived on. When those were told that an earlier
                // restart cut off, their records don't say.
                let cut_off = record.cause == Some(LegCause::Interrupted);
                if !cut_off && ended_at + TOLD_FOR_CERTAIN <= last_at {
                    continue;
                }
            } else {
                self.legs.insert(leg, record);
                // It was up when something was last stored, if only a sign of life; more than that nobody knows.
                self.close_leg(leg, last_at, LegCause::Interrupted);
            }
            self.command(leg, Action::HangUp { cause: LegCause::Interrupted });
            if let Some(number) = number {
                self.await_hang_up(leg, number);
            }
        }
        let ids: Vec<ContactId> = self.contacts.keys().copied().collect();
        for id in ids {
            self.cut_off_contact(id, last_at);
        }
    }

    fn cut_off_contact(&mut self, id: ContactId, last_at: Timestamp) {
        use ContactState as S;
        let Some(state) = self.state_of(id) else { return };
        match state {
            S::Talking { agent, since, .. } => {
                self.call_over(id, agent, last_at.since(since).as_millis(), EndReason::Interrupted);
            }
            S::Closing { reason, .. } => self.attempt_failed(id, reason),
            S::Offering { agent, .. } => {
                self.record(Event::OfferLapsed { contact: id, agent, declined: false });
                self.attempt_failed(id, EndReason::Interrupted);
            }
            S::Dialing { .. } | S::Confirming { .. } | S::Holding { .. } | S::Connecting { .. } => {
                self.attempt_failed(id, EndReason::Interrupted);
            }
            // Its pages come back by themselves, or are gone.
            S::Showing { .. } => self.show_until(id, true),
            S::Scheduled { .. } | S::Waiting { .. } | S::Feigned { .. } | S::WrapUp { .. } | S::Ended => {}
        }
    }
}

//! What must hold after every step.
use std::collections::{BTreeMap, BTreeSet};

use shared::{
    AgentId, ContactId, LegId,
    api::{Channel, Party},
    contact::{CustomerStatus, EndReason, Presence},
};

use super::world::World;
use crate::{
    Endpoint, Notice,
    center::{ContactState, agents::Duty},
    record::{Event, Person},
};

/// What was told to whom so far.
#[derive(Default)]
pub(super) struct Watch {
    statuses: BTreeMap<ContactId, CustomerStatus>,
    shown: BTreeSet<(AgentId, ContactId)>,
    viewing: BTreeMap<ContactId, Option<AgentId>>,
    finished: BTreeSet<ContactId>,
    legs: BTreeSet<LegId>,
    events: usize,
    /// Since its last dial.
    confirmed: BTreeSet<ContactId>,
}

impl Watch {
    pub(super) fn told(&mut self, notice: &Notice) -> Result<(), String> {
        match notice {
            Notice::Customer { contact, status } => {
                let before = self.statuses.insert(*contact, status.clone());
                if before.as_ref() == Some(status) {
                    return Err(format!("{contact} was told the same twice"));
                }
                if self.finished.contains(contact) && status.reason != before.and_then(|b| b.reason) {
                    return Err(format!("{contact} ended twice"));
                }
            }
            Notice::CustomerFinished { contact } => drop(self.finished.insert(*contact)),
            Notice::Shown { agent, contact } => drop(self.shown.insert((*agent, contact.contact))),
            Notice::Cleared { agent, contact, .. } => {
                if !self.shown.remove(&(*agent, *contact)) {
                    return Err(format!("{contact} was cleared and never shown to {agent}"));
                }
            }
            Notice::Viewing { contact, agent, .. } => drop(self.viewing.insert(*contact, *agent)),
            Notice::Agent { .. } | Notice::Today { .. } | Notice::Queue(_) | Notice::Displaced { .. } => {}
        }
        Ok(())
    }

    /// Peers reconnect and ask for what they need.
    pub(super) fn restarted(&mut self) {
        self.statuses.clear();
        self.shown.clear();
        self.viewing.clear();
        self.finished.clear();
    }
}

impl World {
    pub(super) fn count_events(&mut self) {
        let new = self.ledger.events[self.watch.events..].to_vec();
        self.watch.events = self.ledger.events.len();
        for event in new {
            let what = match event {
                Event::Dialed { contact, agent: None, .. } => {
                    self.watch.confirmed.remove(&contact);
                    continue;
                }
                Event::Confirmed { contact } => {
                    self.watch.confirmed.insert(contact);
                    continue;
                }
                Event::Bridged { .. } => "bridged",
                Event::Requested { merged: true, .. } => "merged",
                Event::OptedOut { .. } => "opted out",
                Event::OfferLapsed { agent, .. } => {
                    let row = self.ledger.agents.get(&agent);
                    let ready =
                        row.is_some_and(|row| row.presence == Presence::Ready && row.station.is_some());
                    self.must(!ready, "an agent who let a call lapse is ready for the next");
                    "lapsed"
                }
                Event::Ended { reason, .. } => match reason {
                    EndReason::Completed => "completed",
                    EndReason::NotConfirmed => "not confirmed",
                    EndReason::Abandoned => "abandoned",
                    EndReason::Busy => "busy",
                    EndReason::NoAnswer => "no answer",
                    EndReason::NotAllowed => "not allowed",
                    EndReason::WindowClosed => "window closed",
                    EndReason::NoAgent => "no agent",
                    EndReason::Interrupted => "interrupted",
                    EndReason::Cancelled
                    | EndReason::Rejected
                    | EndReason::Unreachable
                    | EndReason::OptedOut
                    | EndReason::NoMicrophone => continue,
                },
                _ => continue,
            };
            self.saw(what);
        }
    }

    /// A leg is about to be placed.
    pub(super) fn check_originate(&mut self, leg: LegId, to: &Endpoint) {
        let new = self.watch.legs.insert(leg);
        self.must(new, "a leg id came twice");
        let record = self.ledger.legs.get(&leg).cloned();
        self.must(
            record.as_ref().is_some_and(|leg| leg.ended_at.is_none()),
            "a dial without its stored intent",
        );
        let dialled = |event: &Event| matches!(event, Event::Dialed { leg: of, .. } if *of == leg);
        self.must(self.ledger.events.iter().rev().take(60).any(dialled), "a dial without its event");
        let Some(record) = record else { return };
        let contact = &self.ledger.contacts[&record.contact];
        self.must(!contact.merged, "a merged request was dialled");
        match to {
            Endpoint::Telephone(number) => self.check_number(number, &self.ledger.persons[&contact.id]),
            Endpoint::Page(id) => self.must(*id == contact.id, "another customer's page rings"),
            Endpoint::Console(agent) => self.check_agent_rings(*agent, contact.id),
        }
    }

    fn check_number(&self, number: &str, person: &Person) {
        let up = self.driver.legs.values();
        let same = up.filter(|leg| matches!(&leg.to, Endpoint::Telephone(other) if other == number)).count();
        self.must(same == 0, "two live legs to one number");
        self.must(!self.ledger.opt_outs.contains(number), "a number that opted out was dialled");
        let region = person.region.clone().unwrap_or_default();
        self.must(self.center.settings.regions.contains(&region), "a denied region was dialled");
        let dials = self.ledger.legs.values().filter(|leg| {
            leg.party == Party::Customer
                && leg.number.is_some()
                && leg.started_at.0 + 24 * 3600 * 1000 > self.now.0
        });
        self.must(dials.count() <= self.center.settings.dial_budget as usize, "the dial budget is overdrawn");
    }

    fn check_agent_rings(&self, agent: AgentId, id: ContactId) {
        let contact = &self.ledger.contacts[&id];
        let leg = contact.state.customer_leg().and_then(|leg| self.ledger.legs.get(&leg));
        let on_the_line = leg.is_some_and(|leg| leg.answered_at.is_some() && leg.ended_at.is_none());
        self.must(on_the_line, "an agent rings for nobody");
        let settings = &self.ledger.settings[&contact.settings];
        let confirmed = self.watch.confirmed.contains(&id);
        let asked = settings.press_one && contact.channel == Channel::Telephone;
        self.must(confirmed || !asked, "an agent rings before the customer confirmed");
        self.must(self.watch.shown.contains(&(agent, id)), "an agent rings before the screen-pop");
        self.must(
            self.watch.viewing.get(&id) == Some(&Some(agent)),
            "an agent rings and may not see the page",
        );
        let skills = &self.ledger.profiles[&agent].skills;
        let qualified = contact.skill.is_empty() || skills.contains(&contact.skill);
        self.must(qualified, "an agent rings who lacks the skill");
    }

    pub(super) fn check(&mut self) {
        self.check_rows();
        self.check_ties();
        self.check_legs();
        self.check_indexes();
        self.count_states();
    }

    fn count_states(&mut self) {
        let hanging = &self.center.hanging;
        let blocked = self.center.contacts.values().any(|contact| {
            let due = matches!(contact.row.state, ContactState::Waiting { not_before: None });
            due && contact.number().is_some_and(|number| hanging.is_busy(number))
        });
        if blocked {
            self.saw("number waited for a hang-up");
        }
        let states: Vec<ContactState> =
            self.center.contacts.values().map(|contact| contact.row.state.clone()).collect();
        for state in states {
            match state {
                ContactState::Feigned { .. } => self.saw("feigned"),
                ContactState::Closing { reason: EndReason::NoAgent, .. } => self.saw("apologised"),
                _ => {}
            }
        }
    }

    /// What is stored is what is known: a restart finds it all.
    fn check_rows(&self) {
        for (id, contact) in &self.center.contacts {
            self.must(
                self.ledger.contacts.get(id) == Some(&contact.row),
                &format!("the row of {id} is stale"),
            );
            self.must(self.ledger.persons.get(id) == Some(&contact.person), "a person is stale");
            let wrap_up =
                self.ledger.wrap_ups.get(id).map(|(wrap_up, _)| wrap_up.clone()).unwrap_or_default();
            self.must(wrap_up == contact.wrap_up, "a wrap-up is stale");
        }
        let is_over = |id| self.ledger.contacts.get(id).is_none_or(|row| row.state.is_over());
        self.must(!self.ledger.tokens.values().any(is_over), "a token outlives its contact");
        let open = self.ledger.contacts.values().filter(|row| !row.closed).count();
        self.must(open == self.center.contacts.len(), "a request was lost");
        for (id, agent) in &self.center.agents {
            let row = self.ledger.agents.get(id);
            self.must(row == Some(&agent.row()), &format!("the state of {id} is stale"));
        }
        let live = self.ledger.legs.values().filter(|leg| leg.ended_at.is_none());
        let live: BTreeMap<LegId, _> = live.map(|leg| (leg.leg, leg.clone())).collect();
        self.must(live == self.center.legs, "the record of a live leg is stale");
    }

    /// Contacts and agents agree on who has whom.
    fn check_ties(&self) {
        let mut taken = BTreeSet::new();
        for (id, contact) in &self.center.contacts {
            let Some(agent) = contact.row.state.agent() else { continue };
            self.must(taken.insert(agent), &format!("{agent} was taken twice"));
            let duty = self.center.agents.get(&agent).map(|agent| agent.duty);
            let fits = match (&contact.row.state, duty) {
                (
                    ContactState::Dialing { .. }
                    | ContactState::Confirming { .. }
                    | ContactState::Holding { .. },
                    Some(duty),
                ) => {
                    matches!(duty, Duty::Reserved { .. } | Duty::Ready { .. })
                }
                (ContactState::Offering { .. } | ContactState::Connecting { .. }, Some(duty)) => {
                    matches!(duty, Duty::Ringing { .. })
                }
                (ContactState::Talking { .. }, Some(duty)) => matches!(duty, Duty::Talking { .. }),
                (ContactState::WrapUp { .. }, Some(duty)) => {
                    matches!(duty, Duty::WrapUp { .. } | Duty::Offline { .. })
                }
                _ => false,
            };
            let mutual = duty.is_some_and(|duty| duty.contact() == Some(*id));
            self.must(fits && mutual, &format!("{id} is {:?}, its agent {duty:?}", contact.row.state));
        }
        for (id, agent) in &self.center.agents {
            if agent.duty.contact().is_some() {
                self.must(taken.contains(id), &format!("{id} is tied to nothing: {:?}", agent.duty));
            }
        }
    }

    /// Live legs and the states of their contacts agree.
    fn check_legs(&self) {
        let states = self.center.contacts.values().map(|contact| &contact.row.state);
        let held: BTreeSet<LegId> =
            states.flat_map(|s| [s.customer_leg(), s.agent_leg()]).flatten().collect();
        let live: BTreeSet<LegId> = self.center.legs.keys().copied().collect();
        self.must(held == live, "a live leg belongs to nobody, or a contact holds a dead one");
        for leg in self.driver.legs.iter().filter(|(_, up)| up.down_at.is_none()).map(|(leg, _)| leg) {
            self.must(live.contains(leg), "a ghost leg is up");
        }
    }

    fn check_indexes(&self) {
        let contacts = self.center.contacts.values();
        let open = contacts.filter(|contact| !contact.row.state.is_over()).count();
        self.must(u32::try_from(open).unwrap() == self.center.open, "open contacts are miscounted");
        let queue = self.center.queue();
        let merged = |id: &ContactId| self.center.contacts.get(id).is_none_or(|contact| contact.row.merged);
        self.must(
            !queue.waiting.iter().any(|entry| merged(&entry.contact)),
            "a merged request is in the list",
        );
        for contact in self.center.contacts.values() {
            let due = match contact.row.state {
                ContactState::Scheduled { at } | ContactState::Waiting { not_before: Some(at) } => at,
                _ => continue,
            };
            let late = due <= self.now && self.center.poll_timeout().is_none_or(|(at, _)| at > self.now);
            self.must(!late, "a time came and nobody noticed");
        }
    }

    pub(super) fn check_all_is_over(&self) {
        self.must(self.center.contacts.is_empty(), &format!("left over: {:?}", self.rows_left()));
        self.must(self.center.legs.is_empty() && self.driver.legs.is_empty(), "a leg is left up");
        self.must(self.center.open == 0 && self.center.numbers.is_empty(), "a number is still taken");
        self.must(self.center.poll_timeout().is_none(), "a deadline is left");
        self.must(self.center.queue().total == 0, "somebody is still in the list");
        for row in self.ledger.contacts.values() {
            self.must(row.closed && row.reason.is_some() && row.ended_at.is_some(), "a request has no end");
        }
        for leg in self.ledger.legs.values() {
            self.must(leg.ended_at.is_some() && leg.cause.is_some(), "the record of a leg has no end");
        }
    }

    fn rows_left(&self) -> Vec<&ContactState> {
        self.center.contacts.values().map(|contact| &contact.row.state).collect()
    }
}

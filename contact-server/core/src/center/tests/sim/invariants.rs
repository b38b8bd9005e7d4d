//! What must hold whatever the model says.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::{Channel, LegRecord, Party},
    contact::{CustomerStatus, EndReason, Presence},
};

use super::{driver::Temper, model::DAY, world::World};
use crate::{
    DialCommand, Endpoint, Notice,
    effect::Action,
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
    pub(super) erased: BTreeSet<ContactId>,
    /// When each leg was last told to hang up, by the business's clock.
    told_to_go: BTreeMap<LegId, Timestamp>,
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
            Notice::CustomerFinished { contact } => {
                if !self.finished.insert(*contact) {
                    return Err(format!("{contact} finished twice"));
                }
            }
            Notice::Shown { agent, contact } => drop(self.shown.insert((*agent, contact.contact))),
            Notice::Cleared { agent, contact, .. } => {
                if !self.shown.remove(&(*agent, *contact)) {
                    return Err(format!("{contact} was cleared and never shown to {agent}"));
                }
            }
            Notice::Lead { .. } | Notice::Live { .. } => {}
            Notice::Viewing { contact, viewing } => drop(self.viewing.insert(*contact, viewing.agent)),
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
    pub(super) fn count_events(&mut self, events: &[Event]) {
        for event in events {
            let what = match event {
                Event::Bridged { .. } => "bridged",
                Event::Requested { merged: true, .. } => "merged",
                Event::OptedOut { .. } => "opted out",
                Event::OfferLapsed { agent, .. } => {
                    let row = self.ledger.agents.get(agent);
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
                    EndReason::Cancelled => "cancelled",
                    EndReason::Rejected => "rejected",
                    EndReason::Unreachable => "unreachable",
                    EndReason::OptedOut => "ended as opted out",
                    EndReason::NoMicrophone => "no microphone",
                    EndReason::Shown => "shown, and over",
                },
                _ => continue,
            };
            self.saw(what);
        }
    }

    pub(super) fn note_hang_ups(&mut self, dials: &[DialCommand]) {
        for command in dials {
            if let Action::HangUp { .. } = command.action {
                self.watch.told_to_go.insert(command.leg, self.model.now);
            }
        }
    }

    /// A leg is about to be placed.
    pub(super) fn check_originate(&mut self, leg: LegId, to: &Endpoint) {
        let new = self.watch.legs.insert(leg);
        self.must(new, "a leg id came twice");
        let dialled = |event: &Event| matches!(event, Event::Dialed { leg: of, .. } if *of == leg);
        self.must(self.ledger.events.iter().rev().take(60).any(dialled), "a dial without its event");
        let Some(record) = self.ledger.legs.get(&leg).cloned() else {
            self.fail("a dial without its stored intent");
        };
        self.must(record.ended_at.is_none(), "a leg that has ended is dialled");
        let contact = &self.ledger.contacts[&record.contact];
        self.must(!contact.merged, "a merged request was dialled");
        self.must(contact.channel != Channel::Page, "a page that is shown was dialled");
        match to {
            Endpoint::Telephone(_) if self.watch.erased.contains(&contact.id) => {}
            Endpoint::Telephone(number) => {
                self.check_number(number, &record, &self.ledger.persons[&contact.id]);
            }
            Endpoint::Page(id) => self.must(*id == contact.id, "another customer's page rings"),
            Endpoint::Console(agent) => self.check_agent_rings(*agent, contact.id),
        }
    }

    fn check_number(&self, number: &str, record: &LegRecord, person: &Person) {
        let given_up = |leg: &LegId| {
            let told = self.watch.told_to_go.get(leg);
            told.is_some_and(|told| self.model.now.since(*told) >= Duration::from_secs(32))
        };
        let up = self.driver.legs.iter().filter(|(leg, _)| !given_up(leg));
        let same = up.filter(|(_, up)| matches!(&up.to, Endpoint::Telephone(other) if other == number));
        let honest = self.driver.temper != Temper::Wild;
        self.must(!honest || same.count() == 0, "two live legs to one number");
        self.must(!self.ledger.opt_outs.contains(number), "a number that opted out was dialled");
        let region = person.region.clone().unwrap_or_default();
        let settings = self.ledger.newest_settings();
        self.must(settings.regions.contains(&region), "a denied region was dialled");
        let same_day = |leg: &&LegRecord| {
            leg.party == Party::Customer && leg.number.is_some() && leg.started_at + DAY > record.started_at
        };
        let all = self.ledger.legs.values().filter(same_day);
        let same = all.clone().filter(|leg| leg.number == record.number).count();
        self.must(all.count() <= settings.dial_budget as usize, "the dial budget is overdrawn");
        self.must(same <= settings.dials_per_number as usize, "a number is dialled too often");
    }

    fn check_agent_rings(&self, agent: AgentId, id: ContactId) {
        let contact = &self.ledger.contacts[&id];
        let leg = contact.state.customer_leg().and_then(|leg| self.ledger.legs.get(&leg));
        let on_the_line = leg.is_some_and(|leg| leg.answered_at.is_some() && leg.ended_at.is_none());
        self.must(on_the_line, "an agent rings for nobody");
        let settings = &self.ledger.settings[&contact.settings];
        let of = |event: &&Event| matches!(event, Event::Confirmed { contact } | Event::Dialed { contact, agent: None, .. } if *contact == id);
        let confirmed = matches!(self.ledger.events.iter().rev().find(of), Some(Event::Confirmed { .. }));
        let asked = settings.press_one && contact.channel == Channel::Telephone;
        self.must(confirmed || !asked, "an agent rings before the customer confirmed");
        self.must(self.watch.shown.contains(&(agent, id)), "an agent rings before the screen-pop");
        let viewer = self.watch.viewing.get(&id);
        self.must(viewer == Some(&Some(agent)), "an agent rings and may not see the page");
        let skills = &self.ledger.profiles[&agent].skills;
        let qualified = contact.skill.is_empty() || skills.contains(&contact.skill);
        self.must(qualified, "an agent rings who lacks the skill");
    }

    /// After every step.
    pub(super) fn check(&mut self) {
        self.check_ties();
        self.check_told();
        if self.lag.is_none() && self.driver.temper != Temper::Wild {
            for (leg, up) in &self.driver.legs {
                let live = self.ledger.legs.get(leg).is_some_and(|leg| leg.ended_at.is_none());
                self.must(live || up.down_at.is_some(), "a ghost leg is up");
            }
        }
    }

    /// By the stored rows alone: no agent is taken twice, and legs and contacts belong together.
    fn check_ties(&self) {
        let (mut taken, mut held) = (BTreeSet::new(), BTreeSet::new());
        for id in self.model.open() {
            let Some(row) = self.ledger.contacts.get(&id) else { self.fail("a request was lost") };
            if let Some(agent) = row.state.agent() {
                self.must(taken.insert(agent), "an agent was taken twice");
            }
            self.must(!row.merged || row.state.customer_leg().is_none(), "a merged request has a leg");
            self.check_shown(row);
            held.extend(row.state.customer_leg().into_iter().chain(row.state.agent_leg()));
        }
        for leg in &held {
            let live = self.ledger.legs.get(leg).is_some_and(|leg| leg.ended_at.is_none());
            self.must(live, "a contact holds a dead leg");
        }
        let live = self.model.live_legs().count();
        self.must(live == held.len(), "a live leg belongs to nobody");
    }

    /// The latest that was told is what is so (positions and estimates may lag).
    fn check_told(&self) {
        if self.lag.is_some() {
            return;
        }
        for (id, told) in &self.watch.statuses {
            if self.model.requests.contains_key(id) {
                let expected = self.model.status(*id);
                let told = CustomerStatus { position: None, wait_seconds: None, ..told.clone() };
                self.must(told == expected, "a customer was told something else");
            }
        }
        for (agent, contact) in &self.watch.shown {
            let shown = self.model.agents.contains_key(agent) && self.model.doing(*agent).1 == Some(*contact);
            self.must(shown, "an agent still sees a contact that is not his");
        }
    }

    pub(super) fn check_all_is_over(&mut self) {
        let left: Vec<ContactId> = self.model.open().collect();
        self.must(left.is_empty(), &format!("left over: {left:?}"));
        self.compare_everything();
        let honest = self.driver.temper != Temper::Wild;
        self.must(!honest || self.driver.legs.is_empty(), "a leg is left up");
        self.must(self.center.poll_timeout().is_none(), "a deadline is left");
        self.must(self.center.queue().total == 0, "somebody is still in the list");
        for row in self.ledger.contacts.values() {
            self.must(row.closed && row.reason.is_some() && row.ended_at.is_some(), "a request has no end");
        }
        for leg in self.ledger.legs.values() {
            self.must(leg.ended_at.is_some() && leg.cause.is_some(), "the record of a leg has no end");
        }
        for agent in self.model.agents.keys() {
            let free = matches!(self.model.doing(*agent), (Presence::Ready | Presence::Away, None, _));
            self.must(free, "an agent is not free at the end");
        }
    }
}

//! Folds the events of a business, and notes those that could not follow what was before.
use std::collections::BTreeMap;

use contact_core::record::Event;
use shared::{
    AgentId, ContactId, LegId,
    api::Channel,
    contact::{EndReason, LegCause, Presence},
};

use super::Kept;

#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) contacts: BTreeMap<ContactId, Contact>,
    pub(super) legs: BTreeMap<LegId, Leg>,
    pub(super) presences: BTreeMap<AgentId, Presence>,
}

#[derive(Debug, Default)]
pub(super) struct Contact {
    telephone: bool,
    pub(super) attempts: u32,
    pub(super) customer_leg: Option<LegId>,
    pub(super) agent_leg: Option<LegId>,
    confirmed: bool,
    pub(super) bridged: bool,
    pub(super) ended: Option<EndReason>,
    pub(super) wrapped_up: bool,
}

#[derive(Debug, Default)]
pub(super) struct Leg {
    /// Seq of the dial and of the end.
    pub(super) dialled: u64,
    pub(super) ended: Option<u64>,
    pub(super) answered: bool,
    pub(super) cause: Option<LegCause>,
}

pub(super) fn fold(kept: &Kept, faults: &mut Vec<String>) -> Folded {
    let mut folded = Folded::default();
    for (seq, _, event) in &kept.events {
        if let Err(fault) = folded.take(*seq, event) {
            faults.push(format!("event {seq}: {fault}"));
        }
    }
    folded
}

impl Folded {
    fn take(&mut self, seq: u64, event: &Event) -> Result<(), String> {
        match event {
            Event::Requested { contact, channel, .. } => {
                let new = Contact { telephone: *channel == Channel::Telephone, ..Contact::default() };
                match self.contacts.insert(*contact, new) {
                    Some(_) => Err(format!("contact {contact} was requested twice")),
                    None => Ok(()),
                }
            }
            Event::Dialed { contact, leg, agent, .. } => self.dialled(seq, *contact, *leg, *agent),
            Event::Answered { contact, leg } => {
                let leg = self.legs.get_mut(leg).ok_or("a leg that was never dialled answered")?;
                leg.answered = true;
                self.open(*contact, "answered").map(drop)
            }
            Event::Confirmed { contact } => {
                let open = self.open(*contact, "confirmed")?;
                open.confirmed = true;
                if open.customer_leg.is_none() { Err("confirmed by nobody".to_owned()) } else { Ok(()) }
            }
            Event::Bridged { contact, .. } => {
                let open = self.open(*contact, "bridged")?;
                open.bridged = true;
                let both = open.customer_leg.is_some() && open.agent_leg.is_some();
                if both { Ok(()) } else { Err(format!("contact {contact} was bridged with a leg missing")) }
            }
            Event::LegEnded { contact, leg, cause } => self.leg_ended(seq, *contact, *leg, *cause),
            Event::Ended { contact, reason } => {
                let open = self.open(*contact, "ended")?;
                open.ended = Some(*reason);
                match (open.customer_leg, open.agent_leg) {
                    (None, None) => Ok(()),
                    _ => Err(format!("contact {contact} ended with a leg that is up")),
                }
            }
            Event::WrapUpDone { contact, .. } => {
                let known = self.contacts.get_mut(contact).ok_or("a wrap-up of nothing")?;
                let first = known.ended.is_some() && !std::mem::replace(&mut known.wrapped_up, true);
                if first { Ok(()) } else { Err(format!("contact {contact} was wrapped up out of turn")) }
            }
            Event::Queued { contact, .. }
            | Event::Reserved { contact, .. }
            | Event::Offered { contact, .. }
            | Event::Accepted { contact, .. }
            | Event::OfferLapsed { contact, .. }
            | Event::Held { contact, .. }
            | Event::OptedOut { contact } => self.open(*contact, "went on").map(drop),
            Event::Presence { agent, presence } => {
                self.presences.insert(*agent, *presence);
                Ok(())
            }
            Event::SharingSet { .. }
            | Event::SettingsChanged { .. }
            | Event::Erased { .. }
            | Event::RecordingPlayed { .. }
            | Event::PowerAsked { .. }
            | Event::PowerGranted { .. }
            | Event::PowerRefused { .. }
            | Event::PowerEnded { .. }
            | Event::PointingStopped { .. }
            | Event::WatchBegan { .. }
            | Event::WatchEnded { .. }
            | Event::CodeMade { .. } => Ok(()),
        }
    }

    fn open(&mut self, contact: ContactId, what: &str) -> Result<&mut Contact, String> {
        let known = self.contacts.get_mut(&contact).ok_or(format!("contact {contact} {what} unasked"))?;
        match known.ended {
            Some(_) => Err(format!("contact {contact} {what} after its end")),
            None => Ok(known),
        }
    }

    fn dialled(
        &mut self,
        seq: u64,
        contact: ContactId,
        leg: LegId,
        agent: Option<AgentId>,
    ) -> Result<(), String> {
        let customer = self.open(contact, "was dialled")?.customer_leg;
        let is_on_the_line = customer.and_then(|leg| self.legs.get(&leg)).is_some_and(|leg| leg.answered);
        let open = self.open(contact, "was dialled")?;
        let side = match agent {
            Some(_) => &mut open.agent_leg,
            None => &mut open.customer_leg,
        };
        let was = side.replace(leg);
        let confirmed = open.confirmed || !open.telephone;
        if agent.is_none() {
            (open.attempts, open.confirmed) = (open.attempts + 1, false);
        }
        if self.legs.insert(leg, Leg { dialled: seq, ..Leg::default() }).is_some() {
            return Err(format!("leg {leg} was dialled twice"));
        }
        match was {
            Some(other) => Err(format!("leg {leg} was dialled while {other} was up")),
            None if agent.is_some() && !(is_on_the_line && confirmed) => {
                Err(format!("an agent was rung for contact {contact} before its customer was there"))
            }
            None => Ok(()),
        }
    }

    fn leg_ended(&mut self, seq: u64, contact: ContactId, leg: LegId, cause: LegCause) -> Result<(), String> {
        let known = self.legs.get_mut(&leg).ok_or(format!("leg {leg} ended and was never dialled"))?;
        if known.ended.replace(seq).is_some() {
            return Err(format!("leg {leg} ended twice"));
        }
        known.cause = Some(cause);
        let of = self.contacts.get_mut(&contact).ok_or(format!("leg {leg} of no contact"))?;
        of.customer_leg = of.customer_leg.filter(|up| *up != leg);
        of.agent_leg = of.agent_leg.filter(|up| *up != leg);
        Ok(())
    }
}

//! Consoles and handsets that are connected, and the legs that they are invited to carry.
use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use contact_core::record::TokenHash;
use shared::{
    AgentId, BusinessId, ContactId, LegId, StationId, close,
    contact::LegCause,
    wire::{
        LegGone, LegInvite,
        console::{ContactCleared, ContactShown, ServerToConsole},
        handset::{Ring, ServerToHandset},
    },
};
use tokio::sync::Notify;

use super::outbox::{Outbox, Slot};
use crate::limits::HANDSETS_PER_NUMBER;

/// Consoles by agent. Touched on join, leave and at what agents are told.
#[derive(Debug, Default)]
pub struct Desks(BTreeMap<(BusinessId, AgentId), Desk>);

#[derive(Debug, Default)]
struct Desk {
    /// Oldest first; more than one only until the older ones have heard that they are displaced.
    consoles: Vec<Console>,
    invite: Option<LegId>,
    /// The screen-pop as the engine told it last.
    shown: Option<ContactShown>,
    /// Earlier contacts of the same number, which only the store knows.
    earlier: Option<(ContactId, u32)>,
}

/// One connected console.
#[derive(Debug, Clone)]
pub struct Console {
    pub station: StationId,
    /// The session that it signed in with.
    pub session: TokenHash,
    pub outbox: Arc<Outbox>,
    /// Woken when a contact is shown whose earlier contacts must be counted.
    pub count: Arc<Notify>,
}

impl Desks {
    /// The console that the agent has now.
    pub fn current(&self, business: BusinessId, agent: AgentId) -> Option<&Console> {
        self.0.get(&(business, agent))?.consoles.last()
    }

    pub fn join(&mut self, business: BusinessId, agent: AgentId, console: Console) {
        let desk = self.0.entry((business, agent)).or_default();
        if let Some(leg) = desk.invite {
            console.outbox.send(ServerToConsole::from(LegInvite { leg }).encode());
        }
        desk.consoles.push(console);
    }

    pub fn leave(&mut self, business: BusinessId, agent: AgentId, station: StationId) {
        if let Some(desk) = self.0.get_mut(&(business, agent)) {
            desk.consoles.retain(|console| console.station != station);
        }
        self.tidy(business, agent);
    }

    /// All consoles of an agent, newest last.
    pub fn of_agent(&self, business: BusinessId, agent: AgentId) -> Vec<Console> {
        self.0.get(&(business, agent)).map(|desk| desk.consoles.clone()).unwrap_or_default()
    }

    /// Shows a snapshot to the agent's current console.
    pub fn show(&self, business: BusinessId, agent: AgentId, slot: Slot, message: impl Into<Bytes>) {
        if let Some(console) = self.current(business, agent) {
            console.outbox.show(slot, message);
        }
    }

    /// Shows the screen-pop; how many earlier contacts there are follows as soon as somebody counted them.
    pub fn show_contact(&mut self, business: BusinessId, agent: AgentId, contact: ContactShown) {
        let Some(desk) = self.0.get_mut(&(business, agent)) else { return };
        desk.shown = Some(contact);
        desk.show_contact();
    }

    /// The contact that is shown and whose earlier contacts nobody has counted.
    pub fn uncounted(&self, business: BusinessId, agent: AgentId) -> Option<ContactId> {
        let desk = self.0.get(&(business, agent))?;
        let shown = desk.shown.as_ref()?.contact;
        desk.earlier.is_none_or(|(of, _)| of != shown).then_some(shown)
    }

    pub fn set_earlier(&mut self, business: BusinessId, agent: AgentId, contact: ContactId, earlier: u32) {
        let Some(desk) = self.0.get_mut(&(business, agent)) else { return };
        desk.earlier = Some((contact, earlier));
        desk.show_contact();
    }

    pub fn clear_contact(
        &mut self,
        business: BusinessId,
        agent: AgentId,
        contact: ContactId,
        cause: Option<LegCause>,
    ) {
        let Some(desk) = self.0.get_mut(&(business, agent)) else { return };
        desk.shown.take_if(|shown| shown.contact == contact);
        if let Some(console) = desk.consoles.last() {
            console.outbox.withdraw(Slot::Shown(contact));
            console.outbox.send(ServerToConsole::from(ContactCleared { contact, cause }).encode());
        }
    }

    /// Shows a snapshot to every console of the business.
    pub fn show_all(&self, business: BusinessId, slot: Slot, message: &Bytes) {
        let all = (business, AgentId(0))..=(business, AgentId(u128::MAX));
        for console in self.0.range(all).filter_map(|(_, desk)| desk.consoles.last()) {
            console.outbox.show(slot, message.clone());
        }
    }

    /// Lets every console of the business connect anew, which signs it in.
    pub fn call_back(&self, business: BusinessId) {
        let all = (business, AgentId(0))..=(business, AgentId(u128::MAX));
        for console in self.0.range(all).flat_map(|(_, desk)| &desk.consoles) {
            console.outbox.close(close::INTERNAL);
        }
    }

    pub fn displace(&mut self, business: BusinessId, agent: AgentId, station: StationId) {
        for console in self.of_agent(business, agent).iter().filter(|console| console.station == station) {
            console.outbox.close(close::DISPLACED);
        }
    }

    pub fn invite(&mut self, business: BusinessId, agent: AgentId, leg: LegId) -> bool {
        let desk = self.0.entry((business, agent)).or_default();
        desk.invite = Some(leg);
        let Some(console) = desk.consoles.last() else { return false };
        console.outbox.send(ServerToConsole::from(LegInvite { leg }).encode());
        true
    }

    pub fn leg_gone(&mut self, business: BusinessId, agent: AgentId, leg: LegId) {
        let Some(desk) = self.0.get_mut(&(business, agent)) else { return };
        if desk.invite == Some(leg) {
            desk.invite = None;
        }
        for console in &desk.consoles {
            console.outbox.send(ServerToConsole::from(LegGone { leg }).encode());
        }
        self.tidy(business, agent);
    }

    fn tidy(&mut self, business: BusinessId, agent: AgentId) {
        let idle =
            self.0.get(&(business, agent)).is_some_and(|d| d.consoles.is_empty() && d.invite.is_none());
        if idle {
            self.0.remove(&(business, agent));
        }
    }
}

impl Desk {
    fn show_contact(&self) {
        let (Some(console), Some(shown)) = (self.consoles.last(), &self.shown) else { return };
        let counted = self.earlier.filter(|(of, _)| *of == shown.contact).map(|(_, earlier)| earlier);
        if counted.is_none() {
            console.count.notify_one();
        }
        let shown = ContactShown { earlier: counted.unwrap_or_default(), ..shown.clone() };
        console.outbox.show(Slot::Shown(shown.contact), ServerToConsole::from(shown).encode());
    }
}

/// Virtual handsets by number.
#[derive(Debug, Default)]
pub struct Phones(BTreeMap<(BusinessId, String), Phone>);

#[derive(Debug, Default)]
struct Phone {
    /// Oldest first: the newest one rings.
    handsets: Vec<(u64, Arc<Outbox>)>,
    ringing: Option<Ring>,
}

impl Phones {
    /// False: too many already.
    pub fn join(&mut self, business: BusinessId, e164: &str, serial: u64, outbox: Arc<Outbox>) -> bool {
        let phone = self.0.entry((business, e164.to_owned())).or_default();
        if phone.handsets.len() >= HANDSETS_PER_NUMBER {
            return false;
        }
        if let Some(ring) = &phone.ringing {
            outbox.send(ServerToHandset::from(ring.clone()).encode());
        }
        phone.handsets.push((serial, outbox));
        true
    }

    pub fn leave(&mut self, business: BusinessId, e164: &str, serial: u64) {
        let key = (business, e164.to_owned());
        if let Some(phone) = self.0.get_mut(&key) {
            phone.handsets.retain(|(of, _)| *of != serial);
            if phone.handsets.is_empty() && phone.ringing.is_none() {
                self.0.remove(&key);
            }
        }
    }

    pub fn ring(&mut self, business: BusinessId, e164: &str, ring: Ring) -> bool {
        let phone = self.0.entry((business, e164.to_owned())).or_default();
        let message = ServerToHandset::from(ring.clone()).encode();
        phone.ringing = Some(ring);
        let Some((_, outbox)) = phone.handsets.last() else { return false };
        outbox.send(message);
        true
    }

    pub fn leg_gone(&mut self, business: BusinessId, e164: &str, leg: LegId) {
        let key = (business, e164.to_owned());
        let Some(phone) = self.0.get_mut(&key) else { return };
        if phone.ringing.as_ref().is_some_and(|ring| ring.leg == leg) {
            phone.ringing = None;
        }
        for (_, outbox) in &phone.handsets {
            outbox.send(ServerToHandset::from(LegGone { leg }).encode());
        }
        if phone.handsets.is_empty() && phone.ringing.is_none() {
            self.0.remove(&key);
        }
    }
}

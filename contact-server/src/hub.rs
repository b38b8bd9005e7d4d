//! Whoever is connected, and what they are told: the edge's side of [`Directory`].
//!
//! Rooms (one a contact) stand in a sharded map that is touched when a connection joins or leaves and at what
//! the engine tells; a connection holds its room. Nobody here waits for a peer.
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use contact_core::{Endpoint, Notice};
use shared::{
    BusinessId, ContactId, LegId,
    wire::{console::ServerToConsole, handset::Ring},
};

use crate::ports::Directory;

pub mod desks;
pub mod frame;
pub mod kept;
pub mod mirror;
pub mod outbox;
pub mod room;
pub mod stream;

use desks::{Desks, Phones};
use kept::Kept;
use outbox::Slot;
use room::Room;

/// Enough that two contacts seldom wait for one another.
const SHARDS: usize = 64;

/// By business as well: an id is another contact in another business.
type Rooms = BTreeMap<(BusinessId, ContactId), Arc<Room>>;

#[derive(Debug)]
pub struct Hub {
    rooms: [Mutex<Rooms>; SHARDS],
    desks: Mutex<Desks>,
    phones: Mutex<Phones>,
    serial: AtomicU64,
    /// Of what pages keep.
    kept: Kept,
}

/// A connection's place in a room; dropping it gives it up.
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    room: Arc<Room>,
}

impl std::ops::Deref for Seat {
    type Target = Room;
    fn deref(&self) -> &Room {
        &self.room
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut shard = self.hub.shard(self.room.contact);
        let mut state = self.room.lock();
        state.seats -= 1;
        if state.is_idle() {
            shard.remove(&(self.room.business, self.room.contact));
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            rooms: std::array::from_fn(|_| Mutex::default()),
            desks: Mutex::default(),
            phones: Mutex::default(),
            serial: AtomicU64::new(1),
            kept: Kept::default(),
        }
    }
}

impl Hub {
    /// A number for a connection, never given twice.
    pub fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a seat in the room of a contact.
    pub fn enter(self: &Arc<Self>, business: BusinessId, contact: ContactId) -> Seat {
        let room = {
            let mut shard = self.shard(contact);
            let room = shard.entry((business, contact));
            let room =
                room.or_insert_with(|| Arc::new(Room::new(business, contact, self.kept.clone()))).clone();
            room.lock().seats += 1;
            room
        };
        Seat { hub: self.clone(), room }
    }

    pub fn desks(&self) -> MutexGuard<'_, Desks> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn phones(&self) -> MutexGuard<'_, Phones> {
        self.phones.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, contact: ContactId) -> MutexGuard<'_, Rooms> {
        // The low bits of an id are random.
        let index = usize::try_from(contact.0 % SHARDS as u128).unwrap_or_default();
        self.rooms[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room if anybody is in it.
    fn room(&self, business: BusinessId, contact: ContactId) -> Option<Arc<Room>> {
        self.shard(contact).get(&(business, contact)).cloned()
    }
}

impl Directory for Hub {
    fn tell(&self, business: BusinessId, notice: Notice) {
        match notice {
            Notice::Customer { contact, status } => {
                if let Some(room) = self.room(business, contact) {
                    room.lock().set_status(status);
                }
            }
            Notice::CustomerFinished { contact } => {
                if let Some(room) = self.room(business, contact) {
                    room.lock().finish();
                }
            }
            Notice::Viewing { contact, viewing } => {
                if let Some(room) = self.room(business, contact) {
                    room.lock().set_viewing(viewing);
                }
            }
            Notice::Live { supervisors, live } => {
                let message = Bytes::from(ServerToConsole::from(live).encode());
                let desks = self.desks();
                for agent in supervisors {
                    desks.show(business, agent, Slot::Live, message.clone());
                }
            }
            Notice::Lead { contact, lead } => {
                if let Some(room) = self.room(business, contact) {
                    room.lock().set_lead(lead);
                }
            }
            Notice::Agent { agent, state } => {
                let message = ServerToConsole::from(state).encode();
                self.desks().show(business, agent, Slot::Agent, message);
            }
            Notice::Shown { agent, contact } => self.desks().show_contact(business, agent, *contact),
            Notice::Cleared { agent, contact, cause } => {
                self.desks().clear_contact(business, agent, contact, cause);
            }
            Notice::Today { agent, today } => {
                let message = ServerToConsole::from(today).encode();
                self.desks().show(business, agent, Slot::Today, message);
            }
            Notice::Queue(queue) => {
                let message = Bytes::from(ServerToConsole::from(queue).encode());
                self.desks().show_all(business, Slot::Queue, &message);
            }
            Notice::Displaced { agent, station } => self.desks().displace(business, agent, station),
        }
    }

    fn rebuilt(&self, business: BusinessId) {
        self.desks().call_back(business);
        // A page that is shown without a call counts as away until it comes back, as after a restart.
        for shard in &self.rooms {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let all = (business, ContactId(0))..=(business, ContactId(u128::MAX));
            shard.range(all).for_each(|(_, room)| room.lock().call_back_shown());
        }
    }

    fn invite(&self, business: BusinessId, to: &Endpoint, leg: LegId, caller_name: &str) -> bool {
        match to {
            Endpoint::Page(contact) => {
                let mut shard = self.shard(*contact);
                let room = shard.entry((business, *contact));
                room.or_insert_with(|| Arc::new(Room::new(business, *contact, self.kept.clone())))
                    .lock()
                    .invite(leg)
            }
            Endpoint::Console(agent) => self.desks().invite(business, *agent, leg),
            Endpoint::Telephone(e164) => {
                self.phones().ring(business, e164, Ring { leg, from: caller_name.to_owned() })
            }
        }
    }

    fn leg_gone(&self, business: BusinessId, to: &Endpoint, leg: LegId) {
        match to {
            Endpoint::Page(contact) => {
                let mut shard = self.shard(*contact);
                let Some(room) = shard.get(&(business, *contact)).cloned() else { return };
                let mut state = room.lock();
                state.leg_gone(leg);
                if state.is_idle() {
                    shard.remove(&(business, *contact));
                }
            }
            Endpoint::Console(agent) => self.desks().leg_gone(business, *agent, leg),
            Endpoint::Telephone(e164) => self.phones().leg_gone(business, e164, leg),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        ProtocolVersion, Timestamp,
        api::Channel,
        close,
        contact::{CustomerStatus, Phase},
        wire::widget::Welcome,
    };

    use super::*;

    #[test]
    fn of_a_business_that_was_rebuilt_the_pages_that_are_shown_without_a_call_come_back() {
        let hub = Arc::new(Hub::default());
        let business = BusinessId(1);
        let page = |of, contact, phase| {
            let seat = hub.enter(of, ContactId(contact));
            let outbox = Arc::new(outbox::Outbox::default());
            let welcome = Welcome { version: ProtocolVersion::CURRENT, now: Timestamp(0), heartbeat_ms: 1 };
            seat.lock().join_widget(hub.serial(), true, outbox.clone(), welcome).unwrap();
            let status = CustomerStatus {
                phase,
                channel: Channel::Page,
                since: Timestamp(0),
                position: None,
                wait_seconds: None,
                agent: None,
                reason: None,
                attempts: 0,
                sharing: true,
            };
            hub.tell(of, Notice::Customer { contact: ContactId(contact), status });
            (seat, outbox)
        };
        let shown = page(business, 1, Phase::Showing);
        let called = page(business, 2, Phase::Talking);
        let theirs = page(BusinessId(2), 1, Phase::Showing);
        hub.rebuilt(business);
        let closed = [&shown, &called, &theirs].map(|(_, outbox)| outbox.take().close);
        assert_eq!(closed, [Some(close::INTERNAL), None, None], "nobody's call is disturbed");
    }

    #[test]
    fn the_same_id_in_two_businesses_is_two_rooms() {
        let hub = Arc::new(Hub::default());
        let (ours, theirs) = (BusinessId(1), BusinessId(2));
        let contact = ContactId(7);
        let seat = hub.enter(ours, contact);
        let other = hub.enter(theirs, contact);
        assert!(!Arc::ptr_eq(&seat.room, &other.room));
        hub.tell(theirs, Notice::CustomerFinished { contact });
        assert!(other.lock().is_finished() && !seat.lock().is_finished());
        assert!(!hub.invite(theirs, &Endpoint::Page(contact), LegId(1), "Other"), "no page of ours rings");
        hub.leg_gone(theirs, &Endpoint::Page(contact), LegId(1));
        drop((seat, other));
        assert!(hub.rooms.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }
}

//! What waits to be written to one connection. Whoever puts something in never waits; the queue is bounded in
//! bytes, and a connection that lets it fill up is closed with `TOO_SLOW`.
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use shared::{ContactId, close};
use tokio::sync::Notify;

use crate::limits::OUTBOX_BYTES;

/// Snapshots of one slot replace one another: only the latest is worth sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Status,
    Agent,
    Queue,
    Today,
    Shown(ContactId),
    Sharing,
    Viewers,
    Keyframe,
    Live,
}

impl Slot {
    fn bit(self) -> u8 {
        match self {
            Self::Status => 1,
            Self::Agent => 1 << 1,
            Self::Queue => 1 << 2,
            Self::Today => 1 << 3,
            Self::Sharing => 1 << 4,
            Self::Viewers => 1 << 5,
            Self::Keyframe => 1 << 6,
            Self::Live => 1 << 7,
            // Of these there are many.
            Self::Shown(_) => 0,
        }
    }
}

#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<State>,
    wake: Notify,
    /// Somebody waits for a sign of life.
    probing: AtomicBool,
    alive: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<(Option<Slot>, Bytes)>,
    bytes: usize,
    /// Slots that were ever told of: a bit of each that there is one of, and the contacts that were shown.
    told: u8,
    shown: BTreeSet<ContactId>,
    closing: Option<u16>,
    probe: bool,
}

/// What the connection must write now, in this order: `messages`, a ping if `probe`, then the close.
#[derive(Debug, Default)]
pub struct Batch {
    pub messages: Vec<Bytes>,
    pub probe: bool,
    pub close: Option<u16>,
}

impl Outbox {
    /// Queues a message that must not be lost.
    pub fn send(&self, message: impl Into<Bytes>) {
        self.put(None, message.into());
    }

    /// Queues a snapshot in place of an older one that still waits.
    pub fn show(&self, slot: Slot, message: impl Into<Bytes>) {
        self.put(Some(slot), message.into());
    }

    /// Queues a snapshot that was asked for, unless the slot was told of meanwhile: what was told is newer.
    pub fn show_first(&self, slot: Slot, message: impl Into<Bytes>) {
        if !self.was_told(slot) {
            self.put(Some(slot), message.into());
        }
    }

    pub fn was_told(&self, slot: Slot) -> bool {
        let state = self.lock();
        state.told & slot.bit() != 0 || matches!(slot, Slot::Shown(contact) if state.shown.contains(&contact))
    }

    /// Forgets a snapshot that still waits.
    pub fn withdraw(&self, slot: Slot) {
        let state = &mut *self.lock();
        let bytes = &mut state.bytes;
        state.queue.retain(|(of, message)| {
            let stays = *of != Some(slot);
            if !stays {
                *bytes -= message.len();
            }
            stays
        });
    }

    /// Closes the connection once what waits is written. The first reason counts.
    pub fn close(&self, code: u16) {
        self.lock().closing.get_or_insert(code);
        self.wake.notify_one();
    }

    /// Asks the peer whether it is still there, and waits until it gives any sign of life.
    pub async fn probe(&self) {
        let alive = self.alive.notified();
        self.probing.store(true, Ordering::Release);
        self.lock().probe = true;
        self.wake.notify_one();
        alive.await;
    }

    /// The peer gave a sign of life.
    pub fn heard(&self) {
        if self.probing.swap(false, Ordering::AcqRel) {
            self.alive.notify_waiters();
        }
    }

    /// Waits until there is something to write. Cancel-safe; one waiter at a time.
    pub async fn ready(&self) {
        loop {
            {
                let state = self.lock();
                if !state.queue.is_empty() || state.probe || state.closing.is_some() {
                    return;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Takes everything that waits.
    pub fn take(&self) -> Batch {
        let mut state = self.lock();
        state.bytes = 0;
        Batch {
            messages: std::mem::take(&mut state.queue).into_iter().map(|(_, message)| message).collect(),
            probe: std::mem::take(&mut state.probe),
            close: state.closing,
        }
    }

    fn put(&self, slot: Option<Slot>, message: Bytes) {
        let state = &mut *self.lock();
        if state.closing.is_some() {
            return;
        }
        let older = slot.and_then(|slot| state.queue.iter_mut().find(|(of, _)| *of == Some(slot)));
        if let Some((_, waiting)) = older {
            state.bytes = state.bytes - waiting.len() + message.len();
            *waiting = message;
        } else {
            state.bytes += message.len();
            state.queue.push_back((slot, message));
        }
        if let Some(Slot::Shown(contact)) = slot {
            state.shown.insert(contact);
        }
        state.told |= slot.map_or(0, Slot::bit);
        if state.bytes > OUTBOX_BYTES {
            state.queue.clear();
            state.bytes = 0;
            state.closing = Some(close::TOO_SLOW);
        }
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_snapshot_takes_the_place_of_the_earlier_and_messages_all_stay() {
        let outbox = Outbox::default();
        outbox.show(Slot::Status, "one");
        outbox.send("event");
        outbox.show(Slot::Status, "two");
        outbox.show(Slot::Queue, "queue");
        outbox.withdraw(Slot::Queue);
        assert_eq!(outbox.take().messages, ["two", "event"]);
        outbox.show(Slot::Status, "three");
        assert_eq!(outbox.take().messages, ["three"]);
    }

    #[test]
    fn snapshot_that_was_asked_for_gives_way_to_one_that_was_told() {
        let outbox = Outbox::default();
        outbox.show(Slot::Status, "told");
        assert_eq!(outbox.take().messages, ["told"]);
        outbox.show_first(Slot::Status, "asked for");
        outbox.show_first(Slot::Today, "today");
        assert_eq!(outbox.take().messages, ["today"]);
    }

    #[test]
    fn peer_that_does_not_read_is_closed_and_its_queue_dropped() {
        let outbox = Outbox::default();
        for _ in 0..=OUTBOX_BYTES / 1_000 {
            outbox.send(vec![0; 1_000]);
        }
        outbox.send("late");
        let batch = outbox.take();
        assert_eq!((batch.messages.len(), batch.close), (0, Some(close::TOO_SLOW)));
    }

    #[tokio::test]
    async fn waiter_wakes_for_a_message_that_came_before_it_waited() {
        let outbox = Outbox::default();
        outbox.send("a");
        outbox.ready().await;
        outbox.take();
        outbox.close(close::GOING_AWAY);
        outbox.ready().await;
        assert_eq!(outbox.take().close, Some(close::GOING_AWAY));
    }
}

//! What waits to be written to one recording. Whoever puts something in never waits: what does not fit is not recorded.
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use shared::{
    Timestamp,
    wire::recording::{Led, Miss, Missed, Recorded, Told},
};
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    limits::{SEGMENT_BYTES, TAPE_BYTES, TAPES_BYTES},
};

/// What one entry costs beside its bytes.
const ENTRY_COST: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// As viewers got it; shares its bytes with them.
    Told(Bytes),
    Missed(Miss),
    Led(Option<String>),
}

impl Entry {
    fn cost(&self) -> usize {
        ENTRY_COST + if let Self::Told(message) = self { message.len() } else { 0 }
    }

    pub fn encode(self, at: Timestamp) -> Vec<u8> {
        match self {
            Self::Told(message) => Recorded::from(Told { at, message: message.to_vec() }),
            Self::Missed(why) => Missed { at, why }.into(),
            Self::Led(by) => Led { at, by }.into(),
        }
        .encode()
    }
}

/// Bytes that wait for the disk, of all recordings.
pub type Waiting = Arc<AtomicUsize>;

/// The side that puts in. Dropping it ends the recording.
pub struct Tape {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tape")
    }
}

#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    wake: Notify,
    waiting: Waiting,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<(Timestamp, Entry)>,
    bytes: usize,
    ended: bool,
    /// Nobody writes any more.
    broken: bool,
}

/// No room, or nobody who writes: it was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken;

impl Tape {
    pub fn new(clock: Arc<dyn Clock>, waiting: Waiting) -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue { state: Mutex::default(), wake: Notify::new(), waiting });
        (Self { queue: queue.clone(), clock }, queue)
    }

    /// Nobody writes it any more.
    pub fn is_broken(&self) -> bool {
        self.queue.lock().broken
    }

    pub fn put(&self, entry: Entry) -> Result<(), NotTaken> {
        let now = self.clock.now();
        let mut state = self.queue.lock();
        let is_full = state.bytes >= TAPE_BYTES || self.queue.waiting.load(Ordering::Relaxed) >= TAPES_BYTES;
        // A mark is small, and says that something is missing.
        if state.broken || (is_full && matches!(entry, Entry::Told(_))) || state.bytes >= 2 * LARGEST_TAPE {
            return Err(NotTaken);
        }
        let (first, cost) = (state.entries.is_empty(), entry.cost());
        let before = state.bytes;
        state.bytes += cost;
        self.queue.waiting.fetch_add(cost, Ordering::Relaxed);
        state.entries.push_back((now, entry));
        if first || (before < SEGMENT_BYTES && state.bytes >= SEGMENT_BYTES) {
            self.queue.wake.notify_one();
        }
        Ok(())
    }
}

/// With its last frame, which may be the largest that there is.
const LARGEST_TAPE: usize = TAPE_BYTES + shared::limits::MIRROR_MESSAGE_BYTES;

impl Drop for Tape {
    fn drop(&mut self) {
        self.queue.lock().ended = true;
        self.queue.wake.notify_one();
    }
}

impl Queue {
    /// Waits for the first entry. False: the recording ended without one.
    pub async fn some(&self) -> bool {
        while self.lock().is_idle() {
            self.wake.notified().await;
        }
        !self.lock().entries.is_empty()
    }

    /// What has gathered, once something has: after `gather`, or sooner if it is much or the recording has ended
    /// (then `true`).
    pub async fn next(&self, gather: Duration) -> (Vec<(Timestamp, Entry)>, bool) {
        while self.lock().is_idle() {
            self.wake.notified().await;
        }
        let enough = async {
            while !self.lock().is_due() {
                self.wake.notified().await;
            }
        };
        // Either way there is something.
        let _ = tokio::time::timeout(gather, enough).await;
        let mut state = self.lock();
        (self.empty(&mut state), state.ended)
    }

    /// Nobody writes any more: what waits is lost, and nothing more is taken.
    pub fn break_off(&self) {
        let mut state = self.lock();
        state.broken = true;
        self.empty(&mut state);
    }

    /// Ends the recording from the writer's side.
    pub fn end(&self) {
        self.lock().ended = true;
        self.wake.notify_one();
    }

    fn empty(&self, state: &mut State) -> Vec<(Timestamp, Entry)> {
        self.waiting.fetch_sub(std::mem::take(&mut state.bytes), Ordering::Relaxed);
        state.entries.drain(..).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.entries.is_empty() && !self.ended
    }

    fn is_due(&self) -> bool {
        self.bytes >= SEGMENT_BYTES || self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn tape() -> (Tape, Arc<Queue>) {
        Tape::new(Arc::new(SystemClock::default()), Waiting::default())
    }

    #[tokio::test(start_paused = true)]
    async fn entries_gather_for_a_while_and_come_in_their_order() {
        let (tape, queue) = tape();
        tape.put(Entry::Told("a".into())).unwrap();
        tape.put(Entry::Missed(Miss::Unseen)).unwrap();
        let (entries, ended) = queue.next(Duration::from_secs(2)).await;
        let entries: Vec<Entry> = entries.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!((entries, ended), (vec![Entry::Told("a".into()), Entry::Missed(Miss::Unseen)], false));
        drop(tape);
        assert_eq!(queue.next(Duration::MAX).await, (vec![], true));
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_at_once_but_for_the_mark_that_says_so() {
        let (tape, queue) = tape();
        let large = Bytes::from(vec![0; TAPE_BYTES - 1]);
        tape.put(Entry::Told(large.clone())).unwrap();
        tape.put(Entry::Told("small".into())).unwrap_err();
        tape.put(Entry::Missed(Miss::Late)).unwrap();
        // Much is due at once.
        assert_eq!(queue.next(Duration::MAX).await.0.len(), 2);
        tape.put(Entry::Told(large)).unwrap();
        queue.break_off();
        assert_eq!(tape.put(Entry::Missed(Miss::Late)), Err(NotTaken));
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0, "nothing stays counted");
    }
}

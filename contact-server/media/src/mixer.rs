//! Who hears whom, and what they hear.
//!
//! A [`Mixer`] holds rooms of legs. Each leg's [`Mode`] in a room makes its row and column of the
//! (listener, speaker) matrix; a leg hears the sum of its speakers, never itself. A leg may be in several
//! rooms (a supervisor who listens to two calls); somebody it shares two rooms with is heard once.
//!
//! Sums are limited softly: a lone speaker passes bit for bit, several that together exceed the knee are
//! bent below full scale instead of clipped.
use std::collections::{BTreeMap, BTreeSet};

use crate::{FRAME_SAMPLES, Frame};

/// Magnitude up to which a sum stays linear: three quarters of full scale.
pub const KNEE: i32 = 24_576;
/// Legs that a room may hold, so that one room can't take the whole tick.
pub const MAX_LEGS_PER_ROOM: usize = 64;

const CEILING: i32 = i16::MAX as i32;

/// What a leg may do in a room. Every leg in a room hears those who talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode<K> {
    /// Is heard by all.
    Talk,
    /// Is heard by nobody.
    Listen,
    /// Is heard by one leg alone.
    Whisper { to: K },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the room is full: {MAX_LEGS_PER_ROOM} legs")]
pub struct RoomFull;

/// `R` names a room, `K` a leg.
#[derive(Debug, Clone)]
pub struct Mixer<R, K> {
    rooms: BTreeMap<R, BTreeMap<K, Mode<K>>>,
    rooms_of: BTreeMap<K, BTreeSet<R>>,
    /// The matrix by rows: for each leg in any room, whom it hears. Made anew when a room changes, so that
    /// a tick only walks it.
    hears: BTreeMap<K, Vec<K>>,
}

impl<R, K> Default for Mixer<R, K> {
    fn default() -> Self {
        Self { rooms: BTreeMap::new(), rooms_of: BTreeMap::new(), hears: BTreeMap::new() }
    }
}

impl<R: Copy + Ord, K: Copy + Ord> Mixer<R, K> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the leg into the room, or changes its mode there.
    pub fn join(&mut self, room: R, leg: K, mode: Mode<K>) -> Result<(), RoomFull> {
        let legs = self.rooms.entry(room).or_default();
        if legs.len() >= MAX_LEGS_PER_ROOM && !legs.contains_key(&leg) {
            return Err(RoomFull);
        }
        legs.insert(leg, mode);
        self.rooms_of.entry(leg).or_default().insert(room);
        let affected: Vec<K> = legs.keys().copied().collect();
        self.refresh(&affected);
        Ok(())
    }

    /// A leg that is not there stays out. The last leg closes the room.
    pub fn leave(&mut self, room: R, leg: K) {
        let Some(legs) = self.rooms.get_mut(&room) else { return };
        let affected: Vec<K> = legs.keys().copied().collect();
        if legs.remove(&leg).is_none() {
            return;
        }
        if let Some(rooms) = self.rooms_of.get_mut(&leg) {
            rooms.remove(&room);
        }
        if legs.is_empty() {
            self.rooms.remove(&room);
        }
        self.refresh(&affected);
    }

    /// Takes the leg out of every room.
    pub fn remove(&mut self, leg: K) {
        for room in self.rooms_of.get(&leg).cloned().unwrap_or_default() {
            self.leave(room, leg);
        }
    }

    /// One cell of the matrix.
    pub fn hears(&self, listener: K, speaker: K) -> bool {
        self.hears.get(&listener).is_some_and(|speakers| speakers.contains(&speaker))
    }

    /// Whom the leg hears, in order.
    pub fn speakers(&self, listener: K) -> &[K] {
        self.hears.get(&listener).map_or(&[], Vec::as_slice)
    }

    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// One tick: from what each leg said to what each leg in a room hears (silence, if nobody it hears
    /// said anything).
    pub fn mix(&self, said: &BTreeMap<K, Frame>) -> BTreeMap<K, Frame> {
        self.hears.keys().map(|&leg| (leg, self.mix_for(leg, |speaker| said.get(&speaker)))).collect()
    }

    /// What one leg hears in this tick, for a caller who keeps the frames in a shape of its own.
    pub fn mix_for<'f>(&self, listener: K, said: impl Fn(K) -> Option<&'f Frame>) -> Frame {
        let mut voices = self.speakers(listener).iter().filter_map(|&speaker| said(speaker));
        let (Some(first), second) = (voices.next(), voices.next()) else { return Frame::SILENCE };
        let Some(second) = second else { return *first };
        let mut sums = [0i32; FRAME_SAMPLES];
        for frame in [first, second].into_iter().chain(voices) {
            for (sum, &sample) in sums.iter_mut().zip(frame.samples()) {
                *sum += i32::from(sample);
            }
        }
        Frame::from(sums.map(limit))
    }

    /// Makes the rows of these legs anew.
    fn refresh(&mut self, legs: &[K]) {
        for &leg in legs {
            let rooms = self.rooms_of.get(&leg).filter(|rooms| !rooms.is_empty());
            let Some(rooms) = rooms else {
                self.rooms_of.remove(&leg);
                self.hears.remove(&leg);
                continue;
            };
            let speakers: BTreeSet<K> = rooms
                .iter()
                .filter_map(|room| self.rooms.get(room))
                .flatten()
                .filter(|&(&other, &mode)| other != leg && is_heard(mode, leg))
                .map(|(&other, _)| other)
                .collect();
            self.hears.insert(leg, speakers.into_iter().collect());
        }
    }
}

fn is_heard<K: Eq>(speaker: Mode<K>, listener: K) -> bool {
    match speaker {
        Mode::Talk => true,
        Mode::Listen => false,
        Mode::Whisper { to } => to == listener,
    }
}

/// Linear to the knee; beyond, an excess `e` over a headroom `h` becomes `h * e / (h + e)`: slope 1 at the
/// knee, monotone, never past full scale.
fn limit(sum: i32) -> i16 {
    let magnitude = sum.abs();
    if magnitude <= KNEE {
        return sum as i16;
    }
    let (excess, headroom) = (i64::from(magnitude - KNEE), i64::from(CEILING - KNEE));
    let bent = KNEE + (headroom * excess / (headroom + excess)) as i32;
    (bent * sum.signum()) as i16
}

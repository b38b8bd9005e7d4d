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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: &str = "room";

    #[test]
    fn two_who_talk_hear_each_other_bit_for_bit_and_never_themselves() {
        let mixer = room(&[(1, Mode::Talk), (2, Mode::Talk)]);
        let heard = mixer.mix(&said(&[(1, 30_000), (2, -7)]));
        assert_eq!(heard, said(&[(1, -7), (2, 30_000)]));
    }

    #[test]
    fn three_hear_the_sum_of_the_others() {
        let mixer = room(&[(1, Mode::Talk), (2, Mode::Talk), (3, Mode::Talk)]);
        let heard = mixer.mix(&said(&[(1, 100), (2, 20), (3, 3)]));
        assert_eq!(heard, said(&[(1, 23), (2, 103), (3, 120)]));
    }

    #[test]
    fn a_whisper_reaches_one_and_a_listener_nobody() {
        // Customer 1, agent 2, supervisor 3 who whispers to the agent, trainee 4 who listens.
        let whisper = Mode::Whisper { to: 2 };
        let mixer = room(&[(1, Mode::Talk), (2, Mode::Talk), (3, whisper), (4, Mode::Listen)]);
        let heard = mixer.mix(&said(&[(1, 1_000), (2, 200), (3, 30), (4, 4)]));
        assert_eq!(heard, said(&[(1, 200), (2, 1_030), (3, 1_200), (4, 1_200)]));
        assert!(mixer.hears(2, 3) && !mixer.hears(1, 3) && !mixer.hears(4, 3));
    }

    #[test]
    fn a_mode_changes_by_joining_again_and_ends_by_leaving() {
        let mut mixer = room(&[(1, Mode::Talk), (2, Mode::Talk)]);
        mixer.join(ROOM, 2, Mode::Listen).unwrap();
        assert!(!mixer.hears(1, 2) && mixer.hears(2, 1));
        mixer.leave(ROOM, 2);
        mixer.leave(ROOM, 2);
        assert_eq!(mixer.mix(&said(&[(1, 5), (2, 6)])), said(&[(1, 0)]));
        mixer.remove(1);
        assert!(mixer.is_empty());
    }

    #[test]
    fn a_leg_in_two_rooms_hears_both_and_whoever_shares_both_once() {
        let mut mixer = room(&[(1, Mode::Talk), (2, Mode::Talk), (9, Mode::Listen)]);
        mixer.join("other", 3, Mode::Talk).unwrap();
        mixer.join("other", 2, Mode::Talk).unwrap();
        mixer.join("other", 9, Mode::Listen).unwrap();
        assert_eq!(mixer.speakers(9), [1, 2, 3]);
        assert!(!mixer.hears(1, 3));
        mixer.remove(9);
        assert!(mixer.speakers(9).is_empty() && mixer.hears(3, 2));
    }

    #[test]
    fn a_full_room_takes_nobody_more_but_lets_its_legs_change() {
        let mut mixer = Mixer::new();
        for leg in 0..MAX_LEGS_PER_ROOM {
            mixer.join(ROOM, leg, Mode::Talk).unwrap();
        }
        assert_eq!(mixer.join(ROOM, 1_000, Mode::Talk), Err(RoomFull));
        assert_eq!(mixer.join(ROOM, 0, Mode::Listen), Ok(()));
        assert_eq!(mixer.join("other", 1_000, Mode::Talk), Ok(()));
    }

    #[test]
    fn the_limiter_is_linear_to_the_knee_and_rises_without_ever_passing_full_scale() {
        let most = MAX_LEGS_PER_ROOM as i32 * 32_768;
        assert_eq!((limit(KNEE), limit(-KNEE)), (KNEE as i16, -KNEE as i16));
        // Past full scale the sign would turn.
        assert!(limit(most) > 32_000 && limit(-most) < -32_000);
        assert!(
            (KNEE..most).step_by(7).all(|sum| limit(sum) <= limit(sum + 7) && limit(-sum) == -limit(sum))
        );
    }

    proptest! {
        #[test]
        fn each_leg_hears_the_limited_sum_of_whom_it_may_hear_and_never_itself(
            modes in prop::collection::btree_map(0u8..8, any_mode(), 1..8),
            levels in prop::collection::btree_map(0u8..8, any::<i16>(), 0..8),
        ) {
            let modes: Vec<_> = modes.into_iter().collect();
            let mixer = room(&modes);
            let levels: Vec<_> = levels.into_iter().collect();
            let heard = mixer.mix(&said(&levels));
            prop_assert_eq!(heard.len(), modes.len());
            for (&listener, frame) in &heard {
                let voices: Vec<i32> = levels
                    .iter()
                    .filter(|&&(speaker, _)| speaker != listener)
                    .filter(|&&(speaker, _)| modes.iter().any(|&(k, mode)| k == speaker && is_heard(mode, listener)))
                    .map(|&(_, level)| i32::from(level))
                    .collect();
                let sum: i32 = voices.iter().sum();
                let sample = frame.samples()[0];
                prop_assert!(!mixer.hears(listener, listener));
                if voices.len() < 2 || sum.abs() <= KNEE {
                    prop_assert_eq!(i32::from(sample), sum);
                } else {
                    prop_assert!(i32::from(sample).abs() >= KNEE && i32::from(sample).signum() == sum.signum());
                }
            }
        }
    }

    fn any_mode() -> impl Strategy<Value = Mode<u8>> {
        prop_oneof![Just(Mode::Talk), Just(Mode::Listen), (0u8..8).prop_map(|to| Mode::Whisper { to })]
    }

    fn room<K: Copy + Ord>(modes: &[(K, Mode<K>)]) -> Mixer<&'static str, K> {
        let mut mixer = Mixer::new();
        for &(leg, mode) in modes {
            mixer.join(ROOM, leg, mode).unwrap();
        }
        mixer
    }

    fn said<K: Copy + Ord>(levels: &[(K, i16)]) -> BTreeMap<K, Frame> {
        levels.iter().map(|&(leg, level)| (leg, Frame::from([level; FRAME_SAMPLES]))).collect()
    }
}

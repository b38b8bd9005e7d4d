//! What is kept of one document of one page, and where a viewer stands in it. Pure.
//!
//! A log holds the last keyframe and the patches since, as bytes ready to be sent, without a hole. It is the
//! queue of every viewer: a viewer is a [`Cursor`] into it, so a slow viewer costs no memory, and what it
//! missed is what the log still holds. Past the budget the oldest frames go; a viewer that needed them waits
//! for the keyframe that is asked for then.
use std::collections::VecDeque;

use bytes::Bytes;
use shared::{Timestamp, wire::mirror::FrameKind};

use super::kept::{FRAME_COST, Kept, Share};
use crate::limits::{KEYFRAME_EVERY, RENEW_BYTES, RENEW_TIMES};

/// The frame that a viewer wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: u32,
    pub seq: u32,
}

/// The frame breaks the protocol: a keyframe that does not begin an epoch, or an epoch that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the frame breaks the protocol")]
pub struct BadFrame;

#[derive(Debug)]
pub struct StreamLog {
    budget: usize,
    epoch: Option<u32>,
    /// The seq that the next patch must have. None: a keyframe must come first.
    next: Option<u32>,
    frames: VecDeque<Held>,
    share: Share,
    /// The latest pointer frame, and how many there were.
    pointer: Option<Bytes>,
    pointers: u64,
    wanted_at: Option<Timestamp>,
    /// A keyframe was asked for and has not come, or a page that has just begun sends its first unasked.
    awaited: bool,
}

#[derive(Debug)]
struct Held {
    seq: u32,
    message: Bytes,
}

impl StreamLog {
    /// `budget`: bytes that may be kept.
    pub fn new(budget: usize, kept: Kept) -> Self {
        Self {
            budget,
            epoch: None,
            next: None,
            frames: VecDeque::new(),
            share: Share::of(kept),
            pointer: None,
            pointers: 0,
            wanted_at: None,
            awaited: true,
        }
    }

    /// Takes a frame in. `message` is called only if the frame is worth sending, and gives it as viewers get it.
    /// Returns true if viewers have something new.
    pub fn take(
        &mut self,
        kind: &FrameKind,
        at: Cursor,
        message: impl FnOnce() -> Bytes,
    ) -> Result<bool, BadFrame> {
        match kind {
            FrameKind::Keyframe => {
                if at.seq != 0 || self.epoch.is_some_and(|epoch| at.epoch <= epoch) {
                    return Err(BadFrame);
                }
                self.clear();
                self.epoch = Some(at.epoch);
                self.next = Some(0);
                self.awaited = false;
            }
            FrameKind::Patch => {
                if self.epoch != Some(at.epoch) || self.next != Some(at.seq) {
                    // A hole: nobody can go on from here.
                    self.clear();
                    return Ok(false);
                }
            }
            FrameKind::Pointer => {
                if self.epoch != Some(at.epoch) || self.next.is_none() {
                    return Ok(false);
                }
                self.pointer = Some(message());
                self.pointers += 1;
                return Ok(true);
            }
        }
        let message = message();
        let mut bytes = self.share.bytes() + message.len() + FRAME_COST;
        self.frames.push_back(Held { seq: at.seq, message });
        self.next = at.seq.checked_add(1);
        while bytes > self.budget
            && let Some(oldest) = self.frames.pop_front()
        {
            bytes -= oldest.message.len() + FRAME_COST;
        }
        self.share.set(bytes);
        Ok(true)
    }

    /// A frame of a page that nobody follows went by: whoever follows it later must be sent a keyframe.
    pub fn pass_by(&mut self) {
        self.clear();
        self.awaited = false;
    }

    /// Drops everything, and expects the page to begin anew by itself.
    pub fn restart(&mut self) {
        self.clear();
        self.wanted_at = None;
        self.awaited = true;
    }

    /// Drops everything; a keyframe must come next.
    pub fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.share.set(0);
        self.next = None;
        self.pointer = None;
    }

    /// Everything that is kept, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (Cursor, Bytes)> {
        let epoch = self.epoch.unwrap_or_default();
        self.frames.iter().map(move |held| (Cursor { epoch, seq: held.seq }, held.message.clone()))
    }

    /// The log can serve somebody who has nothing.
    pub fn has_keyframe(&self) -> bool {
        self.frames.front().is_some_and(|front| front.seq == 0)
    }

    /// What is kept weighs so much more than its keyframe that a new one is worth asking for.
    pub fn is_bulky(&self) -> bool {
        let keyframe = self.frames.front().map_or(0, |front| front.message.len());
        self.has_keyframe() && self.share.bytes() > RENEW_BYTES.max(RENEW_TIMES * keyframe)
    }

    /// Frames from the cursor on, or from the keyframe if that is not (or no longer) here; at least one if there
    /// is one, then as many as fit into `most` bytes. Moves the cursor behind them. False: there is more.
    pub fn read(&self, cursor: &mut Option<Cursor>, most: usize, out: &mut Vec<Bytes>) -> bool {
        let Some(epoch) = self.epoch else { return true };
        let Some(front) = self.frames.front() else { return true };
        let from = match *cursor {
            Some(at)
                if at.epoch == epoch && at.seq >= front.seq && self.next.is_some_and(|n| at.seq <= n) =>
            {
                usize::try_from(at.seq - front.seq).unwrap_or(usize::MAX)
            }
            _ if self.has_keyframe() => 0,
            _ => return true,
        };
        let mut bytes = 0;
        for kept in self.frames.iter().skip(from) {
            if bytes > 0 && bytes + kept.message.len() > most {
                return false;
            }
            bytes += kept.message.len();
            out.push(kept.message.clone());
            *cursor = Some(Cursor { epoch, seq: kept.seq.saturating_add(1) });
        }
        true
    }

    /// A viewer that has this much can go on from what is here, without a keyframe.
    pub fn can_resume(&self, at: Cursor) -> bool {
        self.epoch == Some(at.epoch)
            && self.next.is_some_and(|next| at.seq <= next)
            && self.frames.front().is_some_and(|front| at.seq >= front.seq)
    }

    /// The latest pointer if it is newer than `seen`, which counts up.
    pub fn pointer(&self, seen: &mut u64) -> Option<Bytes> {
        if *seen == self.pointers {
            return None;
        }
        *seen = self.pointers;
        self.pointer.clone()
    }

    /// Whether to ask the page for a keyframe now. `urgent`: somebody new has nothing to look at. At most one in
    /// [`KEYFRAME_EVERY`], except for an urgent one when none is on its way.
    pub fn ask(&mut self, now: Timestamp, urgent: bool) -> bool {
        let recently = self.wanted_at.is_some_and(|at| now.since(at) < KEYFRAME_EVERY);
        let comes_unasked = self.awaited && self.wanted_at.is_none();
        if (recently && (self.awaited || !urgent)) || (urgent && comes_unasked) {
            return false;
        }
        self.wanted_at = Some(now);
        self.awaited = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: usize = 1_200;
    const BATCH: usize = 60;

    #[test]
    fn viewer_who_comes_late_gets_the_keyframe_and_every_patch_since() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        feed(&mut log, &[(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(read_all(&log, &mut None), [(2, 0), (2, 1), (2, 2)]);
    }

    #[test]
    fn viewer_goes_on_where_it_left_off_if_the_log_still_has_that() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        feed(&mut log, &[(1, 0), (1, 1), (1, 2)]);
        let at = Cursor { epoch: 1, seq: 2 };
        assert!(log.can_resume(at));
        assert_eq!(read_all(&log, &mut Some(at)), [(1, 2)]);
        for stranger in [Cursor { epoch: 1, seq: 9 }, Cursor { epoch: 7, seq: 1 }] {
            assert!(!log.can_resume(stranger));
            assert_eq!(read_all(&log, &mut Some(stranger)), [(1, 0), (1, 1), (1, 2)]);
        }
    }

    #[test]
    fn hole_stops_the_stream_until_a_keyframe_comes_and_one_is_asked_for() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        feed(&mut log, &[(1, 0), (1, 2)]);
        assert_eq!(read_all(&log, &mut None), []);
        assert!(!log.has_keyframe());
        assert!(log.ask(Timestamp(0), false));
        assert!(!log.ask(Timestamp(29_999), false), "at most one in 30 s");
        assert!(!log.ask(Timestamp(29_999), true), "it is on its way");
        assert!(log.ask(Timestamp(30_000), false));
        feed(&mut log, &[(1, 3), (2, 0), (2, 1)]);
        assert_eq!(read_all(&log, &mut None), [(2, 0), (2, 1)]);
    }

    #[test]
    fn patches_that_outweigh_their_keyframe_are_worth_a_new_one() {
        for keyframe in [1_000, RENEW_BYTES] {
            let mut log = StreamLog::new(usize::MAX, Kept::default());
            let take = |log: &mut StreamLog, kind, at, bytes| {
                assert_eq!(log.take(&kind, at, || Bytes::from(vec![0; bytes])), Ok(true));
            };
            take(&mut log, FrameKind::Keyframe, Cursor { epoch: 1, seq: 0 }, keyframe);
            let mut seq = 0;
            while !log.is_bulky() {
                seq += 1;
                take(&mut log, FrameKind::Patch, Cursor { epoch: 1, seq }, 1_000);
            }
            let patches = usize::try_from(seq).unwrap() * 1_000;
            assert!(patches + keyframe >= RENEW_BYTES - 20_000, "not before it is worth it: {patches}");
            assert!(patches + 40_000 >= (RENEW_TIMES - 1) * keyframe, "nor for a great page: {patches}");
            take(&mut log, FrameKind::Keyframe, Cursor { epoch: 2, seq: 0 }, keyframe);
            assert!(!log.is_bulky());
        }
    }

    #[test]
    fn page_that_has_just_begun_is_not_asked_for_what_it_sends_anyway() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        assert!(!log.ask(Timestamp(0), true));
        feed(&mut log, &[(1, 0)]);
        log.clear();
        assert!(log.ask(Timestamp(0), true));
    }

    #[test]
    fn past_the_budget_those_who_follow_go_on_and_others_wait_for_a_keyframe() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        let mut following = None;
        for seq in 0..60 {
            feed(&mut log, &[(1, seq)]);
            assert_eq!(read_all(&log, &mut following), [(1, seq)]);
        }
        assert!(log.share.bytes() <= BUDGET);
        assert!(!log.has_keyframe());
        assert_eq!(read_all(&log, &mut None), []);
        assert!(log.ask(Timestamp(0), true));
    }

    #[test]
    fn epoch_never_comes_twice() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        feed(&mut log, &[(3, 0)]);
        for (epoch, seq) in [(3, 0), (2, 0), (4, 1)] {
            let taken = log.take(&FrameKind::Keyframe, Cursor { epoch, seq }, Bytes::new);
            assert_eq!(taken, Err(BadFrame), "{epoch} {seq}");
        }
    }

    #[test]
    fn only_the_latest_pointer_is_told() {
        let mut log = StreamLog::new(BUDGET, Kept::default());
        feed(&mut log, &[(1, 0)]);
        for text in ["a", "b"] {
            assert_eq!(log.take(&FrameKind::Pointer, Cursor { epoch: 1, seq: 0 }, || text.into()), Ok(true));
        }
        let mut seen = 0;
        assert_eq!(log.pointer(&mut seen), Some(Bytes::from("b")));
        assert_eq!(log.pointer(&mut seen), None);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Keyframe,
        Patch,
        LostPatch,
        Read(usize),
    }

    proptest! {
        /// Whatever happens between a page and its viewers, a viewer who catches up has seen, since its last
        /// keyframe, every patch in order, up to the newest.
        #[test]
        fn drained_viewer_has_the_last_keyframe_and_contiguous_patches(
            steps in proptest::collection::vec(step(), 1..200),
        ) {
            let mut log = StreamLog::new(BUDGET, Kept::default());
            let (mut epoch, mut seq) = (0, 0);
            let mut viewers = [(); 3].map(|()| (None, Vec::new()));
            for step in steps {
                match step {
                    Step::Keyframe => {
                        (epoch, seq) = (epoch + 1, 0);
                        feed(&mut log, &[(epoch, 0)]);
                    }
                    Step::Patch | Step::LostPatch => {
                        seq += 1;
                        if matches!(step, Step::Patch) {
                            feed(&mut log, &[(epoch, seq)]);
                        }
                    }
                    Step::Read(who) => {
                        let (cursor, seen) = &mut viewers[who];
                        let mut out = Vec::new();
                        log.read(cursor, BATCH, &mut out);
                        seen.extend(out.iter().map(decode));
                    }
                }
                prop_assert!(log.share.bytes() <= BUDGET);
            }
            feed(&mut log, &[(epoch + 1, 0), (epoch + 1, 1), (epoch + 1, 2)]);
            for (mut cursor, mut seen) in viewers {
                seen.extend(read_all(&log, &mut cursor));
                prop_assert_eq!(seen.last(), Some(&(epoch + 1, 2)));
                for pair in seen.windows(2) {
                    let follows = pair[1] == (pair[0].0, pair[0].1 + 1);
                    let begins = pair[1].1 == 0 && pair[1].0 > pair[0].0;
                    prop_assert!(follows || begins, "{:?}", pair);
                }
                prop_assert_eq!(seen[0].1, 0, "the first is a keyframe");
            }
        }
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            1 => Just(Step::Keyframe),
            12 => Just(Step::Patch),
            1 => Just(Step::LostPatch),
            6 => (0_usize..3).prop_map(Step::Read),
        ]
    }

    /// Frames of 20 bytes that begin with their place.
    fn feed(log: &mut StreamLog, frames: &[(u32, u32)]) {
        for &(epoch, seq) in frames {
            let kind = if seq == 0 { FrameKind::Keyframe } else { FrameKind::Patch };
            let taken = log.take(&kind, Cursor { epoch, seq }, || {
                let mut bytes = [epoch.to_le_bytes(), seq.to_le_bytes()].concat();
                bytes.resize(20, 0);
                bytes.into()
            });
            assert!(taken.is_ok());
        }
    }

    fn read_all(log: &StreamLog, cursor: &mut Option<Cursor>) -> Vec<(u32, u32)> {
        let mut out = Vec::new();
        while !log.read(cursor, BATCH, &mut out) {}
        out.iter().map(decode).collect()
    }

    fn decode(frame: &Bytes) -> (u32, u32) {
        let number = |at: usize| u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
        (number(0), number(4))
    }
}

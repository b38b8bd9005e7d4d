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

    /// Whether a page may go on from here: nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.next.is_some()
    }

    /// The page has another connection: what was asked of the one before may never have come. If patches were lost
    /// with it, a keyframe is asked for at once.
    pub fn go_on(&mut self) {
        self.wanted_at = None;
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
mod tests;

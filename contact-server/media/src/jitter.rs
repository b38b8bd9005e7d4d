//! The adaptive jitter buffer of one leg.
//!
//! Packets go in as they arrive: late, twice, in the wrong order, in bursts, not at all. One frame's worth of
//! samples comes out per tick, in the order they were spoken, each marked as voice, as lost (to be concealed)
//! or as silence that the sender meant.
//!
//! # How it keeps time
//! A packet must be here when the frame that holds its first sample is pulled. How long it may take, measured
//! from when the fastest recent packet would have come, is the slack; it follows a target: a high quantile of
//! how much later than the fastest the others came (`DelayEstimator`). While voice plays, position and slack
//! are changed by cutting out or repeating whole pitch periods; while nothing is there, by standing still.
//! Frames that begin where packets begin cost the least delay for the same slack, so the position is drawn
//! there. Clock drift is followed by the same means.
//!
//! # Invariants
//! * Within a session the position never goes back: no sample is played twice, none out of order.
//! * It holds at most [`MAX_PACKETS`] packets and [`MAX_BUFFERED_SAMPLES`] samples; past that the oldest go.
//! * Any sequence of calls with any values is answered; nothing panics.
mod delay;
#[cfg(test)]
mod properties;
mod session;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE, SAMPLES_PER_MS};
use session::Session;

/// Packets that a buffer holds at most.
pub const MAX_PACKETS: usize = 128;
/// Samples that a buffer holds at most: one second.
pub const MAX_BUFFERED_SAMPLES: usize = SAMPLE_RATE as usize;
/// Longest packet that is taken: 120 ms, the longest that senders of voice use.
pub const MAX_PACKET_SAMPLES: usize = 960;

/// Later times are taken for this one, so that hostile ones can't overflow.
const MAX_TIME_MS: u64 = 1 << 48;

/// Bounds of the target, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterConfig {
    /// What a perfect network gets; covers an unsteady tick and sender. The wait for the tick comes on top.
    pub min_delay_ms: u64,
    /// Past this a late packet is a lost one; people who wait longer talk over each other (ITU-T G.114).
    pub max_delay_ms: u64,
    /// Before anything was measured.
    pub initial_delay_ms: u64,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self { min_delay_ms: 10, max_delay_ms: 200, initial_delay_ms: 40 }
    }
}

/// One RTP packet's decoded voice.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    pub sequence: u16,
    /// In samples of [`SAMPLE_RATE`]: the RTP clock of PCMU.
    pub timestamp: u32,
    pub sample_rate: u32,
    pub samples: &'a [i16],
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    Queued,
    /// Began a session: the first packet, or the second of a new numbering.
    Started,
    /// Its time to be played is over.
    Late,
    Duplicate,
    /// Does not fit the numbering; a second one that continues it begins a new session.
    Suspect,
    /// Empty, too long, or of another sample rate.
    Refused,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Voice,
    /// Was spoken and is not here.
    Conceal,
    /// Nobody spoke.
    Silence,
}

/// One tick's samples, each with its kind; what is not voice is zero.
#[derive(Debug, Clone)]
pub struct Pulled {
    frame: Frame,
    kinds: [Kind; FRAME_SAMPLES],
    spliced: bool,
}

/// Counters since the buffer was made; delays as of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JitterStats {
    pub received: u64,
    pub late: u64,
    pub duplicate: u64,
    pub refused: u64,
    /// Packets dropped because a limit was reached.
    pub overflowed: u64,
    pub concealed_samples: u64,
    /// Sessions begun.
    pub sessions: u64,
    /// From when the fastest recent packet would have brought a sample to when it is played.
    pub delay_ms: u64,
    /// How much later than the fastest a packet may come without being lost.
    pub target_ms: u64,
}

#[derive(Debug, Clone, Default)]
pub struct JitterBuffer {
    config: JitterConfig,
    session: Option<Session>,
    suspect: Option<Suspect>,
    stats: JitterStats,
}

/// A packet out of line, and what would continue it.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    next_sequence: u16,
    next_timestamp: u32,
}

impl JitterBuffer {
    pub fn new(config: JitterConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Takes a packet that arrived at `arrival_ms`.
    pub fn push(&mut self, packet: Packet<'_>, arrival_ms: u64) -> Pushed {
        self.stats.received += 1;
        let pushed = self.place(packet, samples(arrival_ms));
        match pushed {
            Pushed::Started => self.stats.sessions += 1,
            Pushed::Late => self.stats.late += 1,
            Pushed::Duplicate => self.stats.duplicate += 1,
            Pushed::Refused => self.stats.refused += 1,
            Pushed::Queued | Pushed::Suspect => {}
        }
        pushed
    }

    /// Takes the next frame's samples out; call it every 20 ms. `now_ms` is of the clock of `arrival_ms`.
    pub fn pull(&mut self, now_ms: u64) -> Pulled {
        let mut pulled = Pulled::silence();
        if let Some(session) = &mut self.session {
            let delay = session.pull(samples(now_ms), &mut pulled);
            self.stats.delay_ms = delay.max(0) as u64 / SAMPLES_PER_MS as u64;
            self.stats.target_ms = session.target() as u64 / SAMPLES_PER_MS as u64;
        }
        self.stats.concealed_samples += pulled.kinds.iter().filter(|&&k| k == Kind::Conceal).count() as u64;
        pulled
    }

    /// Forgets the session: the next packet begins one.
    pub fn restart(&mut self) {
        self.session = None;
        self.suspect = None;
    }

    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// Samples waiting to be played.
    pub fn buffered_samples(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.held_samples())
    }

    fn place(&mut self, packet: Packet<'_>, arrival: i64) -> Pushed {
        let length = packet.samples.len();
        if length == 0 || length > MAX_PACKET_SAMPLES || packet.sample_rate != SAMPLE_RATE {
            return Pushed::Refused;
        }
        let Some(session) = &mut self.session else {
            self.session = Some(Session::begin(self.config, packet, arrival));
            return Pushed::Started;
        };
        if session.fits(packet, arrival) {
            self.suspect = None;
            let (pushed, overflowed) = session.push(packet, arrival);
            self.stats.overflowed += overflowed;
            return pushed;
        }
        let expected = Suspect {
            next_sequence: packet.sequence.wrapping_add(1),
            next_timestamp: packet.timestamp.wrapping_add(length as u32),
        };
        let continues = self.suspect.replace(expected).is_some_and(|before| {
            before.next_sequence == packet.sequence && before.next_timestamp == packet.timestamp
        });
        if !continues {
            return Pushed::Suspect;
        }
        self.suspect = None;
        self.session = Some(Session::begin(self.config, packet, arrival));
        Pushed::Started
    }
}

/// Milliseconds as samples.
fn samples(ms: u64) -> i64 {
    (ms.min(MAX_TIME_MS) as i64) * SAMPLES_PER_MS as i64
}

impl Pulled {
    pub(crate) fn silence() -> Self {
        Self { frame: Frame::SILENCE, kinds: [Kind::Silence; FRAME_SAMPLES], spliced: false }
    }

    /// The frame's kind in one word: what most matters of what is in it.
    pub fn kind(&self) -> Kind {
        if self.kinds.contains(&Kind::Conceal) {
            Kind::Conceal
        } else if self.kinds.contains(&Kind::Voice) {
            Kind::Voice
        } else {
            Kind::Silence
        }
    }

    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// True if its voice does not continue the frame before it.
    pub fn spliced(&self) -> bool {
        self.spliced
    }

    /// Stretches of one kind, in order, covering the frame.
    pub fn runs(&self) -> impl Iterator<Item = (Kind, Range<usize>)> + '_ {
        let mut at = 0;
        self.kinds.chunk_by(|a, b| a == b).map(move |run| {
            let range = at..at + run.len();
            at = range.end;
            (run[0], range)
        })
    }
}

const _: () = assert!(FRAME_MS as usize * SAMPLES_PER_MS == FRAME_SAMPLES);

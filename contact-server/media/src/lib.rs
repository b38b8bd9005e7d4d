//! Voice as numbers: mixing, the jitter buffer, loss concealment, PCMU, prompts, tones.
//!
//! Knows samples and the times it is handed. Does not know legs' owners, sockets, codecs' negotiation, clocks,
//! random sources or files.
//!
//! # The way of a sample
//! A leg's packet is decoded ([`pcmu`]), pushed into its [`playout::Playout`] (which is a
//! [`jitter::JitterBuffer`] followed by a [`plc::Plc`]), and pulled out once per tick as a [`Frame`].
//! [`mixer::Mixer`] makes of all frames what each leg hears; a [`prompt::PromptPlayer`] may stand in for it.
//!
//! # Invariants
//! * Everything inside is mono, 16 bit, [`SAMPLE_RATE`]; samples of another rate are refused or resampled
//!   where they come in, never reinterpreted.
//! * One tick is one [`Frame`]: [`FRAME_MS`] milliseconds, [`FRAME_SAMPLES`] samples.
//! * No input makes anything here panic or grow past its named limit.

pub mod jitter;
pub mod level;
pub mod mixer;
pub mod pcmu;
pub mod playout;
pub mod plc;
pub mod prompt;
mod resample;
mod stretch;
pub mod tone;
pub mod wav;

/// Samples per second of everything that is mixed.
pub const SAMPLE_RATE: u32 = 8_000;
/// Length of a tick and of a [`Frame`], in milliseconds.
pub const FRAME_MS: u64 = 20;
/// Samples in a [`Frame`].
pub const FRAME_SAMPLES: usize = 160;
/// Samples in a millisecond.
pub const SAMPLES_PER_MS: usize = 8;

/// 20 ms of mono voice at [`SAMPLE_RATE`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame([i16; FRAME_SAMPLES]);

/// Samples that are not a [`Frame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("{0} samples per second cannot be mixed; the mixer runs at {SAMPLE_RATE}: resample first")]
    SampleRate(u32),
    #[error("a frame has {FRAME_SAMPLES} samples, not {0}")]
    Length(usize),
}

impl Frame {
    pub const SILENCE: Self = Self([0; FRAME_SAMPLES]);

    /// Takes samples of a stated rate, so that wideband samples are never mixed as if they were narrowband.
    pub fn from_samples(sample_rate: u32, samples: &[i16]) -> Result<Self, FrameError> {
        if sample_rate != SAMPLE_RATE {
            return Err(FrameError::SampleRate(sample_rate));
        }
        samples.try_into().map(Self).map_err(|_| FrameError::Length(samples.len()))
    }

    pub const fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    pub const fn samples(&self) -> &[i16; FRAME_SAMPLES] {
        &self.0
    }

    pub const fn samples_mut(&mut self) -> &mut [i16; FRAME_SAMPLES] {
        &mut self.0
    }
}

impl From<[i16; FRAME_SAMPLES]> for Frame {
    fn from(samples: [i16; FRAME_SAMPLES]) -> Self {
        Self(samples)
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({:.1} dBFS)", level::dbfs(level::rms(&self.0)))
    }
}

/// Rounds and saturates.
pub(crate) fn to_i16(sample: f32) -> i16 {
    // A float-to-integer cast saturates, and turns NaN into 0.
    sample.round() as i16
}

//! What a leg is told: clips of speech and music, put together and played frame by frame.
use std::sync::Arc;

use crate::{FRAME_SAMPLES, Frame, SAMPLE_RATE, SAMPLES_PER_MS, level, resample, to_i16, wav};

/// Longest clip, in seconds, however it was put together.
pub const MAX_CLIP_SECONDS: u32 = 180;
/// Level to which speech is brought: RMS of its voiced parts. Comfortable on a telephone (ITU-T P.56 speaks of
/// -26 dBov for speech with its pauses).
pub const SPEECH_DBFS: f64 = -20.0;

const MAX_SAMPLES: usize = (MAX_CLIP_SECONDS * SAMPLE_RATE) as usize;
/// Peaks stay below this when a clip is made louder: -1 dBFS.
const MAX_PEAK: f64 = 29_204.0;
/// Frames this much below the loudest are pauses and don't count towards a clip's level.
const PAUSE_DB: f64 = 25.0;
/// Most that a clip is made louder: more would lift the hiss of an empty room.
const MAX_GAIN_DB: f64 = 30.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the prompt would last longer than {MAX_CLIP_SECONDS} seconds: use shorter clips")]
pub struct TooLong;

/// Sound ready to be mixed: mono, [`SAMPLE_RATE`]. Cheap to copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    samples: Arc<[i16]>,
}

impl Clip {
    /// Takes samples of [`SAMPLE_RATE`].
    pub fn from_samples(samples: &[i16]) -> Result<Self, TooLong> {
        if samples.len() > MAX_SAMPLES {
            return Err(TooLong);
        }
        Ok(Self { samples: samples.into() })
    }

    /// Reads an uploaded or embedded WAV file; see [`wav::read`] for what is taken. At its own level.
    pub fn from_wav(file: &[u8]) -> Result<Self, wav::WavError> {
        let recording = wav::read(file)?;
        let samples = resample::to_internal_rate(&recording.samples, recording.sample_rate);
        Self::from_samples(&samples).map_err(|TooLong| wav::WavError::TooLong)
    }

    /// A pause of so many milliseconds, at most [`MAX_CLIP_SECONDS`].
    pub fn silence(ms: u32) -> Self {
        let count = (ms as usize).saturating_mul(SAMPLES_PER_MS).min(MAX_SAMPLES);
        Self { samples: vec![0; count].into() }
    }

    /// One after the other.
    pub fn concat<'a>(clips: impl IntoIterator<Item = &'a Self>) -> Result<Self, TooLong> {
        let mut samples = Vec::new();
        for clip in clips {
            if samples.len() + clip.samples.len() > MAX_SAMPLES {
                return Err(TooLong);
            }
            samples.extend_from_slice(&clip.samples);
        }
        Ok(Self { samples: samples.into() })
    }

    /// The same clip with its sounding parts at `dbfs`, as near as its peaks allow. Silence stays silent.
    #[must_use]
    pub fn normalised(&self, dbfs: f64) -> Self {
        let Some(sounding) = self.sounding_rms() else { return self.clone() };
        let peak = self.samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        let wanted = level::from_dbfs(dbfs) / sounding;
        let allowed = (MAX_PEAK / f64::from(peak.max(1))).min(10f64.powf(MAX_GAIN_DB / 20.0));
        let gain = wanted.min(allowed) as f32;
        Self { samples: self.samples.iter().map(|&sample| to_i16(f32::from(sample) * gain)).collect() }
    }

    /// The same clip without the silence at its ends, so that clips put together sound like one sentence.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let Some(sounding) = self.sounding_rms() else { return Self::silence(0) };
        let threshold = sounding * 10f64.powf(-PAUSE_DB / 20.0);
        let sounds = |frame: &[i16]| level::rms(frame) >= threshold;
        let frames = || self.samples.chunks(FRAME_SAMPLES);
        let first = frames().position(sounds).unwrap_or(0);
        let last = frames().rposition(sounds).unwrap_or(0);
        let end = ((last + 1) * FRAME_SAMPLES).min(self.samples.len());
        Self { samples: self.samples[first * FRAME_SAMPLES..end].into() }
    }

    pub fn samples(&self) -> &Arc<[i16]> {
        &self.samples
    }

    pub fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    pub fn duration_ms(&self) -> u64 {
        (self.samples.len() / SAMPLES_PER_MS) as u64
    }

    /// As a WAV file, to be kept.
    pub fn to_wav(&self) -> Vec<u8> {
        wav::write(SAMPLE_RATE, &self.samples)
    }

    /// RMS without the pauses; None if nothing sounds.
    fn sounding_rms(&self) -> Option<f64> {
        let frames = || self.samples.chunks(FRAME_SAMPLES).map(level::rms);
        let loudest = frames().fold(0.0, f64::max);
        let threshold = loudest * 10f64.powf(-PAUSE_DB / 20.0);
        let (energy, count) = frames()
            .filter(|&rms| rms >= threshold)
            .fold((0.0, 0.0), |(energy, count), rms| (energy + rms * rms, count + 1.0));
        (loudest > 0.0).then(|| (energy / count).sqrt())
    }
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clip({} ms)", self.duration_ms())
    }
}

/// Plays samples of [`SAMPLE_RATE`] frame by frame, once or over and over.
#[derive(Debug, Clone)]
pub struct PromptPlayer {
    samples: Arc<[i16]>,
    position: usize,
    repeat: bool,
}

impl PromptPlayer {
    pub fn new(samples: Arc<[i16]>, repeat: bool) -> Self {
        Self { samples, position: 0, repeat }
    }

    /// The next frame; None once the prompt has ended. The last frame is filled up with silence; a repeated
    /// prompt joins its end to its start without a gap.
    pub fn next_frame(&mut self) -> Option<Frame> {
        if self.samples.is_empty() || self.position >= self.samples.len() {
            return None;
        }
        let mut frame = Frame::SILENCE;
        let mut out = &mut frame.samples_mut()[..];
        while !out.is_empty() {
            let rest = &self.samples[self.position..];
            let count = rest.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&rest[..count]);
            out = later;
            self.position += count;
            if self.position == self.samples.len() {
                if !self.repeat {
                    break;
                }
                self.position = 0;
            }
        }
        Some(frame)
    }
}

impl Iterator for PromptPlayer {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.next_frame()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    #[test]
    fn a_prompt_is_played_once_to_its_end_and_filled_up() {
        let mut player = PromptPlayer::new(vec![9; 200].into(), false);
        assert_eq!(player.next_frame(), Some(Frame::from([9; FRAME_SAMPLES])));
        let last = player.next_frame().unwrap();
        assert_eq!(last.samples()[..40], [9; 40]);
        assert_eq!(last.samples()[40..], [0; 120]);
        assert_eq!((player.next_frame(), player.next_frame()), (None, None));
    }

    #[test]
    fn a_repeated_prompt_joins_its_end_to_its_start() {
        let samples: Vec<i16> = (0..70).collect();
        let heard: Vec<i16> =
            PromptPlayer::new(samples.into(), true).take(7).flat_map(|frame| *frame.samples()).collect();
        assert!(heard.iter().enumerate().all(|(i, &sample)| sample == (i % 70) as i16));
    }

    #[test]
    fn an_empty_prompt_has_ended_even_if_repeated() {
        assert_eq!(PromptPlayer::new(Vec::new().into(), true).next_frame(), None);
    }

    #[test]
    fn a_recording_at_any_rate_becomes_a_clip_of_the_same_length_and_pitch() {
        for rate in wav::SAMPLE_RATES {
            let file = wav::write(rate, &tone::sine(rate, 700.0, -20.0, rate as usize));
            let clip = Clip::from_wav(&file).unwrap();
            assert_eq!(clip.duration_ms(), 1_000, "{rate}");
            assert!(tone::measure(clip.samples(), SAMPLE_RATE, 700.0).is_heard(-20.5, 30.0), "{rate}");
        }
    }

    #[test]
    fn a_quiet_clip_is_made_as_loud_as_speech_without_clipping() {
        let bursts = tone::Bursts { dbfs: -40.0, ..tone::Bursts::new(500.0) };
        let clip = Clip::from_samples(&bursts.samples(SAMPLE_RATE, 2_000)).unwrap().normalised(SPEECH_DBFS);
        // The gaps don't count.
        assert!(
            (tone::measure(&clip.samples()[100..2_300], SAMPLE_RATE, 500.0).tone_dbfs - SPEECH_DBFS).abs()
                < 0.5
        );

        let mut spiky = vec![10; 8_000];
        spiky[4_000] = 20_000;
        let clip = Clip::from_samples(&spiky).unwrap().normalised(SPEECH_DBFS);
        assert!(clip.samples().iter().all(|s| f64::from(s.unsigned_abs()) <= MAX_PEAK));
    }

    #[test]
    fn silence_stays_silent_and_trims_to_nothing() {
        assert_eq!(Clip::silence(100).normalised(SPEECH_DBFS), Clip::silence(100));
        assert!(Clip::silence(100).trimmed().is_empty());
        assert!(Clip::silence(0).normalised(SPEECH_DBFS).trimmed().is_empty());
    }

    #[test]
    fn trimming_takes_the_silence_at_the_ends_and_not_the_pauses_within() {
        let speech = Clip::from_samples(&tone::Bursts::new(500.0).samples(SAMPLE_RATE, 800)).unwrap();
        let padded = Clip::concat([&Clip::silence(500), &speech, &Clip::silence(700)]).unwrap();
        assert_eq!(padded.duration_ms(), 2_000);
        assert!((780..=840).contains(&padded.trimmed().duration_ms()), "{:?}", padded.trimmed());
    }

    #[test]
    fn clips_that_together_are_too_long_are_refused() {
        let minute = Clip::silence(60_000);
        assert!(Clip::concat([&minute; 3]).is_ok());
        assert_eq!(Clip::concat([&minute; 4]), Err(TooLong));
        assert_eq!(Clip::silence(u32::MAX).duration_ms(), u64::from(MAX_CLIP_SECONDS) * 1_000);
    }
}

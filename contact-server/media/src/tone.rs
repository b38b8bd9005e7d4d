//! Tones: made for tests and measurements, and found again.
//!
//! A tone's level is its projection on the frequency (Goertzel's question, answered by least squares so that
//! blocks need not hold whole periods); its signal-to-noise ratio compares that with all that is left.
use std::f64::consts::TAU;

use crate::{
    level::{self, FLOOR_DBFS},
    to_i16,
};

/// Largest ratio that is told apart from perfection, in decibels.
pub const MAX_SNR_DB: f64 = 120.0;

/// One block measured against one frequency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToneReading {
    /// RMS level of the tone.
    pub tone_dbfs: f64,
    /// RMS level of everything else.
    pub rest_dbfs: f64,
    /// Between -[`MAX_SNR_DB`] and [`MAX_SNR_DB`].
    pub snr_db: f64,
}

impl ToneReading {
    /// True if the tone is at least so loud and stands out from the rest by so much.
    pub fn is_heard(&self, min_dbfs: f64, min_snr_db: f64) -> bool {
        self.tone_dbfs >= min_dbfs && self.snr_db >= min_snr_db
    }
}

/// Measures how much of `samples` is a steady sine of `frequency` hertz.
pub fn measure(samples: &[i16], sample_rate: u32, frequency: f64) -> ToneReading {
    let (tone, total) = powers(samples, sample_rate, frequency);
    reading(tone, (total - tone).max(0.0))
}

/// The same over consecutive blocks, powers added: follows a tone whose phase steps now and then, as a jitter
/// buffer that changes its delay makes it. A rest shorter than a block is left out.
pub fn measure_blocks(samples: &[i16], sample_rate: u32, frequency: f64, block: usize) -> ToneReading {
    let blocks = samples.chunks_exact(block.max(1));
    let count = blocks.len().max(1) as f64;
    let (tone, total) = blocks
        .map(|samples| powers(samples, sample_rate, frequency))
        .fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
    reading(tone / count, ((total - tone) / count).max(0.0))
}

/// The one of `frequencies` that is strongest in `samples`, with its reading; None if there are none.
pub fn strongest(samples: &[i16], sample_rate: u32, frequencies: &[f64]) -> Option<(f64, ToneReading)> {
    frequencies
        .iter()
        .map(|&frequency| (frequency, measure(samples, sample_rate, frequency)))
        .max_by(|a, b| a.1.tone_dbfs.total_cmp(&b.1.tone_dbfs))
}

/// Power of one frequency by Goertzel's recursion: a multiplication and two additions a sample. Exact for
/// blocks of whole periods; use it to watch many frequencies, [`measure`] to judge one.
pub fn goertzel_dbfs(samples: &[i16], sample_rate: u32, frequency: f64) -> f64 {
    if samples.is_empty() {
        return FLOOR_DBFS;
    }
    let coefficient = 2.0 * (TAU * frequency / f64::from(sample_rate)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        let now = f64::from(sample) + coefficient * last - before;
        (before, last) = (last, now);
    }
    let power = last * last + before * before - coefficient * last * before;
    // A sine of amplitude A gives (A * n / 2)^2.
    let amplitude = 2.0 * power.max(0.0).sqrt() / samples.len() as f64;
    level::dbfs(amplitude / 2f64.sqrt())
}

/// Mean power (of the tone, of all).
fn powers(samples: &[i16], sample_rate: u32, frequency: f64) -> (f64, f64) {
    let count = samples.len().max(1) as f64;
    let (mut xx, mut xc, mut xs, mut cc, mut ss, mut cs) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, &sample) in samples.iter().enumerate() {
        let x = f64::from(sample);
        let (sin, cos) = (TAU * frequency * i as f64 / f64::from(sample_rate)).sin_cos();
        (xx, xc, xs) = (xx + x * x, xc + x * cos, xs + x * sin);
        (cc, ss, cs) = (cc + cos * cos, ss + sin * sin, cs + cos * sin);
    }
    let determinant = cc * ss - cs * cs;
    // Near 0 hertz or half the rate sine and cosine can't be told apart: no tone is measured there.
    if determinant <= f64::EPSILON * count * count {
        return (0.0, xx / count);
    }
    let (a, b) = ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant);
    ((a * xc + b * xs).clamp(0.0, xx) / count, xx / count)
}

fn reading(tone: f64, rest: f64) -> ToneReading {
    let snr_db = match (tone > 0.0, rest > 0.0) {
        (true, true) => (10.0 * (tone / rest).log10()).clamp(-MAX_SNR_DB, MAX_SNR_DB),
        (true, false) => MAX_SNR_DB,
        (false, _) => -MAX_SNR_DB,
    };
    ToneReading { tone_dbfs: level::dbfs(tone.sqrt()), rest_dbfs: level::dbfs(rest.sqrt()), snr_db }
}

/// A steady sine of so many samples, whose RMS level is `dbfs` (a full-scale sine is -3 dBFS).
pub fn sine(sample_rate: u32, frequency: f64, dbfs: f64, count: usize) -> Vec<i16> {
    let amplitude = level::from_dbfs(dbfs) * 2f64.sqrt();
    (0..count)
        .map(|i| to_i16((amplitude * (TAU * frequency * i as f64 / f64::from(sample_rate)).sin()) as f32))
        .collect()
}

/// Tone bursts: on, off, on, off. Noise suppression takes a steady tone for noise; bursts pass as speech does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    pub frequency: f64,
    /// RMS level within a burst.
    pub dbfs: f64,
    pub on_ms: u32,
    pub off_ms: u32,
    /// RMS level of white noise under it all, if any.
    pub noise_dbfs: Option<f64>,
    /// Of the noise; the same seed gives the same samples.
    pub seed: u64,
}

impl Bursts {
    /// Bursts of 300 ms with gaps of 200 ms at -12 dBFS, without noise: the rhythm of syllables.
    pub const fn new(frequency: f64) -> Self {
        Self { frequency, dbfs: -12.0, on_ms: 300, off_ms: 200, noise_dbfs: None, seed: 1 }
    }

    /// The samples of so many milliseconds. Bursts rise and fall within 5 ms, without clicks.
    pub fn samples(&self, sample_rate: u32, total_ms: u32) -> Vec<i16> {
        let per_ms = f64::from(sample_rate) / 1000.0;
        let count = (f64::from(total_ms) * per_ms) as usize;
        let amplitude = level::from_dbfs(self.dbfs) * 2f64.sqrt();
        // Uniform noise over +-a has an RMS of a / sqrt(3).
        let noise_peak = self.noise_dbfs.map_or(0.0, |dbfs| level::from_dbfs(dbfs) * 3f64.sqrt());
        let mut noise = Noise(self.seed);
        (0..count)
            .map(|i| {
                let ms = i as f64 / per_ms;
                let tone = amplitude * self.envelope(ms) * (TAU * self.frequency * ms / 1000.0).sin();
                to_i16((tone + noise_peak * noise.next()) as f32)
            })
            .collect()
    }

    /// A WAV file of so many milliseconds.
    pub fn wav(&self, sample_rate: u32, total_ms: u32) -> Vec<u8> {
        crate::wav::write(sample_rate, &self.samples(sample_rate, total_ms))
    }

    fn envelope(&self, ms: f64) -> f64 {
        const EDGE_MS: f64 = 5.0;
        let (on, off) = (f64::from(self.on_ms), f64::from(self.off_ms));
        if off == 0.0 {
            return 1.0;
        }
        let within = ms % (on + off);
        (within / EDGE_MS).min((on - within) / EDGE_MS).clamp(0.0, 1.0)
    }
}

/// White noise from a seed (SplitMix64; Steele, Lea and Flood 2014).
struct Noise(u64);

impl Noise {
    /// Uniform over -1 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_level_and_no_other_is() {
        let samples = sine(8_000, 440.0, -20.0, 1_600);
        let reading = measure(&samples, 8_000, 440.0);
        assert!((reading.tone_dbfs + 20.0).abs() < 0.05 && reading.snr_db > 60.0, "{reading:?}");
        assert!((goertzel_dbfs(&samples, 8_000, 440.0) + 20.0).abs() < 0.05);
        assert!(measure(&samples, 8_000, 700.0).tone_dbfs < -50.0);
        assert!(goertzel_dbfs(&samples, 8_000, 700.0) < -50.0);
        let (frequency, _) = strongest(&samples, 8_000, &[350.0, 440.0, 700.0]).unwrap();
        assert_eq!(frequency, 440.0);
    }

    #[test]
    fn the_ratio_to_known_noise_is_measured_within_half_a_decibel() {
        let bursts = Bursts { off_ms: 0, dbfs: -20.0, noise_dbfs: Some(-45.0), ..Bursts::new(600.0) };
        let reading = measure(&bursts.samples(8_000, 2_000), 8_000, 600.0);
        assert!((reading.snr_db - 25.0).abs() < 0.5, "{reading:?}");
        assert!((reading.rest_dbfs + 45.0).abs() < 0.5, "{reading:?}");
    }

    #[test]
    fn bursts_are_on_and_off_where_they_say() {
        let samples = Bursts::new(500.0).samples(8_000, 1_000);
        assert_eq!(samples.len(), 8_000);
        assert!(measure(&samples[100..2_300], 8_000, 500.0).is_heard(-13.0, 40.0));
        assert!(samples[2_400..4_000].iter().all(|&s| s == 0));
        assert!(measure(&samples[4_100..6_300], 8_000, 500.0).is_heard(-13.0, 40.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_noise_and_another_does_not() {
        let noisy = |seed| Bursts { noise_dbfs: Some(-30.0), seed, ..Bursts::new(500.0) }.samples(8_000, 100);
        assert_eq!(noisy(7), noisy(7));
        assert_ne!(noisy(7), noisy(8));
    }

    #[test]
    fn nothing_is_read_from_nothing() {
        for samples in [&[][..], &[0; 160]] {
            assert!(!measure(samples, 8_000, 440.0).is_heard(-100.0, 0.0));
            assert_eq!(goertzel_dbfs(samples, 8_000, 440.0), FLOOR_DBFS);
        }
        assert!(!measure(&[1_000; 160], 8_000, 0.0).is_heard(-100.0, 0.0));
        assert!(strongest(&[], 8_000, &[]).is_none());
    }
}

//! Recordings of any supported rate to [`SAMPLE_RATE`]: a polyphase windowed-sinc low-pass.
use std::f64::consts::PI;

use crate::{SAMPLE_RATE, to_i16};

/// Zero crossings of the sinc on either side, at the output rate. 24 leave a transition band of about 400 Hz.
const CROSSINGS: usize = 24;
/// Where the low-pass begins to fall, as a share of half the output rate: what lies above 4 kHz would alias.
const CUTOFF: f64 = 0.93;
/// Shape of the Kaiser window: 80 dB of stop-band.
const BETA: f64 = 7.86;

/// `from` is at least [`SAMPLE_RATE`]. The output is as long in time as the input, rounded up, and not
/// shifted against it.
pub(crate) fn to_internal_rate(samples: &[i16], from: u32) -> Vec<i16> {
    if from == SAMPLE_RATE {
        return samples.to_vec();
    }
    let common = gcd(from, SAMPLE_RATE);
    // `up` outputs for every `down` inputs; output n lies at input n * down / up, so `up` phases recur.
    let (up, down) = ((SAMPLE_RATE / common) as usize, (from / common) as usize);
    let half = CROSSINGS * down.div_ceil(up);
    let phases: Vec<Vec<f32>> =
        (0..up).map(|phase| taps(half, (phase * down % up) as f64 / up as f64, from)).collect();
    let length = (samples.len() * up).div_ceil(down);
    (0..length)
        .map(|n| {
            let centre = n * down / up;
            let first = centre as i64 - half as i64 + 1;
            // Beyond its ends the recording is silent.
            let skip = (-first).max(0) as usize;
            let window = &samples[(first.max(0) as usize).min(samples.len())..];
            let taps = &phases[n % up][skip..];
            to_i16(taps.iter().zip(window).map(|(&tap, &sample)| tap * f32::from(sample)).sum())
        })
        .collect()
}

/// The filter for outputs that lie `offset` (0 to 1) input samples past an input: 2 `half` taps, gain 1.
fn taps(half: usize, offset: f64, from: u32) -> Vec<f32> {
    let cutoff = CUTOFF * f64::from(SAMPLE_RATE) / f64::from(from);
    let taps: Vec<f64> = (0..2 * half)
        .map(|i| {
            let distance = i as f64 - (half as f64 - 1.0) - offset;
            sinc(distance * cutoff) * kaiser(distance / half as f64)
        })
        .collect();
    let gain: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / gain) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The Kaiser window over -1 to 1.
fn kaiser(x: f64) -> f64 {
    bessel_i0(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(BETA)
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..32 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tone, wav};

    #[test]
    fn a_tone_below_the_edge_survives_from_every_rate_and_one_above_does_not_alias() {
        for rate in wav::SAMPLE_RATES.into_iter().filter(|&rate| rate > SAMPLE_RATE) {
            let low = to_internal_rate(&tone::sine(rate, 1_000.0, -10.0, rate as usize), rate);
            assert_eq!(low.len(), SAMPLE_RATE as usize, "{rate}");
            let reading = tone::measure(&low[400..7_600], SAMPLE_RATE, 1_000.0);
            assert!(reading.snr_db > 60.0 && (reading.tone_dbfs + 10.0).abs() < 0.1, "{rate}: {reading:?}");

            let passband = to_internal_rate(&tone::sine(rate, 3_300.0, -10.0, rate as usize), rate);
            let reading = tone::measure(&passband[400..7_600], SAMPLE_RATE, 3_300.0);
            assert!((reading.tone_dbfs + 10.0).abs() < 0.5, "{rate}: {reading:?}");

            let high = to_internal_rate(&tone::sine(rate, 5_000.0, -10.0, rate as usize), rate);
            let left = crate::level::dbfs(crate::level::rms(&high[400..7_600]));
            assert!(left < -70.0, "{rate}: {left}");
        }
    }

    #[test]
    fn an_impulse_stays_where_it_was() {
        let mut samples = vec![0; 48_000];
        samples[24_000] = 30_000;
        let out = to_internal_rate(&samples, 48_000);
        let peak = (0..out.len()).max_by_key(|&i| out[i].unsigned_abs());
        assert_eq!(peak, Some(4_000));
    }

    #[test]
    fn few_samples_are_resampled_too() {
        assert!(to_internal_rate(&[], 44_100).is_empty());
        assert_eq!(to_internal_rate(&[1], 44_100).len(), 1);
    }
}

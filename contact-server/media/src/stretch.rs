//! Voice made a little shorter or longer without changing its pitch, so that the delay follows its target
//! while somebody speaks (waveform similarity overlap-add; Verhelst and Roelands 1993).
//!
//! The cut is made where the voice repeats itself: at a lag at which what comes later looks like what comes
//! now, and the two are cross-faded.
use crate::{FRAME_SAMPLES, to_i16};

/// Shortest lag that is tried: 2.5 ms.
pub(crate) const MIN_LAG: usize = 20;
/// Longest lag that is tried: 12.5 ms, the pitch of a deep voice.
pub(crate) const MAX_LAG: usize = 100;
/// Length of the cross-fade and of what is compared: 7.5 ms.
const OVERLAP: usize = 60;
/// Similarity (normalised correlation) from which a cut is inaudible.
const ALIKE: f32 = 0.85;
/// RMS below which nobody hears a cut: -50 dBFS.
const QUIET: f32 = 100.0;

/// Fills `out` from `input`, which is longer than a frame by the most that may be cut out; returns how many
/// samples of it were used up. None, and `out` untouched, if no cut would go unheard; `force` takes the best.
pub(crate) fn shorten(input: &[i16], force: bool, out: &mut [i16; FRAME_SAMPLES]) -> Option<usize> {
    let lag = best_lag(input, input.len().checked_sub(FRAME_SAMPLES)?, force)?;
    fade(&input[..OVERLAP], &input[lag..lag + OVERLAP], &mut out[..OVERLAP]);
    out[OVERLAP..].copy_from_slice(&input[lag + OVERLAP..lag + FRAME_SAMPLES]);
    Some(FRAME_SAMPLES + lag)
}

/// Fills `out` with less than the frame that `input` holds, part of it repeated; returns how many samples of
/// it were used up. None as in [`shorten`].
pub(crate) fn lengthen(input: &[i16], force: bool, out: &mut [i16; FRAME_SAMPLES]) -> Option<usize> {
    let input = input.get(..FRAME_SAMPLES)?;
    let lag = best_lag(input, FRAME_SAMPLES - OVERLAP, force)?;
    out[..lag].copy_from_slice(&input[..lag]);
    fade(&input[lag..lag + OVERLAP], &input[..OVERLAP], &mut out[lag..lag + OVERLAP]);
    out[lag + OVERLAP..].copy_from_slice(&input[OVERLAP..FRAME_SAMPLES - lag]);
    Some(FRAME_SAMPLES - lag)
}

fn best_lag(input: &[i16], longest: usize, force: bool) -> Option<usize> {
    let head = &input[..OVERLAP];
    let head_energy = energy(head);
    let quiet = QUIET * QUIET * OVERLAP as f32;
    let mut best = None;
    for lag in MIN_LAG..=longest.min(MAX_LAG) {
        let later = &input[lag..lag + OVERLAP];
        let later_energy = energy(later);
        if head_energy <= quiet && later_energy <= quiet {
            // Nothing to match: the longest quiet lag gets there soonest.
            best = Some((lag, 1.0));
            continue;
        }
        let likeness = dot(head, later) / (head_energy * later_energy).sqrt().max(1.0);
        if best.is_none_or(|(_, of_best)| likeness > of_best) {
            best = Some((lag, likeness));
        }
    }
    best.filter(|&(_, likeness)| force || likeness >= ALIKE).map(|(lag, _)| lag)
}

pub(crate) fn dot(a: &[i16], b: &[i16]) -> f32 {
    a.iter().zip(b).map(|(&a, &b)| f32::from(a) * f32::from(b)).sum()
}

pub(crate) fn energy(samples: &[i16]) -> f32 {
    dot(samples, samples)
}

/// From all `from` to all `to`.
fn fade(from: &[i16], to: &[i16], out: &mut [i16]) {
    let steps = out.len() as f32 + 1.0;
    for (i, ((&from, &to), out)) in from.iter().zip(to).zip(out).enumerate() {
        let weight = (i + 1) as f32 / steps;
        *out = to_i16(f32::from(from) * (1.0 - weight) + f32::from(to) * weight);
    }
}

const _: () = assert!(MAX_LAG + OVERLAP <= FRAME_SAMPLES && MIN_LAG < MAX_LAG);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SAMPLE_RATE, tone};

    #[test]
    fn a_stretched_tone_keeps_its_pitch_and_its_purity() {
        let input = tone::sine(SAMPLE_RATE, 440.0, -12.0, FRAME_SAMPLES + MAX_LAG);
        let mut out = [0; FRAME_SAMPLES];
        let used = shorten(&input, false, &mut out).unwrap();
        assert!((FRAME_SAMPLES + MIN_LAG..=FRAME_SAMPLES + MAX_LAG).contains(&used));
        assert!(tone::measure(&out, SAMPLE_RATE, 440.0).snr_db > 30.0);
        let used = lengthen(&input, false, &mut out).unwrap();
        assert!((FRAME_SAMPLES - MAX_LAG..=FRAME_SAMPLES - MIN_LAG).contains(&used));
        assert!(tone::measure(&out, SAMPLE_RATE, 440.0).snr_db > 30.0);
    }

    #[test]
    fn noise_is_cut_only_by_force_and_silence_at_once() {
        let noise = tone::Bursts { dbfs: -90.0, noise_dbfs: Some(-20.0), ..tone::Bursts::new(440.0) };
        let noise = noise.samples(SAMPLE_RATE, 40);
        let mut out = [7; FRAME_SAMPLES];
        assert_eq!(shorten(&noise[..FRAME_SAMPLES + MAX_LAG], false, &mut out), None);
        assert_eq!(out, [7; FRAME_SAMPLES]);
        assert!(shorten(&noise[..FRAME_SAMPLES + MAX_LAG], true, &mut out).is_some());
        assert_eq!(shorten(&[0; FRAME_SAMPLES + 50], false, &mut out), Some(FRAME_SAMPLES + 50));
    }

    #[test]
    fn too_little_to_cut_is_left_alone() {
        let mut out = [7; FRAME_SAMPLES];
        assert_eq!(shorten(&[0; FRAME_SAMPLES + MIN_LAG - 1], true, &mut out), None);
        assert_eq!(shorten(&[0; 10], true, &mut out), None);
        assert_eq!(lengthen(&[0; 10], true, &mut out), None);
    }
}

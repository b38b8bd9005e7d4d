//! Packet-loss concealment after ITU-T G.711 Appendix I: what is missing is replaced by the last pitch
//! periods, over and over, fading to silence within 60 ms; the voice that comes back is faded in.
//!
//! Unlike the appendix it adds no delay: the seam at the start of a loss is mended by bending the first
//! samples towards the last true one, not by holding samples back.
use crate::{
    FRAME_SAMPLES, Frame, SAMPLES_PER_MS,
    jitter::{Kind, Pulled},
    stretch::{dot, energy},
    to_i16,
};

/// Pitch periods that are looked for: 5 to 15 ms (200 to 66 Hz).
const MIN_PITCH: usize = 40;
const MAX_PITCH: usize = 120;
/// What is compared when looking for the pitch: 20 ms.
const WINDOW: usize = 160;
/// Past samples that are kept: three long periods, and what their seam and the interpolation need.
const HISTORY: usize = 3 * (MAX_PITCH + 1) + MAX_PITCH / 4 + TAPS;
/// Samples that the interpolation between samples looks at.
const TAPS: usize = 6;
/// After this much loss another period joins the repeated ones, lest it buzz; and the fading begins.
const STEP: usize = 10 * SAMPLES_PER_MS;
const MAX_PERIODS: usize = 3;
/// Loss after which nothing is left to hear.
const FADED: usize = 60 * SAMPLES_PER_MS;
/// Longest cross-fade back to true voice.
const MAX_OVERLAP: usize = 10 * SAMPLES_PER_MS;
/// Added to that cross-fade for every [`STEP`] of loss.
const OVERLAP_PER_STEP: usize = 4 * SAMPLES_PER_MS;
/// Within this, voice ends when the sender falls silent: no click.
const MUTING: usize = 5 * SAMPLES_PER_MS;

/// The concealment of one leg; see [`Plc::apply`].
#[derive(Debug, Clone)]
pub struct Plc {
    /// What was heard last, newest at the end.
    history: [i16; HISTORY],
    loss: Option<Box<Loss>>,
}

/// Samples being made up.
#[derive(Debug, Clone)]
struct Loss {
    /// The history as it was when the loss began.
    source: [f32; HISTORY],
    /// In samples, with a fraction: a tone of five samples a period, repeated at a pitch that is wrong by a
    /// seventh of a sample, is out of step before a packet's time is over.
    pitch: f32,
    periods: usize,
    /// In the repeated periods.
    position: f32,
    /// The (periods, position) being faded out since a period joined, and samples of that fade still to come.
    before: (usize, f32, usize),
    /// Samples made up so far.
    made: usize,
    /// What the first made-up sample lacks to continue the last true one.
    step: f32,
    /// Counts down once the sender is known to be silent.
    muting: Option<usize>,
}

impl Default for Plc {
    fn default() -> Self {
        Self { history: [0; HISTORY], loss: None }
    }
}

impl Plc {
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a whole frame of what the jitter buffer had.
    pub fn apply(&mut self, pulled: Pulled) -> Frame {
        let mut frame = *pulled.frame();
        if pulled.spliced() {
            // The voice jumps: treat it as a loss of no length, which fades the new voice in over the old.
            self.begin_loss();
        }
        for (kind, range) in pulled.runs() {
            let samples = &mut frame.samples_mut()[range];
            match kind {
                Kind::Voice => self.voice(samples),
                Kind::Conceal => self.conceal(samples),
                Kind::Silence => self.silence(samples),
            }
        }
        frame
    }

    /// True voice, in place: faded in if something was made up before it.
    pub fn voice(&mut self, samples: &mut [i16]) {
        if let Some(mut loss) = self.loss.take() {
            let overlap = loss.overlap().min(samples.len());
            for (i, sample) in samples[..overlap].iter_mut().enumerate() {
                let weight = (i + 1) as f32 / (overlap + 1) as f32;
                *sample = to_i16(f32::from(*sample) * weight + loss.next() * (1.0 - weight));
            }
        }
        self.remember(samples);
    }

    /// Lost voice: overwrites `samples` with what is made up.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        self.begin_loss();
        self.make_up(samples);
    }

    /// The sender is silent: overwrites `samples` with the end of the voice, if any, and silence.
    pub fn silence(&mut self, samples: &mut [i16]) {
        self.begin_loss();
        if let Some(loss) = &mut self.loss {
            loss.muting.get_or_insert(MUTING);
        }
        self.make_up(samples);
    }

    fn begin_loss(&mut self) {
        if self.loss.is_none() {
            self.loss = Some(Box::new(Loss::new(&self.history)));
        }
    }

    fn make_up(&mut self, samples: &mut [i16]) {
        match &mut self.loss {
            Some(loss) if !loss.is_over() => samples.fill_with(|| to_i16(loss.next())),
            _ => samples.fill(0),
        }
        self.remember(samples);
    }

    fn remember(&mut self, samples: &[i16]) {
        let count = samples.len().min(HISTORY);
        self.history.copy_within(count.., 0);
        self.history[HISTORY - count..].copy_from_slice(&samples[samples.len() - count..]);
    }
}

impl Loss {
    fn new(history: &[i16; HISTORY]) -> Self {
        let pitch = find_pitch(history);
        let mut loss = Self {
            source: history.map(f32::from),
            pitch,
            periods: 1,
            position: 0.0,
            before: (0, 0.0, 0),
            made: 0,
            step: 0.0,
            muting: None,
        };
        loss.step = loss.source[HISTORY - 1] - loss.between(HISTORY as f32 - 1.0 - pitch);
        loss
    }

    fn is_over(&self) -> bool {
        self.made >= FADED || self.muting == Some(0)
    }

    /// The longer the loss, the longer the way back.
    fn overlap(&self) -> usize {
        let steps = self.made.saturating_sub(1) / STEP;
        (self.seam() + steps * OVERLAP_PER_STEP).min(MAX_OVERLAP)
    }

    fn next(&mut self) -> f32 {
        if self.is_over() {
            return 0.0;
        }
        if self.made > 0 && self.made.is_multiple_of(STEP) && self.periods < MAX_PERIODS {
            // One more period in front of the others: the same place in the voice lies one pitch further in.
            self.before = (self.periods, self.position, self.seam());
            self.periods += 1;
        }
        let mut sample = self.repeated(self.periods, self.position);
        let (periods, position, left) = self.before;
        if left > 0 {
            let weight = left as f32 / (self.seam() + 1) as f32;
            sample = sample * (1.0 - weight) + self.repeated(periods, position) * weight;
            self.before = (periods, self.after(periods, position), left - 1);
        }
        if self.made < self.seam() {
            sample += self.step * (1.0 - (self.made + 1) as f32 / (self.seam() + 1) as f32);
        }
        let gain = self.gain();
        self.position = self.after(self.periods, self.position);
        self.made += 1;
        sample * gain
    }

    fn gain(&mut self) -> f32 {
        let faded = self.made.saturating_sub(STEP) as f32 / (FADED - STEP) as f32;
        let muted = self.muting.as_mut().map_or(1.0, |left| {
            *left = left.saturating_sub(1);
            *left as f32 / MUTING as f32
        });
        (1.0 - faded) * muted
    }

    /// Length of the seam where the repetition closes on itself.
    fn seam(&self) -> usize {
        self.pitch as usize / 4
    }

    fn after(&self, periods: usize, position: f32) -> f32 {
        (position + 1.0) % (periods as f32 * self.pitch)
    }

    /// Sample `position` of the last `periods` periods, whose end is faded into what came before their start.
    fn repeated(&self, periods: usize, position: f32) -> f32 {
        let length = periods as f32 * self.pitch;
        let sample = self.between(HISTORY as f32 - length + position);
        let seam_from = length - self.seam() as f32;
        if position < seam_from {
            return sample;
        }
        let weight = (position - seam_from + 1.0) / (self.seam() + 1) as f32;
        let before_start = self.between(HISTORY as f32 - 2.0 * length + position);
        sample * (1.0 - weight) + before_start * weight
    }

    /// The source between its samples, by Lagrange's polynomial through the six around.
    fn between(&self, place: f32) -> f32 {
        const FIRST: f32 = (TAPS / 2 - 1) as f32;
        let whole = place.floor();
        let fraction = place - whole;
        let first = (whole - FIRST).max(0.0) as usize;
        let mut sum = 0.0;
        for tap in 0..TAPS {
            let mut weight = 1.0;
            for other in (0..TAPS).filter(|&other| other != tap) {
                weight *= (fraction + FIRST - other as f32) / (tap as f32 - other as f32);
            }
            sum += weight * self.sample(first + tap);
        }
        sum
    }

    /// Past the end of what is known the voice is taken to repeat.
    fn sample(&self, at: usize) -> f32 {
        if at < HISTORY { self.source[at] } else { self.source[at - self.pitch.round() as usize] }
    }
}

/// The lag, with its fraction, at which the newest 20 ms most resemble what was before them.
fn find_pitch(history: &[i16; HISTORY]) -> f32 {
    let newest = &history[HISTORY - WINDOW..];
    if energy(newest) == 0.0 {
        return MIN_PITCH as f32;
    }
    // With a neighbour on either side of the range, for the fraction.
    let mut likeness = [0.0; MAX_PITCH - MIN_PITCH + 3];
    for (lag, likeness) in (MIN_PITCH - 1..).zip(&mut likeness) {
        let earlier = &history[HISTORY - WINDOW - lag..HISTORY - lag];
        *likeness = dot(newest, earlier) / energy(earlier).sqrt().max(1.0);
    }
    let around = |lag: usize| [lag - 1, lag, lag + 1].map(|lag| likeness[lag + 1 - MIN_PITCH]);
    let best = (MIN_PITCH..=MAX_PITCH).max_by(|&a, &b| around(a)[1].total_cmp(&around(b)[1]));
    best.map_or(MIN_PITCH as f32, |lag| lag as f32 + peak_between(around(lag)))
}

/// How far from the middle one of three neighbours the cosine through them peaks, at most half a step.
fn peak_between([before, peak, after]: [f32; 3]) -> f32 {
    let cos = (before + after) / (2.0 * peak);
    if peak <= 0.0 || cos.abs() >= 1.0 {
        return 0.0;
    }
    let step = cos.acos();
    (((after - before) / (2.0 * peak * step.sin())).atan() / step).clamp(-0.5, 0.5)
}

const _: () = assert!(WINDOW + MAX_PITCH < HISTORY && FRAME_SAMPLES >= STEP);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SAMPLE_RATE, level, tone};

    #[test]
    fn a_lost_frame_of_a_tone_is_hardly_noticed() {
        // 1606 Hz: nearly, but not quite, five samples a period.
        for frequency in [150.0, 440.0, 697.0, 1_606.0, 2_397.0] {
            let sent = tone::sine(SAMPLE_RATE, frequency, -12.0, 4_800);
            let heard = lose(&sent, 1_600..1_760);
            let reading = tone::measure(&heard[1_600..1_920], SAMPLE_RATE, frequency);
            assert!(reading.snr_db > 14.0, "{frequency} Hz: {reading:?}");
            // No click: no step steeper than the tone's own.
            let steepest = |samples: &[i16]| samples.windows(2).map(|w| w[0].abs_diff(w[1])).max();
            assert!(steepest(&heard) <= steepest(&sent).map(|step| step + step / 4), "{frequency} Hz");
        }
    }

    #[test]
    fn voice_that_comes_back_is_itself_again_after_the_cross_fade() {
        let sent = tone::sine(SAMPLE_RATE, 440.0, -12.0, 4_800);
        let heard = lose(&sent, 1_600..2_080);
        assert_eq!(heard[..1_600], sent[..1_600]);
        assert_eq!(heard[2_080 + MAX_OVERLAP..], sent[2_080 + MAX_OVERLAP..]);
    }

    #[test]
    fn a_long_loss_fades_to_silence_within_60_ms() {
        let sent = tone::sine(SAMPLE_RATE, 440.0, -12.0, 4_800);
        let heard = lose(&sent, 1_600..4_000);
        let level_at = |ms: usize| level::dbfs(level::rms(&heard[1_600 + ms * 8..][..80]));
        assert!(level_at(0) > -13.0 && level_at(30) < -13.5 && level_at(50) < -25.0);
        assert!(heard[1_600 + FADED..4_000].iter().all(|&s| s == 0));
    }

    #[test]
    fn when_the_sender_falls_silent_so_do_we_within_5_ms() {
        let mut plc = Plc::new();
        plc.voice(&mut tone::sine(SAMPLE_RATE, 440.0, -12.0, 1_600));
        let mut samples = [1; FRAME_SAMPLES];
        plc.silence(&mut samples);
        assert!(level::rms(&samples[..16]) > 1_000.0, "no click");
        assert!(samples[MUTING..].iter().all(|&s| s == 0));
    }

    #[test]
    fn from_nothing_comes_nothing() {
        let mut samples = [1; FRAME_SAMPLES];
        Plc::new().conceal(&mut samples);
        assert_eq!(samples, [0; FRAME_SAMPLES]);
    }

    #[test]
    fn a_splice_is_faded() {
        let mut plc = Plc::new();
        plc.voice(&mut [10_000; 400]);
        plc.begin_loss();
        let mut samples = [-10_000; FRAME_SAMPLES];
        plc.voice(&mut samples);
        let steepest = samples.windows(2).map(|w| w[0].abs_diff(w[1])).max();
        assert!(samples[0] > 5_000 && steepest < Some(3_000), "{steepest:?}");
    }

    proptest! {
        #[test]
        fn stretches_of_any_length_and_kind_are_made_whole(
            stretches in prop::collection::vec((0u8..3, prop::collection::vec(any::<i16>(), 0..700)), 0..30),
        ) {
            let mut plc = Plc::new();
            for (kind, mut samples) in stretches {
                match kind {
                    0 => plc.voice(&mut samples),
                    1 => plc.conceal(&mut samples),
                    _ => plc.silence(&mut samples),
                }
            }
        }
    }

    /// What is heard of `sent` if the samples of `lost` never come; frame by frame.
    fn lose(sent: &[i16], lost: std::ops::Range<usize>) -> Vec<i16> {
        let mut plc = Plc::new();
        let mut heard = sent.to_vec();
        for (i, samples) in heard.chunks_mut(FRAME_SAMPLES).enumerate() {
            if lost.contains(&(i * FRAME_SAMPLES)) { plc.conceal(samples) } else { plc.voice(samples) }
        }
        heard
    }
}

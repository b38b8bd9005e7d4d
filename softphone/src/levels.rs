//! How loud it is on either side, for a meter. Nothing is analysed unless somebody asks.
use web_sys::{AnalyserNode, AudioContext, AudioContextState, MediaStream};

/// Samples of one look: 21 ms at 48 kHz.
const WINDOW: usize = 1_024;
/// What silence is called, in dBFS.
pub const SILENCE_DBFS: f32 = -96.0;

/// RMS levels of the last 21 ms, in dBFS, from [`SILENCE_DBFS`] up to 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    pub microphone: f32,
    pub remote: f32,
}

/// One audio context with an analyser a side; closed on drop.
pub(crate) struct Meter {
    context: AudioContext,
    microphone: Option<AnalyserNode>,
    remote: Option<AnalyserNode>,
}

impl Meter {
    pub(crate) fn new(microphone: Option<&MediaStream>, remote: Option<&MediaStream>) -> Option<Self> {
        let context = AudioContext::new().ok()?;
        let tap = |stream: &MediaStream| {
            let analyser = context.create_analyser().ok()?;
            analyser.set_fft_size(WINDOW as u32);
            context.create_media_stream_source(stream).ok()?.connect_with_audio_node(&analyser).ok()?;
            Some(analyser)
        };
        let (microphone, remote) = (microphone.and_then(tap), remote.and_then(tap));
        Some(Self { context, microphone, remote })
    }

    pub(crate) fn read(&self) -> Levels {
        if self.context.state() == AudioContextState::Suspended {
            // Granted only after a gesture on the page; until then it reads silence.
            let _ = self.context.resume();
        }
        Levels { microphone: level(self.microphone.as_ref()), remote: level(self.remote.as_ref()) }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let _ = self.context.close();
    }
}

fn level(analyser: Option<&AnalyserNode>) -> f32 {
    let mut samples = [0.0; WINDOW];
    if let Some(analyser) = analyser {
        analyser.get_float_time_domain_data(&mut samples);
    }
    dbfs(&samples)
}

fn dbfs(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
    (10.0 * power.log10()).clamp(SILENCE_DBFS, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_floor_and_a_full_sine_is_three_below_full_scale() {
        assert_eq!(dbfs(&[0.0; WINDOW]), SILENCE_DBFS);
        let sine: Vec<f32> = (0..WINDOW).map(|i| (i as f32 * std::f32::consts::TAU / 64.0).sin()).collect();
        assert!((dbfs(&sine) + 3.01).abs() < 0.05);
    }
}

//! The ring, the tones of the keys, and the buzz.
use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Interval;
use js_sys::Array;
use web_sys::{AudioContext, AudioContextState};

/// One ring and its pause, in milliseconds.
const RING_EVERY_MS: u32 = 3_000;
/// The warble of one ring: hertz, from, to in seconds.
const RING: [(f32, f64, f64); 8] = [
    (880.0, 0.00, 0.12),
    (1_175.0, 0.12, 0.24),
    (880.0, 0.24, 0.36),
    (1_175.0, 0.36, 0.48),
    (880.0, 0.80, 0.92),
    (1_175.0, 0.92, 1.04),
    (880.0, 1.04, 1.16),
    (1_175.0, 1.16, 1.28),
];
const RING_VOLUME: f32 = 0.18;
const KEY_SECONDS: f64 = 0.12;
/// Soft: a microphone beside the speaker must not take it for the caller's voice.
const KEY_VOLUME: f32 = 0.04;
/// Milliseconds on, off, on.
const BUZZ: [u32; 3] = [400, 300, 400];

/// Silent until the page was touched: browsers want that.
#[derive(Clone, Default)]
pub(crate) struct Sound(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    context: Option<AudioContext>,
    ringing: Option<Interval>,
}

impl Sound {
    /// In the handler of a gesture. True from then on.
    pub(crate) fn allow(&self) -> bool {
        let mut inner = self.0.borrow_mut();
        if inner.context.is_none() {
            inner.context = AudioContext::new().ok();
        }
        let Some(context) = &inner.context else { return false };
        if context.state() == AudioContextState::Suspended {
            // Granted by the gesture; a refusal leaves it silent.
            let _ = context.resume();
        }
        true
    }

    /// Rings, over and over, until told otherwise. Idempotent.
    pub(crate) fn ring(&self, on: bool) {
        let is_on = self.0.borrow().ringing.is_some();
        if on == is_on {
            return;
        }
        if !on {
            self.0.borrow_mut().ringing = None;
            self.buzz(&[0]);
            return;
        }
        let (now, again) = (self.clone(), self.clone());
        now.ring_once();
        self.0.borrow_mut().ringing = Some(Interval::new(RING_EVERY_MS, move || again.ring_once()));
    }

    /// The two tones of a key (ITU-T Q.23).
    pub(crate) fn key(&self, key: char) {
        for hz in tones(key).into_iter().flatten() {
            self.play(hz, 0.0, KEY_SECONDS, KEY_VOLUME);
        }
    }

    fn ring_once(&self) {
        self.buzz(&BUZZ);
        for (hz, from, to) in RING {
            self.play(hz, from, to, RING_VOLUME);
        }
    }

    /// Like sound, browsers allow it only after a touch.
    fn buzz(&self, pattern: &[u32]) {
        let navigator = gloo::utils::window().navigator();
        // Firefox on the desktop and Safari have none.
        let can = js_sys::Reflect::has(&navigator, &"vibrate".into()) == Ok(true);
        if can && self.0.borrow().context.is_some() {
            let pattern: Array = pattern.iter().map(|&ms| wasm_bindgen::JsValue::from(ms)).collect();
            navigator.vibrate_with_pattern(&pattern);
        }
    }

    fn play(&self, hz: f32, from: f64, to: f64, volume: f32) {
        if let Some(context) = &self.0.borrow().context {
            // A context that was closed or has no output plays nothing; the screen rings as well.
            let _ = tone(context, hz, from, to, volume);
        }
    }
}

fn tone(
    context: &AudioContext,
    hz: f32,
    from: f64,
    to: f64,
    volume: f32,
) -> Result<(), wasm_bindgen::JsValue> {
    let now = context.current_time();
    let (oscillator, gain) = (context.create_oscillator()?, context.create_gain()?);
    oscillator.frequency().set_value(hz);
    // Rises and falls within 10 ms, without clicks.
    let envelope = gain.gain();
    envelope.set_value_at_time(0.0, now + from)?;
    envelope.linear_ramp_to_value_at_time(volume, now + from + 0.01)?;
    envelope.set_value_at_time(volume, now + to - 0.01)?;
    envelope.linear_ramp_to_value_at_time(0.0, now + to)?;
    oscillator.connect_with_audio_node(&gain)?.connect_with_audio_node(&context.destination())?;
    oscillator.start_with_when(now + from)?;
    oscillator.stop_with_when(now + to)
}

fn tones(key: char) -> Option<[f32; 2]> {
    let rows = ["123A", "456B", "789C", "*0#D"];
    let (low, high) = ([697.0, 770.0, 852.0, 941.0], [1_209.0, 1_336.0, 1_477.0, 1_633.0]);
    rows.iter().zip(low).find_map(|(row, low)| Some([low, high[row.find(key)?]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_row_and_its_column() {
        assert_eq!(tones('1'), Some([697.0, 1_209.0]));
        assert_eq!(tones('0'), Some([941.0, 1_336.0]));
        assert_eq!(tones('#'), Some([941.0, 1_477.0]));
        assert_eq!(tones('x'), None);
    }
}

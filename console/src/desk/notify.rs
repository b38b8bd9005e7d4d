//! How an offer makes itself heard: a sound, a title that blinks, a notification of the browser if allowed.
use gloo::timers::callback::Interval;
use shared::ContactId;
use web_sys::{AudioContext, Notification, NotificationOptions, NotificationPermission, OscillatorNode};
use yew::prelude::*;

const BLINK_MS: u32 = 900;
const TITLE: &str = "Ringside console";
const RINGING_TITLE: &str = "● Incoming call";
/// Two tones of a quiet bell, in hertz.
const BELL_HZ: [f32; 2] = [880.0, 660.0];
const BELL_GAIN: f32 = 0.08;
/// One stroke, in seconds.
const STROKE_S: f64 = 0.35;

/// Rings while there is an offer; stops with it.
#[hook]
pub(crate) fn use_ring(offer: Option<ContactId>) {
    use_effect_with(offer, |offer| {
        let ringing = offer.map(|_| Ringing::start());
        move || drop(ringing)
    });
    // Permission needs a gesture in most browsers; the first key or click of the shift gives one.
    use_effect_with((), |()| {
        let document = web_sys::window().and_then(|window| window.document());
        let asked = document.map(|page| {
            gloo::events::EventListener::once(&page, "pointerdown", |_| {
                if Notification::permission() == NotificationPermission::Default {
                    // Refusing is the agent's good right; the card and the sound remain.
                    let _ = Notification::request_permission();
                }
            })
        });
        move || drop(asked)
    });
}

struct Ringing {
    _blink: Interval,
    audio: Option<AudioContext>,
    notification: Option<Notification>,
}

impl Ringing {
    fn start() -> Self {
        let audio = AudioContext::new().ok();
        let notification = notify();
        let bell = audio.clone();
        let mut lit = false;
        let mut blink = move || {
            lit = !lit;
            set_title(if lit { RINGING_TITLE } else { TITLE });
            if let (true, Some(audio)) = (lit, &bell) {
                // A browser that refuses sound still shows the card.
                let _ = stroke(audio);
            }
        };
        blink();
        Self { _blink: Interval::new(BLINK_MS, blink), audio, notification }
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        set_title(TITLE);
        if let Some(audio) = &self.audio {
            let _ = audio.close();
        }
        if let Some(notification) = &self.notification {
            notification.close();
        }
    }
}

/// One stroke of the bell.
fn stroke(audio: &AudioContext) -> Result<(), wasm_bindgen::JsValue> {
    let gain = audio.create_gain()?;
    let begin = audio.current_time();
    gain.gain().set_value_at_time(BELL_GAIN, begin)?;
    gain.gain().exponential_ramp_to_value_at_time(0.001, begin + STROKE_S)?;
    gain.connect_with_audio_node(&audio.destination())?;
    for hertz in BELL_HZ {
        let tone: OscillatorNode = audio.create_oscillator()?;
        tone.frequency().set_value(hertz);
        tone.connect_with_audio_node(&gain)?;
        tone.start()?;
        tone.stop_with_when(begin + STROKE_S)?;
    }
    Ok(())
}

/// Says only that a call comes: a lock screen is read by others.
fn notify() -> Option<Notification> {
    if Notification::permission() != NotificationPermission::Granted {
        return None;
    }
    let options = NotificationOptions::new();
    options.set_tag("ringside-offer");
    Notification::new_with_options("Incoming call", &options).ok()
}

fn set_title(title: &str) {
    if let Some(page) = web_sys::window().and_then(|window| window.document()) {
        page.set_title(title);
    }
}

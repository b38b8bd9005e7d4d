//! The microphone: asked for at the user's click, shared by whoever needs it, let go with the last handle.
use std::rc::Rc;

use js_sys::{Array, Object, Promise, Reflect};
use shared::wire::LegTrouble;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream, MediaStreamConstraints, MediaStreamTrack,
    MediaTrackConstraints,
};

use crate::dom::window;

/// A microphone, granted or still asked for. Clones share it; the last one to go stops its tracks.
#[derive(Clone)]
pub struct Microphone(Rc<Pending>);

struct Pending(Result<Promise, LegTrouble>);

impl Drop for Pending {
    fn drop(&mut self) {
        let Ok(promise) = &self.0 else { return };
        let asked = JsFuture::from(promise.clone());
        // A grant that comes after nobody wants it any more must not leave the light of the camera bar on.
        wasm_bindgen_futures::spawn_local(async move {
            if let Ok(stream) = asked.await {
                stop_tracks(stream.unchecked_ref());
            }
        });
    }
}

/// One that can be chosen. `label` is empty until the user has granted a microphone once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputDevice {
    pub id: String,
    pub label: String,
}

impl Microphone {
    /// Asks at once: call it in the handler of the user's click, so that the browser's question comes with
    /// the gesture. `device` is an id of [`inputs`]; None takes the browser's default. Echo cancellation,
    /// noise suppression and gain control are on.
    pub fn request(device: Option<&str>) -> Self {
        Self(Rc::new(Pending(ask(device, "exact"))))
    }

    /// The same; a device that is not there any more is none that could not be had: the browser's default is taken.
    pub fn preferring(device: Option<&str>) -> Self {
        Self(Rc::new(Pending(ask(device, "ideal"))))
    }

    /// Waits for the user's answer.
    pub async fn ready(&self) -> Result<(), LegTrouble> {
        self.track().await.map(drop)
    }

    pub(crate) async fn track(&self) -> Result<MediaStreamTrack, LegTrouble> {
        let promise = self.0.0.clone()?;
        let stream = JsFuture::from(promise).await.map_err(|error| trouble(&error))?;
        stream
            .unchecked_into::<MediaStream>()
            .get_audio_tracks()
            .get(0)
            .dyn_into::<MediaStreamTrack>()
            .map_err(|_| LegTrouble::NoMicrophone)
    }
}

fn devices() -> Result<MediaDevices, LegTrouble> {
    // Pages that are not secure contexts have none.
    match window().navigator().media_devices() {
        Ok(devices) if devices.is_object() => Ok(devices),
        Ok(_) | Err(_) => Err(LegTrouble::NoMicrophone),
    }
}

/// `how` the device is wanted: `exact` or `ideal` (Media Capture specification, section 11.1).
fn ask(device: Option<&str>, how: &str) -> Result<Promise, LegTrouble> {
    let audio = MediaTrackConstraints::new();
    audio.set_echo_cancellation_bool(true);
    audio.set_noise_suppression_bool(true);
    audio.set_auto_gain_control_bool(true);
    if let Some(device) = device.filter(|id| !id.is_empty()) {
        let wanted = Object::new();
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&wanted, &how.into(), &device.into());
        audio.set_device_id(&wanted);
    }
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&audio);
    devices()?.get_user_media_with_constraints(&constraints).map_err(|error| trouble(&error))
}

/// The names are those of the Media Capture specification, section 10.3.
fn trouble(error: &JsValue) -> LegTrouble {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" | "SecurityError" => LegTrouble::MicrophoneDenied,
        _ => LegTrouble::NoMicrophone,
    }
}

fn stop_tracks(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        track.unchecked_into::<MediaStreamTrack>().stop();
    }
}

/// Lists the microphones; empty where there are none or the page may not ask.
pub async fn inputs() -> Vec<InputDevice> {
    let Ok(Ok(promise)) = devices().map(|devices| devices.enumerate_devices()) else { return Vec::new() };
    let Ok(list) = JsFuture::from(promise).await else { return Vec::new() };
    let list: Array = list.unchecked_into();
    list.iter()
        .map(|item| item.unchecked_into::<MediaDeviceInfo>())
        .filter(|item| item.kind() == MediaDeviceKind::Audioinput)
        .map(|item| InputDevice { id: item.device_id(), label: item.label() })
        .collect()
}

//! The line to the server while a contact lives: its socket, and the voice in the page. What
//! `app/HASH/line.js` is. The widget loads it with the first contact or the first wish to talk in the page, so
//! that those who only look at the button download neither WebRTC nor the wire's codec.
//!
//! ```js
//! const line = await import(".../line.js");
//! await line.default();
//! await line.ask();                        // the microphone, at the click: "", "denied" or "none"
//! const handle = line.start({ socket, token, tab, voice, mount, key }, (said, value) => ...);
//! handle.cancel(); handle.share(on); handle.page({ url, title, at }); handle.context(json); handle.hear();
//! handle.draw(); handle.stop();
//! ```
//! `socket` is the `ws(s)://HOST/ws/widget` URL, `token` the contact token, `tab` the tab's id (32 hexadecimal
//! digits), `voice` whether this tab carries a browser leg, `mount` the shadow root where its `<audio>` goes and where
//! `draw` fills the place `#voice`, `key` where the site's storage keeps that the small window has the call. What is
//! said, by number: [`Said`].
//!
//! In Rust it is [`Line`], which the small window's own page uses as well.
mod dom;
mod handle;
mod leave;
mod line;
mod place;
mod window;
mod words;

use std::cell::RefCell;

use js_sys::{Function, Reflect};
use shared::wire::LegTrouble;
use softphone::Microphone;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

pub use handle::{Handle, Said};
pub use line::{Heard, Line, LineOptions, Voice};
use place::{Place, PlaceOptions};

thread_local! {
    /// Granted at the click, and used by the leg that comes later.
    static MICROPHONE: RefCell<Option<Microphone>> = const { RefCell::new(None) };
}

/// Asks for the microphone; call it in the handler of the user's click. Gives `""` once it is granted,
/// `"denied"`, or `"none"` if there is none.
#[wasm_bindgen]
pub async fn ask() -> String {
    let microphone = Microphone::request(None);
    MICROPHONE.set(Some(microphone.clone()));
    let trouble = match microphone.ready().await {
        Ok(()) => "",
        Err(LegTrouble::MicrophoneDenied) => "denied",
        Err(LegTrouble::NoMicrophone | LegTrouble::MediaFailed) => "none",
    };
    trouble.to_owned()
}

/// Lets a granted microphone go that no leg uses.
#[wasm_bindgen]
pub fn release() {
    MICROPHONE.set(None);
}

/// Connects, and stays connected until [`Handle::stop`].
///
/// # Errors
/// The configuration lacks something.
#[wasm_bindgen]
pub fn start(config: &JsValue, on: Function) -> Result<Handle, JsValue> {
    let text = |name: &str| get(config, name).as_string().ok_or_else(|| JsValue::from(name));
    let options = PlaceOptions {
        socket: text("socket")?,
        token: text("token")?,
        tab: text("tab")?.parse().map_err(|_| JsValue::from("tab"))?,
        voice: get(config, "voice").is_truthy(),
        root: get(config, "mount").dyn_into().map_err(|_| JsValue::from("mount"))?,
        key: text("key")?,
        microphone: MICROPHONE.take(),
    };
    Ok(Handle(Place::open(options, on)))
}

pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

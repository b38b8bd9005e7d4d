//! The line to the server while a contact lives: its socket, and the voice in the page. What
//! `app/HASH/line.js` is. The widget loads it with the first contact or the first wish to talk in the page, so
//! that those who only look at the button download neither WebRTC nor the wire's codec.
//!
//! ```js
//! const line = await import(".../line.js");
//! await line.default();
//! await line.ask();                        // the microphone, at the click: "", "denied" or "none"
//! await line.prove({ challenge, bits });   // a proof of work, where the server asks for one
//! line.words({ phase, channel, ... });     // how the contact is doing
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
mod code;
mod dom;
mod handle;
mod leave;
mod line;
mod place;
mod prove;
mod window;
mod words;

use std::cell::RefCell;

use js_sys::{Function, Reflect};
use shared::{
    api::{Channel, Window},
    wire::LegTrouble,
};
use softphone::Microphone;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

pub use handle::{Handle, Said};
pub use line::{Heard, Line, LineOptions, Voice};
use place::{Place, PlaceOptions};
pub use prove::prove;

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

/// Lets a granted microphone go that no leg uses; `all`: nobody looks for a proof any more either.
#[wasm_bindgen]
pub fn release(all: bool) {
    MICROPHONE.set(None);
    if all {
        prove::give_up();
    }
}

/// How a contact is doing, in words; none if `told` lacks something. What it holds: [`words::Told`], phase and reason
/// by their places in the tables there.
#[wasm_bindgen]
pub fn words(told: &JsValue) -> Option<String> {
    let text = |object: &JsValue, name: &str| get(object, name).as_string();
    let number = |name: &str| get(told, name).as_f64().map(|number| number as u32);
    let window = get(told, "window");
    let of_window = |name: &str| text(&window, name).unwrap_or_default();
    let is_here = text(told, "channel").as_deref() == Some("browser");
    let told = words::Told {
        phase: *words::PHASES.get(number("phase")? as usize)?,
        channel: if is_here { Channel::Browser } else { Channel::Telephone },
        position: number("position"),
        wait_seconds: number("waitSeconds"),
        agent: text(told, "agent"),
        reason: number("reason").and_then(|place| words::REASONS.get(place as usize).copied()),
        attempts: number("attempts").unwrap_or(0),
        business: text(told, "business")?,
        number: text(told, "number"),
        window: window.is_object().then(|| Window {
            date: of_window("date"),
            from: of_window("from"),
            until: of_window("until"),
            zone: of_window("zone"),
        }),
    };
    Some(words::status(&told))
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

//! The page that opened this window. Only the business's own origins are listened to, and only the window that opened
//! this one; the server wrote the list into this page.
use gloo::utils::{document, window};
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Storage, Window};

/// Where this window keeps what it was given, so that it survives a reload; it ends with the window.
const KEY: &str = "ringside:call";

/// Token, and the origin of the page that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) token: String,
    pub(crate) origin: String,
}

/// What the server wrote into this page under that name.
pub(crate) fn told(name: &str) -> String {
    let found = document().query_selector(&format!("meta[name='ringside-{name}']")).ok().flatten();
    found.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

fn opener() -> Option<Window> {
    let opener = window().opener().ok().filter(JsValue::is_object)?;
    // Not `dyn_into`: nothing of a window of another origin may be looked at.
    Some(opener.unchecked_into())
}

/// False if no page opened this window, or it cannot be reached.
pub(crate) fn ask() -> bool {
    // To whoever opened it: it says nothing but that this window is there.
    tell("ready", "*")
}

/// Tells the page that gave the call.
pub(crate) fn tell(word: &str, origin: &str) -> bool {
    let message = Object::new();
    // A fresh plain object takes every property.
    let _ = Reflect::set(&message, &"ringside".into(), &word.into());
    opener().is_some_and(|opener| opener.post_message(&message, origin).is_ok())
}

/// The call, if this message hands it over.
pub(crate) fn handed(event: &MessageEvent) -> Option<Given> {
    let is_opener = opener().is_some_and(|opener| event.source().is_some_and(|source| source == **opener));
    let origin = event.origin();
    if !is_opener || !told("origins").split(' ').any(|listed| listed == origin) {
        return None;
    }
    let text = |name: &str| Reflect::get(&event.data(), &name.into()).ok()?.as_string();
    if text("ringside")? != "call" {
        return None;
    }
    Some(Given { token: text("token")?, origin })
}

/// (gloo's storage panics where storage is blocked.)
fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

pub(crate) fn keep(given: &Given) {
    if let Some(storage) = storage() {
        // A browser that keeps nothing asks the page again after a reload. No origin has a blank in it.
        let _ = storage.set_item(KEY, &[&given.origin, " ", &given.token].concat());
    }
}

pub(crate) fn kept() -> Option<Given> {
    let kept = storage()?.get_item(KEY).ok()??;
    let (origin, token) = kept.split_once(' ')?;
    Some(Given { token: token.into(), origin: origin.into() })
}

pub(crate) fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(KEY);
    }
}

//! The browser, as far as `page.js` wraps it, and the storage that this site's pages share.
use js_sys::{Function, Promise};
use shared::Timestamp;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{Node, Storage, Window};

use crate::{js, state::LocalNow};

#[wasm_bindgen(module = "/src/page.js")]
extern "C" {
    pub(crate) fn http(
        tell: &Function,
        id: u32,
        url: &str,
        body: Option<&str>,
        key: Option<&str>,
        proof: Option<&str>,
        limit_ms: u32,
    );
    pub(crate) fn lock(tell: &Function, id: u32, name: &str, wait: bool);
    pub(crate) fn wait(tell: &Function, id: u32, promise: &Promise);
    pub(crate) fn load(tell: &Function, id: u32, module: &Promise);
    pub(crate) fn random() -> String;
    pub(crate) fn tab() -> String;
    pub(crate) fn language() -> String;
    #[wasm_bindgen(js_name = now)]
    fn now_text() -> String;
    pub(crate) fn country(code: &str) -> String;
    pub(crate) fn adopt(root: &Node, css: &str);
    pub(crate) fn leadable(url: &str) -> Option<String>;
    pub(crate) fn origin(url: &str) -> String;
}

pub(crate) fn window() -> Window {
    web_sys::window().expect("the widget runs in pages, which have a window")
}

/// The browser's clock: advisory.
pub(crate) fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as u64)
}

/// The customer's day, time and zone.
pub(crate) fn local_now() -> LocalNow {
    let mut day = now_text();
    let mut time = if day.is_char_boundary(11) { day.split_off(11) } else { String::new() };
    let zone = if time.is_char_boundary(6) { time.split_off(6) } else { String::new() };
    day.pop();
    time.pop();
    LocalNow { day, time, zone }
}

/// Whether the page can be seen by the customer now.
pub(crate) fn is_visible() -> bool {
    window().document().is_some_and(|document| !document.hidden())
}

/// What this site's pages share, under `ringside:BUSINESS:`. Where storage is blocked nothing is kept.
/// (gloo's storage panics there, and speaks serde_json.)
pub(crate) struct Store {
    prefix: String,
    storage: Option<Storage>,
}

impl Store {
    pub(crate) fn new(business: &str) -> Self {
        let storage = window().local_storage().ok().flatten();
        Self { prefix: ["ringside:", business, ":"].concat(), storage }
    }

    pub(crate) fn key(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    /// A JSON value that was kept; undefined if there is none or it is broken.
    pub(crate) fn get(&self, name: &str) -> JsValue {
        let kept = self.storage.as_ref().and_then(|storage| storage.get_item(&self.key(name)).ok().flatten());
        kept.and_then(|text| js_sys::JSON::parse(&text).ok()).unwrap_or(JsValue::UNDEFINED)
    }

    /// A full storage loses only what the next page would have known.
    pub(crate) fn set(&self, name: &str, record: js::Record) {
        if let Some(storage) = &self.storage {
            let _ = storage.set_item(&self.key(name), &record.json());
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        if let Some(storage) = &self.storage {
            let _ = storage.remove_item(&self.key(name));
        }
    }
}

/// Calls a function of the loader, the recorder or the page; what it throws is its own affair.
pub(crate) fn call(object: &JsValue, name: &str, argument: &JsValue) -> JsValue {
    let result =
        js::get(object, name).dyn_into::<Function>().and_then(|function| function.call1(object, argument));
    result.unwrap_or(JsValue::UNDEFINED)
}

/// Calls `start(config, on)` of a module; undefined if it throws.
pub(crate) fn start(module: &JsValue, config: &js::Record, on: &Function) -> JsValue {
    let start = js::get(module, "start").dyn_into::<Function>();
    start.and_then(|start| start.call2(module, &config.0, on)).unwrap_or(JsValue::UNDEFINED)
}

/// Lets a lock go: its promise's resolver, which never throws.
pub(crate) fn free(lock: &JsValue) {
    if let Some(free) = lock.dyn_ref::<Function>() {
        let _ = free.call0(lock);
    }
}

//! The page's own things: storage, clock, random bytes, locks, the language's names.
use js_sys::{Array, Function, Object, Promise, Reflect};
use shared::Timestamp;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Storage, Window};

use crate::{js, state::LocalNow};

pub(crate) fn window() -> Window {
    web_sys::window().expect("the widget runs in pages, which have a window")
}

/// The browser's clock: advisory.
pub(crate) fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as u64)
}

/// What this site's pages share, under `ringside:BUSINESS:`. Where storage is blocked nothing is kept.
#[derive(Clone)]
pub(crate) struct Store {
    prefix: String,
}

impl Store {
    pub(crate) fn new(business: &str) -> Self {
        Self { prefix: ["ringside:", business, ":"].concat() }
    }

    // gloo's storage panics where storage is blocked, and speaks serde_json.
    fn storage() -> Option<Storage> {
        window().local_storage().ok().flatten()
    }

    pub(crate) fn key(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    /// A JSON value that was kept; None too if it is broken.
    pub(crate) fn get(&self, name: &str) -> Option<JsValue> {
        Self::storage()?.get_item(&self.key(name)).ok().flatten().as_deref().and_then(js::parse)
    }

    pub(crate) fn set(&self, name: &str, json: &str) {
        if let Some(storage) = Self::storage() {
            // A full storage loses only what the next page would have known.
            let _ = storage.set_item(&self.key(name), json);
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        if let Some(storage) = Self::storage() {
            let _ = storage.remove_item(&self.key(name));
        }
    }
}

/// 128 random bits.
pub(crate) fn random() -> u128 {
    let mut bytes = [0; 16];
    if let Ok(crypto) = window().crypto() {
        // It fails for more than 64 KiB only.
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    u128::from_be_bytes(bytes)
}

/// The tab's own id: survives navigation, ends with the tab.
pub(crate) fn tab() -> shared::TabId {
    let storage = window().session_storage().ok().flatten();
    let kept = storage.as_ref().and_then(|storage| storage.get_item("ringside:tab").ok().flatten());
    if let Some(tab) = kept.and_then(|text| text.parse().ok()) {
        return tab;
    }
    let tab = shared::TabId(random());
    if let Some(storage) = storage {
        let _ = storage.set_item("ringside:tab", &tab.to_string());
    }
    tab
}

#[wasm_bindgen]
extern "C" {
    // web-sys has these only behind a compiler flag.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, options: &JsValue, held: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = Intl, js_name = DisplayNames)]
    type DisplayNames;
    #[wasm_bindgen(catch, constructor, js_namespace = Intl)]
    fn new(locales: &JsValue, options: &JsValue) -> Result<DisplayNames, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn of(this: &DisplayNames, code: &str) -> Result<JsValue, JsValue>;
}

/// One tab of the site at a time holds a lock of this name. Dropping lets it go; so does leaving the page.
pub(crate) struct Lock(Option<Function>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits for the lock; without `wait`, None means that another tab has it. Pages without Web Locks (no
/// secure context) are let through.
pub(crate) async fn lock(name: &str, wait: bool) -> Option<Lock> {
    let (mut got, mut release) = (None, None);
    let granted = Promise::new(&mut |resolve, _| got = Some(resolve));
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let hold = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if let Some(got) = got {
            let _ = got.call1(&JsValue::UNDEFINED, &lock);
        }
        if lock.is_null() { JsValue::UNDEFINED } else { held.into() }
    });
    let options = js::Record::new().with("ifAvailable", !wait);
    if request_lock(name, &options.into(), &hold).is_err() {
        return Some(Lock(None));
    }
    match JsFuture::from(granted).await {
        Ok(lock) if !lock.is_null() => Some(Lock(release)),
        Ok(_) | Err(_) => None,
    }
}

/// The page's language, as the server is told.
pub(crate) fn language() -> Option<String> {
    let lang = window()
        .document()
        .and_then(|document| document.document_element())
        .and_then(|html| html.get_attribute("lang"));
    lang.filter(|lang| !lang.is_empty()).or_else(|| window().navigator().language())
}

/// The name of each region in the page's language; its code where the browser knows none.
pub(crate) fn countries(regions: &[String]) -> Vec<String> {
    let locales: JsValue = language().map_or(JsValue::UNDEFINED, |lang| Array::of1(&lang.into()).into());
    let options: JsValue = js::Record::new().with("type", "region").into();
    let names = DisplayNames::new(&locales, &options)
        .or_else(|_| DisplayNames::new(&JsValue::UNDEFINED, &options))
        .ok();
    let name = |region: &String| names.as_ref()?.of(region).ok()?.as_string();
    regions.iter().map(|region| name(region).unwrap_or_else(|| region.clone())).collect()
}

/// The customer's day, time and zone.
pub(crate) fn local_now() -> LocalNow {
    let date = js_sys::Date::new_0();
    let two = |n: u32| [if n < 10 { "0" } else { "" }, &n.to_string()].concat();
    LocalNow {
        day: [&date.get_full_year().to_string(), "-", &two(date.get_month() + 1), "-", &two(date.get_date())]
            .concat(),
        time: [&two(date.get_hours()), ":", &two(date.get_minutes())].concat(),
        zone: zone().unwrap_or_else(|| "UTC".into()),
    }
}

pub(crate) fn zone() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::new(&Array::new(), &Object::new());
    js::text(&format.resolved_options(), "timeZone")
}

/// Whether the page can be seen by the customer now.
pub(crate) fn is_visible() -> bool {
    window().document().is_some_and(|document| !document.hidden())
}

/// Calls a function of the loader or of the page; what it throws is the page's own affair.
pub(crate) fn call(object: &JsValue, name: &str, argument: &JsValue) -> Option<JsValue> {
    let function = Reflect::get(object, &name.into()).ok()?.dyn_into::<Function>().ok()?;
    function.call1(&JsValue::UNDEFINED, argument).ok()
}

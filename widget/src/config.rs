//! What the loader hands over: the script tag's attributes, and its own hands on the page.
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ShadowRoot, Url};

use crate::{
    browser::{Store, call},
    js,
};

pub(crate) struct Config {
    pub(crate) business: String,
    /// Scheme, host and port of the contact server.
    pub(crate) server: String,
    pub(crate) skill: Option<String>,
    /// `light` or `dark`; otherwise the system's.
    pub(crate) theme: Option<String>,
    /// To be called by hand when nothing works.
    pub(crate) phone: Option<String>,
    /// What the closed pill says.
    pub(crate) words: String,
    /// Classes that tell the card where it is: `left`, `top`.
    pub(crate) place: String,
    pub(crate) accent: Option<String>,
    pub(crate) button: HtmlElement,
    pub(crate) label: HtmlElement,
    pub(crate) root: ShadowRoot,
    pub(crate) store: Store,
    raw: JsValue,
}

impl Config {
    /// None if the loader is not ours.
    pub(crate) fn read(root: ShadowRoot, raw: JsValue) -> Option<Self> {
        let business = js::text(&raw, "business")?;
        let app = js::text(&raw, "app")?;
        let server = js::text(&raw, "server").or_else(|| Some(Url::new(&app).ok()?.origin()))?;
        let position = js::text(&raw, "position").unwrap_or_default();
        let side = |name: &'static str| if position.contains(name) { name } else { "" };
        let label: HtmlElement = js::get(&raw, "label").dyn_into().ok()?;
        Some(Self {
            store: Store::new(&business),
            server: server.trim_end_matches('/').to_owned(),
            skill: js::text(&raw, "skill"),
            theme: js::text(&raw, "theme"),
            phone: js::text(&raw, "phone"),
            words: label.text_content().unwrap_or_default(),
            place: ["app ", side("left"), " ", side("top")].concat(),
            accent: js::text(&raw, "accent"),
            button: js::get(&raw, "button").dyn_into().ok()?,
            label,
            business,
            root,
            raw,
        })
    }

    /// `wss://HOST/ws/PEER`
    pub(crate) fn socket(&self, peer: &str) -> String {
        [&self.server.replacen("http", "ws", 1), "/ws/", peer].concat()
    }

    pub(crate) fn api(&self, path: &str) -> String {
        [&self.server, "/api/v1/", path].concat()
    }

    /// Lets the loader note the page that is open now.
    pub(crate) fn note_page(&self) {
        let _ = call(&self.raw, "page", &JsValue::UNDEFINED);
    }

    /// A module that lies beside this one.
    pub(crate) fn module(&self, name: &str) -> Option<js_sys::Promise> {
        call(&self.raw, "fetch", &name.into())?.dyn_into().ok()
    }

    /// The loader calls `heard` whenever the page's address changed.
    pub(crate) fn on_page(&self, heard: &JsValue) {
        // The loader's config is a plain object.
        let _ = js_sys::Reflect::set(&self.raw, &"onpage".into(), heard);
    }
}

//! What the loader hands over: the script tag's attributes, and its own hands on the page.
use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ShadowRoot, Url};

use crate::{
    js,
    page::{Store, call},
};

pub(crate) struct Config {
    pub(crate) business: String,
    /// Scheme, host and port of the contact server.
    server: String,
    pub(crate) skill: Option<String>,
    /// To be called by hand when nothing works.
    pub(crate) phone: Option<String>,
    /// What the closed pill says.
    pub(crate) words: String,
    /// Classes of the card: where it is (`left`, `top`), and `light` or `dark` if not the system's.
    pub(crate) classes: String,
    pub(crate) accent: String,
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
        let words = |name: &str| js::text(&raw, name).unwrap_or_default();
        let label: HtmlElement = js::get(&raw, "label").unchecked_into();
        Some(Self {
            store: Store::new(&business),
            skill: js::text(&raw, "skill"),
            phone: js::text(&raw, "phone"),
            words: label.text_content().unwrap_or_default(),
            classes: ["app ", &words("position"), " ", &words("theme")].concat(),
            accent: words("accent"),
            button: js::get(&raw, "button").unchecked_into(),
            server,
            label,
            business,
            root,
            raw,
        })
    }

    /// `wss://HOST/ws/PEER`
    pub(crate) fn socket(&self, peer: &str) -> String {
        ["ws", self.server.strip_prefix("http").unwrap_or_default(), "/ws/", peer].concat()
    }

    pub(crate) fn api(&self, path: &str) -> String {
        [&self.server, "/api/v1/", path].concat()
    }

    /// Lets the loader note the page that is open now.
    pub(crate) fn note_page(&self) {
        call(&self.raw, "page", &JsValue::UNDEFINED);
    }

    /// A module that lies beside this one.
    pub(crate) fn module(&self, name: &str) -> Promise {
        Promise::resolve(&call(&self.raw, "fetch", &name.into()))
    }

    /// The loader calls `heard` whenever the page's address changed.
    pub(crate) fn on_page(&self, heard: &JsValue) {
        // The loader's config is a plain object.
        let _ = Reflect::set(&self.raw, &"onpage".into(), heard);
    }
}

//! What the loader hands over: the script tag's attributes, and its own hands on the page.
use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ShadowRoot};

use crate::{
    js,
    page::{self, Store, call},
};

pub(crate) struct Config {
    /// Scheme, host and port of the contact server.
    server: String,
    /// What the closed pill says.
    pub(crate) words: String,
    pub(crate) button: HtmlElement,
    pub(crate) label: HtmlElement,
    pub(crate) root: ShadowRoot,
    pub(crate) store: Store,
    raw: JsValue,
}

impl Config {
    pub(crate) fn read(root: ShadowRoot, raw: JsValue) -> Self {
        let label: HtmlElement = js::get(&raw, "label").unchecked_into();
        let server = js::text(&raw, "server");
        Self {
            store: Store::new(&js::words(&raw, "business")),
            server: server.unwrap_or_else(|| page::origin(&js::words(&raw, "app"))),
            words: label.text_content().unwrap_or_default(),
            button: js::get(&raw, "button").unchecked_into(),
            label,
            root,
            raw,
        }
    }

    /// An attribute of the script tag, without its `data-`.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        js::text(&self.raw, name)
    }

    /// `wss://HOST/ws/PEER`
    pub(crate) fn socket(&self, peer: &str) -> String {
        ["ws", self.server.strip_prefix("http").unwrap_or_default(), "/ws/", peer].concat()
    }

    pub(crate) fn api(&self, path: &str) -> String {
        [&self.server, "/api/v1/", path].concat()
    }

    /// Where it is asked which pages in frames are this business's.
    pub(crate) fn frames(&self) -> String {
        self.api(&["sites/", &js::words(&self.raw, "business"), "/frames/"].concat())
    }

    /// Lets the loader note the page that is open now, and gives its trail.
    pub(crate) fn note_page(&self) -> JsValue {
        call(&self.raw, "page", &JsValue::UNDEFINED)
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

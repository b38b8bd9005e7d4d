//! Documents of frames in the replica's document. A frame's document is there only while the frame is in the page, and
//! is another one each time it comes in: what was built below a node is then moved into it.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Node, Window};

use crate::realm::Realm;

const BASE: &str = include_str!("base.css");

#[derive(Default)]
pub(crate) struct Frames(RefCell<BTreeMap<u32, u32>>);

impl Frames {
    pub(crate) fn clear(&self) {
        self.0.take();
    }

    /// What hangs below node `id` is the document of the frame `host`.
    pub(crate) fn add(&self, id: u32, host: u32) {
        self.0.borrow_mut().insert(id, host);
    }

    /// Moves what is not in its frame's document into it. `nodes` are all of the page, by id.
    pub(crate) fn keep(&self, realm: &Realm, nodes: &Array) {
        self.0.borrow_mut().retain(|id, host| {
            let (before, frame) = (nodes.get(*id), nodes.get(*host));
            if before.is_undefined() || frame.is_undefined() {
                return false;
            }
            let document = realm.get("HTMLIFrameElement", "contentDocument", &frame);
            if let Some(document) = document.filter(|document| *document != before) {
                move_into(realm, &document.unchecked_into(), &before.unchecked_into(), nodes, *id);
            }
            true
        });
    }
}

/// Makes the document of a frame an empty one. None: it does not let us.
pub(crate) fn empty(realm: &Realm, document: &Document) -> Option<()> {
    // A document without a type would be laid out in another way.
    for (method, arguments) in
        [("open", vec![]), ("write", vec![JsValue::from_str("<!doctype html>")]), ("close", vec![])]
    {
        let arguments: Vec<&JsValue> = arguments.iter().collect();
        let _ = realm.call("Document", method, document, &arguments);
    }
    while let Some(child) = first(realm, document) {
        realm.call("Node", "removeChild", document, &[&child])?;
    }
    Some(())
}

fn first(realm: &Realm, node: &Node) -> Option<JsValue> {
    realm.get("Node", "firstChild", node)
}

fn move_into(realm: &Realm, document: &Document, before: &Node, nodes: &Array, id: u32) {
    if empty(realm, document).is_none() {
        return;
    }
    while let Some(child) = first(realm, before) {
        if realm.call("Node", "appendChild", document, &[&child]).is_none() {
            return;
        }
    }
    nodes.set(id, document.into());
    if let Some(window) = realm.get("Document", "defaultView", document) {
        let inner = Realm(window.unchecked_into::<Window>());
        if let Some(base) = inner.make("CSSStyleSheet", &[]) {
            let _ = inner.call("CSSStyleSheet", "replaceSync", &base, &[&BASE.into()]);
            inner.set("Document", "adoptedStyleSheets", document, &Array::of1(&base));
        }
    }
}

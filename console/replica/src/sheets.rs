//! The replica's own style, and sheets that scripts made. A sheet belongs to the document that it was made in, so the
//! page and each of its frames have their own of each.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Node, Window};

use crate::realm::Realm;

const BASE: &str = include_str!("base.css");

struct Sheet {
    css: String,
    made: Vec<(Document, JsValue)>,
}

/// By number; none: the replica's own, which every root has first.
#[derive(Default)]
pub(crate) struct Sheets(RefCell<BTreeMap<Option<u32>, Sheet>>);

impl Sheets {
    pub(crate) fn clear(&self) {
        self.0.take();
    }

    pub(crate) fn write(&self, realm: &Realm, number: u32, css: String) {
        let mut all = self.0.borrow_mut();
        let sheet = all.entry(Some(number)).or_insert_with(|| Sheet { css: String::new(), made: Vec::new() });
        for (_, made) in &sheet.made {
            replace(realm, made, &css);
        }
        sheet.css = css;
    }

    /// What a document or a shadow root has from now on. One that is not shown has nothing.
    pub(crate) fn adopt(&self, realm: &Realm, root: &Node, numbers: &[u32]) {
        let is_document = realm.kind(root) == Node::DOCUMENT_NODE;
        let document = if is_document {
            root.clone().unchecked_into()
        } else {
            let Some(document) = realm.get("Node", "ownerDocument", root) else { return };
            document.unchecked_into::<Document>()
        };
        let Some(view) = realm.get("Document", "defaultView", &document) else { return };
        let its = Realm(view.unchecked_into::<Window>());
        let numbers = std::iter::once(None).chain(numbers.iter().copied().map(Some));
        let list: Array = numbers.filter_map(|number| self.of(&its, &document, number)).collect();
        its.set(if is_document { "Document" } else { "ShadowRoot" }, "adoptedStyleSheets", root, &list);
    }

    /// A document's own of a sheet.
    fn of(&self, realm: &Realm, document: &Document, number: Option<u32>) -> Option<JsValue> {
        let mut all = self.0.borrow_mut();
        let sheet = match number {
            None => all.entry(None).or_insert_with(|| Sheet { css: BASE.to_owned(), made: Vec::new() }),
            Some(_) => all.get_mut(&number)?,
        };
        if let Some((_, made)) = sheet.made.iter().find(|(of, _)| of == document) {
            return Some(made.clone());
        }
        // Documents of frames come and go.
        sheet.made.retain(|(of, _)| realm.get("Document", "defaultView", of).is_some());
        let made = realm.make("CSSStyleSheet", &[])?;
        replace(realm, &made, &sheet.css);
        sheet.made.push((document.clone(), made.clone()));
        Some(made)
    }
}

fn replace(realm: &Realm, sheet: &JsValue, css: &str) {
    let _ = realm.call("CSSStyleSheet", "replaceSync", sheet, &[&css.into()]);
}

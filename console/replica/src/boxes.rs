//! Boxes that stand for what is not shown say why in letters of the page's size. Where the page is scaled so far down
//! that nobody can read those, the same words are drawn over them.
use std::{cell::RefCell, collections::BTreeMap};

use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element};

use crate::{
    badge::Badge,
    place::{self, Place},
    realm::Realm,
};

/// Below this scale letters of 12 px are too small to be read.
const LEGIBLE: f64 = 0.75;
/// Of one document; further ones keep their own words alone.
const MOST: usize = 32;

pub(crate) struct Boxes {
    realm: Realm,
    all: RefCell<BTreeMap<u32, Element>>,
}

impl Boxes {
    pub(crate) fn new(realm: Realm) -> Self {
        Self { realm, all: RefCell::default() }
    }

    pub(crate) fn clear(&self) {
        self.all.take();
    }

    pub(crate) fn add(&self, id: u32, element: &Element) {
        let mut all = self.all.borrow_mut();
        if all.len() < MOST || all.contains_key(&id) {
            all.insert(id, element.clone());
        }
    }

    /// What boxes say of themselves, and where; nothing if they can be read as they are.
    pub(crate) fn badges(&self, scale: f64) -> Vec<Badge> {
        let mut all = self.all.borrow_mut();
        all.retain(|_, element| {
            self.realm.get("Node", "isConnected", element).is_some_and(|yes| yes.is_truthy())
        });
        if scale >= LEGIBLE {
            return Vec::new();
        }
        all.values().filter_map(|element| self.badge(element)).collect()
    }

    fn badge(&self, element: &Element) -> Option<Badge> {
        // A page that is shown in it speaks for itself.
        if self.realm.is(element, "[ringside-part]") {
            return None;
        }
        let label = self.realm.call("Element", "getAttribute", element, &[&"data-label".into()])?;
        let words = label.as_string().filter(|words| !words.is_empty())?;
        let rect = self.realm.call("Element", "getBoundingClientRect", element, &[])?;
        let rect: DomRect = rect.unchecked_into();
        let (width, height) = (rect.width(), rect.height());
        let (x, y) = place::in_page(&self.realm, element, rect.left(), rect.top());
        Some(Badge { at: Place { x, y, width, height }, words, covers: true })
    }
}

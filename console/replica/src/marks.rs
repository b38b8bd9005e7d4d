//! What the customer points at, presses, has focused and so on, as attributes: a replica has no pointer and no focus.
use std::cell::RefCell;

use page_mirror::codec::mark;
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

use crate::realm::Realm;

/// Attributes that stand for marks, by kind, and whether what lies around the element has them too.
const MARKS: [(&str, bool); mark::KINDS] = [
    ("ringside-hover", true),
    ("ringside-active", true),
    ("ringside-focus", false),
    ("ringside-focus-visible", false),
    ("ringside-target", false),
    ("ringside-fullscreen", false),
];
const TOP_LAYER: &str = ":is(:modal, :popover-open)";
/// What has the focus in our own widget, which is not mirrored, is told as if the page's body had it.
const NEVER_FOCUSED: &str = ":is(html, body):not([tabindex], [contenteditable])";
const FOCUS_WITHIN: &str = "ringside-focus-within";

/// Of one document.
#[derive(Default)]
pub(crate) struct Marks {
    marked: RefCell<[Vec<Element>; mark::KINDS]>,
    focused: RefCell<Option<Element>>,
    within: RefCell<Vec<Element>>,
}

impl Marks {
    pub(crate) fn mark(&self, realm: &Realm, kind: usize, node: Option<Node>) {
        let Some((name, spreads)) = MARKS.get(kind).copied() else { return };
        let is_focus = [mark::FOCUS, mark::FOCUS_VISIBLE].contains(&u32::try_from(kind).unwrap_or(u32::MAX));
        let element = node.map(JsCast::unchecked_into::<Element>);
        let element = element.filter(|element| !is_focus || !realm.is(element, NEVER_FOCUSED));
        if kind == mark::FOCUS as usize {
            self.focused.replace(element.clone());
            self.focus_within(realm);
        }
        let now = match element {
            _ if spreads => with_labelled(realm, chain(realm, element)),
            // Who holds the root that the focus is in has it as well.
            Some(focused) if kind == mark::FOCUS as usize => {
                let root = |element: &Element| {
                    realm.call("Node", "getRootNode", element, &[]).map(JsCast::unchecked_into::<Node>)
                };
                let host = |element: &Element| realm.host(&root(element)?);
                std::iter::successors(Some(focused), host).collect()
            }
            other => other.into_iter().collect(),
        };
        replace(realm, &mut self.marked.borrow_mut()[kind], now, name);
    }

    /// Something in the document has the focus.
    pub(crate) fn has_focus(&self) -> bool {
        self.focused.borrow().is_some()
    }

    /// Something entered or left the top layer, perhaps.
    pub(crate) fn focus_within(&self, realm: &Realm) {
        let mut around = chain(realm, self.focused.borrow().clone());
        // What lies in the top layer has its focus for itself.
        let top = around.iter().position(|element| realm.is(element, TOP_LAYER));
        around.truncate(top.map_or(around.len(), |top| top + 1));
        replace(realm, &mut self.within.borrow_mut(), around, FOCUS_WITHIN);
    }
}

/// Gives the attribute to those and takes it from the ones before.
fn replace(realm: &Realm, before: &mut Vec<Element>, now: Vec<Element>, name: &str) {
    for element in before.iter().filter(|element| !now.contains(element)) {
        realm.toggle(element, name, false);
    }
    for element in now.iter().filter(|element| !before.contains(element)) {
        realm.toggle(element, name, true);
    }
    *before = now;
}

/// An element and all that lie around it in the flat tree of its document.
fn chain(realm: &Realm, element: Option<Element>) -> Vec<Element> {
    std::iter::successors(element, |element| {
        if let Some(slot) = realm.get("Element", "assignedSlot", element) {
            return Some(slot.unchecked_into());
        }
        let parent = realm.parent(element)?;
        match realm.kind(&parent) {
            Node::ELEMENT_NODE => Some(parent.unchecked_into()),
            _ => realm.host(&parent),
        }
    })
    .collect()
}

/// A label shares its marks with its control.
fn with_labelled(realm: &Realm, mut elements: Vec<Element>) -> Vec<Element> {
    let control = elements.iter().find_map(|element| realm.get("HTMLLabelElement", "control", element));
    elements.extend(control.map(JsCast::unchecked_into::<Element>));
    elements
}

//! What the customer has selected, and where the caret stands: in the page, and in each of its frames.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Array, Reflect};
use page_mirror::tree::ROOT;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, Node, Range, Window};

use crate::{place::Place, realm::Realm};

/// Names the highlight.
const SELECTION: &str = "ringside-selection";

/// Where text begins or ends: a node, and how far in it.
pub(crate) type End = (Node, u32);

/// What a document says of itself, and what was found in its shadow roots.
#[derive(Default)]
struct Selected {
    own: Option<Range>,
    within: Option<Range>,
}

/// By the node of the document: the page's, or a frame's.
#[derive(Default)]
pub(crate) struct Selections(RefCell<BTreeMap<u32, Selected>>);

impl Selections {
    pub(crate) fn clear(&self, realm: &Realm) {
        self.0.take();
        paint(realm, &Selected::default());
    }

    /// Frames whose documents are gone.
    pub(crate) fn keep(&self, nodes: &Array) {
        self.0.borrow_mut().retain(|page, _| *page == ROOT || !nodes.get(*page).is_undefined());
    }

    /// `within`: it was found in a shadow root, or in a frame.
    pub(crate) fn select(
        &self,
        realm: &Realm,
        page: u32,
        document: &Document,
        within: bool,
        ends: Option<(End, End)>,
    ) {
        let range = ends.and_then(|(anchor, focus)| range(realm, document, &anchor, &focus));
        let mut all = self.0.borrow_mut();
        let selected = all.entry(page).or_default();
        *(if within { &mut selected.within } else { &mut selected.own }) = range;
        let view = realm.get("Document", "defaultView", document);
        if let Some(view) = view {
            paint(&Realm(view.unchecked_into::<Window>()), selected);
        }
    }

    /// Where the caret is, if text can be written there.
    pub(crate) fn caret(&self, realm: &Realm) -> Option<Place> {
        let all = self.0.borrow();
        all.values()
            .flat_map(|selected| [&selected.within, &selected.own])
            .flatten()
            .find_map(|range| caret(realm, range))
    }
}

fn caret(realm: &Realm, range: &Range) -> Option<Place> {
    if !range.collapsed() {
        return None;
    }
    let element = element_of(realm, range.start_container().ok()?)?;
    realm.get("HTMLElement", "isContentEditable", &element).filter(JsValue::is_truthy)?;
    let rect = range.get_client_rects().and_then(|rects| rects.item(0));
    let rect = match rect {
        Some(rect) => rect,
        None => realm.call("Element", "getBoundingClientRect", &element, &[])?.unchecked_into(),
    };
    let (x, y) = crate::place::in_page(realm, &element, rect.left(), rect.top());
    Some(Place { x, y, width: 0.0, height: rect.height() })
}

/// The registry of highlights is not in web-sys. `realm` is the one of the document: each has its own.
fn paint(realm: &Realm, selected: &Selected) {
    let highlights =
        Reflect::get(&realm.0, &"CSS".into()).and_then(|css| Reflect::get(&css, &"highlights".into()));
    let Ok(highlights) = highlights else { return };
    let ranges: Vec<&JsValue> = [&selected.own, &selected.within]
        .into_iter()
        .flatten()
        .filter(|range| !range.collapsed())
        .map(AsRef::as_ref)
        .collect();
    let highlight = if ranges.is_empty() { None } else { realm.make("Highlight", &ranges) };
    let _ = match highlight {
        Some(highlight) => {
            realm.call("HighlightRegistry", "set", &highlights, &[&SELECTION.into(), &highlight])
        }
        None => realm.call("HighlightRegistry", "delete", &highlights, &[&SELECTION.into()]),
    };
}

/// The node, or the element around it.
fn element_of(realm: &Realm, node: Node) -> Option<Element> {
    let element = if realm.kind(&node) == Node::ELEMENT_NODE { Some(node) } else { realm.parent(&node) };
    element.map(JsCast::unchecked_into)
}

/// From one end to the other, whichever comes first.
fn range(realm: &Realm, document: &Document, anchor: &End, focus: &End) -> Option<Range> {
    let range: Range = realm.call("Document", "createRange", document, &[])?.unchecked_into();
    let clamped = |(node, offset): &End| {
        let length = match realm.kind(node) {
            Node::TEXT_NODE => realm.get("CharacterData", "length", node),
            _ => realm
                .get("Node", "childNodes", node)
                .and_then(|children| realm.get("NodeList", "length", &children)),
        };
        (*offset).min(length.and_then(|length| length.as_f64()).map_or(0, |length| length as u32))
    };
    let (from, until) = (clamped(anchor), clamped(focus));
    range.set_start(&anchor.0, from).ok()?;
    range.set_end(&focus.0, until).ok()?;
    if range.collapsed() && (anchor.0 != focus.0 || from != until) {
        // Selected backwards: setting the end moved the start there.
        range.set_start(&focus.0, until).ok()?;
        range.set_end(&anchor.0, from).ok()?;
    }
    Some(range)
}

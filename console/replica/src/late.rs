//! What is done to a document once a frame's operations were carried out: form state, scroll, and what the customer
//! points at, has focused and has selected.
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use js_sys::Array;
use page_mirror::{
    codec::{
        close::{Caret, Zoom},
        state,
    },
    replay::ops::Late,
    tree::ROOT,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, HtmlIFrameElement, Node, ScrollBehavior, ScrollToOptions};

use crate::{
    badge::Badge,
    boxes::Boxes,
    frames::Frames,
    marks::Marks,
    parts::Parts,
    pictures::Pictures,
    place::{self, Place},
    realm::Realm,
    selections::Selections,
    sheets::Sheets,
};

/// Attributes that stand for flags, by letter; and for states of custom elements.
const FLAGS: [(char, &str); 3] =
    [('u', "ringside-undefined"), ('i', "ringside-user-invalid"), ('v', "ringside-user-valid")];
const STATE: &str = "ringside-state";

/// A document with the elements that have marks. That states, marks and scroll are of elements was seen to when the
/// frame was read.
pub(crate) struct Painter {
    realm: Realm,
    document: Document,
    sheets: Sheets,
    /// By the node of the document: the page's, or a frame's.
    marks: RefCell<BTreeMap<u32, Marks>>,
    window_scroll: RefCell<(i32, i32)>,
    selections: Selections,
    /// In a field, which is an element of the page.
    caret: RefCell<Option<(Element, Caret)>>,
    zoom: Cell<Option<Zoom>>,
    frames: Frames,
    pictures: Pictures,
    boxes: Boxes,
    parts: Parts,
}

impl Painter {
    pub(crate) fn new(frame: &HtmlIFrameElement) -> Option<Self> {
        let realm = Realm(frame.content_window()?);
        Some(Self {
            pictures: Pictures::new(realm.clone()),
            boxes: Boxes::new(realm.clone()),
            parts: Parts::new(realm.clone()),
            frames: Frames::default(),
            realm,
            document: frame.content_document()?,
            sheets: Sheets::default(),
            marks: RefCell::default(),
            window_scroll: RefCell::default(),
            selections: Selections::default(),
            caret: RefCell::default(),
            zoom: Cell::default(),
        })
    }

    /// `nodes` are those of the page, by id. False: something that was shown is lost, and only a keyframe brings it again.
    pub(crate) fn carry_out(&self, late: Vec<Late>, nodes: &Array) -> bool {
        let cleared = late.iter().rposition(|one| matches!(one, Late::Clear));
        if cleared.is_some() {
            self.frames.clear();
        }
        for one in late.iter().skip(cleared.unwrap_or(0)) {
            if let Late::Frame { id, host } = one {
                self.frames.add(*id, *host);
            }
        }
        self.frames.keep(&self.realm, nodes);
        self.selections.keep(nodes);
        self.marks.borrow_mut().retain(|page, _| *page == ROOT || !nodes.get(*page).is_undefined());
        let node = |id: u32| {
            Some(nodes.get(id)).filter(|node| !node.is_undefined()).map(JsCast::unchecked_into::<Node>)
        };
        for one in late {
            match one {
                Late::Frame { .. } => {}
                Late::Part { id, done } => {
                    if let Some(node) = node(id) {
                        self.parts.show(id, node.unchecked_into(), done);
                    }
                }
                Late::PartEnded { id } => self.parts.end(id),
                Late::Picture { id, .. }
                | Late::Use { id, .. }
                | Late::Seen { id, .. }
                | Late::Media { id, .. } => {
                    if let Some(node) = node(id) {
                        self.picture(id, node.unchecked_into(), one);
                    }
                }
                Late::Asset { number, kind, image } => self.pictures.asset(number, kind, &image),
                Late::Clear => self.clear(),
                Late::Sheet { sheet, css } => self.sheets.write(&self.realm, sheet, css),
                Late::Adopt { id, sheets } => {
                    if let Some(root) = node(id) {
                        self.sheets.adopt(&self.realm, &root, &sheets);
                    }
                }
                Late::Box { id, .. } | Late::State { id, .. } | Late::Custom { id, .. } => {
                    if let Some(node) = node(id) {
                        self.element(&node.unchecked_into(), one);
                    }
                }
                Late::Scroll { id: ROOT, x, y } => {
                    self.window_scroll.replace((x, y));
                    self.scroll_again();
                }
                Late::Scroll { id, x, y } => {
                    if let Some(node) = node(id) {
                        let _ = self.realm.call("Element", "scrollTo", &node, &[&to(x, y)]);
                    }
                }
                Late::Mark { .. }
                | Late::Select { .. }
                | Late::Within { .. }
                | Late::Caret(_)
                | Late::Zoom(_) => self.attend(one, &node),
            }
        }
        self.parts.keep()
    }

    /// What is of one element alone.
    fn element(&self, element: &Element, one: Late) {
        if let Late::Box { id, width, height } = one {
            self.boxes.add(id, element);
            let Some(style) = self.realm.get("HTMLElement", "style", element) else { return };
            for (name, side) in [("width", width), ("height", height)] {
                let arguments: [&JsValue; 2] = [&name.into(), &format!("{side}px").into()];
                let _ = self.realm.call("CSSStyleDeclaration", "setProperty", &style, &arguments);
            }
        } else if let Late::State { kind, value, .. } = one {
            self.set_state(element, kind, &value);
            // A dialog may be in the top layer now, or no longer.
            if kind == state::FLAGS {
                self.marks.borrow().values().for_each(|marks| marks.focus_within(&self.realm));
            }
        } else if let Late::Custom { states, .. } = one {
            let _ = match states.as_str() {
                "" => self.realm.call("Element", "removeAttribute", element, &[&STATE.into()]),
                _ => self.realm.call("Element", "setAttribute", element, &[&STATE.into(), &states.into()]),
            };
        }
    }

    /// What the customer is at.
    fn attend(&self, one: Late, node: &dyn Fn(u32) -> Option<Node>) {
        if let Late::Mark { page, kind, id } = one {
            let mut marks = self.marks.borrow_mut();
            marks.entry(page).or_default().mark(&self.realm, kind as usize, node(id));
        } else if let Late::Select { anchor, anchor_offset, focus, focus_offset } = one {
            let ends = node(anchor).zip(node(focus));
            let ends = ends.map(|(anchor, focus)| ((anchor, anchor_offset), (focus, focus_offset)));
            self.selections.select(&self.realm, ROOT, &self.document, false, ends);
        } else if let Late::Within { page, ends } = one {
            let ends = ends.and_then(|[anchor, from, focus, until]| {
                Some(((node(anchor)?, from), (node(focus)?, until)))
            });
            if let Some(document) = node(page) {
                self.selections.select(&self.realm, page, document.unchecked_ref(), true, ends);
            }
        } else if let Late::Caret(caret) = one {
            let now = node(caret.id).map(|node| (node.unchecked_into::<Element>(), caret));
            let is_same = |before: &Element| now.as_ref().is_some_and(|(field, _)| field == before);
            // A field that is left shows its beginning.
            if let Some((left, _)) = self.caret.borrow().as_ref().filter(|(before, _)| !is_same(before)) {
                self.realm.set("Element", "scrollLeft", left, &0.into());
            }
            self.caret.replace(now);
        } else if let Late::Zoom(zoom) = one {
            self.zoom.set((zoom.scale > Zoom::NONE.scale).then_some(zoom));
        }
    }

    fn picture(&self, id: u32, element: Element, one: Late) {
        if let Late::Picture { kind, image, .. } = one {
            self.pictures.picture(id, element, kind, &image);
        } else if let Late::Use { number, .. } = one {
            self.pictures.uses(&element, number);
        } else if let Late::Seen { why, .. } = one {
            self.pictures.seen(id, element, why);
        } else if let Late::Media { playing, .. } = one {
            self.pictures.media(id, element, playing);
        }
    }

    /// What is said of elements, and where, on a page that is shown so many times as large.
    pub(crate) fn badges(&self, scale: f64) -> Vec<Badge> {
        self.pictures.keep();
        let mut badges = self.pictures.badges();
        badges.append(&mut self.boxes.badges(scale));
        badges.append(&mut self.parts.badges(scale));
        badges
    }

    /// Late images and sheets move things: the window scrolls again to where it should be.
    pub(crate) fn scroll_again(&self) {
        let (x, y) = *self.window_scroll.borrow();
        self.realm.0.scroll_to_with_scroll_to_options(&to(x, y));
    }

    /// Where the caret is, which has no width, or what is selected in a field, a line each; in the page in a frame that has
    /// the focus, if one has.
    pub(crate) fn caret(&self) -> Vec<Place> {
        let within = self.parts.carets();
        if within.is_empty() { self.own_caret() } else { within }
    }

    /// The same of a page in a frame: nothing tells it that the focus went elsewhere, but that no element of it has it.
    pub(crate) fn caret_in_focus(&self) -> Vec<Place> {
        let has_focus = self.marks.borrow().values().any(Marks::has_focus);
        let within = self.parts.carets();
        if within.is_empty() && has_focus { self.own_caret() } else { within }
    }

    fn own_caret(&self) -> Vec<Place> {
        let in_field = self.caret.borrow().as_ref().and_then(|(field, caret)| {
            let is_there = self.realm.get("Node", "isConnected", field)?.is_truthy();
            place::in_field(&self.realm, field, caret).filter(|_| is_there)
        });
        in_field.unwrap_or_else(|| self.selections.caret(&self.realm).into_iter().collect())
    }

    /// Pages in frames.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// Which part of the page the customer sees, where it is not all of their window.
    pub(crate) fn zoom(&self) -> Option<Zoom> {
        self.zoom.get()
    }

    /// The document is no longer shown: what pictures hold of memory is given back.
    pub(crate) fn leave(&self) {
        self.pictures.clear();
        self.parts.clear();
    }

    fn clear(&self) {
        // The nodes are gone. Another page begins at its top, wherever the one before it was scrolled to.
        self.marks.take();
        self.caret.take();
        self.zoom.take();
        self.selections.clear(&self.realm);
        self.sheets.clear();
        self.pictures.clear();
        self.boxes.clear();
        self.parts.clear();
        self.sheets.adopt(&self.realm, &self.document, &[]);
        self.window_scroll.take();
        self.scroll_again();
    }

    fn set_state(&self, element: &Element, kind: u32, value: &str) {
        let name = self.realm.name(element);
        let input = |key, value: JsValue| self.realm.set("HTMLInputElement", key, element, &value);
        match kind {
            state::VALUE if name == "textarea" => {
                self.realm.set("HTMLTextAreaElement", "value", element, &value.into());
            }
            state::VALUE => input("value", value.into()),
            state::CHECKED => {
                input("checked", (value == "1").into());
                input("indeterminate", (value == "2").into());
            }
            state::SELECTED => {
                let chosen: Vec<u32> = value.split(',').filter_map(|index| index.parse().ok()).collect();
                let Some(options) = self.realm.get("HTMLSelectElement", "options", element) else { return };
                for (index, option) in (0..).zip(js_sys::Array::from(&options).iter()) {
                    let is_chosen = chosen.binary_search(&index).is_ok();
                    self.realm.set("HTMLOptionElement", "selected", &option, &is_chosen.into());
                }
            }
            state::FLAGS => {
                for (letter, name) in FLAGS {
                    self.realm.toggle(element, name, value.contains(letter));
                }
                self.top_layer(element, &name, value);
            }
            _ => {}
        }
    }

    /// Shows or hides a dialog or popover. What a document refuses (an element that is not in the page) stays as it is.
    fn top_layer(&self, element: &Element, name: &str, value: &str) {
        if name == "dialog" && value.contains('m') != self.realm.is(element, ":modal") {
            let was_open = self.realm.is(element, "[open]");
            if value.contains('m') {
                self.realm.toggle(element, "open", false);
                let _ = self.realm.call("HTMLDialogElement", "showModal", element, &[]);
            } else {
                // Only an open one is taken out of the top layer when it is closed.
                self.realm.toggle(element, "open", true);
                let _ = self.realm.call("HTMLDialogElement", "close", element, &[]);
                self.realm.toggle(element, "open", was_open);
            }
        }
        if value.contains('p') != self.realm.is(element, ":popover-open") {
            let method = if value.contains('p') { "showPopover" } else { "hidePopover" };
            let _ = self.realm.call("HTMLElement", method, element, &[]);
        }
    }
}

fn to(x: i32, y: i32) -> ScrollToOptions {
    let to = ScrollToOptions::new();
    to.set_left(x.into());
    to.set_top(y.into());
    to.set_behavior(ScrollBehavior::Instant);
    to
}

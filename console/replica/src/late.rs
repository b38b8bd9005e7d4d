//! What is done to a document once a frame's operations were carried out: form state, scroll, and what the customer
//! points at, has focused and has selected.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::Array;
use page_mirror::{
    codec::{mark, state},
    replay::ops::Late,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, HtmlIFrameElement, Node, Range, ScrollBehavior, ScrollToOptions};

use crate::{
    frames::Frames,
    pictures::{Badge, Pictures},
    realm::Realm,
};

/// Attributes that stand for marks, by kind, and whether what lies around the element has them too.
const MARKS: [(&str, bool); mark::KINDS] = [
    ("ringside-hover", true),
    ("ringside-active", true),
    ("ringside-focus", false),
    ("ringside-focus-visible", false),
    ("ringside-target", false),
    ("ringside-fullscreen", false),
];
const BASE: &str = include_str!("base.css");
const TOP_LAYER: &str = ":is(:modal, :popover-open)";
const FOCUS_WITHIN: &str = "ringside-focus-within";
/// Attributes that stand for flags, by letter.
const FLAGS: [(char, &str); 3] =
    [('u', "ringside-undefined"), ('i', "ringside-user-invalid"), ('v', "ringside-user-valid")];
const SELECTION: &str = "ringside-selection";

/// A document with the elements that have marks. That states, marks and scroll are of elements was seen to when the
/// frame was read.
pub(crate) struct Painter {
    realm: Realm,
    document: Document,
    /// The replica's own style, which every root has first; and the sheets that scripts made, by number.
    base: JsValue,
    sheets: RefCell<BTreeMap<u32, JsValue>>,
    marked: RefCell<[Vec<Element>; mark::KINDS]>,
    focused: RefCell<Option<Element>>,
    within: RefCell<Vec<Element>>,
    window_scroll: RefCell<(i32, i32)>,
    caret: RefCell<Option<Range>>,
    frames: Frames,
    pictures: Pictures,
}

impl Painter {
    pub(crate) fn new(frame: &HtmlIFrameElement) -> Option<Self> {
        let realm = Realm(frame.content_window()?);
        let base = realm.make("CSSStyleSheet", &[])?;
        let _ = realm.call("CSSStyleSheet", "replaceSync", &base, &[&BASE.into()]);
        Some(Self {
            pictures: Pictures::new(realm.clone()),
            frames: Frames::default(),
            realm,
            document: frame.content_document()?,
            base,
            sheets: RefCell::default(),
            marked: RefCell::default(),
            focused: RefCell::default(),
            within: RefCell::default(),
            window_scroll: RefCell::default(),
            caret: RefCell::default(),
        })
    }

    /// `nodes` are those of the page, by id.
    pub(crate) fn carry_out(&self, late: Vec<Late>, nodes: &Array) {
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
        let node = |id: u32| {
            Some(nodes.get(id)).filter(|node| !node.is_undefined()).map(JsCast::unchecked_into::<Node>)
        };
        for one in late {
            match one {
                Late::Frame { .. } => {}
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
                Late::Sheet { sheet, css } => self.sheet(sheet, &css),
                Late::Adopt { id, sheets } => {
                    if let Some(root) = node(id) {
                        self.adopt(&root, &sheets);
                    }
                }
                Late::State { id, kind, value } => {
                    if let Some(node) = node(id) {
                        self.set_state(&node.unchecked_into(), kind, &value);
                    }
                    // A dialog may be in the top layer now, or no longer.
                    if kind == state::FLAGS {
                        self.focus_within();
                    }
                }
                Late::Scroll { id: 1, x, y } => {
                    self.window_scroll.replace((x, y));
                    self.scroll_again();
                }
                Late::Scroll { id, x, y } => {
                    if let Some(node) = node(id) {
                        let _ = self.realm.call("Element", "scrollTo", &node, &[&to(x, y)]);
                    }
                }
                Late::Mark { kind, id } => self.mark(kind as usize, node(id)),
                Late::Select { anchor, anchor_offset, focus, focus_offset } => {
                    let ends = node(anchor).zip(node(focus));
                    self.select(ends.map(|(anchor, focus)| ((anchor, anchor_offset), (focus, focus_offset))));
                }
            }
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

    /// What is said of elements, and where.
    pub(crate) fn badges(&self) -> Vec<Badge> {
        self.pictures.keep();
        self.pictures.badges()
    }

    /// Late images and sheets move things: the window scrolls again to where it should be.
    pub(crate) fn scroll_again(&self) {
        let (x, y) = *self.window_scroll.borrow();
        self.realm.0.scroll_to_with_scroll_to_options(&to(x, y));
    }

    /// Where the caret is in the replica's viewport, with its height, if text can be written there.
    pub(crate) fn caret(&self) -> Option<(f64, f64, f64)> {
        let range = self.caret.borrow();
        let range = range.as_ref()?;
        let rect = range.get_client_rects().and_then(|rects| rects.item(0)).or_else(|| {
            let node = range.start_container().ok()?;
            let rect = self.realm.call("Element", "getBoundingClientRect", &*self.element_of(node)?, &[])?;
            Some(rect.unchecked_into())
        })?;
        Some((rect.left(), rect.top(), rect.height()))
    }

    fn clear(&self) {
        // The nodes are gone. Another page begins at its top, wherever the one before it was scrolled to.
        self.marked.take();
        self.focused.take();
        self.within.take();
        self.sheets.take();
        self.pictures.clear();
        self.adopt(&self.document, &[]);
        self.window_scroll.take();
        self.select(None);
        self.scroll_again();
    }

    fn sheet(&self, number: u32, css: &str) {
        let mut sheets = self.sheets.borrow_mut();
        let made =
            sheets.entry(number).or_insert_with(|| self.realm.make("CSSStyleSheet", &[]).unwrap_or_default());
        let _ = self.realm.call("CSSStyleSheet", "replaceSync", made, &[&css.into()]);
    }

    fn adopt(&self, root: &Node, sheets: &[u32]) {
        let made = self.sheets.borrow();
        let adopted = sheets.iter().filter_map(|sheet| made.get(sheet));
        let list: js_sys::Array = std::iter::once(&self.base).chain(adopted).collect();
        let class = if self.realm.kind(root) == Node::DOCUMENT_NODE { "Document" } else { "ShadowRoot" };
        self.realm.set(class, "adoptedStyleSheets", root, &list);
    }

    fn mark(&self, kind: usize, node: Option<Node>) {
        let Some((name, spreads)) = MARKS.get(kind).copied() else { return };
        let element = node.map(JsCast::unchecked_into::<Element>);
        if kind == mark::FOCUS as usize {
            self.focused.replace(element.clone());
            self.focus_within();
        }
        let now = match element {
            _ if spreads => self.with_labelled(self.chain(element)),
            // Who holds the root that the focus is in has it as well.
            Some(focused) if kind == mark::FOCUS as usize => {
                let root = |element: &Element| {
                    self.realm.call("Node", "getRootNode", element, &[]).map(JsCast::unchecked_into::<Node>)
                };
                let host = |element: &Element| self.realm.host(&root(element)?);
                std::iter::successors(Some(focused), host).collect()
            }
            other => other.into_iter().collect(),
        };
        self.replace(&mut self.marked.borrow_mut()[kind], now, name);
    }

    fn focus_within(&self) {
        let mut around = self.chain(self.focused.borrow().clone());
        // What lies in the top layer has its focus for itself.
        let top = around.iter().position(|element| self.realm.is(element, TOP_LAYER));
        around.truncate(top.map_or(around.len(), |top| top + 1));
        self.replace(&mut self.within.borrow_mut(), around, FOCUS_WITHIN);
    }

    fn select(&self, ends: Option<((Node, u32), (Node, u32))>) {
        self.caret.take();
        let range = ends.and_then(|(anchor, focus)| self.range(&anchor, &focus));
        let Some(range) = range else { return self.highlight(None) };
        if !range.collapsed() {
            return self.highlight(self.realm.make("Highlight", &[&range]));
        }
        self.highlight(None);
        let container = range.start_container().ok().and_then(|node| self.element_of(node));
        let is_written = container
            .and_then(|element| self.realm.get("HTMLElement", "isContentEditable", &element))
            .is_some_and(|yes| yes.is_truthy());
        if is_written {
            self.caret.replace(Some(range));
        }
    }

    fn highlight(&self, highlight: Option<JsValue>) {
        // The registry of highlights is not in web-sys.
        let highlights = js_sys::Reflect::get(&self.realm.0, &"CSS".into())
            .and_then(|css| js_sys::Reflect::get(&css, &"highlights".into()));
        let Ok(highlights) = highlights else { return };
        let _ = match highlight {
            Some(highlight) => {
                self.realm.call("HighlightRegistry", "set", &highlights, &[&SELECTION.into(), &highlight])
            }
            None => self.realm.call("HighlightRegistry", "delete", &highlights, &[&SELECTION.into()]),
        };
    }

    /// The node, or the element around it.
    fn element_of(&self, node: Node) -> Option<Element> {
        let element =
            if self.realm.kind(&node) == Node::ELEMENT_NODE { Some(node) } else { self.realm.parent(&node) };
        element.map(JsCast::unchecked_into)
    }

    /// From one end to the other, whichever comes first.
    fn range(&self, anchor: &(Node, u32), focus: &(Node, u32)) -> Option<Range> {
        let range = self.realm.call("Document", "createRange", &self.document, &[])?;
        let range: Range = range.unchecked_into();
        let clamped = |(node, offset): &(Node, u32)| {
            let length = match self.realm.kind(node) {
                Node::TEXT_NODE => self.realm.get("CharacterData", "length", node),
                _ => self
                    .realm
                    .get("Node", "childNodes", node)
                    .and_then(|children| self.realm.get("NodeList", "length", &children)),
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

    /// Gives the attribute to those and takes it from the ones before.
    fn replace(&self, before: &mut Vec<Element>, now: Vec<Element>, name: &str) {
        for element in before.iter().filter(|element| !now.contains(element)) {
            self.realm.toggle(element, name, false);
        }
        for element in now.iter().filter(|element| !before.contains(element)) {
            self.realm.toggle(element, name, true);
        }
        *before = now;
    }

    /// An element and all that lie around it in the flat tree.
    fn chain(&self, element: Option<Element>) -> Vec<Element> {
        std::iter::successors(element, |element| {
            if let Some(slot) = self.realm.get("Element", "assignedSlot", element) {
                return Some(slot.unchecked_into());
            }
            let parent = self.realm.parent(element)?;
            match self.realm.kind(&parent) {
                Node::ELEMENT_NODE => Some(parent.unchecked_into()),
                _ => self.realm.host(&parent),
            }
        })
        .collect()
    }

    /// A label shares its marks with its control.
    fn with_labelled(&self, mut elements: Vec<Element>) -> Vec<Element> {
        let control =
            elements.iter().find_map(|element| self.realm.get("HTMLLabelElement", "control", element));
        elements.extend(control.map(JsCast::unchecked_into::<Element>));
        elements
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

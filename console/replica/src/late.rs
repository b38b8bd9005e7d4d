//! What is done to a document once a frame's operations were carried out: form state, scroll, and what the customer
//! points at, has focused and has selected.
use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Function, Reflect};
use page_mirror::{
    codec::{mark, state},
    replay::ops::Late,
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, HtmlDialogElement, HtmlElement, HtmlIFrameElement, HtmlInputElement,
    HtmlOptionElement, HtmlSelectElement, Node, Range, ScrollBehavior, ScrollToOptions, ShadowRoot, Window,
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

/// A document with the elements that have marks. Classes are those of its frame, so no cast here is checked; that
/// states, marks and scroll are of elements was seen to when the frame was read.
pub(crate) struct Painter {
    view: Window,
    document: Document,
    /// The replica's own style, which every root has first; and the sheets that scripts made, by number.
    base: JsValue,
    sheets: RefCell<BTreeMap<u32, JsValue>>,
    marked: RefCell<[Vec<Element>; mark::KINDS]>,
    focused: RefCell<Option<Element>>,
    within: RefCell<Vec<Element>>,
    window_scroll: RefCell<(i32, i32)>,
    caret: RefCell<Option<Range>>,
}

impl Painter {
    pub(crate) fn new(frame: &HtmlIFrameElement) -> Option<Self> {
        let view = frame.content_window()?;
        let base = sheet(&view)?;
        call(&base, "replaceSync", &[BASE.into()]);
        Some(Self {
            view,
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

    /// `node` gives the node with an id.
    pub(crate) fn carry_out(&self, late: Vec<Late>, node: impl Fn(u32) -> Option<Node>) {
        for one in late {
            match one {
                Late::Clear => self.clear(),
                Late::Sheet { sheet, css } => self.sheet(sheet, &css),
                Late::Adopt { id, sheets } => {
                    if let Some(root) = node(id) {
                        self.adopt(&root, &sheets);
                    }
                }
                Late::State { id, kind, value } => {
                    if let Some(node) = node(id) {
                        set_state(&node.unchecked_into(), kind, &value);
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
                        node.unchecked_ref::<Element>().scroll_to_with_scroll_to_options(&to(x, y));
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

    /// Late images and sheets move things: the window scrolls again to where it should be.
    pub(crate) fn scroll_again(&self) {
        let (x, y) = *self.window_scroll.borrow();
        self.view.scroll_to_with_scroll_to_options(&to(x, y));
    }

    /// Where the caret is in the replica's viewport, with its height, if text can be written there.
    pub(crate) fn caret(&self) -> Option<(f64, f64, f64)> {
        let range = self.caret.borrow();
        let range = range.as_ref()?;
        let rect = range.get_client_rects().and_then(|rects| rects.item(0)).or_else(|| {
            let node = range.start_container().ok()?;
            let element =
                if node.node_type() == Node::ELEMENT_NODE { Some(node) } else { node.parent_node() };
            Some(element?.unchecked_into::<Element>().get_bounding_client_rect())
        })?;
        Some((rect.left(), rect.top(), rect.height()))
    }

    fn clear(&self) {
        // The nodes are gone. Another page begins at its top, wherever the one before it was scrolled to.
        self.marked.take();
        self.focused.take();
        self.within.take();
        self.sheets.take();
        self.adopt(&self.document, &[]);
        self.window_scroll.take();
        self.select(None);
        self.scroll_again();
    }

    fn sheet(&self, number: u32, css: &str) {
        let mut sheets = self.sheets.borrow_mut();
        let made = sheets.entry(number).or_insert_with(|| sheet(&self.view).unwrap_or_default());
        call(made, "replaceSync", &[css.into()]);
    }

    /// By the prototype's own setter: the page may have an element whose name is that of the property.
    fn adopt(&self, root: &Node, sheets: &[u32]) {
        let kind = if root.node_type() == Node::DOCUMENT_NODE { "Document" } else { "ShadowRoot" };
        let prototype = member(&self.view, kind).and_then(|kind| member(&kind, "prototype"));
        let property = prototype.map(|prototype| {
            js_sys::Object::get_own_property_descriptor::<js_sys::Object>(
                prototype.unchecked_ref(),
                &"adoptedStyleSheets".into(),
            )
        });
        let made = self.sheets.borrow();
        let list: js_sys::Array =
            std::iter::once(&self.base).chain(sheets.iter().filter_map(|sheet| made.get(sheet))).collect();
        if let Some(set) = property.and_then(|property| member(&property, "set")) {
            // A sheet of another document is refused, and there is none.
            let _ = set.unchecked_ref::<Function>().call1(root, &list);
        }
    }

    fn mark(&self, kind: usize, node: Option<Node>) {
        let Some((name, spreads)) = MARKS.get(kind).copied() else { return };
        let element = node.map(JsCast::unchecked_into::<Element>);
        if kind == mark::FOCUS as usize {
            self.focused.replace(element.clone());
            self.focus_within();
        }
        let now = match element {
            _ if spreads => with_labelled(chain(element)),
            // Who holds the root that the focus is in has it as well.
            Some(focused) if kind == mark::FOCUS as usize => {
                std::iter::successors(Some(focused), host).collect()
            }
            other => other.into_iter().collect(),
        };
        replace(&mut self.marked.borrow_mut()[kind], now, name);
    }

    fn focus_within(&self) {
        let mut around = chain(self.focused.borrow().clone());
        // What lies in the top layer has its focus for itself.
        let top = around.iter().position(|element| element.matches(TOP_LAYER).unwrap_or(false));
        around.truncate(top.map_or(around.len(), |top| top + 1));
        replace(&mut self.within.borrow_mut(), around, FOCUS_WITHIN);
    }

    fn select(&self, ends: Option<((Node, u32), (Node, u32))>) {
        self.caret.take();
        let range = ends.and_then(|(anchor, focus)| self.range(&anchor, &focus));
        // The registry of highlights is not in web-sys.
        let highlights = member(&self.view, "CSS").and_then(|css| member(&css, "highlights"));
        let Some(highlights) = highlights else { return };
        let Some(range) = range else {
            call(&highlights, "delete", &[SELECTION.into()]);
            return;
        };
        if range.collapsed() {
            call(&highlights, "delete", &[SELECTION.into()]);
            let container = range.start_container().ok();
            let editable = container.and_then(|node| match node.node_type() {
                Node::ELEMENT_NODE => Some(node),
                _ => node.parent_node(),
            });
            if editable.is_some_and(|node| node.unchecked_ref::<HtmlElement>().is_content_editable()) {
                self.caret.replace(Some(range));
            }
            return;
        }
        let made = member(&self.view, "Highlight").and_then(|kind| {
            Reflect::construct(kind.unchecked_ref::<Function>(), &js_sys::Array::of1(&range)).ok()
        });
        if let Some(highlight) = made {
            call(&highlights, "set", &[SELECTION.into(), highlight]);
        }
    }

    /// From one end to the other, whichever comes first.
    fn range(&self, anchor: &(Node, u32), focus: &(Node, u32)) -> Option<Range> {
        let range = self.document.create_range().ok()?;
        let clamped = |(node, offset): &(Node, u32)| {
            let length = match node.node_type() {
                Node::TEXT_NODE => node.node_value().map_or(0, |text| text.encode_utf16().count()),
                _ => node.child_nodes().length() as usize,
            };
            (*offset).min(u32::try_from(length).unwrap_or(u32::MAX))
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
}

/// Gives the attribute to those and takes it from the ones before.
fn replace(before: &mut Vec<Element>, now: Vec<Element>, name: &str) {
    for element in before.iter().filter(|element| !now.contains(element)) {
        // Removing an attribute cannot fail.
        let _ = element.remove_attribute(name);
    }
    for element in now.iter().filter(|element| !before.contains(element)) {
        let _ = element.set_attribute(name, "");
    }
    *before = now;
}

/// An element and all that lie around it in the flat tree.
fn chain(element: Option<Element>) -> Vec<Element> {
    std::iter::successors(element, |element| {
        if let Some(slot) = element.assigned_slot() {
            return Some(slot.unchecked_into());
        }
        let parent = element.parent_node()?;
        match parent.node_type() {
            Node::ELEMENT_NODE => Some(parent.unchecked_into()),
            Node::DOCUMENT_FRAGMENT_NODE => Some(parent.unchecked_into::<ShadowRoot>().host()),
            _ => None,
        }
    })
    .collect()
}

/// The host of the shadow root that an element is in.
fn host(element: &Element) -> Option<Element> {
    let root = element.get_root_node();
    (root.node_type() == Node::DOCUMENT_FRAGMENT_NODE).then(|| root.unchecked_into::<ShadowRoot>().host())
}

/// A label shares its marks with its control.
fn with_labelled(mut elements: Vec<Element>) -> Vec<Element> {
    let control = elements
        .iter()
        .filter(|element| element.local_name() == "label")
        .find_map(|label| member(label, "control"));
    if let Some(control) = control.filter(|control| !control.is_null()) {
        elements.push(control.unchecked_into());
    }
    elements
}

fn set_state(element: &Element, kind: u32, value: &str) {
    match kind {
        // A progress bar, for one, throws at what is no number.
        state::VALUE => _ = Reflect::set(element, &"value".into(), &value.into()),
        state::CHECKED => {
            let input = element.unchecked_ref::<HtmlInputElement>();
            input.set_checked(value == "1");
            input.set_indeterminate(value == "2");
        }
        state::SELECTED if element.local_name() == "select" => {
            let chosen: Vec<u32> = value.split(',').filter_map(|index| index.parse().ok()).collect();
            let options = element.unchecked_ref::<HtmlSelectElement>().options();
            for index in 0..options.length() {
                if let Some(option) = options.item(index) {
                    option
                        .unchecked_into::<HtmlOptionElement>()
                        .set_selected(chosen.binary_search(&index).is_ok());
                }
            }
        }
        state::FLAGS => {
            for (letter, name) in FLAGS {
                // The name is a valid one.
                let _ = element.toggle_attribute_with_force(name, value.contains(letter));
            }
            top_layer(element, value);
        }
        _ => {}
    }
}

/// Shows or hides a dialog or popover. What a document refuses (an element that is no dialog, or not in the page)
/// stays as it is.
fn top_layer(element: &Element, value: &str) {
    let is = |selector| element.matches(selector).unwrap_or(false);
    if element.local_name() == "dialog" && value.contains('m') != is(":modal") {
        let dialog = element.unchecked_ref::<HtmlDialogElement>();
        let was_open = dialog.open();
        if value.contains('m') {
            dialog.set_open(false);
            let _ = dialog.show_modal();
        } else {
            // Only an open one is taken out of the top layer when it is closed.
            dialog.set_open(true);
            dialog.close();
            dialog.set_open(was_open);
        }
    }
    if element.has_attribute("popover") && value.contains('p') != is(":popover-open") {
        call(element, if value.contains('p') { "showPopover" } else { "hidePopover" }, &[]);
    }
}

fn to(x: i32, y: i32) -> ScrollToOptions {
    let to = ScrollToOptions::new();
    to.set_left(x.into());
    to.set_top(y.into());
    to.set_behavior(ScrollBehavior::Instant);
    to
}

/// A new sheet of that window.
fn sheet(view: &Window) -> Option<JsValue> {
    let kind = member(view, "CSSStyleSheet")?;
    Reflect::construct(kind.unchecked_ref::<Function>(), &js_sys::Array::new()).ok()
}

fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined())
}

/// Calls a method; what it throws changes nothing.
fn call(object: &JsValue, name: &str, arguments: &[JsValue]) {
    if let Some(method) = member(object, name).and_then(|method| method.dyn_into::<Function>().ok()) {
        let arguments: js_sys::Array = arguments.iter().collect();
        let _ = method.apply(object, &arguments);
    }
}

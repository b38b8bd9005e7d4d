//! Documents within the page and what is at work in them: the page itself, frames of its origin, shadow roots.
use js_sys::{Array, Function, Object, Reflect};
use page_mirror::codec::mark;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, Event, Node, PointerEvent};

use crate::Reach;

/// Roots that are looked at.
const MOST: usize = 512;
/// Elements or roots around each other that are climbed through.
const DEEPEST: usize = 2_048;

/// What the page is made of, as it was looked at last.
pub(crate) struct Roots {
    pub(crate) page: Document,
    pub(crate) frames: Vec<Frame>,
    pub(crate) shadows: Array,
}

/// A frame's document.
pub(crate) struct Frame {
    pub(crate) document: Document,
    pub(crate) hovered: Option<Element>,
    pub(crate) pressed: Option<Element>,
}

impl Roots {
    pub(crate) fn new(page: Document) -> Self {
        Self { page, frames: Vec::new(), shadows: Array::new() }
    }

    /// Looks what there is now.
    pub(crate) fn look(&mut self, reach: &Reach) {
        self.shadows = Array::new();
        let mut frames = Vec::new();
        for root in Array::from(&reach.roots().keys()).iter().take(MOST) {
            let root: Node = root.unchecked_into();
            if root.node_type() != Node::DOCUMENT_NODE {
                self.shadows.push(&root);
            } else if root != *self.page {
                let document: Document = root.unchecked_into();
                let known = self.frames.iter().position(|frame| frame.document == document);
                frames.push(match known {
                    Some(at) => self.frames.swap_remove(at),
                    None => Frame { document, hovered: None, pressed: None },
                });
            }
        }
        self.frames = frames;
    }

    /// All roots, the page first.
    pub(crate) fn all(&self) -> Array {
        let all = Array::of1(&self.page);
        for frame in &self.frames {
            all.push(&frame.document);
        }
        all.concat(&self.shadows)
    }

    /// Something is pointed at or pressed in a frame.
    pub(crate) fn heard(&mut self, event: &Event) {
        let target = event.composed_path().get(0);
        let document = member(&target, "ownerDocument");
        let Some(frame) = self.frames.iter_mut().find(|frame| frame.document.loose_eq(&document)) else {
            return;
        };
        let target = || is_element(&target).then(|| target.clone().unchecked_into());
        match event.type_().as_str() {
            "pointerover" => frame.hovered = target(),
            "pointerout" if event.unchecked_ref::<PointerEvent>().related_target().is_none() => {
                frame.hovered = None;
            }
            "pointerdown" => frame.pressed = target(),
            "pointerup" | "pointercancel" => frame.pressed = None,
            _ => {}
        }
    }

    /// What has the focus in a document, however deep in its shadow roots.
    pub(crate) fn active(&self, document: &Document) -> Option<Element> {
        let mut active = element(&member(document, "activeElement"))?;
        for _ in 0..DEEPEST {
            let root = self.root_of(&active);
            let Some(inner) = root.and_then(|root| element(&member(&root, "activeElement"))) else { break };
            active = inner;
        }
        Some(active)
    }

    fn root_of(&self, host: &Element) -> Option<JsValue> {
        self.shadows.iter().find(|root| host.loose_eq(&member(root, "host")))
    }

    /// The same through frames.
    pub(crate) fn innermost_active(&self) -> Option<Element> {
        let mut active = self.active(&self.page)?;
        for _ in 0..DEEPEST {
            let frame =
                self.frames.iter().find(|frame| frame_around(&frame.document) == Some(active.clone()));
            let Some(inner) = frame.and_then(|frame| self.active(&frame.document)) else { break };
            active = inner;
        }
        Some(active)
    }

    /// The frame in this document in which something is pressed, by a frame in it or there.
    pub(crate) fn pressed_frame(&self, document: &Document) -> Option<Element> {
        self.frames.iter().filter(|frame| frame.pressed.is_some()).find_map(|frame| {
            let around = |inner: &Element| frame_around(&inner.owner_document()?);
            std::iter::successors(frame_around(&frame.document), around)
                .take(DEEPEST)
                .find(|frame| frame.owner_document().as_ref() == Some(document))
        })
    }
}

/// What has each mark in a frame's document.
pub(crate) fn marks(reach: &Reach, roots: &Roots, frame: &Frame) -> [u32; mark::KINDS] {
    let has = |element: &Element, selector: &str| element.matches(selector).unwrap_or(false);
    let focused = roots.active(&frame.document).filter(|element| has(element, ":focus"));
    let shown = focused.clone().filter(|element| has(element, ":focus-visible"));
    let pressed = frame.pressed.clone().or_else(|| roots.pressed_frame(&frame.document));
    let target = frame.document.query_selector(":target").unwrap_or_default();
    let full = element(&member(&frame.document, "fullscreenElement"));
    [frame.hovered.clone(), pressed, focused, shown, target, full]
        .map(|element| element.map_or(0, |element| id_of(reach, &element)))
}

/// The number of an element, or of the one around it in its document that the mirror has.
pub(crate) fn id_of(reach: &Reach, innermost: &Element) -> u32 {
    let above = |node: &Node| {
        node.parent_node().or_else(|| element(&member(node, "host")).map(JsCast::unchecked_into))
    };
    std::iter::successors(Some(innermost.clone().unchecked_into::<Node>()), above)
        .take(DEEPEST)
        .filter(|node| node.node_type() == Node::ELEMENT_NODE)
        .map(|node| reach.id(node.unchecked_ref()))
        .find(|id| *id != 0)
        .unwrap_or(0)
}

/// What is selected in a document, as both ends: in shadow roots alone (`within`), or anywhere.
pub(crate) fn selected(reach: &Reach, roots: &Roots, document: &Document, within: bool) -> Option<[u32; 4]> {
    let selection = document.get_selection().ok()??;
    let given = Object::new();
    Reflect::set(&given, &"shadowRoots".into(), &roots.shadows).ok()?;
    let range = Array::from(&call(&selection, "getComposedRanges", &given)?).get(0);
    let end = |node: &str, offset: &str| {
        let node = Some(member(&range, node)).filter(JsValue::is_object)?;
        Some((node.unchecked_into::<Node>(), member(&range, offset).as_f64()? as u32))
    };
    let (mut from, mut until) = (end("startContainer", "startOffset")?, end("endContainer", "endOffset")?);
    let root = from.0.get_root_node();
    let is_inner = root.node_type() == Node::DOCUMENT_FRAGMENT_NODE;
    if (within && !is_inner) || root != until.0.get_root_node() {
        return None;
    }
    if member(&selection, "direction").as_string().as_deref() == Some("backward") {
        std::mem::swap(&mut from, &mut until);
    }
    let ids = [reach.id(from.0.unchecked_ref()), reach.id(until.0.unchecked_ref())];
    (!ids.contains(&0)).then_some([ids[0], from.1, ids[1], until.1])
}

fn frame_around(document: &Document) -> Option<Element> {
    let view = member(document, "defaultView");
    if view.is_object() { element(&member(&view, "frameElement")) } else { None }
}

/// Of a frame's document, so "instanceof" would deny it.
pub(crate) fn element(value: &JsValue) -> Option<Element> {
    is_element(value).then(|| value.clone().unchecked_into())
}

fn is_element(value: &JsValue) -> bool {
    value.is_object() && member(value, "nodeType").as_f64() == Some(1.0)
}

/// What a method of an object gives, if there is one, and it does not throw.
pub(crate) fn call(of: &JsValue, method: &str, given: &JsValue) -> Option<JsValue> {
    member(of, method).dyn_into::<Function>().ok()?.call1(of, given).ok()
}

/// Undefined where there is none, or none that may be read.
pub(crate) fn member(of: &JsValue, key: &str) -> JsValue {
    if of.is_object() { Reflect::get(of, &key.into()).unwrap_or_default() } else { JsValue::UNDEFINED }
}

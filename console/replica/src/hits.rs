//! What lies where in the replica, and what the agent draws above it.
use js_sys::{Array, Reflect};
use shared::wire::lead::Spot;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, Event, HtmlElement, PointerEvent, Window};

use crate::{ghost::field_of, replica::Replica};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Strokes and frames that the overlay holds.
const DRAWN: u32 = 32;

/// CSS pixels of the replica's document; or of the overlay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// The innermost mirrored element at a place.
pub(crate) struct Hit {
    pub(crate) element: Element,
    pub(crate) spot: Spot,
    /// In the replica's document, with its bounds.
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) bounds: Bounds,
    pub(crate) id_of_field: Option<u32>,
    /// From the replica's document to the overlay.
    scale: f64,
    shift: (f64, f64),
}

impl Hit {
    pub(crate) fn on_overlay(&self, element: &Element) -> Bounds {
        self.moved(&bounds_of(element))
    }

    fn moved(&self, bounds: &Bounds) -> Bounds {
        Bounds {
            left: bounds.left * self.scale + self.shift.0,
            top: bounds.top * self.scale + self.shift.1,
            width: bounds.width * self.scale,
            height: bounds.height * self.scale,
        }
    }
}

impl Replica {
    pub(crate) fn overlay(&self) -> &HtmlElement {
        &self.0.frame.overlay
    }

    pub(crate) fn scale(&self) -> f64 {
        self.0.frame.scale()
    }

    pub(crate) fn set_touchable(&self, yes: bool) {
        self.0.frame.set_touchable(yes);
    }

    /// What lies at a place of the console.
    pub(crate) fn hit(&self, client_x: f64, client_y: f64) -> Option<Hit> {
        let (x, y) = self.0.frame.to_page(client_x, client_y);
        let mut element = self.document()?.element_from_point(x as f32, y as f32)?;
        while let Some(inner) =
            element.shadow_root().and_then(|root| root.element_from_point(x as f32, y as f32))
        {
            if inner == element {
                break;
            }
            element = inner;
        }
        let nodes = self.nodes()?;
        let mut node = id_in(&nodes, &element);
        while node.is_none() {
            element = element.parent_element()?;
            node = id_in(&nodes, &element);
        }
        let bounds = bounds_of(&element);
        let part = |at: f64, from: f64, length: f64| {
            ((at - from) / length.max(1.0) * 10_000.0).round().clamp(0.0, 10_000.0) as u16
        };
        let spot = Spot {
            node: node?,
            x: part(x, bounds.left, bounds.width),
            y: part(y, bounds.top, bounds.height),
        };
        let id_of_field = field_of(&element).and_then(|field| id_in(&nodes, &field));
        let (frame, overlay) =
            (self.0.frame.iframe.get_bounding_client_rect(), self.overlay().get_bounding_client_rect());
        let shift = (frame.left() - overlay.left(), frame.top() - overlay.top());
        Some(Hit { element, spot, x, y, bounds, id_of_field, scale: self.scale(), shift })
    }

    /// What scrolls at a place, and where it is scrolled to.
    pub(crate) fn scroller(&self, client_x: f64, client_y: f64, upright: bool) -> Option<(u32, f64, f64)> {
        let (view, nodes) = (self.view()?, self.nodes()?);
        let mut at = self.hit(client_x, client_y).map(|hit| hit.element);
        while let Some(element) = at {
            let style = view.get_computed_style(&element).ok().flatten();
            let overflow = style.and_then(|style| {
                style.get_property_value(if upright { "overflow-y" } else { "overflow-x" }).ok()
            });
            let (inside, room) = if upright {
                (element.scroll_height(), element.client_height())
            } else {
                (element.scroll_width(), element.client_width())
            };
            let is_page = matches!(element.local_name().as_str(), "html" | "body");
            if !is_page
                && inside > room + 1
                && matches!(overflow.as_deref(), Some("auto" | "scroll"))
                && let Some(id) = id_in(&nodes, &element)
            {
                return Some((id, f64::from(element.scroll_left()), f64::from(element.scroll_top())));
            }
            at = element.parent_element();
        }
        Some((1, view.scroll_x().ok()?, view.scroll_y().ok()?))
    }

    /// Moves outside of the overlay still count while a button is held.
    pub(crate) fn capture(&self, event: &Event) {
        let event: &PointerEvent = event.unchecked_ref();
        // A pointer that went meanwhile needs none.
        let _ = self.overlay().set_pointer_capture(event.pointer_id());
    }

    /// Shows the agent what is highlighted.
    pub(crate) fn outline(&self, bounds: &Bounds) {
        let Some(document) = self.overlay().owner_document() else { return };
        let Ok(outline) = document.create_element("div").map(JsCast::unchecked_into::<HtmlElement>) else {
            return;
        };
        let (frame, overlay) =
            (self.0.frame.iframe.get_bounding_client_rect(), self.overlay().get_bounding_client_rect());
        let scale = self.scale();
        outline.set_class_name("replica-outline");
        for (name, value) in [
            ("left", bounds.left * scale + frame.left() - overlay.left()),
            ("top", bounds.top * scale + frame.top() - overlay.top()),
            ("width", bounds.width * scale),
            ("height", bounds.height * scale),
        ] {
            let _ = outline.style().set_property(name, &format!("{value:.1}px"));
        }
        self.show_for_a_while(&outline);
    }

    pub(crate) fn begin_stroke(&self, client_x: f64, client_y: f64) {
        let Some(document) = self.overlay().owner_document() else { return };
        let make = |tag: &str| document.create_element_ns(Some(SVG), tag);
        if let (Ok(svg), Ok(line)) = (make("svg"), make("polyline")) {
            let _ = svg.set_attribute("class", "replica-ink");
            let _ = svg.append_child(&line);
            let _ = self.overlay().append_child(&svg);
            self.0.stroke.replace(Some(line));
            self.extend_stroke(client_x, client_y);
        }
    }

    pub(crate) fn extend_stroke(&self, client_x: f64, client_y: f64) {
        if let Some(line) = &*self.0.stroke.borrow() {
            let overlay = self.overlay().get_bounding_client_rect();
            let points = line.get_attribute("points").unwrap_or_default();
            let (x, y) = (client_x - overlay.left(), client_y - overlay.top());
            let _ = line.set_attribute("points", &format!("{points} {x:.1},{y:.1}"));
        }
    }

    pub(crate) fn end_stroke(&self) {
        if let Some(svg) = self.0.stroke.take().and_then(|line| line.parent_element()) {
            self.show_for_a_while(&svg);
        }
    }

    /// The style sheet lets it fade; the oldest go.
    fn show_for_a_while(&self, element: &Element) {
        let _ = self.overlay().append_child(element);
        if let Ok(drawn) = self.overlay().query_selector_all(".replica-ink,.replica-outline")
            && drawn.length() > DRAWN
            && let Some(oldest) = drawn.item(0)
        {
            let _ = self.overlay().remove_child(&oldest);
        }
    }

    fn document(&self) -> Option<Document> {
        self.0.frame.iframe.content_document()
    }

    fn view(&self) -> Option<Window> {
        self.0.frame.iframe.content_window()
    }

    /// Nodes by id, as the applier keeps them.
    fn nodes(&self) -> Option<Array> {
        let applier = self.0.applier.borrow();
        let nodes = Reflect::get(&applier.as_ref()?.applier, &"nodes".into()).ok()?;
        nodes.is_object().then(|| nodes.unchecked_into())
    }
}

fn id_in(nodes: &Array, element: &JsValue) -> Option<u32> {
    u32::try_from(nodes.index_of(element, 0)).ok()
}

fn bounds_of(element: &Element) -> Bounds {
    let bounds = element.get_bounding_client_rect();
    Bounds { left: bounds.left(), top: bounds.top(), width: bounds.width(), height: bounds.height() }
}

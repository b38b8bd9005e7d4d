//! What lies where in the replica, and what the agent draws above it.
use js_sys::Array;
use shared::wire::lead::{Spot, Step};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, PointerEvent, Window};

use crate::{
    ghost::field_of,
    parts::Inside,
    replica::{Canvas, Replica},
};

/// Stands for what cannot be mirrored; a page in a frame is shown on one.
const BOX: &str = "ringside-box";
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
    /// Of the page itself: a page in a frame is the element that stands for it.
    pub(crate) spot: Spot,
    /// The frames on the way to the element, and the spot on it.
    pub(crate) path: Vec<u32>,
    pub(crate) inner: Spot,
    /// In the replica's document, with the bounds of what the spot is on.
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) bounds: Bounds,
    pub(crate) id_of_field: Option<u32>,
    /// From the element's document to the replica's.
    corner: (f64, f64),
    /// From the replica's document to the overlay.
    scale: f64,
    shift: (f64, f64),
}

impl Hit {
    pub(crate) fn on_overlay(&self, element: &Element) -> Bounds {
        let bounds = bounds_of(element);
        self.moved(&Bounds { left: bounds.left + self.corner.0, top: bounds.top + self.corner.1, ..bounds })
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

/// What the wheel scrolls: a node in the page at the end of the path, and where it is scrolled to.
pub(crate) struct Scroller {
    pub(crate) path: Vec<u32>,
    pub(crate) node: u32,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// What lies at a place of one document.
struct Found {
    element: Element,
    spot: Spot,
    bounds: Bounds,
    id_of_field: Option<u32>,
}

impl Found {
    fn at(canvas: &Canvas, x: f64, y: f64) -> Option<Self> {
        let mut element = canvas.painter.document().element_from_point(x as f32, y as f32)?;
        while element.local_name() != BOX
            && let Some(root) = element.shadow_root()
            && let Some(inner) = root.element_from_point(x as f32, y as f32)
        {
            if inner == element {
                break;
            }
            element = inner;
        }
        let nodes = canvas.applier.nodes();
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
        Some(Self { element, spot, bounds, id_of_field })
    }

    /// What lies at the place in the page that is shown on it, and where that page begins.
    fn within(&self, canvas: &Canvas, x: f64, y: f64) -> Option<(Vec<u32>, (f64, f64), Self)> {
        let inside = |inside: &Inside<'_>| {
            let (left, top) = inside.corner;
            let found = Self::at(inside.canvas, x - left, y - top)?;
            let deeper = found.within(inside.canvas, x - left, y - top);
            let (mut path, (right, below), found) = deeper.unwrap_or_else(|| (Vec::new(), (0.0, 0.0), found));
            path.insert(0, self.spot.node);
            Some((path, (left + right, top + below), found))
        };
        canvas.painter.parts().with(self.spot.node, inside).flatten()
    }
}

/// The frames of the pages on the way, as they are shown. None: one of them is not shown any more.
fn steps_in(canvas: &Canvas, path: &[u32]) -> Option<Vec<Step>> {
    let Some((&part, rest)) = path.split_first() else { return Some(Vec::new()) };
    let inside = |inside: &Inside<'_>| {
        let (epoch, seq) = inside.at;
        let mut steps = steps_in(inside.canvas, rest)?;
        steps.insert(0, Step { part, epoch, seq });
        Some(steps)
    };
    canvas.painter.parts().with(part, inside).flatten()
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
        let canvas = self.0.applier.borrow();
        let canvas = canvas.as_ref()?;
        let found = Found::at(canvas, x, y)?;
        let (spot, bounds) = (found.spot, found.bounds);
        let within = found.within(canvas, x, y);
        let (path, corner, found) = within.unwrap_or_else(|| (Vec::new(), (0.0, 0.0), found));
        let (frame, overlay) =
            (self.0.frame.iframe.get_bounding_client_rect(), self.overlay().get_bounding_client_rect());
        Some(Hit {
            element: found.element,
            spot,
            path,
            inner: found.spot,
            x,
            y,
            bounds,
            id_of_field: found.id_of_field,
            corner,
            scale: self.scale(),
            shift: (frame.left() - overlay.left(), frame.top() - overlay.top()),
        })
    }

    /// The pages on the way to what was hit, as they are shown now.
    pub(crate) fn steps(&self, path: &[u32]) -> Option<Vec<Step>> {
        steps_in(self.0.applier.borrow().as_ref()?, path)
    }

    /// What scrolls at a place, and where it is scrolled to.
    pub(crate) fn scroller(&self, client_x: f64, client_y: f64, upright: bool) -> Option<Scroller> {
        let hit = self.hit(client_x, client_y)?;
        let canvas = self.0.applier.borrow();
        let canvas = canvas.as_ref()?;
        let mut path = hit.path;
        let mut at = Some(hit.element);
        loop {
            let found = scroller_in(canvas, &path, at, upright);
            // A page in a frame that has nothing to scroll leaves it to the one around.
            let Some(outer) = path.pop() else {
                let view = self.view()?;
                let page = || Some((1, view.scroll_x().ok()?, view.scroll_y().ok()?));
                let (node, x, y) = found.or_else(page)?;
                return Some(Scroller { path, node, x, y });
            };
            if let Some((node, x, y)) = found {
                path.push(outer);
                return Some(Scroller { path, node, x, y });
            }
            at = inside(canvas, &path, &|canvas| canvas.applier.nodes().get(outer))
                .filter(JsValue::is_object)
                .map(JsCast::unchecked_into);
        }
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

    fn view(&self) -> Option<Window> {
        self.0.frame.iframe.content_window()
    }
}

/// Looks into the page at the end of a path.
fn inside<T>(canvas: &Canvas, path: &[u32], look: &dyn Fn(&Canvas) -> T) -> Option<T> {
    let Some((part, rest)) = path.split_first() else { return Some(look(canvas)) };
    canvas.painter.parts().with(*part, |of| inside(of.canvas, rest, look)).flatten()
}

/// What scrolls at or around an element of the page at the end of a path, which is that page itself where it is one in a
/// frame.
fn scroller_in(canvas: &Canvas, path: &[u32], at: Option<Element>, upright: bool) -> Option<(u32, f64, f64)> {
    let look = |canvas: &Canvas| {
        let view = canvas.painter.document().default_view()?;
        let nodes = canvas.applier.nodes();
        let scrolled =
            |element: &Element| (f64::from(element.scroll_left()), f64::from(element.scroll_top()));
        let mut at = at.clone();
        while let Some(element) = at {
            let style = view.get_computed_style(&element).ok().flatten();
            let overflow = style.and_then(|style| {
                style.get_property_value(if upright { "overflow-y" } else { "overflow-x" }).ok()
            });
            let is_page = matches!(element.local_name().as_str(), "html" | "body");
            if !is_page
                && has_more(&element, upright)
                && matches!(overflow.as_deref(), Some("auto" | "scroll"))
                && let Some(id) = id_in(&nodes, &element)
            {
                let (x, y) = scrolled(&element);
                return Some((id, x, y));
            }
            at = element.parent_element();
        }
        let page = canvas.painter.document().document_element()?;
        let (x, y) = scrolled(&page);
        (!path.is_empty() && has_more(&page, upright)).then_some((1, x, y))
    };
    inside(canvas, path, &look).flatten()
}

fn has_more(element: &Element, upright: bool) -> bool {
    let (inside, room) = if upright {
        (element.scroll_height(), element.client_height())
    } else {
        (element.scroll_width(), element.client_width())
    };
    inside > room + 1
}

fn id_in(nodes: &Array, element: &JsValue) -> Option<u32> {
    u32::try_from(nodes.index_of(element, 0)).ok()
}

fn bounds_of(element: &Element) -> Bounds {
    let bounds = element.get_bounding_client_rect();
    Bounds { left: bounds.left(), top: bounds.top(), width: bounds.width(), height: bounds.height() }
}

//! The frame that holds the replica's document, the overlay above it, and their size.
use std::cell::{Cell, RefCell};

use page_mirror::codec::close::Zoom;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Document, Element, HtmlElement, HtmlIFrameElement, ResizeObserver};

use crate::{
    badge::{self, Badge, badge},
    place::{self, Place},
};

/// What a replica's frame may do: be read by the console. No scripts, forms, windows, or navigation.
const SANDBOX: &str = "allow-same-origin";
const POINTER_SIZE_PX: u32 = 18;
/// Elements of one kind that are drawn above the page.
const MOST_DRAWN: usize = 32;

/// Made of one frame and one overlay in a host element. Dropping it takes both out.
pub(crate) struct Frame {
    host: Element,
    shell: HtmlElement,
    pub(crate) overlay: HtmlElement,
    pub(crate) iframe: HtmlIFrameElement,
    pointer: HtmlElement,
    caret: HtmlElement,
    selected: RefCell<Vec<HtmlElement>>,
    zoom: HtmlElement,
    badges: RefCell<Vec<HtmlElement>>,
    size: Cell<(u32, u32)>,
    /// Where the customer's pointer is, and whether it is pressed.
    pointed: Cell<Option<(i32, i32, bool)>>,
    loaded: Closure<dyn FnMut()>,
    _resized: (ResizeObserver, Closure<dyn FnMut()>),
}

impl Frame {
    /// Adds the frame to `host`; `loaded` is called once its document is there, `resized` when the host's
    /// size changed.
    pub(crate) fn new(
        host: &Element,
        address: &str,
        loaded: impl FnMut() + 'static,
        resized: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let document = host.owner_document().ok_or("the host has a document")?;
        let shell = styled(
            &document,
            "div",
            &[("position", "relative"), ("width", "100%"), ("height", "100%"), ("overflow", "hidden")],
        )?;
        let iframe: HtmlIFrameElement = styled(
            &document,
            "iframe",
            &[
                ("position", "absolute"),
                ("left", "0"),
                ("top", "0"),
                ("border", "0"),
                ("background", "#fff"),
                ("transform-origin", "0 0"),
                ("color-scheme", "normal"),
            ],
        )?
        .unchecked_into();
        iframe.set_attribute("sandbox", SANDBOX)?;
        iframe.set_attribute("inert", "")?;
        iframe.set_attribute("tabindex", "-1")?;
        iframe.set_attribute("referrerpolicy", "no-referrer")?;
        iframe.set_attribute("title", "The customer's page")?;
        iframe.set_src(address);
        let overlay: HtmlElement =
            styled(&document, "div", &[("position", "absolute"), ("inset", "0"), ("cursor", "default")])?;
        overlay.set_attribute("data-replica-overlay", "")?;
        let pointer = pointer(&document)?;
        let caret = caret(&document)?;
        let zoom = zoom(&document)?;
        overlay.append_child(&zoom)?;
        overlay.append_child(&pointer)?;
        overlay.append_child(&caret)?;
        shell.append_child(&iframe)?;
        shell.append_child(&overlay)?;
        let loaded = Closure::<dyn FnMut()>::new(loaded);
        iframe.add_event_listener_with_callback("load", loaded.as_ref().unchecked_ref())?;
        host.append_child(&shell)?;
        let resized = Closure::<dyn FnMut()>::new(resized);
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref())?;
        observer.observe(host);
        let frame = Self {
            host: host.clone(),
            shell,
            overlay,
            iframe,
            pointer,
            caret,
            selected: RefCell::default(),
            zoom,
            badges: RefCell::default(),
            size: Cell::new((0, 0)),
            pointed: Cell::new(None),
            loaded,
            _resized: (observer, resized),
        };
        frame.resize(1280, 800);
        Ok(frame)
    }

    /// Lays the document out at the customer's size, and scales it into the host.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        if width > 0 && height > 0 && self.size.replace((width, height)) != (width, height) {
            self.fit();
        }
    }

    pub(crate) fn fit(&self) {
        let (width, height) = self.size.get();
        let scale = self.scale();
        let left = self.left();
        let style = self.iframe.style();
        for (name, value) in [
            ("width", format!("{width}px")),
            ("height", format!("{height}px")),
            ("transform", format!("translate({left}px, 0) scale({scale})")),
        ] {
            // The names are properties of CSS, so there is nothing that could fail.
            let _ = style.set_property(name, &value);
        }
        self.point(self.pointed.get());
    }

    /// Shows where the customer's pointer is, in CSS pixels of the customer's viewport; none hides it.
    pub(crate) fn point(&self, at: Option<(i32, i32, bool)>) {
        self.pointed.set(at);
        let style = self.pointer.style();
        let Some((x, y, down)) = at else {
            let _ = style.set_property("display", "none");
            return;
        };
        let scale = self.scale();
        let left = self.left();
        let half = f64::from(POINTER_SIZE_PX) / 2.0;
        let (x, y) = (f64::from(x) * scale + left - half, f64::from(y) * scale - half);
        let _ = style.set_property("transform", &format!("translate({x}px, {y}px)"));
        let _ = style
            .set_property("background", if down { "rgb(220 38 38 / 0.75)" } else { "rgb(37 99 235 / 0.55)" });
        let _ = style.set_property("display", "block");
    }

    /// CSS pixels of the frame's document, from the console's.
    pub(crate) fn to_page(&self, x: f64, y: f64) -> (f64, f64) {
        let bounds = self.iframe.get_bounding_client_rect();
        let scale = self.scale();
        ((x - bounds.left()) / scale, (y - bounds.top()) / scale)
    }

    /// An inert document answers no question of what lies where; under the overlay nothing can be pressed either way.
    pub(crate) fn set_touchable(&self, yes: bool) {
        let changed =
            if yes { self.iframe.remove_attribute("inert") } else { self.iframe.set_attribute("inert", "") };
        debug_assert!(changed.is_ok(), "the name of an attribute");
        let _ = self.overlay.style().set_property("cursor", if yes { "crosshair" } else { "default" });
    }

    /// Shows the customer's caret, or text that is selected in a field; nothing hides both.
    pub(crate) fn caret(&self, at: &[Place]) {
        let is_caret = |place: &&Place| place.width == 0.0;
        let caret = if at.len() == 1 { at.iter().find(is_caret) } else { None };
        self.put(&self.caret, caret.copied());
        let lines: Vec<Place> = at.iter().filter(|place| !is_caret(place)).copied().collect();
        self.fill(&self.selected, lines.len(), selected);
        for (at, element) in self.selected.borrow().iter().enumerate() {
            self.put(element, lines.get(at).copied());
        }
    }

    /// Shows which part of the page the customer sees; none: all of it.
    pub(crate) fn zoom(&self, zoom: Option<Zoom>) {
        let place = zoom.map(|Zoom { left, top, width, height, .. }| {
            let [x, y, width, height] = [left, top, width, height].map(f64::from);
            Place { x, y, width, height }
        });
        self.put(&self.zoom, place);
        if let Some(words) = zoom.zip(self.zoom.first_element_child()) {
            let (Zoom { scale, .. }, label) = words;
            let times = f64::from(scale) / 100.0;
            label.set_text_content(Some(&format!("The customer sees this part, {times:.1} times as large")));
        }
    }

    /// Puts an element of the overlay where a place of the page is; without one it is hidden.
    fn put(&self, element: &HtmlElement, at: Option<Place>) {
        let style = element.style();
        let Some(Place { x, y, width, height }) = at else {
            let _ = style.set_property("display", "none");
            return;
        };
        let (scale, left) = (self.scale(), self.left());
        if width > 0.0 {
            let _ = style.set_property("width", &format!("{}px", width * scale));
        }
        for (name, value) in [
            ("display", "block".to_owned()),
            ("transform", format!("translate({}px, {}px)", x * scale + left, y * scale)),
            ("height", format!("{}px", height * scale)),
        ] {
            let _ = style.set_property(name, &value);
        }
    }

    /// Makes as many elements of the overlay as are wanted, within a bound.
    fn fill(
        &self,
        all: &RefCell<Vec<HtmlElement>>,
        count: usize,
        make: fn(&Document) -> Result<HtmlElement, JsValue>,
    ) {
        let mut all = all.borrow_mut();
        while all.len() < count.min(MOST_DRAWN) {
            let document = self.overlay.owner_document();
            let Some(made) = document.and_then(|document| make(&document).ok()) else { return };
            if self.overlay.append_child(&made).is_err() {
                return;
            }
            all.push(made);
        }
    }

    /// Shows words on elements of the page, and none besides.
    pub(crate) fn badges(&self, shown: &[Badge]) {
        self.fill(&self.badges, shown.len(), badge);
        let (scale, left) = (self.scale(), self.left());
        let (width, height) = self.size.get();
        let page = Place { x: 0.0, y: 0.0, width: width.into(), height: height.into() };
        for (at, element) in self.badges.borrow().iter().enumerate() {
            let shown = shown.get(at).and_then(|badge| {
                let seen = place::cut(&badge.at, &page)?;
                let (x, y) = (seen.x * scale + left, seen.y * scale);
                Some((badge, Place { x, y, width: seen.width * scale, height: seen.height * scale }))
            });
            badge::show(element, shown);
        }
    }

    /// Where the page begins in the host: it stands in its middle.
    fn left(&self) -> f64 {
        let room = self.host.get_bounding_client_rect();
        ((room.width() - f64::from(self.size.get().0) * self.scale()) / 2.0).max(0.0)
    }

    pub(crate) fn scale(&self) -> f64 {
        let (width, height) = self.size.get();
        let room = self.host.get_bounding_client_rect();
        if room.width() <= 0.0 || room.height() <= 0.0 || width == 0 || height == 0 {
            return 1.0;
        }
        (room.width() / f64::from(width)).min(room.height() / f64::from(height)).min(1.0)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self._resized.0.disconnect();
        let loaded = self.loaded.as_ref().unchecked_ref();
        let _ = self.iframe.remove_event_listener_with_callback("load", loaded);
        self.shell.remove();
    }
}

pub(crate) fn styled(document: &Document, tag: &str, style: &[(&str, &str)]) -> Result<HtmlElement, JsValue> {
    let element: HtmlElement = document.create_element(tag)?.unchecked_into();
    for (name, value) in style {
        element.style().set_property(name, value)?;
    }
    Ok(element)
}

/// Text that is selected in a field: as see-through as a browser draws it.
fn selected(document: &Document) -> Result<HtmlElement, JsValue> {
    let selected = styled(
        document,
        "div",
        &[
            ("position", "absolute"),
            ("left", "0"),
            ("top", "0"),
            ("background", "rgb(37 99 235 / 0.35)"),
            ("pointer-events", "none"),
        ],
    )?;
    selected.set_attribute("data-replica-selected", "")?;
    Ok(selected)
}

/// Round the part that the customer sees; the rest lies in the shade.
fn zoom(document: &Document) -> Result<HtmlElement, JsValue> {
    let zoom = styled(
        document,
        "div",
        &[
            ("position", "absolute"),
            ("left", "0"),
            ("top", "0"),
            ("box-sizing", "border-box"),
            ("border", "2px solid rgb(37 99 235)"),
            ("box-shadow", "0 0 0 9999px rgb(17 24 39 / 0.4)"),
            ("pointer-events", "none"),
            ("display", "none"),
        ],
    )?;
    zoom.set_attribute("data-replica-zoom", "")?;
    let label = badge(document)?;
    label.remove_attribute("data-replica-badge")?;
    for (name, value) in
        [("top", "auto"), ("bottom", "8px"), ("left", "8px"), ("max-width", "calc(100% - 16px)")]
    {
        label.style().set_property(name, value)?;
    }
    zoom.append_child(&label)?;
    Ok(zoom)
}

fn caret(document: &Document) -> Result<HtmlElement, JsValue> {
    let caret = styled(
        document,
        "div",
        &[
            ("position", "absolute"),
            ("left", "0"),
            ("top", "0"),
            ("width", "2px"),
            ("margin-left", "-1px"),
            ("background", "rgb(37 99 235)"),
            ("pointer-events", "none"),
            ("display", "none"),
        ],
    )?;
    caret.set_attribute("data-replica-caret", "")?;
    Ok(caret)
}

fn pointer(document: &Document) -> Result<HtmlElement, JsValue> {
    let size = format!("{POINTER_SIZE_PX}px");
    let pointer = styled(
        document,
        "div",
        &[
            ("position", "absolute"),
            ("left", "0"),
            ("top", "0"),
            ("width", &size),
            ("height", &size),
            ("border-radius", "50%"),
            ("border", "2px solid #fff"),
            ("box-sizing", "border-box"),
            ("box-shadow", "0 0 0 1px rgb(0 0 0 / 0.35)"),
            ("pointer-events", "none"),
            ("display", "none"),
        ],
    )?;
    pointer.set_attribute("data-replica-pointer", "")?;
    Ok(pointer)
}

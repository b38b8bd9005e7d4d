//! What is around the page's nodes: the window, the address, and what the customer points at, has focused, has
//! selected and prefers.
use std::cell::{Cell, RefCell};

use js_sys::Reflect;
use page_mirror::{
    codec::{mark, prefs},
    record::Recorder,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{Document, Element, Event, PointerEvent, Window};

/// What is asked, and what a yes means.
const QUERIES: [(&str, u32); 6] = [
    ("(prefers-color-scheme:dark)", prefs::DARK),
    ("(prefers-reduced-motion:reduce)", prefs::REDUCED_MOTION),
    ("(hover:hover)", prefs::HOVER),
    ("(pointer:fine)", prefs::FINE_POINTER),
    ("(pointer:coarse)", prefs::COARSE_POINTER),
    ("(prefers-contrast:more)", prefs::MORE_CONTRAST),
];

#[derive(Debug, Default)]
pub(crate) struct Attention {
    hovered: RefCell<Option<Element>>,
    pressed: RefCell<Option<Element>>,
    /// Something happened since the last look.
    woken: Cell<bool>,
    resized: Cell<bool>,
    selected: Cell<bool>,
    /// As it was told last.
    marks: Cell<[u32; mark::KINDS]>,
    page: RefCell<(String, String)>,
    base: RefCell<String>,
    hidden: Cell<bool>,
    prefs: Cell<u32>,
    /// The address named a part of the page.
    named: Cell<bool>,
}

impl Attention {
    /// The page is begun anew: nothing of it was told.
    pub(crate) fn begin(&self, recorder: &mut Recorder) {
        self.resized.set(true);
        self.selected.set(true);
        self.marks.take();
        self.page.take();
        self.base.take();
        self.hidden.take();
        self.prefs.set(preferred());
        recorder.prefs(self.prefs.get());
    }

    /// Where relative addresses begin: before what has some.
    pub(crate) fn tell_base(&self, recorder: &mut Recorder) {
        let now = own(&document(), "baseURI").as_string().unwrap_or_default();
        if *self.base.borrow() != now {
            recorder.base(&now);
            self.base.replace(now);
        }
    }

    /// Something after which one of the marks may be another's, or the window has another size.
    pub(crate) fn heard(&self, event: &Event) {
        self.woken.set(true);
        let target = || event.composed_path().get(0).dyn_into::<Element>().ok();
        match event.type_().as_str() {
            "pointerover" => drop(self.hovered.replace(target())),
            "pointerout" if event.unchecked_ref::<PointerEvent>().related_target().is_none() => {
                self.hovered.take();
            }
            "pointerdown" => drop(self.pressed.replace(target())),
            "pointerup" | "pointercancel" => drop(self.pressed.take()),
            "resize" => self.resized.set(true),
            "selectionchange" => self.selected.set(true),
            _ => {}
        }
    }

    /// Tells what is different. `look`: also where no event says so. False: begin anew.
    pub(crate) fn tell(&self, recorder: &RefCell<Recorder>, look: bool) -> bool {
        let (page, view) = (document(), window());
        if self.resized.take() {
            let side =
                |side: Result<JsValue, JsValue>| side.ok().and_then(|side| side.as_f64()).unwrap_or(0.0);
            let ratio = view.device_pixel_ratio() * 100.0;
            let sides = [side(view.inner_width()), side(view.inner_height()), ratio];
            recorder.borrow_mut().viewport(sides.map(|side| side.round() as u32));
        }
        let title = own(&page, "title").as_string().unwrap_or_default();
        let now = (address(), title);
        if *self.page.borrow() != now {
            recorder.borrow_mut().page(&now.0, &now.1);
            self.page.replace(now);
        }
        let hidden = own(&page, "hidden").is_truthy();
        if self.hidden.replace(hidden) != hidden {
            recorder.borrow_mut().visible(!hidden);
        }
        if self.woken.take() || look {
            self.tell_marks(recorder);
        }
        if self.selected.take() {
            let selection = selection();
            recorder.borrow_mut().select(selection);
        }
        !look || self.prefs.get() == preferred()
    }

    fn tell_marks(&self, recorder: &RefCell<Recorder>) {
        let page = document();
        let element = |key| own(&page, key).dyn_into::<Element>().ok();
        let mut focused = element("activeElement");
        while let Some(within) = focused.as_ref().and_then(|element| element.shadow_root()?.active_element())
        {
            focused = Some(within);
        }
        // Not a frame, where something else has it.
        focused = focused.filter(|element| element.matches(":focus").unwrap_or(false));
        let shown = focused.clone().filter(|element| element.matches(":focus-visible").unwrap_or(false));
        // All of the page is searched: not where nothing was ever named. What was stays it when scripts change the address.
        let named = self.named.get() || self.page.borrow().0.as_bytes().contains(&b'#');
        self.named.set(named);
        let target = if named { page.query_selector(":target").unwrap_or_default() } else { None };
        let elements = [
            self.hovered.borrow().clone(),
            self.pressed.borrow().clone(),
            focused,
            shown,
            target,
            element("fullscreenElement"),
        ];
        let mut marks = self.marks.get();
        for ((kind, mark), element) in (0..).zip(&mut marks).zip(&elements) {
            let now = element.as_ref().map_or(0, |element| crate::id_of(element));
            if *mark != now {
                *mark = now;
                recorder.borrow_mut().mark(kind, now);
            }
        }
        self.marks.set(marks);
    }
}

/// Both ends of what is selected.
fn selection() -> Option<[u32; 4]> {
    let selection = window().get_selection().ok()??;
    let (anchor, focus) = (selection.anchor_node()?, selection.focus_node()?);
    let ids = [crate::id_of(&anchor), crate::id_of(&focus)];
    Some([ids[0], selection.anchor_offset(), ids[1], selection.focus_offset()]).filter(|_| !ids.contains(&0))
}

/// Of the page that is open.
pub(crate) fn address() -> String {
    window().location().href().unwrap_or_default()
}

fn preferred() -> u32 {
    let view = window();
    let holds = |query: &str| view.match_media(query).ok().flatten().is_some_and(|list| list.matches());
    QUERIES.iter().filter(|(query, _)| holds(query)).fold(0, |bits, (_, bit)| bits | bit)
}

/// A member of the document. A page may have an image of that name, which then is what it says.
fn own(page: &Document, key: &str) -> JsValue {
    Reflect::get(page, &key.into()).unwrap_or_default()
}

#[wasm_bindgen]
extern "C" {
    // Not by `web_sys::window`, which looks for it in four places.
    #[wasm_bindgen(thread_local_v2, js_name = window)]
    static WINDOW: Window;
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Document;
}

fn window() -> Window {
    WINDOW.with(Window::clone)
}

fn document() -> Document {
    DOCUMENT.with(Document::clone)
}

//! What the recorder does not look at itself: carets in fields, selections in shadow roots, zoom, states of custom
//! elements, and what is pointed at, focused and selected in frames.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use page_mirror::{
    codec::{
        close::{Caret, Zoom},
        mark,
    },
    record::close as told,
    tree::ROOT,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event, EventTarget, Window};

use crate::{
    Reach,
    page::{Roots, id_of, marks, member, selected},
    states::States,
};

/// After these, something is elsewhere: in the page, and besides in its frames.
const PAGE: [&str; 3] = ["selectionchange", "focusin", "focusout"];
const FRAMES: [&str; 5] = ["pointerover", "pointerout", "pointerdown", "pointerup", "pointercancel"];
/// CSS pixels that a keyboard on the screen takes at least.
const KEYBOARD: f64 = 100.0;

/// What was told of a document.
#[derive(Debug, Default)]
struct Told {
    marks: [u32; mark::KINDS],
    selected: Option<[u32; 4]>,
}

pub(crate) struct Close {
    reach: Reach,
    window: Window,
    roots: RefCell<Roots>,
    epoch: Cell<u32>,
    /// By the number of the document.
    told: RefCell<Vec<(u32, Told)>>,
    caret: Cell<Caret>,
    zoom: Cell<Zoom>,
    states: RefCell<States>,
    heard: Closure<dyn FnMut(Event)>,
}

impl Close {
    pub(crate) fn new(reach: Reach, window: Window) -> Option<Rc<Self>> {
        let page = window.document()?;
        let close = Rc::new_cyclic(|weak: &std::rc::Weak<Self>| {
            let weak = weak.clone();
            let heard = Closure::new(move |event: Event| {
                if let Some(close) = weak.upgrade() {
                    close.roots.borrow_mut().heard(&event);
                    close.tell();
                }
            });
            Self {
                reach,
                window,
                roots: RefCell::new(Roots::new(page)),
                epoch: Cell::default(),
                told: RefCell::default(),
                caret: Cell::default(),
                zoom: Cell::new(Zoom::NONE),
                states: RefCell::default(),
                heard,
            }
        });
        close.listen(&close.window, &PAGE);
        let viewport = member(&close.window, "visualViewport");
        if viewport.is_object() {
            close.listen(viewport.unchecked_ref(), &["resize", "scroll"]);
        }
        Some(close)
    }

    /// A second time changes nothing: it is the same function.
    fn listen(&self, target: &EventTarget, kinds: &[&str]) {
        for kind in kinds {
            // The names are ones of events, so there is nothing that could fail.
            let _ = target.add_event_listener_with_callback_and_bool(
                kind,
                self.heard.as_ref().unchecked_ref(),
                true,
            );
        }
    }

    /// Looks at what no event tells.
    pub(crate) fn look(&self) {
        self.roots.borrow_mut().look(&self.reach);
        for frame in &self.roots.borrow().frames {
            self.listen(&frame.document, &PAGE);
            self.listen(&frame.document, &FRAMES);
        }
        self.tell();
        self.states.borrow_mut().look(&self.reach, &self.roots.borrow());
    }

    /// Tells what is different.
    fn tell(&self) {
        let epoch = self.reach.at().first().copied().unwrap_or_default();
        if self.epoch.replace(epoch) != epoch {
            self.told.take();
            self.states.take();
            self.caret.take();
            self.zoom.set(Zoom::NONE);
        }
        let roots = self.roots.borrow();
        let pages: Vec<u32> =
            roots.frames.iter().map(|frame| self.reach.id(frame.document.unchecked_ref())).collect();
        self.told.borrow_mut().retain(|(page, _)| *page == ROOT || pages.contains(page));
        for (frame, page) in roots.frames.iter().zip(pages) {
            if page != 0 {
                let is_typing = roots.active(&frame.document).is_some_and(|active| is_field(&active));
                let selected =
                    if is_typing { None } else { selected(&self.reach, &roots, &frame.document, false) };
                self.tell_page(page, marks(&self.reach, &roots, frame), selected);
            }
        }
        // No event of the page tells that something is pressed in one of its frames.
        let mut page = [0; mark::KINDS];
        let pressed = roots.pressed_frame(&roots.page);
        page[mark::ACTIVE as usize] = pressed.map_or(0, |frame| id_of(&self.reach, &frame));
        self.tell_page(ROOT, page, selected(&self.reach, &roots, &roots.page, true));
        self.tell_caret(&roots);
        self.tell_zoom();
    }

    fn tell_page(&self, page: u32, marks: [u32; mark::KINDS], selected: Option<[u32; 4]>) {
        let mut all = self.told.borrow_mut();
        let at = all.iter().position(|(known, _)| *known == page).unwrap_or_else(|| {
            all.push((page, Told::default()));
            all.len() - 1
        });
        let told = &mut all[at].1;
        for ((kind, before), now) in (0..).zip(&mut told.marks).zip(marks) {
            if std::mem::replace(before, now) != now {
                self.reach.add(&told::mark(page, kind, now), 0);
            }
        }
        if std::mem::replace(&mut told.selected, selected) != selected {
            self.reach.add(&told::within(page, selected), 0);
        }
    }

    fn tell_caret(&self, roots: &Roots) {
        let caret = roots.innermost_active().and_then(|field| self.caret_in(&field)).unwrap_or_default();
        let before = self.caret.replace(caret);
        // Whatever becomes of the next one, it is not where it was.
        if before.id != caret.id && before.id != 0 {
            self.reach.add(&told::caret(Caret::default()), 0);
        }
        if before != caret && caret.id != 0 {
            self.reach.add(&told::caret(caret), caret.id);
        }
    }

    /// Nothing of a field that is masked, by a rule, by all being masked, or as a password. That nothing is told of
    /// those which are masked by what they are for, is for the recorder to see to.
    fn caret_in(&self, field: &Element) -> Option<Caret> {
        if !is_field(field) || self.reach.mask(field) != 0 {
            return None;
        }
        let number = |key| member(field, key).as_f64().map(|at| at.max(0.0) as u32);
        Some(Caret {
            id: self.reach.id(field),
            start: number("selectionStart")?,
            end: number("selectionEnd")?,
            backward: member(field, "selectionDirection").as_string().as_deref() == Some("backward"),
            scroll: [number("scrollLeft")?, number("scrollTop")?],
        })
    }

    fn tell_zoom(&self) {
        let viewport = member(&self.window, "visualViewport");
        let side = |of: &JsValue, key| member(of, key).as_f64().unwrap_or(0.0).max(0.0);
        let scale = side(&viewport, "scale");
        let (height, whole) = (side(&viewport, "height"), side(&self.window, "innerHeight"));
        let is_part = scale > 1.01 || height + KEYBOARD < whole;
        let now = if is_part && height > 0.0 {
            let round = |key| side(&viewport, key).round() as u32;
            Zoom {
                scale: (scale * 100.0).round() as u32,
                left: round("offsetLeft"),
                top: round("offsetTop"),
                width: round("width"),
                height: round("height"),
            }
        } else {
            Zoom::NONE
        };
        if self.zoom.replace(now) != now {
            self.reach.add(&told::zoom(now), 0);
        }
    }
}

/// Text is typed there.
fn is_field(element: &Element) -> bool {
    matches!(element.local_name().as_str(), "input" | "textarea")
}

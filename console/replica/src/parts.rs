//! Pages of other origins, each in a frame of its own within the box that stands for the customer's: a document as empty
//! as the replica's, under the same policy and the same sandbox, which it has from the document around it.
use std::{
    cell::RefCell,
    collections::{BTreeMap, btree_map::Entry},
};

use page_mirror::replay::ops::{Part, op};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DomRect, Element, HtmlIFrameElement};

use crate::{badge::Badge, frames, late::Painter, place::Place, realm::Realm, replica::Canvas};

/// On boxes that show a page.
const SHOWN: &str = "ringside-part";
/// Of both sides together.
const USUAL_BORDERS_PX: f64 = 4.0;
const STYLE: &str = "flex:none;display:block;border:0;margin:0;padding:0;background:none;color-scheme:normal";

pub(crate) struct Parts {
    realm: Realm,
    /// By the number of the box.
    shown: RefCell<BTreeMap<u32, Shown>>,
}

struct Shown {
    host: Element,
    frame: HtmlIFrameElement,
    canvas: Canvas,
    /// Epoch and seq of what is shown.
    at: (u32, u32),
}

/// A page in a box.
pub(crate) struct Inside<'a> {
    pub(crate) canvas: &'a Canvas,
    pub(crate) corner: (f64, f64),
    pub(crate) at: (u32, u32),
}

impl Parts {
    pub(crate) fn new(realm: Realm) -> Self {
        Self { realm, shown: RefCell::default() }
    }

    /// The page is gone, and all of them with it.
    pub(crate) fn clear(&self) {
        self.shown.take().values().for_each(|shown| shown.canvas.painter.leave());
    }

    /// Does in the page of a box what is to be done there; shows it, if it was a box so far.
    pub(crate) fn show(&self, id: u32, host: Element, done: Part) {
        let mut all = self.shown.borrow_mut();
        if all.get(&id).is_some_and(|shown| !self.is_there(shown)) && done.numbers.first() == Some(&op::CLEAR)
        {
            all.remove(&id);
        }
        let Shown { host, frame, canvas, at } = match all.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match self.open(host) {
                Some(shown) => place.insert(shown),
                None => return,
            },
        };
        for (side, length) in [("width", done.width), ("height", done.height)] {
            self.style(frame, side, &format!("{length}px"));
        }
        let looks = self.looks(host, done.width, done.height);
        let _ = self.realm.call("Element", "setAttribute", host, &[&SHOWN.into(), &looks.into()]);
        *at = done.at;
        let applied = canvas.applier.apply(&done.numbers, &done.text).is_ok();
        if !applied || !canvas.painter.carry_out(done.late, &canvas.applier.nodes()) {
            self.close(all.remove(&id));
        }
    }

    pub(crate) fn end(&self, id: u32) {
        let ended = self.shown.borrow_mut().remove(&id);
        self.close(ended);
    }

    /// False: the document of one is gone, since its box was taken out of the page and put back.
    pub(crate) fn keep(&self) -> bool {
        let mut all = self.shown.borrow_mut();
        all.retain(|_, shown| {
            let is_placed =
                self.realm.get("Node", "isConnected", &shown.host).is_some_and(|yes| yes.is_truthy());
            if !is_placed {
                shown.canvas.painter.leave();
            }
            is_placed
        });
        all.values().all(|shown| self.is_there(shown))
    }

    /// What is said of elements in them, and where.
    pub(crate) fn badges(&self, scale: f64) -> Vec<Badge> {
        self.moved(|painter| painter.badges(scale), |badge| &mut badge.at)
    }

    /// Where the caret is in them: the one that has the focus.
    pub(crate) fn carets(&self) -> Vec<Place> {
        self.moved(Painter::caret_in_focus, |place| place)
    }

    /// What is found in each of them, at its place in the page around.
    fn moved<T>(&self, find: impl Fn(&Painter) -> Vec<T>, place: fn(&mut T) -> &mut Place) -> Vec<T> {
        let all = self.shown.borrow();
        let moved = all.values().flat_map(|shown| {
            let (x, y) = self.corner(shown);
            let mut found = find(&shown.canvas.painter);
            for at in found.iter_mut().map(place) {
                (at.x, at.y) = (at.x + x, at.y + y);
            }
            found
        });
        moved.collect()
    }

    /// Looks at the page in a box: what it is shown on, where it begins in the page around it, and which frame of it is
    /// shown. None: nothing is shown there.
    pub(crate) fn with<T>(&self, id: u32, look: impl FnOnce(&Inside<'_>) -> T) -> Option<T> {
        let all = self.shown.borrow();
        let shown = all.get(&id)?;
        Some(look(&Inside { canvas: &shown.canvas, corner: self.corner(shown), at: shown.at }))
    }

    fn corner(&self, shown: &Shown) -> (f64, f64) {
        let place = self.realm.call("Element", "getBoundingClientRect", &shown.frame, &[]);
        let place: Option<DomRect> = place.map(JsCast::unchecked_into);
        place.map_or((0.0, 0.0), |place| (place.left(), place.top()))
    }

    /// A frame that is so much larger than its page has the border that browsers give it.
    fn looks(&self, host: &Element, width: u32, height: u32) -> &'static str {
        let place = self.realm.call("Element", "getBoundingClientRect", host, &[]);
        let Some(place) = place.map(JsCast::unchecked_into::<DomRect>) else { return "" };
        let apart = |side: f64, of: u32| (side - f64::from(of)).round() == USUAL_BORDERS_PX;
        if apart(place.width(), width) && apart(place.height(), height) { "inset" } else { "" }
    }

    fn is_there(&self, shown: &Shown) -> bool {
        let document = self.realm.get("HTMLIFrameElement", "contentDocument", &shown.frame);
        document.is_some_and(|document| document == shown.canvas.applier.page())
    }

    fn open(&self, host: Element) -> Option<Shown> {
        let realm = &self.realm;
        let root = realm.get("Element", "shadowRoot", &host).or_else(|| {
            let open = js_sys::Object::new();
            js_sys::Reflect::set(&open, &"mode".into(), &"open".into()).ok()?;
            realm.call("Element", "attachShadow", &host, &[&open])
        })?;
        let document = realm.get("Node", "ownerDocument", &host)?;
        let frame = realm.call("Document", "createElement", &document, &[&"iframe".into()])?;
        let frame: HtmlIFrameElement = frame.unchecked_into();
        for (name, value) in [("style", STYLE), ("tabindex", "-1"), ("referrerpolicy", "no-referrer")] {
            realm.call("Element", "setAttribute", &frame, &[&name.into(), &value.into()])?;
        }
        // What was there before lost its document.
        let _ = realm.call("DocumentFragment", "replaceChildren", &root, &[]);
        realm.call("Node", "appendChild", &root, &[&frame])?;
        frames::empty(realm, &frame.content_document()?)?;
        let canvas = Canvas::new(&frame)?;
        realm.toggle(&host, SHOWN, true);
        Some(Shown { host, frame, canvas, at: (0, 0) })
    }

    fn close(&self, shown: Option<Shown>) {
        if let Some(Shown { host, frame, canvas, .. }) = shown {
            canvas.painter.leave();
            let _ = self.realm.call("Element", "remove", &frame, &[]);
            self.realm.toggle(&host, SHOWN, false);
        }
    }

    fn style(&self, frame: &HtmlIFrameElement, name: &str, value: &str) {
        if let Some(style) = self.realm.get("HTMLElement", "style", frame) {
            let arguments: [&JsValue; 2] = [&name.into(), &value.into()];
            let _ = self.realm.call("CSSStyleDeclaration", "setProperty", &style, &arguments);
        }
    }
}

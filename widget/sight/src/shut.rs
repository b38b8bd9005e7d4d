//! Frames of the page's own origin that hold what must not be seen: boxes, until a script leads them elsewhere. No event
//! tells of its `pushState`.
use std::cell::RefCell;

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlIFrameElement};

use crate::Reach;

/// Frames that are looked at.
const MOST: usize = 64;

pub(crate) struct Shut {
    reach: Reach,
    /// Those that may be seen and are not, with the address at which they were read anew: once is enough where something
    /// else hides them.
    tried: RefCell<Vec<(Element, String)>>,
}

impl Shut {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach, tried: RefCell::default() }
    }

    /// Has those that may be seen again be read anew.
    pub(crate) fn look(&self) {
        let mut now = Vec::new();
        for element in Array::from(&self.reach.watched()).iter().take(MOST) {
            let Some(address) = element.dyn_ref().and_then(|frame| self.address(frame)) else { continue };
            if self.hides(&address) {
                continue;
            }
            let frame = (element.unchecked_into(), address);
            if !self.tried.borrow().contains(&frame) {
                self.reach.retake(&frame.0);
            }
            now.push(frame);
        }
        self.tried.replace(now);
    }

    /// Of a page of this origin that is not mirrored.
    fn address(&self, frame: &HtmlIFrameElement) -> Option<String> {
        let document = frame.content_document().filter(|document| !self.reach.roots().has(document));
        document.and(frame.content_window()?.location().href().ok())
    }

    fn hides(&self, address: &str) -> bool {
        let core = self.reach.lent(1).unwrap_or_default();
        let hides = Reflect::get(&core, &"hides".into()).and_then(JsCast::dyn_into::<Function>);
        hides.and_then(|hides| hides.call1(&core, &address.into())).is_ok_and(|hides| hides.is_truthy())
    }
}

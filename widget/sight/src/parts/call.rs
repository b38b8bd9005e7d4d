//! Pages in frames that were there before this page was looked at asked nobody who could hear it, and ask again after
//! seconds only. They are called: those alone whose origin, as their frames' addresses have it, is the business's, and
//! the browser gives the call to pages of that origin alone. So no stranger learns that the page is looked at.
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use js_sys::Array;
use page_mirror::parts;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlIFrameElement, Url};

use super::{ORIGINS, Parts};

impl Parts {
    /// Calls whoever is in a frame that was not called in this epoch. What comes later asks when it comes.
    pub(super) fn call(self: &Rc<Self>, epoch: u32) {
        let mut waiting: BTreeMap<String, Vec<HtmlIFrameElement>> = BTreeMap::new();
        for frame in Array::from(&self.reach.watched()).iter() {
            let Ok(frame) = frame.dyn_into::<HtmlIFrameElement>() else { continue };
            if frame.is_connected()
                && self.may_show(&frame)
                && !self.all.borrow().iter().any(|part| part.element == **frame)
                && let Some(origin) = origin_of(&frame)
                && self.is_new(epoch, self.reach.id(&frame))
            {
                waiting.entry(origin).or_default().push(frame);
            }
        }
        for (origin, frames) in waiting {
            let parts = self.clone();
            spawn_local(async move {
                if !parts.may_trust(&origin) || !parts.trusts(&origin).await {
                    return;
                }
                for window in frames.iter().filter_map(HtmlIFrameElement::content_window) {
                    // A page of another origin that is there by now hears nothing.
                    let _ = window.post_message(&parts::CALL.into(), &origin);
                }
            });
        }
    }

    /// It was not called since the page was begun.
    fn is_new(&self, epoch: u32, id: u32) -> bool {
        let mut called = self.called.borrow_mut();
        if called.0 != epoch {
            *called = (epoch, BTreeSet::new());
        }
        called.1.insert(id)
    }

    /// The server said so of that origin, or can still be asked.
    fn may_trust(&self, origin: &str) -> bool {
        let trusted = self.trusted.borrow();
        trusted.get(origin).copied().unwrap_or(trusted.len() < ORIGINS)
    }
}

/// Of the page that a frame's address names, if that is another one's.
fn origin_of(frame: &HtmlIFrameElement) -> Option<String> {
    let is_foreign = frame.content_document().is_none();
    let address = Url::new(&frame.src()).ok().filter(|_| is_foreign)?;
    let origin = address.origin();
    (origin.starts_with("https://") || origin.starts_with("http://")).then_some(origin)
}

//! What the parts say that they are.
use js_sys::{Function, Reflect, Uint8Array};
use shared::wire::mirror::{PageSays, PartsSay, PublisherToServer};
use wasm_bindgen::JsCast;

use super::Parts;

/// Pages that may be named at once. With more, none may be recorded.
const SAID: usize = 64;

impl Parts {
    /// What the parts are decides whether the page may be recorded: the server is told before anything of them, with a
    /// frame, so that neither can be lost without the other.
    pub(super) fn says(&self, pages: Vec<PageSays>) {
        self.see_epoch();
        let mut said = self.said.borrow_mut();
        let before = said.len();
        for page in pages {
            if !said.contains(&page) {
                said.push(page);
            }
        }
        if said.len() > SAID {
            *said = vec![PageSays { url: String::new(), secret_fields: true }];
        } else if said.len() == before {
            return;
        }
        self.say(said.clone());
    }

    fn say(&self, pages: Vec<PageSays>) {
        let message = PublisherToServer::from(PartsSay { pages }).encode();
        let first =
            self.reach.lent(1).and_then(|core| Some((Reflect::get(&core, &"first".into()).ok()?, core)));
        if let Some((first, core)) = first
            && let Some(first) = first.dyn_ref::<Function>()
        {
            let _ = first.call1(&core, &Uint8Array::from(&message[..]));
        }
    }

    /// With a new epoch everything is told anew, and what was on its way is dropped.
    pub(super) fn see_epoch(&self) -> u32 {
        let epoch = self.reach.at().first().copied().unwrap_or_default();
        if self.epoch.replace(epoch) != epoch {
            let mut all = self.all.borrow_mut();
            for part in all.iter_mut() {
                part.at = None;
                part.is_known = false;
                // Whatever it was asked before was for another epoch.
                part.asked = None;
            }
            if !self.said.take().is_empty() {
                self.say(Vec::new());
            }
        }
        epoch
    }
}

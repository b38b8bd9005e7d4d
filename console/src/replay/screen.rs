//! The replica of a recording: shows the page as it was at a place.
use replica::{Outcome, PageView, Replica};
use shared::wire::recording::Miss;
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{
    ReelHandle,
    reel::{Needs, Place, Step, Way},
};
use crate::desk::REPLICA_DOCUMENT;

pub(crate) struct Screen {
    replica: Replica,
    reel: ReelHandle,
    /// What is shown.
    shown: Place,
    /// They could not be shown: the next keyframe can.
    broken: bool,
}

/// What is to be said of the place.
pub(crate) struct Shown {
    /// URL and title.
    pub(crate) page: (String, String),
    /// Of the customer's window, in CSS pixels.
    pub(crate) size: (u32, u32),
    pub(crate) missing: Option<Miss>,
}

impl Screen {
    pub(crate) fn new(host: &Element, origins: &[String], reel: ReelHandle) -> Result<Self, JsValue> {
        let replica = Replica::new(host, REPLICA_DOCUMENT)?;
        replica.set_origins(origins);
        Ok(Self { replica, reel, shown: Place::default(), broken: false })
    }

    /// What is shown now.
    pub(crate) fn place(&self) -> Place {
        self.shown
    }

    /// Shows the page as it was at a time. What that needs and is not here leaves what is shown as it is.
    pub(crate) fn show(&mut self, at: u64) -> Result<Shown, Needs> {
        let reel = self.reel.0.borrow();
        let way = reel.way(self.shown, at)?;
        let Way { anew, to, .. } = way;
        if anew {
            self.replica.begin_anew();
            self.broken = false;
        }
        for entry in reel.steps(way) {
            match &entry.step {
                Step::Frame(frame) if !self.broken => {
                    self.broken = self.replica.apply(frame) == Outcome::NeedKeyframe;
                }
                // What was not recorded is not shown as if it were still that page.
                Step::Missed(Miss::LeftOut | Miss::Stopped) => self.replica.clear(),
                Step::Frame(_) | Step::Missed(_) | Step::Ended | Step::Led(_) => {}
            }
        }
        self.shown = to;
        let PageView { url, title, width, height, .. } = self.replica.page();
        let missing = if self.broken { Some(Miss::Late) } else { reel.missing_at(to) };
        Ok(Shown { page: (url, title), size: (width, height), missing })
    }
}

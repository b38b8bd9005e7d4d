//! Deeds in pages in frames: `widget/hand` decides which are passed on, and hears what became of them; here are the ports.
use std::rc::Rc;

use js_sys::{Function, Reflect, Uint8Array};
use shared::wire::mirror::PartToPage;
use wasm_bindgen::{JsCast, closure::Closure};

use super::{Part, Parts};

/// Members that both modules lend each other: see `widget/hand/src/within.rs`.
const TO_PARTS: &str = "toParts";
const FROM_PART: &str = "fromPart";
const POWERS: &str = "powers";

impl Parts {
    /// Lets `widget/hand` speak to the pages in frames.
    pub(super) fn lend(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let told = Closure::<dyn FnMut(u32, Uint8Array) -> bool>::new(move |node: u32, bytes: Uint8Array| {
            weak.upgrade().is_some_and(|parts| parts.tell_part(node, &bytes.to_vec()))
        });
        let _ = Reflect::set(&self.reach, &TO_PARTS.into(), &told.into_js_value());
    }

    /// Tells the page in a box, or all (0). False: none is shown there, or a rule hides it.
    fn tell_part(&self, node: u32, message: &[u8]) -> bool {
        let epoch = self.reach.at().first().copied().unwrap_or_default();
        let mut found = false;
        for part in self.all.borrow().iter() {
            let is_meant = part.at.is_some() && part.place == (epoch, node) && self.may_show(&part.element);
            if node == 0 || is_meant {
                part.send(message);
                found = true;
            }
        }
        found
    }

    /// One that comes while somebody has control.
    pub(super) fn tell_powers(&self, part: &Part) {
        if let Ok(powers) =
            Reflect::get(&self.reach, &POWERS.into()).unwrap_or_default().dyn_into::<Uint8Array>()
        {
            part.send(&powers.to_vec());
        }
    }

    pub(super) fn hand_on(&self, number: u32, said: &PartToPage) {
        let all = self.all.borrow();
        let element = all.iter().find(|part| part.number == number).map(|part| part.element.clone());
        drop(all);
        let hear = Reflect::get(&self.reach, &FROM_PART.into()).unwrap_or_default().dyn_into::<Function>();
        if let (Some(element), Ok(hear)) = (element, hear) {
            let _ = hear.call2(&self.reach, &element, &Uint8Array::from(&said.encode()[..]));
        }
    }
}

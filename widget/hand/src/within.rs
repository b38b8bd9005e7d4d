//! Deeds in pages of other origins in frames (ADR 25). This page checks the grant, as for its own, and passes a deed on to
//! the page in the frame, which runs this module too: there everything else is checked, by that page's own masking. Such
//! a page asks nothing, shows nothing and consents to nothing; the customer's stop, and that the customer is at it there,
//! it says to the page around.
use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use js_sys::{Function, Reflect, Uint8Array};
use shared::{
    refused,
    wire::{
        lead::{ActAskedWithin, ActDone, CustomerActs, Power, Powers, StopPower},
        mirror::{PartToPage, ServerToHand},
    },
};
use wasm_bindgen::{JsCast, closure::Closure, prelude::*};
use web_sys::Element;

use crate::{
    Inner, Reach,
    stage::Choice,
    touch::{self, Refused},
};

/// Deeds that pages in frames have not answered.
const PENDING: usize = 256;
/// Members that this module and `widget/sight`, which has the ports, lend each other by what the recorder lends both.
/// `(box, message)`: to the page in the frame, or to all of them (0); says whether there is one.
const TO_PARTS: &str = "toParts";
/// `(element of the frame, message)`: what one of them says.
const FROM_PART: &str = "fromPart";
/// What a page that comes later is told.
const POWERS: &str = "powers";

/// What the pages in frames were told, and what they have to answer.
#[derive(Default)]
pub(crate) struct Within {
    told: RefCell<(u64, Option<u32>)>,
    /// Order of a deed, and the box it was done in.
    pending: RefCell<VecDeque<(u64, Element)>>,
}

impl Reach {
    /// This page is one in a frame itself.
    pub(crate) fn is_part(&self) -> bool {
        let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
        let config = member(self, "config").dyn_into::<Function>().and_then(|config| config.call0(self));
        config.is_ok_and(|lent| member(&member(&lent, "0"), "port").is_object())
    }

    fn to_parts(&self, node: u32, message: &[u8]) -> bool {
        let tell = Reflect::get(self, &TO_PARTS.into()).unwrap_or_default().dyn_into::<Function>();
        let bytes = Uint8Array::from(message);
        tell.is_ok_and(|tell| tell.call2(self, &node.into(), &bytes).is_ok_and(|there| there.is_truthy()))
    }
}

impl Inner {
    /// Hears what the pages in frames say, from here on.
    pub(crate) fn hear_parts(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let heard =
            Closure::<dyn FnMut(Element, Uint8Array)>::new(move |frame: Element, bytes: Uint8Array| {
                if let Some(inner) = weak.upgrade()
                    && let Ok(message) = PartToPage::decode(&bytes.to_vec())
                {
                    inner.heard_of_part(&frame, message);
                }
            });
        let _ = Reflect::set(&self.reach, &FROM_PART.into(), &heard.into_js_value());
    }

    fn heard_of_part(&self, frame: &Element, message: PartToPage) {
        match message {
            PartToPage::StopPower(StopPower { power: Power::Control }) => self.choose(Choice::StopControl),
            PartToPage::ActDone(done) => {
                let mut pending = self.within.pending.borrow_mut();
                let at = pending.iter().position(|(order, of)| *order == done.order && of == frame);
                if at.and_then(|at| pending.remove(at)).is_some() {
                    self.reach.say(done);
                }
            }
            PartToPage::CustomerActs(CustomerActs { types }) => {
                self.customer.acts_within(frame, types);
                self.customer_acts();
            }
            // Nothing else is a part's to say.
            PartToPage::StopPower(_)
            | PartToPage::Frame(_)
            | PartToPage::PageSays(_)
            | PartToPage::PartsSay(_)
            | PartToPage::FrameSays(_)
            | PartToPage::Unknown { .. } => {}
        }
    }

    /// Tells the pages in frames who has control, without a name, if that is another than they know.
    pub(crate) fn tell_parts(&self) {
        let held = self.state.borrow().control().cloned();
        let number = held.as_ref().map(|hold| hold.number);
        let mut told = self.within.told.borrow_mut();
        if told.1 == number {
            return;
        }
        *told = (told.0 + 1, number);
        let holds = held.into_iter().map(|mut hold| {
            hold.by.clear();
            hold
        });
        let powers = Powers {
            order: told.0,
            pointing: false,
            holds: holds.collect(),
            origins: self.state.borrow().origins.clone(),
        };
        let message = ServerToHand::from(powers).encode();
        let _ = Reflect::set(&self.reach, &POWERS.into(), &Uint8Array::from(&message[..]));
        self.reach.to_parts(0, &message);
    }

    /// Passes a deed on, or says why not.
    pub(crate) fn act_within(&self, asked: ActAskedWithin) {
        let order = asked.asked.order;
        if let Err(refused) = self.pass_on(asked) {
            self.reach.say(ActDone { order, refused: Some(refused.to_owned()) });
        }
    }

    fn pass_on(&self, ActAskedWithin { mut asked, mut path }: ActAskedWithin) -> Result<(), Refused> {
        if !self.is_shown() || !self.state.borrow().may_act(asked.number) {
            return Err(refused::NO_CONTROL);
        }
        if self.reach.position().is_none_or(|(epoch, _)| epoch != asked.epoch) {
            return Err(refused::STALE);
        }
        if path.is_empty() {
            return Err(refused::NOT_POSSIBLE);
        }
        let step = path.remove(0);
        let frame = self.reach.node(step.part, 0).and_then(|node| node.dyn_into::<Element>().ok());
        let frame = frame.filter(|frame| frame.is_connected()).ok_or(refused::GONE)?;
        touch::check(&self.reach, &frame)?;
        if self.customer.presses() || self.customer.types() {
            return Err(refused::CUSTOMER_FIRST);
        }
        let order = asked.order;
        (asked.epoch, asked.seq) = (step.epoch, step.seq);
        let message = match path.is_empty() {
            true => ServerToHand::from(asked),
            false => ActAskedWithin { asked, path }.into(),
        };
        {
            let mut pending = self.within.pending.borrow_mut();
            pending.push_back((order, frame));
            if pending.len() > PENDING {
                pending.pop_front();
            }
        }
        if self.reach.to_parts(step.part, &message.encode()) {
            return Ok(());
        }
        self.within.pending.borrow_mut().retain(|(of, _)| *of != order);
        Err(refused::GONE)
    }

    /// The customer is at it in this page, and the page around has to know.
    pub(crate) fn tell_page_around(&self) {
        if self.is_part && self.state.borrow().control().is_some() {
            let acts = CustomerActs { types: self.customer.types() };
            self.reach.send(&PartToPage::from(acts).encode());
        }
    }
}

//! What agents show and do in a customer's page: what `app/HASH/hand.js` is. The recorder fetches it when an agent
//! first points or asks for control, and passes on what the server says of that.
//!
//! The customer decides, is shown who does what, and stops it with one key (Escape) or one press. Whatever is done is
//! checked here once more, just before: the grant, the masking, where a link leads, and whether the customer is at it.
use std::{cell::RefCell, rc::Rc};

use shared::{
    refused,
    wire::{
        lead::{ActAsked, ActDone, AnswerPower, Notes, Pointed, Power, Powers, RemoveNote, StopPower},
        mirror::{PublisherToServer, ServerToHand},
    },
};
use wasm_bindgen::{JsCast, closure::Closure, prelude::*};
use web_sys::{Element, Node};

mod changes;
mod customer;
mod deed;
mod dom;
mod events;
mod hidden;
mod slider;
mod stage;
mod state;
mod touch;
mod within;
mod words;

use changes::Changes;
use customer::Customer;
use deed::{Around, Doer};
use hidden::Hidden;
use stage::{Choice, Stage};
use state::State;
use within::Within;

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[wasm_bindgen]
extern "C" {
    /// What the recorder lends.
    pub type Reach;
    /// The node of a number, if the mirror has it. `age` 1: if it had it before the page was last read anew.
    #[wasm_bindgen(method, js_name = of)]
    fn node(this: &Reach, id: u32, age: u32) -> Option<Node>;
    /// How an element is masked: see [`touch`].
    #[wasm_bindgen(method, js_name = mask)]
    fn flags(this: &Reach, element: &Element) -> u32;
    /// Selectors of what is masked, of what is not, and of what is a box.
    #[wasm_bindgen(method)]
    fn rules(this: &Reach) -> js_sys::Array;
    /// Epoch and seq of the frame that was made last.
    #[wasm_bindgen(method, js_name = at)]
    fn place(this: &Reach) -> Vec<u32>;
    /// Sends a message, if there is a connection.
    #[wasm_bindgen(method, js_name = say)]
    fn send(this: &Reach, message: &[u8]);
}

impl Reach {
    fn position(&self) -> Option<(u32, u32)> {
        let &[epoch, seq] = &self.place()[..] else { return None };
        Some((epoch, seq))
    }

    /// How often the page was read anew since an epoch; none: it did not come yet.
    fn age(&self, epoch: u32) -> Option<u32> {
        self.position()?.0.checked_sub(epoch)
    }

    /// As [`Self::rules`].
    fn rules_as_text(&self) -> [String; 3] {
        let rules = self.rules();
        [0, 1, 2].map(|at| rules.get(at).as_string().unwrap_or_default())
    }

    /// Everything is masked that no rule unmasks.
    fn is_strict(&self) -> bool {
        dom::document().document_element().is_some_and(|page| self.flags(&page) & touch::STRICT != 0)
    }

    fn say(&self, message: impl Into<PublisherToServer>) {
        self.send(&message.into().encode());
    }
}

/// Begins. One for a page.
#[wasm_bindgen]
pub fn start(reach: Reach) -> Result<Hand, JsValue> {
    let inner = Rc::new_cyclic(|weak: &std::rc::Weak<Inner>| {
        let on = |what: fn(&Inner)| {
            let weak = weak.clone();
            move || {
                if let Some(inner) = weak.upgrade() {
                    what(&inner);
                }
            }
        };
        let chosen = {
            let weak = weak.clone();
            move |choice| {
                if let Some(inner) = weak.upgrade() {
                    inner.choose(choice);
                }
            }
        };
        let frame = on(Inner::frame);
        let is_part = reach.is_part();
        Inner {
            reach: Rc::new(reach),
            state: RefCell::default(),
            // The page around shows who does what.
            stage: if is_part { None } else { Stage::new(chosen).ok() },
            is_part,
            within: Within::default(),
            customer: Customer::watch(on(Inner::escape), on(Inner::customer_acts)),
            changes: RefCell::default(),
            doer: Doer::default(),
            hidden: Hidden::default(),
            frame: Closure::new(frame),
            is_drawing: RefCell::new(false),
        }
    });
    inner.hear_parts();
    Ok(Hand(inner))
}

#[wasm_bindgen]
pub struct Hand(Rc<Inner>);

struct Inner {
    reach: Rc<Reach>,
    state: RefCell<State>,
    /// None: the page lets nothing be drawn, so nothing is shown and nothing is done.
    stage: Option<Rc<Stage>>,
    /// It lies in a frame of a page that shows it.
    is_part: bool,
    within: Within,
    customer: Customer,
    /// While somebody has control.
    changes: RefCell<Option<Changes>>,
    doer: Doer,
    hidden: Hidden,
    frame: Closure<dyn FnMut()>,
    is_drawing: RefCell<bool>,
}

#[wasm_bindgen]
impl Hand {
    /// A message of the server's, as it came.
    /// None: the page is not shown any more. One byte: the customer asks what is hidden.
    pub fn take(&self, message: &[u8]) {
        match message {
            [] => return self.0.stop(),
            [_] => return self.0.show_hidden(),
            _ => {}
        }
        match ServerToHand::decode(message) {
            Ok(ServerToHand::Powers(powers)) => self.0.powers(powers),
            Ok(ServerToHand::Pointed(pointed)) => self.0.pointed(pointed),
            Ok(ServerToHand::ActAsked(asked)) => self.0.act(&asked),
            Ok(ServerToHand::ActAskedWithin(asked)) => self.0.act_within(asked),
            Ok(ServerToHand::Notes(notes)) => self.0.notes(&notes),
            Ok(ServerToHand::Unknown { .. }) | Err(_) => {}
        }
    }
}

impl Inner {
    fn stop(&self) {
        self.state.take();
        self.hidden.remove();
        self.show();
        if let Some(stage) = &self.stage {
            stage.forget_marks();
            stage.show_notes(&self.reach, &[]);
            stage.remove();
        }
    }

    fn show_hidden(&self) {
        if let Some(stage) = &self.stage {
            self.hidden.toggle(&self.reach, stage);
            self.draw();
        }
    }

    fn powers(&self, powers: Powers) {
        if self.state.borrow_mut().take(powers) {
            // Said while there was no connection, perhaps.
            self.reach.say(StopPower { power: Power::Control });
        }
        self.show();
    }

    fn pointed(&self, Pointed { by, epoch, mark, .. }: Pointed) {
        let Some(stage) = self.stage.as_ref().filter(|_| self.state.borrow().may_point()) else { return };
        let known = self.reach.position().is_some_and(|(now, _)| now == epoch);
        if known || mark == shared::wire::lead::Mark::Gone {
            stage.put_on_top();
            stage.show_mark(&self.reach, &by, mark);
            self.show();
            self.draw();
        }
    }

    /// Whatever is done here, the customer sees who does it.
    fn is_shown(&self) -> bool {
        self.is_part || self.stage.is_some()
    }

    fn act(&self, asked: &ActAsked) {
        let result = if self.is_shown() && self.state.borrow().may_act(asked.number) {
            let origins = self.state.borrow().origins.clone();
            let changes = self.changes.borrow();
            let around = Around {
                reach: &self.reach,
                epoch: asked.epoch,
                customer: &self.customer,
                changes: changes.as_ref(),
                origins: &origins,
            };
            self.customer.agent_acts(true);
            let result = self.doer.act(&around, asked);
            self.customer.agent_acts(false);
            result
        } else {
            Err(refused::NO_CONTROL)
        };
        let refused = result.err().map(str::to_owned);
        self.reach.say(ActDone { order: asked.order, refused });
    }

    fn notes(&self, notes: &Notes) {
        if let Some(stage) = &self.stage {
            stage.put_on_top();
            stage.show_notes(&self.reach, &notes.notes);
            self.draw();
        }
    }

    fn choose(&self, choice: Choice) {
        match choice {
            Choice::Allow(number) => {
                let ask = self.state.borrow().ask().filter(|ask| ask.number == number);
                if let Some(ask) = ask {
                    self.reach.say(AnswerPower { number, consent: Some(ask.version.to_owned()) });
                }
            }
            Choice::Refuse(number) => {
                self.state.borrow_mut().refused(number);
                self.reach.say(AnswerPower { number, consent: None });
            }
            Choice::StopControl => self.stop_control(),
            Choice::StopPointing => {
                self.state.borrow_mut().stop_pointing();
                self.reach.say(StopPower { power: Power::Point });
            }
            Choice::RemoveNote(note) => self.reach.say(RemoveNote { note }),
            Choice::HiddenSeen => drop(self.hidden.remove()),
        }
        self.show();
    }

    /// One key: a no, or the end of control.
    fn escape(&self) {
        let ask = self.state.borrow().ask();
        match ask {
            Some(ask) => self.choose(Choice::Refuse(ask.number)),
            None if self.hidden.remove() => {}
            None => self.choose(Choice::StopControl),
        }
    }

    fn stop_control(&self) {
        if self.state.borrow_mut().stop_control() {
            self.doer.cancel();
            self.reach.say(StopPower { power: Power::Control });
            if let Some(stage) = &self.stage {
                stage.say(words::STOPPED);
            }
        }
    }

    /// The customer comes first.
    fn customer_acts(&self) {
        self.doer.cancel();
        self.tell_page_around();
    }

    fn show(&self) {
        self.tell_parts();
        let state = self.state.borrow();
        let controls = state.control().map(|hold| hold.by.clone());
        if controls.is_none() {
            self.doer.cancel();
        }
        {
            let mut changes = self.changes.borrow_mut();
            if controls.is_none() {
                *changes = None;
            } else if changes.is_none() {
                *changes = Changes::watch(self.reach.clone());
            }
        }
        let Some(stage) = &self.stage else { return };
        if !state.may_point() {
            stage.forget_marks();
        }
        let ask = state.ask();
        if ask.is_some() || controls.is_some() {
            stage.put_on_top();
        }
        stage.show_panel(ask.as_ref(), controls.as_deref(), stage.pointer().as_deref());
    }

    /// Draws until nothing is shown any more.
    fn draw(&self) {
        if !*self.is_drawing.borrow()
            && dom::window().request_animation_frame(self.frame.as_ref().unchecked_ref()).is_ok()
        {
            self.is_drawing.replace(true);
        }
    }

    fn frame(&self) {
        self.is_drawing.replace(false);
        let is_marked = self.stage.as_ref().is_some_and(|stage| stage.keep_in_place());
        if self.hidden.keep_in_place() | is_marked {
            self.draw();
        }
        self.show();
    }
}

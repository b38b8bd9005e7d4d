//! What the customer does in the page: it comes first.
use std::{cell::RefCell, rc::Rc};

use js_sys::Date;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

use crate::dom::{Listener, document, is_within, window};

/// Milliseconds for which the customer has a field after a key, the pages' scroll after a turn of the wheel, and the
/// pointer after a press.
const TYPES_MS: f64 = 2_000.0;
const SCROLLS_MS: f64 = 1_500.0;
const PRESSES_MS: f64 = 700.0;

const KEYS_THAT_SCROLL: [&str; 9] =
    ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", " "];

#[derive(Debug, Default)]
struct Lately {
    typed: Option<(f64, Element)>,
    scrolled: f64,
    pressed: f64,
    holds: bool,
    /// What happens now is the agent's doing, also where the browser says that it is trusted.
    agent_acts: bool,
}

/// Watches until dropped.
pub(crate) struct Customer {
    lately: Rc<RefCell<Lately>>,
    _listeners: Vec<Listener>,
}

impl Customer {
    /// `escapes` is called when the customer presses Escape, `acts` when a button or key goes down.
    pub(crate) fn watch(escapes: impl Fn() + 'static, acts: impl Fn() + 'static) -> Self {
        let lately = Rc::new(RefCell::new(Lately::default()));
        let acts = Rc::new(acts);
        let page = window();
        let mut listeners = Vec::new();
        {
            let (lately, acts) = (lately.clone(), acts.clone());
            listeners.push(Listener::new(&page, "keydown", move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>().filter(|event| event.is_trusted()) else {
                    return;
                };
                let key = event.key();
                if key == "Escape" {
                    return escapes();
                }
                note_typing(&lately, event);
                if KEYS_THAT_SCROLL.contains(&key.as_str()) {
                    lately.borrow_mut().scrolled = Date::now();
                }
                acts();
            }));
        }
        for kind in ["beforeinput", "compositionstart", "paste"] {
            let lately = lately.clone();
            listeners.push(Listener::new(&page, kind, move |event| {
                if event.is_trusted() {
                    note_typing(&lately, &event);
                }
            }));
        }
        for kind in ["wheel", "touchmove"] {
            let lately = lately.clone();
            listeners.push(Listener::new(&page, kind, move |event| {
                if event.is_trusted() {
                    lately.borrow_mut().scrolled = Date::now();
                }
            }));
        }
        for (kind, holds) in [("pointerdown", true), ("pointerup", false), ("pointercancel", false)] {
            let (lately, acts) = (lately.clone(), acts.clone());
            listeners.push(Listener::new(&page, kind, move |event| {
                // Who presses a button of ours does nothing in the page.
                if event.is_trusted() && !is_ours(&event) {
                    let mut lately = lately.borrow_mut();
                    (lately.pressed, lately.holds) = (Date::now(), holds);
                    drop(lately);
                    if holds {
                        acts();
                    }
                }
            }));
        }
        Self { lately, _listeners: listeners }
    }

    pub(crate) fn agent_acts(&self, yes: bool) {
        self.lately.borrow_mut().agent_acts = yes;
    }

    /// The customer is at it in the page in this frame.
    pub(crate) fn acts_within(&self, frame: &Element, types: bool) {
        let mut lately = self.lately.borrow_mut();
        if types {
            lately.typed = Some((Date::now(), frame.clone()));
        } else {
            lately.pressed = Date::now();
        }
    }

    /// The customer types, in this element or anywhere: taking the focus away would cut a word in two.
    pub(crate) fn types(&self) -> bool {
        let lately = self.lately.borrow();
        let Some((at, field)) = &lately.typed else { return false };
        let focus = document().active_element();
        Date::now() - at < TYPES_MS && focus.is_some_and(|focus| is_within(field, &focus))
    }

    pub(crate) fn scrolls(&self) -> bool {
        Date::now() - self.lately.borrow().scrolled < SCROLLS_MS
    }

    pub(crate) fn presses(&self) -> bool {
        let lately = self.lately.borrow();
        lately.holds || Date::now() - lately.pressed < PRESSES_MS
    }
}

fn is_ours(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.local_name().starts_with("ringside-"))
}

fn note_typing(lately: &RefCell<Lately>, event: &Event) {
    let field = event.composed_path().get(0).dyn_into::<Element>();
    let mut lately = lately.borrow_mut();
    if let Ok(field) = field
        && !lately.agent_acts
    {
        lately.typed = Some((Date::now(), field));
    }
}

//! What belongs to the voice in the widget's card: mute, and the small window that keeps a call while the shop's page
//! is left. The form gives a place (`#voice`) and lets it be filled; it knows nothing of what stands in it.
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::Duration,
};

use js_sys::Function;
use shared::{
    TabId, Timestamp,
    contact::Phase,
    wire::widget::{Cancel, CodeWanted},
};
use softphone::{Microphone, dom::Timer};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, HtmlElement, ShadowRoot};

use crate::{
    code::Code,
    dom::{Listener, add, document, page_window, say},
    handle, leave,
    line::{Heard, Line, LineOptions, Voice},
    window::SmallWindow,
    words,
};

/// A page that is shown for longer has had its first code.
const FRESH: Duration = Duration::from_secs(20);

/// What stands in the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Look {
    #[default]
    Nothing,
    /// This page carries the leg.
    Here { muted: bool, refused: bool },
    /// It does, and a link to another site was pressed.
    Leaving { refused: bool },
    /// The small window carries it.
    Moved,
}

/// What the look depends on.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    /// This page carries the leg.
    here: bool,
    /// The small window has the call.
    moved: bool,
    /// The browser refused to open it.
    refused: bool,
    muted: bool,
    /// A link to another site was pressed.
    leaving: bool,
}

fn look(facts: Facts) -> Look {
    let Facts { here, moved, refused, muted, leaving } = facts;
    match (moved, here) {
        (true, _) => Look::Moved,
        (false, false) => Look::Nothing,
        (false, true) if leaving => Look::Leaving { refused },
        (false, true) => Look::Here { muted, refused },
    }
}

pub(crate) struct Place {
    line: Line,
    window: Option<SmallWindow>,
    root: ShadowRoot,
    voice: Cell<Voice>,
    muted: Cell<bool>,
    /// None: no code is offered.
    shown: RefCell<(Look, Option<Code>)>,
    /// Where the customer wants to go.
    leaving: RefCell<Option<String>>,
    /// The page is shown to agents.
    sharing: Cell<bool>,
    /// How many look.
    viewers: Cell<usize>,
    code: RefCell<Code>,
    /// By the server's clock, at the last welcome.
    now: Cell<Timestamp>,
    /// Takes a code away that is too old.
    expiry: RefCell<Option<Timer>>,
    listeners: RefCell<Vec<Listener>>,
    _links: Option<Listener>,
    me: Weak<Place>,
}

pub(crate) struct PlaceOptions {
    pub(crate) socket: String,
    pub(crate) token: String,
    pub(crate) tab: TabId,
    pub(crate) voice: bool,
    pub(crate) root: ShadowRoot,
    /// Where the browser keeps that the small window has the call: `ringside:BUSINESS:window`.
    pub(crate) key: String,
    pub(crate) microphone: Option<Microphone>,
}

impl Place {
    pub(crate) fn open(options: PlaceOptions, on: Function) -> Rc<Self> {
        let PlaceOptions { socket, token, tab, voice, root, key, microphone } = options;
        Rc::new_cyclic(|me: &Weak<Self>| {
            let (carrying, hearing, telling) = (me.clone(), me.clone(), me.clone());
            let window = SmallWindow::new(&socket, &key, &token, voice, move |said| {
                with(&telling, |place| place.window_said(said));
            });
            let pressing = me.clone();
            let links = window.as_ref().map(|_| {
                Listener::new(&page_window(), "click", move |event| {
                    with(&pressing, |place| place.pressed(&event));
                })
            });
            let line = LineOptions {
                url: socket,
                token,
                tab,
                carries: Box::new(move || voice && carrying.upgrade().is_none_or(|place| !place.has_moved())),
                mount: root.clone().into(),
                on: Box::new(move |heard| {
                    handle::tell(&on, &heard);
                    with(&hearing, |place| place.heard(&heard));
                }),
            };
            Self {
                line: Line::open(line, microphone),
                window,
                root,
                voice: Cell::new(Voice::Idle),
                muted: Cell::default(),
                shown: RefCell::default(),
                leaving: RefCell::default(),
                sharing: Cell::default(),
                viewers: Cell::default(),
                code: RefCell::default(),
                now: Cell::new(Timestamp(0)),
                expiry: RefCell::default(),
                listeners: RefCell::default(),
                _links: links,
                me: me.clone(),
            }
        })
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    fn has_moved(&self) -> bool {
        self.window.as_ref().is_some_and(SmallWindow::has_moved)
    }

    fn heard(&self, heard: &Heard) {
        match heard {
            Heard::Voice(voice) => {
                match (voice, &self.window) {
                    // A leg that comes back comes unmuted.
                    (Voice::Idle, _) => self.muted.set(false),
                    // The server gives it back when the window's connection ends without a word.
                    (Voice::Up, Some(window)) => window.forget(),
                    (Voice::Up | Voice::Away | Voice::Blocked | Voice::MicrophoneLost, _) => {}
                }
                self.voice.set(*voice);
                self.draw();
            }
            // The token leaves the browser's storage with the call.
            Heard::Status(told) => {
                if told.status.phase == Phase::Ended
                    && let Some(window) = &self.window
                {
                    window.forget();
                }
                let more = told.viewers.len() > self.viewers.replace(told.viewers.len());
                self.sharing.set(told.status.sharing);
                // A page that is not shown has no code, and whoever came has used it.
                if more || !told.status.sharing {
                    self.set_code(Code::None);
                }
                // A page that was shown just now is shown by a code.
                let shown = told.status.phase == Phase::Showing && told.viewers.is_empty();
                if shown
                    && self.now.get().since(told.status.since) < FRESH
                    && *self.code.borrow() == Code::None
                {
                    self.now.set(Timestamp(u64::MAX));
                    self.ask_code();
                }
                self.draw();
            }
            Heard::Code(answer) => {
                self.set_code(Code::of(answer));
                let me = self.me.clone();
                let expiry = Timer::new(answer.seconds.saturating_mul(1_000), move || {
                    with(&me, |place| place.set_code(Code::None));
                });
                self.expiry.replace((*self.code.borrow() != Code::Refused).then_some(expiry));
            }
            Heard::Clock(now) => self.now.set(*now),
            Heard::Connected(_) | Heard::Over => {}
        }
    }

    fn ask_code(&self) {
        if self.line.send(&CodeWanted {}.into()) {
            self.set_code(Code::Asked);
        }
    }

    fn set_code(&self, code: Code) {
        self.code.replace(code);
        self.draw();
    }

    /// The small window took the call, or let it go.
    fn window_said(&self, has_it: bool) {
        if !has_it {
            self.line.reopen(None);
        } else if let Some(url) = self.leaving.take() {
            return leave::to(&url);
        }
        self.draw();
    }

    /// Something in the page. A link that would end the call waits for an answer.
    fn pressed(&self, event: &Event) {
        if self.voice.get() != Voice::Idle
            && !self.has_moved()
            && let Some(url) = leave::foreign(event)
        {
            event.prevent_default();
            self.leaving.replace(Some(url));
            leave::open_card();
            self.draw();
        }
    }

    /// Fills the place, if the card is open and shows something else.
    pub(crate) fn draw(&self) {
        let look = look(Facts {
            here: self.voice.get() != Voice::Idle,
            moved: self.has_moved(),
            refused: self.window.as_ref().is_some_and(SmallWindow::is_refused),
            muted: self.muted.get(),
            leaving: self.leaving.borrow().is_some(),
        });
        let Ok(Some(slot)) = self.root.query_selector("#voice") else { return };
        let code = self.sharing.get().then(|| self.code.borrow().clone());
        let now = (look, code);
        let is_filled = slot.first_element_child().is_some();
        if is_filled && *self.shown.borrow() == now {
            return;
        }
        self.shown.replace(now.clone());
        let had_focus = self.root.active_element().is_some_and(|focus| slot.contains(Some(&focus)));
        let before = self.listeners.take();
        slot.set_text_content(None);
        drop(before);
        if let Some(document) = document() {
            self.fill(&document, &slot, look);
            if let Some(code) = &now.1 {
                self.fill_code(&document, &slot, code);
            }
        }
        let first = slot.query_selector("button").ok().flatten();
        if let Some(button) = first.filter(|_| had_focus) {
            // What cannot have the focus leaves it where it is.
            let _ = button.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn fill(&self, document: &Document, slot: &Element, look: Look) {
        match look {
            Look::Nothing => {}
            Look::Here { muted, refused } => {
                if refused {
                    say(document, slot, words::REFUSED);
                }
                let mute = self.button(document, slot, words::MUTE, |place| {
                    place.muted.set(!place.muted.get());
                    place.line.mute(place.muted.get());
                    place.draw();
                });
                if let Some(mute) = mute {
                    mute.set_class_name(if muted { "primary" } else { "" });
                    // The name is valid, so it can't fail.
                    let _ = mute.set_attribute("aria-pressed", if muted { "true" } else { "false" });
                }
                self.keep(document, slot, "");
            }
            Look::Leaving { refused } => {
                say(document, slot, if refused { words::REFUSED } else { words::LEAVING });
                self.keep(document, slot, "primary");
                self.button(document, slot, words::LEAVE, |place| {
                    let url = place.leaving.take();
                    place.line.send_surely(Cancel {}.into());
                    leave::to(&url.unwrap_or_default());
                });
                self.button(document, slot, words::STAY, |place| {
                    place.leaving.take();
                    place.draw();
                });
            }
            Look::Moved => {
                say(document, slot, words::MOVED);
                self.button(document, slot, words::HERE_AGAIN, |place| {
                    if let Some(window) = &place.window {
                        window.forget();
                    }
                    place.line.reopen(Some(Microphone::request(None)));
                    place.draw();
                });
            }
        }
    }

    /// The code, or the button that asks for one.
    fn fill_code(&self, document: &Document, slot: &Element, code: &Code) {
        match code {
            Code::None => {}
            Code::Asked => return say(document, slot, words::CODE_ASKED),
            Code::Given(digits) => {
                say(document, slot, words::READ_CODE);
                if let Some(line) = add(document, slot, "strong", &Code::grouped(digits)) {
                    line.set_class_name("timer code");
                }
                return;
            }
            Code::Refused => say(document, slot, words::NO_CODE),
        }
        let ask = self.button(document, slot, words::GET_CODE, Self::ask_code);
        if let Some(ask) = ask {
            ask.set_class_name("link");
        }
    }

    /// The button that opens the small window, in a row of its own.
    fn keep(&self, document: &Document, slot: &Element, class: &str) {
        if self.window.is_none() {
            return;
        }
        let keep = self.button(document, slot, words::KEEP, |place| {
            if let Some(window) = &place.window {
                window.open();
                place.draw();
            }
        });
        if let Some(keep) = keep {
            keep.set_class_name(class);
            // By CSSOM, which asks no policy; a browser that does not know it has a narrower button.
            let _ = keep.unchecked_into::<HtmlElement>().style().set_property("flex", "1 1 100%");
        }
    }

    fn button(
        &self,
        document: &Document,
        slot: &Element,
        words: &str,
        does: impl Fn(&Place) + 'static,
    ) -> Option<Element> {
        let button = add(document, slot, "button", words)?;
        let place = self.me.clone();
        let listener = Listener::new(&button, "click", move |_| with(&place, &does));
        self.listeners.borrow_mut().push(listener);
        Some(button)
    }
}

fn with(place: &Weak<Place>, work: impl FnOnce(&Place)) {
    if let Some(place) = place.upgrade() {
        work(&place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_moved_is_said_whatever_else_is_the_case() {
        for here in [false, true] {
            assert_eq!(look(Facts { here, moved: true, leaving: true, ..Facts::default() }), Look::Moved);
        }
    }

    #[test]
    fn the_small_window_is_offered_where_the_call_is() {
        assert_eq!(look(Facts::default()), Look::Nothing);
        let here = Facts { here: true, refused: true, muted: true, ..Facts::default() };
        assert_eq!(look(here), Look::Here { muted: true, refused: true });
        assert_eq!(look(Facts { leaving: true, ..here }), Look::Leaving { refused: true });
    }
}

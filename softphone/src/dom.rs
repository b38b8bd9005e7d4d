//! Timers and listeners that end when they are dropped.
use std::cell::Cell;

use wasm_bindgen::{JsCast, UnwrapThrowExt, closure::Closure};
use web_sys::{Event, EventTarget, Window};

pub(crate) fn window() -> Window {
    web_sys::window().expect("this crate runs in pages, which have a window")
}

/// Runs `work` once, `ms` milliseconds from now, unless dropped before.
pub struct Timer {
    id: i32,
    _work: Closure<dyn FnMut()>,
}

impl Timer {
    pub fn new(ms: u32, work: impl FnOnce() + 'static) -> Self {
        let work = Closure::once(work);
        let delay = i32::try_from(ms).unwrap_or(i32::MAX);
        let id = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(work.as_ref().unchecked_ref(), delay)
            .expect_throw("setTimeout takes every function");
        Self { id, _work: work }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        window().clear_timeout_with_handle(self.id);
    }
}

/// Hears one kind of event of `target` until dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    captures: bool,
    heard: Closure<dyn FnMut(Event)>,
}

impl Listener {
    pub fn new(target: &EventTarget, kind: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        Self::listen(target, kind, false, heard)
    }

    /// Hears it on its way down, so also what does not bubble.
    pub fn capturing(target: &EventTarget, kind: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        Self::listen(target, kind, true, heard)
    }

    fn listen(
        target: &EventTarget,
        kind: &'static str,
        captures: bool,
        heard: impl FnMut(Event) + 'static,
    ) -> Self {
        let heard = Closure::<dyn FnMut(Event)>::new(heard);
        target
            .add_event_listener_with_callback_and_bool(kind, heard.as_ref().unchecked_ref(), captures)
            .expect_throw("addEventListener takes every function");
        Self { target: target.clone(), kind, captures, heard }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let heard = self.heard.as_ref().unchecked_ref();
        // It can only fail for a target that is gone, and then there is nothing to remove.
        let _ = self.target.remove_event_listener_with_callback_and_bool(self.kind, heard, self.captures);
    }
}

/// Counts the starts of something that can be overtaken: a late result asks whether it is still wanted.
#[derive(Default)]
pub(crate) struct Turn(Cell<u32>);

impl Turn {
    pub(crate) fn next(&self) -> u32 {
        self.0.set(self.0.get().wrapping_add(1));
        self.0.get()
    }

    pub(crate) fn is(&self, turn: u32) -> bool {
        self.0.get() == turn
    }
}

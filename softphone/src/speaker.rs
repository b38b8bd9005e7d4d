//! The element that plays the other side.
use std::{cell::RefCell, rc::Rc};

use shared::LegId;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlMediaElement, MediaStream, Node};

use crate::dom::{Listener, window};

/// An `<audio autoplay data-ringside-leg=LEG>` in the page; removed on drop.
pub(crate) struct Speaker {
    audio: HtmlMediaElement,
    /// Present while the browser refuses to play before a gesture.
    gestures: Rc<RefCell<Vec<Listener>>>,
}

impl Speaker {
    /// None if the page refuses the element.
    pub(crate) fn new(leg: LegId, mount: &Node) -> Option<Self> {
        let audio = window().document()?.create_element("audio").ok()?;
        audio.set_attribute("data-ringside-leg", &leg.to_string()).ok()?;
        mount.append_child(&audio).ok()?;
        let audio: HtmlMediaElement = audio.unchecked_into();
        audio.set_autoplay(true);
        Some(Self { audio, gestures: Rc::default() })
    }

    pub(crate) fn stream(&self) -> Option<MediaStream> {
        self.audio.src_object()
    }

    /// Plays `stream`. If the browser wants a gesture first, `blocked` is called, and the next touch or key
    /// anywhere on the page starts it.
    pub(crate) fn play(&self, stream: &MediaStream, blocked: impl FnOnce() + 'static) {
        self.audio.set_src_object(Some(stream));
        let Ok(playing) = self.audio.play() else { return };
        let (audio, gestures) = (self.audio.clone(), Rc::downgrade(&self.gestures));
        spawn_local(async move {
            if JsFuture::from(playing).await.is_ok() {
                return;
            }
            // `AbortError` of an element that was removed, or given a newer stream, comes here too.
            let Some(gestures) = gestures.upgrade().filter(|_| audio.is_connected() && audio.paused()) else {
                return;
            };
            *gestures.borrow_mut() =
                ["pointerup", "keyup"].map(|kind| on_gesture(kind, &audio, &gestures)).into();
            blocked();
        });
    }

    /// Tries again, in the handler of a gesture.
    pub(crate) fn resume(&self) {
        resume(&self.audio);
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.gestures.take();
        self.audio.set_src_object(None);
        self.audio.unchecked_ref::<web_sys::Element>().remove();
    }
}

fn on_gesture(
    kind: &'static str,
    audio: &HtmlMediaElement,
    gestures: &Rc<RefCell<Vec<Listener>>>,
) -> Listener {
    let (audio, gestures) = (audio.clone(), Rc::downgrade(gestures));
    Listener::new(window().as_ref(), kind, move |_| {
        resume(&audio);
        if let Some(gestures) = gestures.upgrade() {
            let heard = gestures.take();
            drop(heard);
        }
    })
}

fn resume(audio: &HtmlMediaElement) {
    if let Ok(playing) = audio.play() {
        spawn_local(async move {
            // Refused again: the next gesture of the app's own "Tap to hear" tries once more.
            let _ = JsFuture::from(playing).await;
        });
    }
}

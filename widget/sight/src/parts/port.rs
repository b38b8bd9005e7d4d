//! One page in a frame: its port, and where it stands.
use js_sys::Uint8Array;
use page_mirror::codec::{FORMAT, Section, bytes::Reader, next_section};
use shared::wire::mirror::{KeyframeWanted, ServerToPublisher, SharingSet};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, MessageEvent, MessagePort};

/// Looks between questions for a keyframe.
const ASK_LOOKS: u32 = 25;
/// Bytes that it may say at once, and a millisecond.
pub(super) const BURST: f64 = 12.0 * 1024.0 * 1024.0;
const BYTES_PER_MS: f64 = 512.0;

pub(super) struct Part {
    pub(super) number: u32,
    pub(super) element: Element,
    pub(super) port: MessagePort,
    /// It was told what it is.
    pub(super) is_known: bool,
    /// The page's epoch and the box's id for which its last keyframe was passed on, and its own epoch and seq since.
    pub(super) place: (u32, u32),
    pub(super) at: Option<(u32, u32)>,
    /// Looks since it was asked for a keyframe.
    pub(super) asked: Option<u32>,
    pub(super) is_off: bool,
    pub(super) size: (u32, u32),
    /// Looks until it must have said something.
    pub(super) patience: Option<u32>,
    pub(super) room: f64,
    pub(super) room_at: f64,
    pub(super) heard: Closure<dyn FnMut(MessageEvent)>,
    pub(super) loaded: Closure<dyn FnMut(Event)>,
}

/// Where a pointer is, in its own page.
pub(super) fn pointer_of(frame: &[u8]) -> Option<(i32, i32, bool)> {
    let [FORMAT, 0, body @ ..] = frame else { return None };
    let (tag, mut of) = next_section(&mut Reader::new(body)).ok()?;
    let is_pointer = Section::from_tag(tag) == Some(Section::Pointer);
    let at = (of.signed().ok()?, of.signed().ok()?, of.u32().ok()? != 0);
    is_pointer.then_some(at)
}

impl Part {
    /// It said something, and may say so much.
    pub(super) fn has_room(&mut self, length: usize, now: f64) -> bool {
        self.patience = None;
        self.room = (self.room + (now - self.room_at).max(0.0) * BYTES_PER_MS).min(BURST);
        self.room_at = now;
        self.room -= length as f64;
        self.room >= 0.0
    }

    /// Asks for all of it, from here on.
    pub(super) fn ask(&mut self) {
        self.asked = Some(0);
        // One that records goes on from what was said, unless a keyframe is wanted.
        let message = match std::mem::replace(&mut self.is_off, false) {
            true => ServerToPublisher::from(SharingSet { on: true }),
            false => KeyframeWanted {}.into(),
        };
        self.tell(&message);
    }

    /// The same, unless it was asked and may still answer.
    pub(super) fn ask_once(&mut self) {
        match self.asked {
            Some(looks) if looks < ASK_LOOKS && !self.is_off => self.asked = Some(looks + 1),
            Some(_) => {
                self.switch_off();
                self.ask();
            }
            None => self.ask(),
        }
    }

    pub(super) fn switch_off(&mut self) {
        if !std::mem::replace(&mut self.is_off, true) {
            self.tell(&ServerToPublisher::from(SharingSet { on: false }));
        }
    }

    fn tell(&self, message: &ServerToPublisher) {
        self.send(&message.encode());
    }

    pub(super) fn send(&self, message: &[u8]) {
        // A port takes every message; to one whose page is gone it is lost.
        let _ = self.port.post_message(&Uint8Array::from(message));
    }
}

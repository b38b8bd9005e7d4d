//! What is around the nodes: scroll, window, address, what the customer points at and prefers.
use std::borrow::Cow;

use super::{BatchError, Recorder};
use crate::{
    codec::{
        Section,
        bytes::{put, put_signed},
    },
    limits,
    tree::{NONE, NOT_AN_ELEMENT},
};

impl Recorder {
    pub(super) fn scrolls(&mut self, scrolls: &[(u32, u32, u32)]) -> Result<(), BatchError> {
        let mut payload = Vec::new();
        for (id, x, y) in scrolls {
            self.tree.tag(*id).ok_or(BatchError::Malformed)?;
            put(&mut payload, *id);
            put_signed(&mut payload, x.cast_signed());
            put_signed(&mut payload, y.cast_signed());
        }
        self.unless_empty(Section::Scrolls, &payload);
        Ok(())
    }

    /// What media queries ask about the customer ([`crate::codec::prefs`]). Styles depend on it: it comes first in an
    /// epoch, and does not change.
    pub fn prefs(&mut self, bits: u32) {
        self.numbers(Section::Prefs, &[bits]);
    }

    /// Width and height of the window, in CSS pixels, and device pixels per CSS pixel, in hundredths.
    pub fn viewport(&mut self, viewport: [u32; 3]) {
        self.numbers(Section::Viewport, &viewport);
    }

    /// The page's address and title.
    pub fn page(&mut self, url: &str, title: &str) {
        let mut payload = Vec::new();
        let [url, title] = self.told(url, title, false).map(Cow::into_owned);
        self.says = said(&url);
        // Filled in when it goes.
        self.says.push(0);
        self.said = false;
        for text in [&url, &title] {
            put_text(&mut payload, text);
        }
        self.unless_empty(Section::Page, &payload);
    }

    /// A page of the same origin is in a frame of this one: the body of a message (`FrameSays` of the wire) that goes
    /// before the frame, if it was not told in this epoch.
    pub fn framed(&mut self, url: &str) -> Option<Vec<u8>> {
        if self.framed.iter().any(|known| known == url) {
            return None;
        }
        // Whoever wanders about is told of again.
        if self.framed.len() >= limits::FRAMES {
            self.framed.clear();
        }
        self.framed.push(url.to_owned());
        Some(said(&self.secrets.url(url, false)))
    }

    /// An address and its title as they may leave the browser. `shaded`: only where the page is may be told.
    pub fn told<'a>(&self, url: &'a str, title: &'a str, shaded: bool) -> [Cow<'a, str>; 2] {
        [self.secrets.url(url, shaded), self.secrets.title(title, shaded)]
    }

    /// Whether the customer has the page before them.
    pub fn visible(&mut self, yes: bool) {
        self.numbers(Section::Visible, &[u32::from(yes)]);
    }

    /// Where relative addresses begin. Without query and fragment, which decide nothing and may hold secrets.
    pub fn base(&mut self, url: &str) {
        let mut payload = Vec::new();
        let [url, _] = self.told(url.split(['?', '#']).next().unwrap_or_default(), "", false);
        put_text(&mut payload, &url);
        self.unless_empty(Section::Base, &payload);
    }

    /// This element, or none (0), has a mark now ([`crate::codec::mark`]). One that is not known has none.
    pub fn mark(&mut self, kind: u32, id: u32) {
        let is_element = self.tree.tag(id).is_some_and(|tag| tag < NOT_AN_ELEMENT);
        let id = if is_element { id } else { NONE };
        self.numbers(Section::Marks, &[kind, id]);
    }

    /// Text is selected from one node and offset to another, or none is. Where one end is in a field whose value does
    /// not leave the browser, the offsets would tell of it.
    pub fn select(&mut self, selection: Option<[u32; 4]>) {
        let is_open = |id: u32| self.tree.tag(id).is_some() && self.field(id).is_none();
        let shown = selection.filter(|[anchor, _, focus, _]| is_open(*anchor) && is_open(*focus));
        self.numbers(Section::Selection, &shown.unwrap_or_default());
    }

    fn numbers(&mut self, section: Section, numbers: &[u32]) {
        let mut payload = Vec::new();
        numbers.iter().for_each(|number| put(&mut payload, *number));
        self.unless_empty(section, &payload);
    }

    fn unless_empty(&mut self, section: Section, payload: &[u8]) {
        if !payload.is_empty() {
            section.wrap(payload, &mut self.pending);
        }
    }
}

/// An address as the wire's messages have it, by hand: it is all that a recorder's few bytes need of their codec.
fn said(url: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, url.len() as u32);
    body.extend_from_slice(url.as_bytes());
    body
}

/// A text that is cut where it is too long.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let text = text.get(..text.floor_char_boundary(limits::URL_BYTES)).unwrap_or_default();
    put(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

//! Sections about what is seen close up, each whole: a module beside the recorder makes them, for nodes that were told.
use super::media::section;
use crate::codec::{
    Section,
    close::{Caret, Zoom},
};

/// To be added for its field: [`super::Recorder::add`] sees to it that nothing is told of one that is masked.
pub fn caret(caret: Caret) -> Vec<u8> {
    let Caret { id, start, end, backward, scroll: [x, y] } = caret;
    section(Section::Caret, &[id, start, end, u32::from(backward), x, y], &[])
}

/// What is selected in the document or frame that is node `page`, within one of its shadow roots, or (a frame's own) at
/// all: both ends, as in [`Section::Selection`].
pub fn within(page: u32, ends: Option<[u32; 4]>) -> Vec<u8> {
    let [anchor, anchor_offset, focus, focus_offset] = ends.unwrap_or_default();
    section(Section::Within, &[page, anchor, anchor_offset, focus, focus_offset], &[])
}

/// An element of the document that is node `page`, or none (0), has a mark now ([`crate::codec::mark`]).
pub fn mark(page: u32, kind: u32, id: u32) -> Vec<u8> {
    section(Section::PageMarks, &[page, kind, id], &[])
}

pub fn zoom(zoom: Zoom) -> Vec<u8> {
    let Zoom { scale, left, top, width, height } = zoom;
    section(Section::Zoom, &[scale, left, top, width, height], &[])
}

/// All states that a custom element has, by spaces.
pub fn custom(id: u32, states: &str) -> Vec<u8> {
    section(Section::Custom, &[id, states.len() as u32], states.as_bytes())
}

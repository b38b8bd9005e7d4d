//! The bytes of a frame.
//!
//! ```text
//! frame   := version (1 byte) flags (1 byte) body            flags: bit 0 = body is raw deflate
//! body    := section*                                        applied in order
//! section := tag (varint) length (varint) payload            a tag that is not known is passed over
//! ```
//! Numbers are LEB128 varints of 32 bits; signed ones are zigzag. New nodes get the next id in order of
//! appearance on both sides, so ids of new nodes are never sent. Other ids are differences to the one
//! before, and runs of equal differences are one entry ([`ids`]). Strings of a section stand in columns, one
//! for each attribute's name, so that like lies beside like ([`columns`]); both sides remember short ones.
//! A keyframe begins an epoch with everything forgotten.
pub mod bytes;
pub mod close;
pub mod columns;
pub mod ids;
#[cfg(feature = "inflate")]
pub mod inflate;
pub mod media;

use bytes::{Reader, put};

use crate::{limits, tree::TreeError};

/// The revision of the format.
pub const FORMAT: u8 = 1;
/// The body is compressed (RFC 1951).
pub const DEFLATED: u8 = 1;

/// Why bytes are no frame, or one that does not apply. A replica then waits for a keyframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the frame ends too early")]
    Truncated,
    #[error("a number, a text or a reference is not valid")]
    Malformed,
    #[error("the format is one of another revision")]
    Version,
    #[error("something is larger than it may be")]
    TooLarge,
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Section {
    /// New and moved nodes and their places.
    Nodes = 1,
    Removed = 2,
    Attributes = 3,
    Texts = 4,
    /// Form state: value, checked, selected.
    States = 5,
    Scrolls = 6,
    Viewport = 7,
    /// The text of a `style` element.
    Styles = 8,
    /// Sheets made by scripts, and who uses them.
    Sheets = 9,
    Adopted = 10,
    /// URL and title of the page.
    Page = 11,
    Pointer = 12,
    /// Which element is hovered, active, focused, and so on ([`mark`]).
    Marks = 13,
    /// What text is selected.
    Selection = 14,
    /// What the customer's browser says of its user and device ([`prefs`]).
    Prefs = 15,
    /// Where relative addresses begin: before what has some.
    Base = 16,
    /// What canvases and videos show.
    Pictures = 17,
    /// Images that only the customer's browser has, by number.
    Assets = 18,
    /// Elements that show an asset.
    Uses = 19,
    /// Why an element's picture is not there ([`media::seen`]).
    Seen = 20,
    /// What videos and sounds do.
    Media = 21,
    /// Whether the customer looks at the page.
    Visible = 22,
    /// Where the caret stands, or what is selected, in a field ([`close::Caret`]).
    Caret = 23,
    /// What is selected in a shadow root or a frame.
    Within = 24,
    /// As [`Section::Marks`], of the document that is named first.
    PageMarks = 25,
    /// Which part of its window the customer sees ([`close::Zoom`]).
    Zoom = 26,
    /// States that a custom element says it has.
    Custom = 27,
    /// What pages of other origins say in the frames that hold them ([`part`]).
    Parts = 32,
}

impl Section {
    pub fn from_tag(tag: u32) -> Option<Self> {
        const ALL: [Section; 28] = [
            Section::Nodes,
            Section::Removed,
            Section::Attributes,
            Section::Texts,
            Section::States,
            Section::Scrolls,
            Section::Viewport,
            Section::Styles,
            Section::Sheets,
            Section::Adopted,
            Section::Page,
            Section::Pointer,
            Section::Marks,
            Section::Selection,
            Section::Prefs,
            Section::Base,
            Section::Pictures,
            Section::Assets,
            Section::Uses,
            Section::Seen,
            Section::Media,
            Section::Visible,
            Section::Caret,
            Section::Within,
            Section::PageMarks,
            Section::Zoom,
            Section::Custom,
            Section::Parts,
        ];
        ALL.into_iter().find(|section| *section as u32 == tag)
    }

    /// Writes the section around its payload.
    pub fn wrap(self, payload: &[u8], out: &mut Vec<u8>) {
        put(out, self as u32);
        put(out, u32::try_from(payload.len()).unwrap_or(u32::MAX));
        out.extend_from_slice(payload);
    }
}

/// Tokens of the structure in [`Section::Nodes`]; from `FIRST_SHAPE` on: the shape of that number.
pub mod token {
    pub const TEXT: u32 = 0;
    pub const COMMENT: u32 = 1;
    /// A node that is there already moves here; its id follows.
    pub const REF: u32 = 2;
    /// An open shadow root of the element around it; the number of its children follows.
    pub const SHADOW: u32 = 3;
    pub const DOCTYPE: u32 = 4;
    /// A shape that was not seen before stands here: tag, namespace, number of attributes, their names.
    pub const NEW_SHAPE: u32 = 5;
    pub const FIRST_SHAPE: u32 = 6;
}

/// Which language an element belongs to.
pub mod namespace {
    pub const HTML: u32 = 0;
    pub const SVG: u32 = 1;
    pub const MATHML: u32 = 2;
}

/// Kinds of form state.
pub mod state {
    pub const VALUE: u32 = 0;
    /// "0" off, "1" on, "2" indeterminate.
    pub const CHECKED: u32 = 1;
    /// Indexes of the selected options, by commas.
    pub const SELECTED: u32 = 2;
    /// Letters of [`FLAG_LETTERS`]: what else the element is.
    pub const FLAGS: u32 = 3;

    /// m: shown as a modal dialog, p: as a popover, u: a custom element that is not defined, i and v: a user left
    /// it invalid or valid.
    pub const FLAG_LETTERS: &str = "mpuiv";
}

/// Kinds of marks: one element of the page at most has each.
pub mod mark {
    /// The innermost element under the pointer.
    pub const HOVER: u32 = 0;
    /// The innermost one that is pressed.
    pub const ACTIVE: u32 = 1;
    pub const FOCUS: u32 = 2;
    /// The focused one, if its focus is to be seen.
    pub const FOCUS_VISIBLE: u32 = 3;
    /// What the address names.
    pub const TARGET: u32 = 4;
    pub const FULLSCREEN: u32 = 5;
    /// How many kinds there are.
    pub const KINDS: usize = 6;
}

/// What is said of a part: a page of another origin in a frame, which is a stream of its own within the page's.
pub mod part {
    /// A frame of the part, with its epoch and seq.
    pub const KEYFRAME: u32 = 0;
    pub const PATCH: u32 = 1;
    /// It is a labelled box again.
    pub const ENDED: u32 = 2;
    /// Its box has another width and height, in CSS pixels.
    pub const SIZE: u32 = 3;
}

/// Bits of what media queries ask about the customer and the device.
pub mod prefs {
    pub const DARK: u32 = 1;
    pub const REDUCED_MOTION: u32 = 2;
    pub const HOVER: u32 = 4;
    pub const FINE_POINTER: u32 = 8;
    pub const COARSE_POINTER: u32 = 16;
    pub const MORE_CONTRAST: u32 = 32;
    /// A desk computer whose user prefers nothing.
    pub const PLAIN: u32 = HOVER | FINE_POINTER;
}

/// Puts the header before a body, which may have been compressed.
pub fn seal(body: &[u8], deflated: bool) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 2);
    frame.extend_from_slice(&[FORMAT, if deflated { DEFLATED } else { 0 }]);
    frame.extend_from_slice(body);
    frame
}

/// Splits the front section off; its tag may be one that this build does not know.
pub fn next_section<'a>(reader: &mut Reader<'a>) -> Result<(u32, Reader<'a>), FrameError> {
    let tag = reader.u32()?;
    let length = reader.u32()? as usize;
    Ok((tag, Reader::new(reader.take(length)?)))
}

/// What both sides do with a string that was not seen before: remember it, if this allows it.
#[derive(Debug, Default)]
pub struct Room {
    strings: usize,
    bytes: usize,
}

impl Room {
    pub fn admits(&mut self, length: usize) -> bool {
        let fits = length <= limits::KEPT_STRING_BYTES
            && self.strings < limits::KEPT_STRINGS
            && self.bytes + length <= limits::KEPT_BYTES;
        if fits {
            self.strings += 1;
            self.bytes += length;
        }
        fits
    }
}

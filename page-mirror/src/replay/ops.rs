//! What a document must do to follow the page: one batch a frame, as numbers and one text, for a script that
//! does it without a decision of its own.
//!
//! "A string" is its length in UTF-16 units; it is the next so many of the text. Names have numbers that
//! [`op::NAME`] gives out, from 0 after each [`op::CLEAR`].
use crate::{
    codec::{
        close::{Caret, Zoom},
        media::Playing,
    },
    limits,
    words::Words,
};

/// The operations, each with its operands.
pub mod op {
    /// A new page: all is forgotten; node 1 is the document.
    pub const CLEAR: u32 = 1;
    /// string: the next name.
    pub const NAME: u32 = 2;
    /// id, parent (0: none yet), namespace, name, count, (name, string)*
    pub const ELEMENT: u32 = 3;
    /// id, parent, string
    pub const TEXT: u32 = 4;
    /// id, parent
    pub const COMMENT: u32 = 5;
    /// id, host
    pub const SHADOW: u32 = 6;
    /// id, parent: a node that was elsewhere becomes the last child.
    pub const APPEND: u32 = 7;
    /// id: out of its place.
    pub const DETACH: u32 = 8;
    /// parent, after (0: first), count, id*
    pub const PLACE: u32 = 9;
    /// count, id*: forgotten, and gone from the document.
    pub const FORGET: u32 = 10;
    /// id, name, string
    pub const SET: u32 = 11;
    /// id, name
    pub const UNSET: u32 = 12;
    /// id, string: the content of a text, or of a style element.
    pub const DATA: u32 = 13;
    /// id: what will be the document of a frame ([`super::Late::Frame`]).
    pub const FRAME: u32 = 20;
}

/// What is done once a batch of operations was carried out, and seldom: not by the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Late {
    /// Another page: marks and selection are of none of its nodes.
    Clear,
    /// A labelled box has this size.
    Box {
        id: u32,
        width: u32,
        height: u32,
    },
    /// The text of a sheet that scripts made.
    Sheet {
        sheet: u32,
        css: String,
    },
    /// The sheets that the document or a shadow root adopted, which may be none.
    Adopt {
        id: u32,
        sheets: Vec<u32>,
    },
    /// What hangs below node `id` is the document of the frame `host`.
    Frame {
        id: u32,
        host: u32,
    },
    /// What a canvas or video shows: an image of the type `kind`.
    Picture {
        id: u32,
        kind: &'static str,
        image: Vec<u8>,
    },
    /// An image that only the customer's browser has.
    Asset {
        number: u32,
        kind: &'static str,
        image: Vec<u8>,
    },
    /// An `img` shows an asset.
    Use {
        id: u32,
        number: u32,
    },
    /// Whether the picture of a canvas or video is there ([`crate::codec::media::seen`]).
    Seen {
        id: u32,
        why: u32,
    },
    Media {
        id: u32,
        playing: Playing,
    },
    /// Form state ([`crate::codec::state`]).
    State {
        id: u32,
        kind: u32,
        value: String,
    },
    Scroll {
        id: u32,
        x: i32,
        y: i32,
    },
    /// What is to be done in the page that the box `id` stands for, first of all showing it there.
    Part {
        id: u32,
        done: Part,
    },
    /// The box is one again.
    PartEnded {
        id: u32,
    },
    /// One node at most has each kind ([`crate::codec::mark`]) in the page (1), and in each frame, whose document is
    /// node `page`; 0: none.
    Mark {
        page: u32,
        kind: u32,
        id: u32,
    },
    /// Selected text; none without nodes.
    Select {
        anchor: u32,
        anchor_offset: u32,
        focus: u32,
        focus_offset: u32,
    },
    /// The caret in a field, or what is selected there.
    Caret(Caret),
    /// What is selected in shadow roots of the page (1) or frame `page`, or in the frame at all; none without nodes.
    Within {
        page: u32,
        ends: Option<[u32; 4]>,
    },
    Zoom(Zoom),
    /// States of a custom element, by spaces.
    Custom {
        id: u32,
        states: String,
    },
}

/// A batch of operations on a document of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    pub numbers: Vec<u32>,
    pub text: String,
    pub late: Vec<Late>,
    /// Its own epoch and seq.
    pub at: (u32, u32),
    /// CSS pixels.
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Default)]
pub struct Ops {
    pub numbers: Vec<u32>,
    pub text: String,
    pub(super) late: Vec<Late>,
    late_bytes: usize,
    picture_bytes: usize,
    names: Words,
    full: bool,
}

impl Ops {
    pub(super) fn put(&mut self, numbers: &[u32]) {
        self.numbers.extend_from_slice(numbers);
    }

    pub(super) fn string(&mut self, text: &str) {
        let units = if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() };
        if self.text.len() + text.len() > limits::OPERATIONS_BYTES {
            self.full = true;
            return;
        }
        self.numbers.push(u32::try_from(units).unwrap_or(u32::MAX));
        self.text.push_str(text);
    }

    /// Adds what is done afterwards.
    pub(super) fn later(&mut self, late: Late) {
        if let Late::State { value: text, .. } | Late::Sheet { css: text, .. } = &late {
            self.late_bytes += text.len();
        }
        if let Late::Part { done, .. } = &late {
            self.late_bytes += done.text.len();
        }
        if let Late::Picture { image, .. } = &late {
            self.picture_bytes += image.len();
        }
        self.full |= self.late_bytes > limits::OPERATIONS_BYTES;
        self.full |= self.picture_bytes > limits::PICTURES_BYTES;
        self.late.push(late);
    }

    /// More was asked for than is done at once. What was gathered is of no use.
    pub(super) fn full(&self) -> bool {
        self.full
    }

    /// The number of a name, which is given out if it is new.
    pub(super) fn name(&mut self, name: &str) -> u32 {
        match self.names.find(0, name.as_bytes()) {
            Ok(number) => number,
            Err(hash) => {
                self.put(&[op::NAME]);
                self.string(name);
                self.names.insert(0, name.as_bytes(), hash)
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
        self.put(&[op::CLEAR]);
        self.later(Late::Clear);
    }

    /// What was gathered since the last call.
    pub(super) fn take(&mut self) -> (Vec<u32>, String) {
        (std::mem::take(&mut self.numbers), std::mem::take(&mut self.text))
    }

    pub(super) fn take_late(&mut self) -> Vec<Late> {
        (self.late_bytes, self.picture_bytes) = (0, 0);
        std::mem::take(&mut self.late)
    }
}

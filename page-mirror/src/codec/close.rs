//! What is seen close up: carets in fields, zoom, and what happens within frames.

/// The caret in a field, or what is selected there, in UTF-16 units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caret {
    /// 0: in none.
    pub id: u32,
    pub start: u32,
    pub end: u32,
    /// The caret is at the start.
    pub backward: bool,
    /// How far the field's own text is scrolled, in CSS pixels.
    pub scroll: [u32; 2],
}

/// The part of its window that the customer sees after a pinch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoom {
    /// How many times as large as at rest, in hundredths. 100: all of the window is seen.
    pub scale: u32,
    /// Where the part begins, and how large it is, in CSS pixels.
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

impl Zoom {
    pub const NONE: Self = Self { scale: 100, left: 0, top: 0, width: 0, height: 0 };
}

/// A state of a custom element is a name of these letters, which cannot end a selector or a word.
pub fn is_state(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= crate::limits::STATE_BYTES
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

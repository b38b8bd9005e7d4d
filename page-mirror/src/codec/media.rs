//! Pictures, and what plays.

/// Whether an element's picture is there, or why not.
pub mod seen {
    pub const SEEN: u32 = 0;
    /// It holds something of another site, which scripts may not read.
    pub const FOREIGN: u32 = 1;
    /// It lies in a masked region.
    pub const HIDDEN: u32 = 2;
    pub const TOO_LARGE: u32 = 3;
    /// The page does not want it shown.
    pub const OFF: u32 = 4;
    /// How many there are.
    pub const KINDS: u32 = 5;
}

/// Bits of what a video or sound does.
pub mod plays {
    pub const PAUSED: u32 = 1;
    pub const MUTED: u32 = 2;
    pub const ENDED: u32 = 4;
    pub const ALL: u32 = 7;
}

/// What a video or sound does; times in tenths of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Playing {
    /// [`plays`]
    pub bits: u32,
    pub at: u32,
    /// 0: not known, or without an end.
    pub length: u32,
    /// Parts in a hundred.
    pub volume: u32,
}

/// What kind of image bytes are, by how they begin. Nothing else is shown as one.
pub fn image_type(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 6] = [
        (b"\x89PNG\r\n\x1A\n", "image/png"),
        (b"\xFF\xD8\xFF", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"BM", "image/bmp"),
        (b"\0\0\x01\0", "image/x-icon"),
        (b"<svg", "image/svg+xml"),
    ];
    let named = |at: usize, name: &[u8]| bytes.get(at..at + name.len()) == Some(name);
    if named(0, b"RIFF") && named(8, b"WEBP") {
        return Some("image/webp");
    }
    if named(4, b"ftypavif") || named(4, b"ftypavis") {
        return Some("image/avif");
    }
    STARTS.iter().find(|(start, _)| named(0, start)).map(|(_, kind)| *kind)
}

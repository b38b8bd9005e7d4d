//! How large anything may grow. Both sides know the same numbers: the recorder stays below them, a replica
//! refuses what is above.

/// Nodes that live in one page. A page with more is not mirrored.
pub const NODES: usize = 250_000;
/// Ids given out in one epoch; the recorder starts a new one before.
pub const IDS: u32 = 2_000_000;
/// From here on the recorder starts a new epoch once few of them live, so that tables and ids stay small however long a
/// page changes: the keyframe costs a fifth at most of what made them, and the tables of both sides stay below a few MiB.
pub const IDS_WORTH_A_KEYFRAME: u32 = 30_000;
/// Levels below the document.
pub const DEPTH: u32 = 2_048;
/// Attributes of one element.
pub const ATTRIBUTES: usize = 256;
/// A tag's or an attribute's name, in bytes.
pub const NAME_BYTES: usize = 256;
/// Names of one epoch.
pub const NAMES: usize = 16_384;
/// Shapes (a tag with its attributes' names) that both sides remember in one epoch.
pub const SHAPES: usize = 32_768;
/// A string that is longer is not remembered for later frames, in bytes.
pub const KEPT_STRING_BYTES: usize = 256;
/// Strings remembered in one epoch.
pub const KEPT_STRINGS: usize = 131_072;
/// All remembered strings of one epoch together, in bytes.
pub const KEPT_BYTES: usize = 6 * 1024 * 1024;
/// One string, in bytes: a large style sheet.
pub const STRING_BYTES: usize = 2 * 1024 * 1024;
/// The page's address or title, in bytes.
pub const URL_BYTES: usize = 2_048;
/// A frame's body once inflated, in bytes.
pub const BODY_BYTES: usize = 24 * 1024 * 1024;
/// Texts of the operations that one frame leads to, in bytes: a remembered string is cheap to name.
pub const OPERATIONS_BYTES: usize = 64 * 1024 * 1024;
/// Things named in the lists of one frame (changed, moved, removed), so that a few bytes cannot ask for
/// endless work.
pub const CHANGES: usize = 600_000;
/// Style sheets that were constructed by scripts.
pub const SHEETS: usize = 4_096;
/// Values of masked fields that are looked for elsewhere.
pub const SECRETS: usize = 128;
/// A picture of a canvas or video, or an image that only the customer's browser has, in bytes.
pub const PICTURE_BYTES: usize = 512 * 1024;
/// Images of one epoch that only the customer's browser has.
pub const ASSETS: usize = 512;
/// All of them together, in bytes.
pub const ASSETS_BYTES: usize = 12 * 1024 * 1024;
/// Pictures of one frame, in bytes.
pub const PICTURES_BYTES: usize = 4 * 1024 * 1024;
/// Documents of frames in a page that are mirrored.
pub const FRAMES: usize = 64;
/// States of custom elements that one element may have, and the bytes of one's name.
pub const STATES: usize = 16;
pub const STATE_BYTES: usize = 48;
/// Pages of other origins in the frames of one page that are mirrored, and how deep they may lie in each other.
pub const PARTS: usize = 16;
pub const PART_DEPTH: u32 = 3;
/// One frame of such a page, in bytes as it is sent.
pub const PART_BYTES: usize = 8 * 1024 * 1024;
/// Origins whose images, fonts and styles a replica may show.
pub const ORIGINS: usize = 256;

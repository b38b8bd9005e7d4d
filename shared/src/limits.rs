//! Bounds on what crosses a process boundary. Both sides know them, so that a form can say so first.

/// A note on the purpose of the call, in characters.
pub const NOTE_CHARS: usize = 1_000;
/// Pages in a trail.
pub const TRAIL_PAGES: usize = 10;
/// A page's URL, in bytes; a longer one is cut by the loader and refused by the server.
pub const URL_BYTES: usize = 2_048;
/// A page's title, in characters.
pub const TITLE_CHARS: usize = 200;
/// The context (cart, product) that a page offers: JSON text, in bytes.
pub const CONTEXT_BYTES: usize = 16 * 1024;
/// One HTTP body, in bytes.
pub const HTTP_BODY_BYTES: usize = 64 * 1024;
/// An idempotency key, in characters. Shorter than the minimum could be guessed.
pub const IDEMPOTENCY_KEY_CHARS: core::ops::RangeInclusive<usize> = 16..=64;
/// An SDP offer or answer, in bytes.
pub const SDP_BYTES: usize = 16 * 1024;
/// One message on the widget's, console's or handset's socket, in bytes.
pub const MESSAGE_BYTES: usize = 64 * 1024;
/// One message on a mirror socket, in bytes: a keyframe of a very large page.
pub const MIRROR_MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// Segments of a recording that are fetched in one answer, in bytes; one alone may be larger.
pub const RECORDING_ANSWER_BYTES: usize = 512 * 1024;
/// Free text of a wrap-up, in characters.
pub const WRAP_UP_NOTES_CHARS: usize = 4_000;
/// Lines of an order in a wrap-up.
pub const ORDER_LINES: usize = 50;
/// What an agent types into one field of a customer's page, in characters.
pub const FILL_CHARS: usize = 4_000;
/// Pages in frames within each other, that a deed passes on its way to an element.
pub const ACT_STEPS: usize = 4;
/// Options that are selected at once.
pub const CHOSEN: usize = 256;
/// Points of one piece of a stroke.
pub const INK_POINTS: usize = 64;
/// A note on the page, in characters.
pub const PINNED_CHARS: usize = 280;
/// Digits of a session code.
pub const CODE_DIGITS: usize = 8;
/// Notes of one contact.
pub const PINNED_NOTES: usize = 20;

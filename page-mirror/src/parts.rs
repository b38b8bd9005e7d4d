//! Pages of other origins in frames: how they and the page around them find each other, and what that page hides of what
//! they say.
//!
//! They find each other by `postMessage`. Nothing that they say in words is secret; what the outer one hands over is a
//! port, and to pages of one origin alone.
#[cfg(feature = "inflate")]
mod shade;

#[cfg(feature = "inflate")]
pub use shade::without;

/// A page in a frame to the one around it, whoever that is: it could be a part of it.
pub const ASK: &str = "ringside:part?";
/// The page around it, to pages of one origin alone: it would hear the question now.
pub const CALL: &str = "ringside:part!";
/// The page around it, with a port: it may.
pub const OFFER: &str = "ringside:part";
/// Before the key of a business. A page in a frame, with a question mark behind it: has the page around the button? The
/// page around, if it has: yes. Whoever does not name the business hears nothing.
pub const AROUND: &str = "ringside:around:";

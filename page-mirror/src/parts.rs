//! How a page in a frame and the page around it find each other (`postMessage`): what the two say. Nothing that they say
//! in words is secret; what the outer one hands over is a port, and to pages of one origin alone.

/// A page in a frame to the one around it, whoever that is: it could be a part of it.
pub const ASK: &str = "ringside:part?";
/// The page around it, with a port: it may.
pub const OFFER: &str = "ringside:part";

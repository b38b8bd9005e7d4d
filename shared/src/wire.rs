//! The WebSocket protocols, one module a peer. Every frame carries one enveloped message
//! ([`crate::envelope`]); the first one of a connection is its hello, which holds the token.
//!
//! Bodies are flat and append-only: a changed body is a new kind. Golden bytes of every revision stand in
//! `tests/golden.rs`.
pub mod console;
pub mod handset;
pub mod lead;
pub mod mirror;
pub mod recording;
pub mod widget;

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{LegId, Timestamp};

extern crate alloc;

/// A heartbeat; the peer answers with [`Pong`] and the same number. Browsers cannot see WebSocket pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    pub nonce: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    pub nonce: u32,
    pub now: Timestamp,
}

/// Server to browser: leg `leg` is yours; answer with a [`LegOffer`]. Sent again on every new connection
/// while the leg lives, so that a page that navigated takes it up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegInvite {
    pub leg: LegId,
}

/// Browser to server: an SDP offer for the leg. A later one replaces the media session of the same leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegOffer {
    pub leg: LegId,
    pub sdp: String,
}

/// Server to browser: the SDP answer (ICE-lite, one candidate).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegAnswer {
    pub leg: LegId,
    pub sdp: String,
}

/// Server to browser: the leg is over; stop the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegGone {
    pub leg: LegId,
}

/// Browser to server: this browser cannot carry the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFailed {
    pub leg: LegId,
    pub why: LegTrouble,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegTrouble {
    MicrophoneDenied,
    NoMicrophone,
    MediaFailed,
}

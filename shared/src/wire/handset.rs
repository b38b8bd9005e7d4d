//! `/ws/handset`: the demo's virtual telephone.
use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{LegAnswer, LegFailed, LegGone, LegOffer, Ping, Pong};
use crate::{LegId, ProtocolVersion, Timestamp, messages};

extern crate alloc;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: ProtocolVersion,
    /// The handset token.
    pub token: String,
}

/// Refuse a ringing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    pub leg: LegId,
}

/// A key of the keypad: `0`-`9`, `*`, `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digit {
    pub leg: LegId,
    pub digit: char,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUp {
    pub leg: LegId,
}

messages! {
    /// `LegOffer` answers a ringing call.
    pub enum HandsetToServer {
        1 => Hello,
        2 => Ping,
        3 => LegOffer,
        4 => LegFailed,
        5 => Reject,
        6 => Digit,
        7 => HangUp,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: ProtocolVersion,
    pub now: Timestamp,
    pub heartbeat_ms: u32,
    /// The number at which this telephone rings, E.164 and as people write it.
    pub e164: String,
    pub number: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    pub leg: LegId,
    /// Who calls, as the display shows it.
    pub from: String,
}

messages! {
    pub enum ServerToHandset {
        1 => Welcome,
        2 => Pong,
        3 => Ring,
        4 => LegAnswer,
        5 => LegGone,
    }
}

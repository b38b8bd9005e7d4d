//! `/ws/mirror` (a customer's page publishes) and `/ws/view` (a viewer's replica follows).
//!
//! A stream is one document of one tab. Each frame carries (epoch, seq) in it: an epoch begins with a
//! keyframe at seq 0, patches count up from 1. The server never decodes a frame's bytes (they are
//! `page-mirror`'s); it keeps the last keyframe and the patches since, and stamps `order` on everything.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    Ping, Pong,
    lead::{
        Act, ActAsked, ActAskedWithin, ActDone, ActOutcome, ActWithin, AddNote, AnswerPower, AskPower,
        CustomerActs, DropPower, Notes, Point, Pointed, Powers, RemoveNote, Standings, StopPower,
    },
};
use crate::{DocumentId, ProtocolVersion, TabId, Timestamp, messages};

extern crate alloc;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublisherHello {
    pub version: ProtocolVersion,
    /// The contact token.
    pub token: String,
    pub tab: TabId,
    pub document: DocumentId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameKind {
    /// The whole page; begins an epoch.
    Keyframe,
    /// A change to the page; kept until the next keyframe.
    Patch,
    /// Where the pointer is: worth nothing later, never kept, carries the seq of the last patch.
    Pointer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub kind: FrameKind,
    pub epoch: u32,
    pub seq: u32,
    pub bytes: Vec<u8>,
}

/// This tab is in front now (or is not). Viewers follow the tab in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFront {
    pub yes: bool,
}

/// What the page is that the frames from here on are of: whether they may be recorded is decided by it. Stands before
/// its frame in the same WebSocket message, so that nothing can come between the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSays {
    pub url: String,
    /// Fields for cards or identity are in it.
    pub secret_fields: bool,
}

/// What the pages of other origins are that are part of the page's frames from here on; all of them, so that the latest
/// says everything. One that may not be recorded keeps the page around it from being recorded. It stands
/// before a frame as [`PageSays`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartsSay {
    pub pages: Vec<PageSays>,
}

/// A page of the same origin in a frame, which the page's frames hold from the next one on, until a keyframe: it is said
/// again before that, if it is still there. One that may not be recorded keeps the page around it from being recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSays {
    pub url: String,
}

messages! {
    pub enum PublisherToServer {
        1 => PublisherHello,
        2 => Ping,
        3 => Frame,
        4 => InFront,
        5 => PageSays,
        6 => PartsSay,
        7 => FrameSays,
        32 => AnswerPower,
        33 => StopPower,
        34 => ActDone,
        35 => RemoveNote,
    }
}

/// What stands behind what a page says of itself, if it says anything: a message, or nothing.
pub fn behind_says(mut message: &[u8]) -> &[u8] {
    while let Ok((5..=7, _, rest)) = crate::envelope::split(message) {
        message = rest;
    }
    message
}

/// How much of a page is masked before it leaves the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Masking {
    /// Secrets by kind, by hint and by value; regions that are marked.
    Balanced,
    /// Every text and value that is not marked as open.
    Strict,
    /// Nothing. The demo alone may say so, to prove that a search for secrets would find them.
    Off,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublisherWelcome {
    pub version: ProtocolVersion,
    pub now: Timestamp,
    pub heartbeat_ms: u32,
    /// The customer's consent stands. Without it nothing is recorded.
    pub sharing: bool,
    pub masking: Masking,
    /// Regions that the business masks beside those that its pages mark.
    pub mask_selectors: Vec<String>,
}

/// A viewer lost the thread, or the server's budget is used up: start a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyframeWanted {}

/// Consent was given or withdrawn (in any tab). Off: stop recording at once and drop what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingSet {
    pub on: bool,
}

/// Who sees the page now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewers {
    pub names: Vec<String>,
}

/// Go to this page, which `by` pushed. The server checked that it belongs to the business; check again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Navigate {
    pub url: String,
    pub by: String,
}

messages! {
    pub enum ServerToPublisher {
        1 => PublisherWelcome,
        2 => Pong,
        3 => KeyframeWanted,
        4 => SharingSet,
        5 => Viewers,
        6 => Navigate,
    }
}

messages! {
    /// Also on `/ws/mirror`, for the module that shows and does what agents may. The recorder knows these kinds by
    /// their number alone ([`HAND_KINDS`]), and passes them on.
    pub enum ServerToHand {
        32 => Powers,
        33 => Pointed,
        34 => ActAsked,
        35 => Notes,
        36 => ActAskedWithin,
    }
}

messages! {
    /// What a page in a frame says to the page around it, which takes nothing else of it: what its recorder would say to
    /// the server, what became of deeds, and that the customer stops them or is at it. It never consents to anything.
    pub enum PartToPage {
        3 => Frame,
        5 => PageSays,
        6 => PartsSay,
        7 => FrameSays,
        33 => StopPower,
        34 => ActDone,
        64 => CustomerActs,
    }
}

impl PartToPage {
    /// Messages of a part that stand behind each other in one; none if one of them is none.
    pub fn all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let (_, _, rest) = crate::envelope::split(bytes).ok()?;
            let message = &bytes[..bytes.len() - rest.len()];
            // Kinds that it may not say are passed over, as kinds of later revisions are.
            if messages.len() >= PART_MESSAGES {
                return None;
            }
            messages.push(Self::decode(message).ok()?);
            bytes = rest;
        }
        Some(messages)
    }
}

/// Messages that a part may say in one: what it is, what its own parts are, each time that another came, and a frame.
pub const PART_MESSAGES: usize = 128;

/// Kinds of [`ServerToHand`], now and later.
pub const HAND_KINDS: core::ops::Range<u16> = 32..64;

/// Where a viewer left off in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    pub document: DocumentId,
    pub epoch: u32,
    pub seq: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerHello {
    pub version: ProtocolVersion,
    /// The viewer token: a capability for one contact.
    pub token: String,
    pub resume: Option<ResumePoint>,
}

/// The replica cannot go on from what it has (a gap, or a frame that did not apply).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyframeNeeded {
    pub document: DocumentId,
}

/// Lead the customer to a page of the business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushUrl {
    pub url: String,
}

messages! {
    pub enum ViewerToServer {
        1 => ViewerHello,
        2 => Ping,
        3 => KeyframeNeeded,
        4 => PushUrl,
        32 => AskPower,
        33 => DropPower,
        34 => Point,
        35 => Act,
        36 => AddNote,
        37 => RemoveNote,
        38 => ActWithin,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerWelcome {
    pub version: ProtocolVersion,
    pub now: Timestamp,
    pub heartbeat_ms: u32,
    pub sharing: bool,
    /// Origins whose images, fonts and styles the replica may show.
    pub origins: Vec<String>,
}

/// The customer is on another document now; its keyframe follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStarted {
    pub order: u64,
    pub tab: TabId,
    pub document: DocumentId,
}

/// One frame of the stream in front, as its publisher sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFrame {
    pub order: u64,
    pub document: DocumentId,
    pub kind: FrameKind,
    pub epoch: u32,
    pub seq: u32,
    pub bytes: Vec<u8>,
}

/// The page went away (navigation, closed tab, lost network). Another stream may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnded {
    pub order: u64,
    pub document: DocumentId,
}

/// The customer pressed Stop (or allowed it again). On stop: clear the replica at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingChanged {
    pub order: u64,
    pub on: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    pub order: u64,
    pub names: Vec<String>,
}

/// What became of a pushed page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushOutcome {
    pub order: u64,
    pub url: String,
    /// None: sent to the customer's page. Otherwise a problem code.
    pub refused: Option<String>,
}

messages! {
    pub enum ServerToViewer {
        1 => ViewerWelcome,
        2 => Pong,
        3 => StreamStarted,
        4 => StreamFrame,
        5 => StreamEnded,
        6 => SharingChanged,
        7 => Audience,
        8 => PushOutcome,
        32 => Standings,
        33 => Pointed,
        34 => ActOutcome,
        35 => Notes,
    }
}

//! `/ws/widget`: a customer's page that has a contact.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{LegAnswer, LegFailed, LegGone, LegInvite, LegOffer, Ping, Pong};
use crate::{ProtocolVersion, TabId, Timestamp, api::PageView, contact::CustomerStatus, messages};

extern crate alloc;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: ProtocolVersion,
    /// The contact token.
    pub token: String,
    pub tab: TabId,
    /// This page can carry a browser leg now (it is the tab in front, or the pop-out window).
    pub voice: bool,
}

/// The customer cancels the request, or hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {}

/// The customer went to another page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageViewed {
    pub page: PageView,
}

/// New cart or product data: a JSON object as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextSet {
    pub context: String,
}

/// Stop (or allow again) showing the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub on: bool,
}

/// The customer wants a code to read to an agent, who may look on with it; answered by [`SessionCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeWanted {}

messages! {
    pub enum WidgetToServer {
        1 => Hello,
        2 => Ping,
        3 => Cancel,
        4 => PageViewed,
        5 => ContextSet,
        6 => Share,
        7 => LegOffer,
        8 => LegFailed,
        9 => CodeWanted,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: ProtocolVersion,
    pub now: Timestamp,
    /// Send a ping at least this often; the server closes after twice this.
    pub heartbeat_ms: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub status: CustomerStatus,
    /// Names of those who see the page now.
    pub viewers: Vec<String>,
}

/// Lets one agent look on, once. None: not now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCode {
    /// Digits, and how long they are good from now on.
    pub code: Option<String>,
    pub seconds: u32,
}

messages! {
    pub enum ServerToWidget {
        1 => Welcome,
        2 => Pong,
        3 => Status,
        4 => LegInvite,
        5 => LegAnswer,
        6 => LegGone,
        7 => SessionCode,
    }
}

//! `/ws/console`: an agent's console. The session cookie authenticates the upgrade, whose Origin is checked.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{LegAnswer, LegFailed, LegGone, LegInvite, LegOffer, Ping, Pong};
use crate::{
    ContactId, ProtocolVersion, Timestamp,
    api::{Channel, PageView, WrapUp},
    contact::{EndReason, LegCause, Phase, Presence},
    messages,
};

extern crate alloc;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: ProtocolVersion,
    /// This window takes over from another one of the same agent that is connected now.
    pub take_over: bool,
}

/// Ready for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoReady {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoAway {
    pub reason: String,
}

/// Take the offered call; a [`LegOffer`] for the invited leg follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    pub contact: ContactId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    pub contact: ContactId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUp {
    pub contact: ContactId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub contact: ContactId,
    pub on: bool,
}

/// What has been typed so far; answered by [`WrapUpSaved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveWrapUp {
    pub contact: ContactId,
    pub wrap_up: WrapUp,
    /// Counts up per console, so that the answer can be matched.
    pub revision: u32,
    /// The wrap-up is finished: the contact ends and the agent is ready again.
    pub done: bool,
}

/// Ask for a capability to see the page of a contact that is this agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRequest {
    pub contact: ContactId,
}

/// A supervisor wants to look on at a contact; answered by [`ViewGranted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub contact: ContactId,
}

/// Look on no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwatch {
    pub contact: ContactId,
}

/// Look on at the contact whose customer gave this code; answered by [`ViewGranted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinByCode {
    /// Eight digits.
    pub code: String,
}

messages! {
    pub enum ConsoleToServer {
        1 => Hello,
        2 => Ping,
        3 => GoReady,
        4 => GoAway,
        5 => Accept,
        6 => Decline,
        7 => HangUp,
        8 => Hold,
        9 => SaveWrapUp,
        10 => ViewRequest,
        11 => LegOffer,
        12 => LegFailed,
        13 => Watch,
        14 => Unwatch,
        15 => JoinByCode,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: ProtocolVersion,
    pub now: Timestamp,
    pub heartbeat_ms: u32,
    /// What a call can come to; the wrap-up form offers these.
    pub dispositions: Vec<String>,
    /// Why an agent may be away.
    pub away_reasons: Vec<String>,
    /// ISO 4217, for order lines.
    pub currency: String,
}

/// The agent's own state. A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentState {
    pub presence: Presence,
    pub since: Timestamp,
    pub away_reason: Option<String>,
    /// The contact that the agent is reserved for, rung for, talks in or wraps up.
    pub contact: Option<ContactId>,
    /// When ringing or wrap-up runs out; in a call, when it ends because this agent's voice is away.
    pub until: Option<Timestamp>,
}

/// Who waits, longest first, at most the first hundred. A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    pub waiting: Vec<QueueEntry>,
    /// All who wait, also those beyond the list.
    pub total: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    pub contact: ContactId,
    pub phase: Phase,
    pub channel: Channel,
    pub requested_at: Timestamp,
    /// When to call, if later.
    pub due_at: Option<Timestamp>,
    pub skill: String,
    /// The customer's name or the page's title: what an agent may see before being chosen.
    pub label: String,
}

/// The screen-pop: the contact that the agent is reserved for, rung for, or in. A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactShown {
    pub contact: ContactId,
    pub phase: Phase,
    pub phase_since: Timestamp,
    pub channel: Channel,
    pub requested_at: Timestamp,
    pub bridged_at: Option<Timestamp>,
    pub name: Option<String>,
    /// As people write it.
    pub number: Option<String>,
    pub region: Option<String>,
    pub time_zone: Option<String>,
    pub language: Option<String>,
    pub note: Option<String>,
    pub trail: Vec<PageView>,
    /// JSON text. Hostile: show as text.
    pub context: Option<String>,
    pub sharing: bool,
    pub reason: Option<EndReason>,
    /// The customer's media is away (the page navigates).
    pub customer_away: bool,
    pub wrap_up: WrapUp,
    /// Earlier contacts of the same number.
    pub earlier: u32,
}

/// The agent has nothing to do with that contact any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactCleared {
    pub contact: ContactId,
    /// Why the customer's leg failed, if the contact went back before a bridge.
    pub cause: Option<LegCause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpSaved {
    pub contact: ContactId,
    pub revision: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewGranted {
    pub contact: ContactId,
    pub token: String,
}

/// Today's figures of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    pub calls: u32,
    pub talk_seconds: u32,
    pub last_ended_at: Option<Timestamp>,
}

/// Something the agent asked for was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub code: String,
    /// What happened and what to do next, for a person.
    pub detail: String,
}

/// Contacts that agents have now, the longest-standing first, at most the first hundred. For supervisors. A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LiveContacts {
    pub contacts: Vec<LiveEntry>,
    /// All, also those beyond the list.
    pub total: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveEntry {
    pub contact: ContactId,
    pub phase: Phase,
    pub channel: Channel,
    /// When this phase began.
    pub since: Timestamp,
    /// Whose contact it is.
    pub agent: String,
    /// The customer's name or the page's title. Hostile: show as text.
    pub label: String,
    pub sharing: bool,
    /// How many look on beside the agent.
    pub watching: u32,
}

messages! {
    pub enum ServerToConsole {
        1 => Welcome,
        2 => Pong,
        3 => AgentState,
        4 => Queue,
        5 => ContactShown,
        6 => ContactCleared,
        7 => WrapUpSaved,
        8 => ViewGranted,
        9 => Today,
        10 => Refused,
        11 => LegInvite,
        12 => LegAnswer,
        13 => LegGone,
        14 => LiveContacts,
    }
}

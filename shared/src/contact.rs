//! What everybody calls the things of a contact: phases, causes, statuses.
//!
//! Enums here go over the wire in postcard by index: append, never reorder.
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, api::Channel};

extern crate alloc;

/// Where a contact stands, as its customer may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// To be called at a time of the customer's choice.
    Scheduled,
    /// In line.
    Waiting,
    /// The customer's leg is being called.
    Calling,
    /// Answered; waiting for the customer to press 1.
    Confirming,
    /// Confirmed; hears the hold message while an agent is found and rung.
    Connecting,
    /// Bridged.
    Talking,
    /// Bridged, but the agent has put the customer on hold.
    OnHold,
    Ended,
    /// Nobody is called: the page is shown to whoever has the customer's code.
    Showing,
}

/// Why a contact ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The two talked.
    Completed,
    /// The customer cancelled before the call.
    Cancelled,
    /// The customer hung up before the bridge.
    Abandoned,
    Busy,
    NoAnswer,
    Rejected,
    Unreachable,
    /// Answered, but nobody pressed 1.
    NotConfirmed,
    /// The customer pressed 9: never to be called again.
    OptedOut,
    /// The server or the line failed in mid-call.
    Interrupted,
    /// No agent came within the limit.
    NoAgent,
    /// The number may not be called (country, budget).
    NotAllowed,
    /// The desired window closed.
    WindowClosed,
    /// The browser gave no microphone.
    NoMicrophone,
    /// The page was shown, and nobody was called.
    Shown,
}

/// What became of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LegCause {
    /// Its own party hung up.
    HungUp,
    /// The other side ended the call.
    OtherSide,
    Busy,
    NoAnswer,
    Rejected,
    Unreachable,
    NotConfirmed,
    Cancelled,
    /// Its media went away and did not come back.
    MediaLost,
    /// Nobody knows: the server restarted.
    Interrupted,
    NotAllowed,
    NoMicrophone,
    Failed,
}

/// How an agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Offline,
    Away,
    Ready,
    Reserved,
    Ringing,
    Talking,
    WrapUp,
}

/// What a customer is shown. A snapshot: the latest one says everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerStatus {
    pub phase: Phase,
    pub channel: Channel,
    /// When this phase began.
    pub since: Timestamp,
    /// 1 is next. Only while waiting.
    pub position: Option<u32>,
    /// Estimated seconds until the call. Only while waiting or scheduled.
    pub wait_seconds: Option<u32>,
    /// First name of the agent, once one is connected or ringing.
    pub agent: Option<String>,
    /// Only when ended.
    pub reason: Option<EndReason>,
    /// Dial attempts so far.
    pub attempts: u32,
    /// The page is (or would be) shown to the agent.
    pub sharing: bool,
}

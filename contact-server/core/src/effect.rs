//! Everything that a business may ask of the world.
use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use shared::{
    AgentId, ContactId, EffectId, LegId, StationId,
    contact::{CustomerStatus, LegCause},
    wire::{
        console::{AgentState, ContactShown, LiveContacts, Queue, Today},
        lead::Power,
    },
};

use crate::record::Change;

/// What the caller of this crate must do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Goes into the transaction of the batch.
    Store(Change),
    /// Leaves when the batch has committed.
    Dial(DialCommand),
    /// Leaves when the batch has committed.
    Tell(Notice),
}

/// A command to a dialer. The effect id makes a duplicate delivery harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialCommand {
    pub effect: EffectId,
    pub leg: LegId,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Originate {
        to: Endpoint,
        caller_name: String,
        ring: Duration,
    },
    /// Loops until stopped, or plays once and ends with `PlayEnded`.
    Play {
        prompt: Prompt,
        repeat: bool,
    },
    Stop,
    /// Rooms are named by the contact.
    Join {
        room: ContactId,
        mode: JoinMode,
    },
    Leave {
        room: ContactId,
    },
    /// Idempotent. Answered by `Ended` (or `Failed`, or `Unknown`) even if the leg was down already: only
    /// then, or half a minute later, is its number called again.
    HangUp {
        cause: LegCause,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinMode {
    Talk,
    Listen,
    /// Heard by the agent only.
    Whisper,
}

/// Who a leg goes to. `Debug` shows the last two digits of a number, so that it can't leak into a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// E.164.
    Telephone(String),
    /// The page of this contact's customer.
    Page(ContactId),
    /// The console of this agent.
    Console(AgentId),
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Telephone(number) => {
                let tail = number.len().checked_sub(2).and_then(|at| number.get(at..)).unwrap_or_default();
                write!(f, "Telephone(..{tail})")
            }
            Self::Page(contact) => f.debug_tuple("Page").field(contact).finish(),
            Self::Console(agent) => f.debug_tuple("Console").field(agent).finish(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prompt {
    /// "This is BUSINESS. Press 1 to be connected, 9 never to be called again."
    Confirm,
    /// "Please hold while we connect you to BUSINESS."
    Hold,
    /// "Sorry, nobody is free. We will call again."
    Sorry,
    /// "We won't call again. Goodbye."
    OptedOut,
    /// Music or tones while the agent has put the customer on hold.
    OnHold,
}

/// A snapshot for somebody who watches. The latest one says everything; one that got lost is no loss.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    Customer {
        contact: ContactId,
        status: CustomerStatus,
    },
    /// The customer's token is worth nothing from now on except for reading the end.
    CustomerFinished {
        contact: ContactId,
    },
    Agent {
        agent: AgentId,
        state: AgentState,
    },
    /// The screen-pop.
    Shown {
        agent: AgentId,
        contact: Box<ContactShown>,
    },
    Cleared {
        agent: AgentId,
        contact: ContactId,
        cause: Option<LegCause>,
    },
    Today {
        agent: AgentId,
        today: Today,
    },
    /// To every console of the business.
    Queue(Queue),
    /// An older console of this agent must go.
    Displaced {
        agent: AgentId,
        station: StationId,
    },
    /// Who may see the page, and whether the customer allows it: the hub opens and closes by this.
    Viewing {
        contact: ContactId,
        viewing: Viewing,
    },
    /// What is live, to each supervisor who is there.
    Live {
        supervisors: Vec<AgentId>,
        live: LiveContacts,
    },
    /// What agents may do in the page: the hub lets nothing else through.
    Lead {
        contact: ContactId,
        lead: Lead,
    },
}

/// Who may see a customer's page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Viewing {
    /// Whose contact it is.
    pub agent: Option<AgentId>,
    /// Who looks on beside that agent.
    pub watchers: Vec<Watcher>,
    /// The customer allows it.
    pub sharing: bool,
}

/// One who looks on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    pub agent: AgentId,
    /// What the customer is told. None: a supervisor, who is not named.
    pub name: Option<String>,
}

/// What agents may do in a customer's page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    /// The business lets agents point at all.
    pub may_point: bool,
    /// The business lets agents ask for control.
    pub may_control: bool,
    /// Whoever sees the page may point now.
    pub pointing: bool,
    pub holds: Vec<LeadHold>,
}

/// A question that is open, or (granted) a power that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadHold {
    pub number: u32,
    pub agent: AgentId,
    /// First name.
    pub name: String,
    pub power: Power,
    pub granted: bool,
}

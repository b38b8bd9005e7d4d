//! Everything that may happen to a business.
use shared::{
    AgentId, ContactId, EffectId, LegId, StationId, Timestamp,
    api::{Channel, PageView, WrapUp},
    contact::LegCause,
    wire::lead::Power,
};

use crate::{
    record::{AgentProfile, Person, TokenHash, WatchBy},
    settings::Settings,
};

#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// New settings. Contacts that are open keep theirs.
    Configured(Settings),
    /// An agent was created or changed.
    AgentSet(AgentProfile),
    AgentRemoved(AgentId),

    Requested(Box<Requested>),
    /// The customer cancels or hangs up. Always allowed; on an ended contact it does nothing.
    Cancelled(ContactId),
    PageViewed(ContactId, PageView),
    ContextSet(ContactId, String),
    /// Consent to be seen, given again or withdrawn.
    SharingSet(ContactId, bool),
    /// The customer has a page open, or none any more: what only a shown page ends by.
    PagesOpen(ContactId, bool),

    /// An agent asks the customer for a power.
    PowerAsked {
        agent: AgentId,
        contact: ContactId,
        power: Power,
    },
    /// `consent`: the version of the text that the customer agreed to; None is a no.
    PowerAnswered {
        contact: ContactId,
        number: u32,
        consent: Option<String>,
    },
    /// The customer takes a power from whoever has it.
    PowerStopped(ContactId, Power),
    /// The agent gives it back, or does not see the page any more.
    PowerDropped {
        agent: AgentId,
        contact: ContactId,
        power: Power,
    },

    /// An agent wants to look at a contact that is not his. Who asks by a code has shown it to the shell.
    WatchAsked {
        agent: AgentId,
        contact: ContactId,
        by: WatchBy,
    },
    WatchLeft {
        agent: AgentId,
        contact: ContactId,
    },
    /// The customer wants a code with which an agent may look on. The code itself is the shell's.
    CodeMade(ContactId),

    /// A console connected. A new station drops the old one.
    SignedIn {
        agent: AgentId,
        station: StationId,
    },
    SignedOut {
        agent: AgentId,
        station: StationId,
    },
    /// The console's socket or heartbeat is gone; it may come back within `console_grace`.
    ConsoleLost {
        agent: AgentId,
        station: StationId,
    },
    Ready(AgentId),
    Away(AgentId, String),
    Accepted(AgentId, ContactId),
    Declined(AgentId, ContactId),
    HungUp(AgentId, ContactId),
    HoldSet(AgentId, ContactId, bool),
    WrapUpSaved {
        agent: AgentId,
        contact: ContactId,
        wrap_up: WrapUp,
        done: bool,
    },

    Dialer(LegId, DialEvent),

    /// An agent may play what was recorded of a contact, and does: it is put on record before anything is shown.
    RecordingPlayed {
        agent: AgentId,
        contact: ContactId,
    },

    /// These contacts are erased: what is known of their customer is deleted, for ever. One that is not over
    /// ends first, and a wrap-up that is owed is not owed any more.
    Erased(Vec<ContactId>),
}

/// A call request that the edge has checked (key, origin, shape of the number, window, limits).
#[derive(Debug, Clone, PartialEq)]
pub struct Requested {
    pub contact: ContactId,
    pub channel: Channel,
    pub person: Person,
    /// Empty: anybody.
    pub skill: String,
    /// Not before the first, not after the second. None: now.
    pub due: Option<(Timestamp, Timestamp)>,
    pub token: TokenHash,
    pub token_expires_at: Timestamp,
    /// SHA-256 of (browser's key, body).
    pub idempotency: Idempotency,
    pub consent: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    pub key: [u8; 32],
    pub body: [u8; 32],
}

/// What became of a leg. Drivers may send any of these late, twice or never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialEvent {
    Ringing,
    EarlyMedia,
    /// The leg is up and carries voice.
    Answered,
    /// The leg never came up.
    Failed {
        cause: LegCause,
        code: u16,
    },
    PlayEnded {
        effect: EffectId,
    },
    Joined,
    Left,
    Digit(char),
    /// Media went away; the leg lives on for `media_grace`.
    Suspended,
    Resumed,
    Ended {
        cause: LegCause,
    },
    /// After a restart: the driver knows nothing of this leg.
    Unknown,
}

/// Why an input was refused. A refused input changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such contact")]
    NoSuchContact,
    #[error("there is no such agent")]
    NoSuchAgent,
    /// The agent has another console now.
    #[error("this console was replaced by a newer one")]
    Displaced,
    #[error("{input} does not apply to what is {state}")]
    NotNow { input: &'static str, state: &'static str },
    #[error("that contact belongs to another agent")]
    NotYours,
    /// The same key came with another body.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Not an error: the request was accepted before. The shell answers as it did then, with a new token.
    #[error("the request was accepted before, as {0}")]
    AcceptedBefore(ContactId),
    #[error("numbers of that region are not called")]
    RegionDenied,
    #[error("the business's dial budget is used up until {until:?}")]
    BudgetSpent { until: Timestamp },
    /// Now, because it was called often enough today, or ever again, because whoever has it said so. Which of them is
    /// for nobody to know who merely has the number.
    #[error("the number is not called")]
    NumberNotCalled,
    #[error("too many requests are open")]
    TooManyOpen,
    #[error("the business does not offer that skill")]
    SkillUnknown,
    #[error("the business does not let agents do that")]
    PowerOff,
    #[error("the business shows no page without a call")]
    ShowingOff,
    #[error("the desired time has passed")]
    WindowPassed,
}

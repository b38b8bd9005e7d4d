//! What the widget knows and what it does next. Pure: an [`Event`] goes in, [`Command`]s come out; the shell
//! (`app.rs`) draws the state and carries the commands out.
//!
//! Invariants: while a contact lives no second one is asked for; what was typed is never thrown away by a
//! failure; the ticket leaves the browser's storage once its end was shown.
use shared::{
    Timestamp,
    api::{Channel, NumberAnswer, SiteInfo, Window},
    contact::{CustomerStatus, EndReason, Phase},
    wire::LegTrouble,
};

/// The business, and the names of its countries in the page's language (same order as `info.regions`).
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    pub info: SiteInfo,
    pub countries: Vec<String>,
}

/// What is kept about a live contact, for the next page and the other tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub token: String,
    pub channel: Channel,
    /// As people write it.
    pub number: Option<String>,
    pub window: Option<Window>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Number,
    Note,
    Day,
    From,
    Until,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    pub number: String,
    pub region: String,
    pub remember: bool,
    pub remembered: bool,
    pub later: bool,
    pub day: String,
    pub from: String,
    pub until: String,
    pub note: String,
    pub faults: Faults,
}

/// What is wrong, in words, beside the field that it is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    pub number: Option<String>,
    pub time: Option<String>,
    pub note: Option<String>,
    pub form: Option<String>,
}

impl Faults {
    pub(crate) fn first(&self) -> Option<Focus> {
        let field = |fault: &Option<String>, focus| fault.is_some().then_some(focus);
        field(&self.number, Focus::Number)
            .or(field(&self.time, Focus::Day))
            .or(field(&self.note, Focus::Note))
    }
}

/// How the sound of a call in the page is doing, in this tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Voice {
    #[default]
    Idle,
    Up,
    Away,
    /// The browser plays nothing before a gesture.
    Blocked,
    MicrophoneLost,
    /// Another tab carries it.
    Elsewhere,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub ticket: Ticket,
    /// None until the server was heard.
    pub status: Option<CustomerStatus>,
    pub viewers: Vec<String>,
    pub voice: Voice,
    /// Stop was pressed here; holds even if the server has not heard it yet.
    pub stopped: bool,
    /// When the bridge came up, server time; a hold in between does not count anew.
    pub talking_since: Option<Timestamp>,
}

impl Live {
    pub(crate) fn new(ticket: Ticket) -> Self {
        Self {
            ticket,
            status: None,
            viewers: Vec::new(),
            voice: Voice::Idle,
            stopped: false,
            talking_since: None,
        }
    }

    pub fn phase(&self) -> Option<Phase> {
        self.status.as_ref().map(|status| status.phase)
    }

    pub fn has_ended(&self) -> bool {
        self.phase() == Some(Phase::Ended)
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Stage {
    #[default]
    Asking,
    /// The browser asks for the microphone.
    Permission,
    /// On its way; `tries` that found no answer so far.
    Sending { channel: Channel, tries: u32 },
    /// The server is under attack: the browser shows by work that it is no program of the attacker's.
    Proving,
    /// Asked for, and perhaps ended.
    Contact(Box<Live>),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    pub open: bool,
    pub site: Option<Site>,
    /// The site's particulars could not be had.
    pub site_failed: bool,
    pub form: Form,
    pub stage: Stage,
    /// The socket is away although a contact lives.
    pub offline: bool,
    /// Where the agent leads, while it is read.
    pub toast: Option<String>,
}

/// The customer's clock: advisory, but good enough to see that a day lies behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalNow {
    /// `2026-11-21`
    pub day: String,
    /// `09:30`
    pub time: String,
    /// IANA zone
    pub zone: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Opened,
    Minimised,
    /// The pill was pressed.
    Toggled,
    Site(Option<Box<Site>>),
    /// A number that this browser remembers.
    Remembered {
        number: String,
        region: String,
    },
    Typed(Field, String),
    /// The country of that place in the list was chosen.
    Region(usize),
    Remember(bool),
    ForgetMe,
    Later(bool, LocalNow),
    NumberLeft,
    /// About the number that was asked for: the server's answer, or its refusal in words.
    NumberAnswered {
        asked: String,
        answer: Result<NumberAnswer, String>,
    },
    Submitted(Channel, LocalNow),
    Microphone(Result<(), LegTrouble>),
    /// A proof of work is asked for.
    Challenged,
    /// A try found no answer.
    Unanswered,
    /// No try found one.
    GaveUp,
    Refused {
        field: Option<String>,
        detail: String,
    },
    Accepted {
        ticket: Ticket,
        status: CustomerStatus,
    },
    /// This browser holds a contact: from an earlier page or another tab.
    Found(Ticket),
    Connected(bool),
    Status {
        status: CustomerStatus,
        viewers: Vec<String>,
    },
    /// The server knows no such contact.
    Unknown,
    VoiceIs(Voice),
    Cancel,
    StartAnew {
        later: bool,
        now: LocalNow,
    },
    Dismiss,
    Share(bool),
    Hear,
    /// The agent leads to another page; what is said meanwhile.
    Led(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Number,
    Day,
    Note,
    Card,
    Pill,
}

/// What page scripts are told by `Ringside.on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Open,
    Close,
    Requested,
    Status,
    Ended,
}

/// What the shell must do. Whatever it needs to know stands in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    LoadSite,
    CheckNumber,
    AskMicrophone,
    LetMicrophoneGo,
    Post,
    RememberNumber,
    ForgetNumber,
    /// Keep the contact's ticket out of this browser's storage from now on.
    DropTicket,
    Connect,
    Disconnect,
    /// Cancel the request, or hang up.
    Cancel,
    Share(bool),
    Hear,
    Focus(Focus),
    Say(Said),
}

impl State {
    /// The live contact, if there is one.
    pub fn live(&self) -> Option<&Live> {
        match &self.stage {
            Stage::Contact(live) => Some(live),
            Stage::Asking | Stage::Permission | Stage::Sending { .. } | Stage::Proving => None,
        }
    }

    /// The page is to be shown to the agent now.
    pub fn is_sharing(&self) -> bool {
        self.live().is_some_and(|live| {
            let shown = |status: &CustomerStatus| {
                status.sharing && !matches!(status.phase, Phase::Ended | Phase::Scheduled)
            };
            !live.stopped && live.status.as_ref().is_some_and(shown)
        })
    }

    pub fn business(&self) -> &str {
        self.site.as_ref().map_or("", |site| &site.info.name)
    }
}

/// Asking once more may help after such an end.
pub fn is_worth_another_try(reason: Option<EndReason>) -> bool {
    match reason {
        Some(EndReason::Completed | EndReason::NotAllowed | EndReason::Shown) => false,
        Some(
            EndReason::Cancelled
            | EndReason::Abandoned
            | EndReason::Busy
            | EndReason::NoAnswer
            | EndReason::Rejected
            | EndReason::Unreachable
            | EndReason::NotConfirmed
            | EndReason::OptedOut
            | EndReason::Interrupted
            | EndReason::NoAgent
            | EndReason::WindowClosed
            | EndReason::NoMicrophone,
        )
        | None => true,
    }
}

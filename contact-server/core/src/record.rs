//! What is kept: append-only events beside current-state rows, in one transaction.
//!
//! Events name ids and never hold personal data, which stand in rows of their own ([`Person`], wrap-up
//! notes) so that they can be erased. Everything here is serialised (JSON in the stores): append fields with
//! `#[serde(default)]`, never rename or reorder.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use shared::{
    AgentId, ContactId, EffectId, LegId, StationId, Timestamp,
    api::{Channel, LegRecord, PageView, WrapUp},
    contact::{EndReason, LegCause, Presence},
    wire::lead::Power,
};

use crate::settings::Settings;

/// SHA-256 of a token. The token itself is never kept.
pub type TokenHash = [u8; 32];

/// One thing that a transaction writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Appended; the store gives the business's next `seq`.
    Event(Timestamp, Event),
    /// The business is served, and legs are up. It writes no row of its own: only [`Snapshot::last_at`] moves.
    Alive(Timestamp),
    Contact(ContactRow),
    Person(ContactId, Person),
    PageViewed(ContactId, PageView),
    Context(ContactId, String),
    WrapUp {
        contact: ContactId,
        agent: AgentId,
        wrap_up: WrapUp,
        done: bool,
    },
    Leg(LegRecord),
    AgentState(AgentStateRow),
    AgentProfile(AgentProfile),
    AgentRemoved(AgentId),
    Settings(Settings),
    ContactToken {
        hash: TokenHash,
        contact: ContactId,
        expires_at: Timestamp,
    },
    /// The contact is over: its tokens are good until `at` at the latest, and only for reading how it ended.
    ContactTokensEnd {
        contact: ContactId,
        at: Timestamp,
    },
    Idempotency {
        key: [u8; 32],
        body: [u8; 32],
        contact: ContactId,
        expires_at: Timestamp,
    },
    /// This number is never called again by this business. Kept as its [`fingerprint`].
    OptOut {
        e164: String,
        at: Timestamp,
    },
    /// Whatever is personal of this contact goes, with what else the batch holds of it: person, trail,
    /// context, wrap-up, tokens, idempotency keys, the numbers of its legs.
    Erased(ContactId),
}

/// What stands for a number that must be known again and not be kept: an opt-out outlives the erasure of its
/// customer. Salted by the id of the business, so that it tells nothing across tenants. Not a secret: numbers are few,
/// and who holds the database can try them all.
pub fn fingerprint(salt: u128, e164: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::new()
        .chain_update("ringside number")
        .chain_update(salt.to_be_bytes())
        .chain_update(e164)
        .finalize();
    hash.iter().fold(FINGERPRINT.to_owned(), |mut text, byte| {
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}")); // a String takes every write
        text
    })
}

/// What [`fingerprint`] makes begins so, and no number does.
const FINGERPRINT: &str = "sha256:";

pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.starts_with(FINGERPRINT)
}

/// What happened. `payload` of the events table; version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Requested {
        contact: ContactId,
        channel: Channel,
        skill: String,
        consent: String,
        merged: bool,
    },
    /// Queued, or queued again for another attempt.
    Queued {
        contact: ContactId,
        not_before: Option<Timestamp>,
    },
    Reserved {
        contact: ContactId,
        agent: AgentId,
    },
    /// The intent, written before the dial. `effect` finds the attempt again after a crash.
    Dialed {
        contact: ContactId,
        leg: LegId,
        effect: EffectId,
        agent: Option<AgentId>,
    },
    Answered {
        contact: ContactId,
        leg: LegId,
    },
    Confirmed {
        contact: ContactId,
    },
    Offered {
        contact: ContactId,
        agent: AgentId,
    },
    Accepted {
        contact: ContactId,
        agent: AgentId,
    },
    /// Declined, or not answered in time (RONA).
    OfferLapsed {
        contact: ContactId,
        agent: AgentId,
        declined: bool,
    },
    Bridged {
        contact: ContactId,
        agent: AgentId,
    },
    Held {
        contact: ContactId,
        on: bool,
    },
    LegEnded {
        contact: ContactId,
        leg: LegId,
        cause: LegCause,
    },
    WrapUpDone {
        contact: ContactId,
        agent: AgentId,
        disposition: String,
    },
    Ended {
        contact: ContactId,
        reason: EndReason,
    },
    SharingSet {
        contact: ContactId,
        on: bool,
    },
    OptedOut {
        contact: ContactId,
    },
    /// `number`: of the question, and of the grant that follows from it.
    PowerAsked {
        contact: ContactId,
        agent: AgentId,
        power: Power,
        number: u32,
    },
    /// `consent`: the version of the text that the customer agreed to.
    PowerGranted {
        contact: ContactId,
        agent: AgentId,
        power: Power,
        number: u32,
        consent: String,
    },
    PowerRefused {
        contact: ContactId,
        agent: AgentId,
        power: Power,
        number: u32,
    },
    /// A question, or a power that was granted.
    PowerEnded {
        contact: ContactId,
        agent: AgentId,
        power: Power,
        number: u32,
        end: PowerEnd,
    },
    /// The customer does not want to be pointed at anything.
    PointingStopped {
        contact: ContactId,
    },
    /// Somebody looks on beside the agent whose contact it is.
    WatchBegan {
        contact: ContactId,
        agent: AgentId,
        by: WatchBy,
    },
    WatchEnded {
        contact: ContactId,
        agent: AgentId,
        end: WatchEnd,
    },
    /// The customer was given a code with which an agent may look on.
    CodeMade {
        contact: ContactId,
    },
    Presence {
        agent: AgentId,
        presence: Presence,
    },
    SettingsChanged {
        version: u32,
    },
    Erased {
        contact: ContactId,
    },
    /// An agent had what was recorded of the contact shown.
    RecordingPlayed {
        contact: ContactId,
        agent: AgentId,
    },
}

/// Who or what ended a power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerEnd {
    Customer,
    Agent,
    /// The contact, its being shown, or the agent's part in it ended.
    Over,
}

/// By what right somebody looks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchBy {
    /// The role.
    Supervisor,
    /// A code that the customer gave.
    Code,
}

/// How looking on ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchEnd {
    /// The watcher left.
    Left,
    /// The contact, the watcher's shift or the role ended.
    Over,
}

/// The current state of a contact, without personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactRow {
    pub id: ContactId,
    pub channel: Channel,
    pub skill: String,
    /// Place in line: counts up per business with each request, never changes.
    pub place: u64,
    pub requested_at: Timestamp,
    /// Not before, not after.
    pub due: Option<(Timestamp, Timestamp)>,
    /// A second request for a number that has one already, or a number that opted out meanwhile: it looks
    /// alive to whoever made it, and is never dialled.
    pub merged: bool,
    pub attempts: u32,
    pub consent: String,
    pub sharing: bool,
    pub settings: u32,
    /// The agent who has (or last had) it.
    pub agent: Option<AgentId>,
    pub bridged_at: Option<Timestamp>,
    /// Milliseconds bridged, complete once ended.
    pub talked_ms: u64,
    pub ended_at: Option<Timestamp>,
    pub reason: Option<EndReason>,
    /// Nothing is left to do, wrap-up included.
    pub closed: bool,
    /// The state machine's own state, as `core` serialises it. `state.phase()` is what people are shown.
    pub state: crate::center::ContactState,
    /// When `state.phase()` began.
    #[serde(default)]
    pub phase_since: Timestamp,
    /// What agents may do in the page.
    #[serde(default)]
    pub lead: crate::center::LeadRow,
    /// Who looks on beside the agent whose contact it is.
    #[serde(default)]
    pub watch: Vec<crate::center::Watch>,
}

/// Personal data of a contact; erased as one. `Debug` tells only what is there, so that it can't leak into a log.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    pub e164: Option<String>,
    /// As people write it.
    pub number: Option<String>,
    /// ISO 3166 alpha-2 of the number.
    pub region: Option<String>,
    pub name: Option<String>,
    pub note: Option<String>,
    pub trail: Vec<PageView>,
    pub context: Option<String>,
    pub time_zone: Option<String>,
    pub language: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("e164", &self.e164.is_some())
            .field("region", &self.region)
            .field("name", &self.name.is_some())
            .field("note", &self.note.is_some())
            .field("trail", &self.trail.len())
            .field("context", &self.context.is_some())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProfile {
    pub id: AgentId,
    pub name: String,
    pub skills: BTreeSet<String>,
    /// May watch every contact of the business.
    #[serde(default)]
    pub supervisor: bool,
    /// May play what was recorded of customers' pages.
    #[serde(default)]
    pub plays_recordings: bool,
}

/// An agent's live state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStateRow {
    pub id: AgentId,
    pub presence: Presence,
    pub since: Timestamp,
    pub away_reason: Option<String>,
    pub station: Option<StationId>,
    pub contact: Option<ContactId>,
}

/// What a [`crate::Center`] is rebuilt from: rows that are not closed, and what its rules count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Of [`fingerprint`]s: the id of the business.
    pub salt: u128,
    pub business_name: String,
    /// The newest.
    pub settings: Settings,
    /// Those that open contacts started with.
    pub older_settings: Vec<Settings>,
    pub agents: Vec<AgentProfile>,
    pub agent_states: Vec<AgentStateRow>,
    /// Not closed, with their personal data.
    pub contacts: Vec<(ContactRow, Person)>,
    pub wrap_ups: BTreeMap<ContactId, WrapUp>,
    /// Legs of open contacts, and of the 24 hours before now or `last_at`, whichever is earlier (for the
    /// budget, and to hang up what may still be up). The number of one whose customer was erased is its
    /// [`fingerprint`].
    pub legs: Vec<LegRecord>,
    /// [`fingerprint`]s; numbers as they are in rows of version 0.1.
    pub opt_outs: BTreeSet<String>,
    /// Not expired: key, body, contact, expiry.
    pub idempotency: Vec<([u8; 32], [u8; 32], ContactId, Timestamp)>,
    /// The greatest `place` ever given.
    pub last_place: u64,
    /// Of the last event or sign of life ([`Change::Alive`]); the clock starts no earlier.
    pub last_at: Timestamp,
    /// Calls that each agent finished since midnight UTC: count, seconds, last end.
    pub today: BTreeMap<AgentId, (u32, u32, Timestamp)>,
}

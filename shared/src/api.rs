//! Bodies of the HTTP API (JSON), version 1.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, ContactId, LegId, RecordingId, Timestamp,
    contact::{CustomerStatus, EndReason, LegCause, Phase},
};

extern crate alloc;

/// How the customer wants to talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Telephone,
    /// Voice in the page.
    Browser,
    /// Not at all: the page is shown, with a code, to an agent with whom the customer talks anyway.
    Page,
}

/// `POST /api/v1/requests`, with an `Idempotency-Key` header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CallRequest {
    /// The business key of the script tag.
    pub business: String,
    pub channel: Channel,
    /// As typed, or E.164. Required for `telephone`.
    #[serde(default)]
    pub number: Option<String>,
    /// ISO 3166 alpha-2 region that a national number is read in; the business's default otherwise.
    #[serde(default)]
    pub region: Option<String>,
    /// What the customer calls itself, if it said so.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
    /// None means now.
    #[serde(default)]
    pub window: Option<Window>,
    /// Newest last.
    #[serde(default)]
    pub trail: Vec<PageView>,
    /// Cart or product data that the page offers: any JSON object, as text.
    #[serde(default)]
    pub context: Option<String>,
    /// A skill that the page names; refused unless the business listed it.
    #[serde(default)]
    pub skill: Option<String>,
    /// Version of the consent text that stood above the button.
    pub consent: String,
    /// IANA zone of the browser, e.g. `Europe/Berlin`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// BCP 47 tag of the page, e.g. `en`.
    #[serde(default)]
    pub language: Option<String>,
}

/// A time window in the customer's own zone. Source of the format: RFC 3339 partial date and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `2026-11-21`
    pub date: String,
    /// `09:30`, local
    pub from: String,
    /// `10:30`, local; earlier than `from` means past midnight
    pub until: String,
    /// IANA zone
    pub zone: String,
}

/// One page that the customer saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PageView {
    /// Secret-looking query values already removed.
    pub url: String,
    pub title: String,
    /// The browser's clock: advisory.
    pub at: Timestamp,
}

/// 201 of `POST /api/v1/requests`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallAccepted {
    pub contact: ContactId,
    /// The only thing that can resume, change or cancel the request. Never in a URL.
    pub token: String,
    pub status: CustomerStatus,
}

/// `POST /api/v1/numbers`: is this a number we would call?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NumberQuestion {
    pub business: String,
    pub number: String,
    #[serde(default)]
    pub region: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberAnswer {
    pub e164: String,
    /// `+49 30 23125 042`
    pub international: String,
    /// ISO 3166 alpha-2
    pub region: String,
}

/// `GET /api/v1/sites/{key}`: what the widget needs to know before it asks anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteInfo {
    /// Name for "Talk to ..."
    pub name: String,
    /// ISO 3166 alpha-2
    pub default_region: String,
    /// Regions that may be called; the country choice shows these.
    pub regions: Vec<String>,
    pub consent_version: String,
    /// What stands above the button.
    pub consent_text: String,
    /// Estimated seconds until a call, if asked for now; None when nobody is signed in.
    pub wait_seconds: Option<u32>,
    pub browser_voice: bool,
    /// Customers may show a page without asking for a call.
    #[serde(default)]
    pub show_page: bool,
    /// Telephones can be called from here.
    pub telephone: bool,
    /// Where to call by hand when the widget cannot run, E.164.
    pub fallback_number: Option<String>,
    /// Selectors that the business adds to the masking rules.
    pub mask_selectors: Vec<String>,
}

/// `GET /api/v1/sites/{key}/frames/{origin}`: a page of this site and one of that origin, one of which is in a frame of
/// the other, may be shown to agents as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameRules {
    /// How much is masked: `balanced`, `strict` or `off`.
    pub masking: String,
    /// What is masked besides, as recorders are told it.
    pub rules: Vec<String>,
}

/// An error, as RFC 9457 problem details (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference, `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened and what to do next, for a person.
    pub detail: String,
    /// Stable, machine-readable. Widgets in the field match on it.
    pub code: String,
    /// The field of the body that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds after which another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// With `proof_required`: what a proof must solve. With it the same request may be sent again at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofAsked>,
}

/// Work that a server under attack asks for. The seed is the SHA-256 of `challenge`; for each piece, from 0 on, a nonce
/// is looked for where SHA-256(seed, piece, nonce), both in 4 bytes, big end first, begins with `bits` zero bits. The
/// header `Ringside-Proof` of the next try is the challenge, a dot, and each nonce in 8 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofAsked {
    /// Counts once, within two minutes, for the same business and origin and from the same network.
    pub challenge: String,
    pub pieces: u8,
    pub bits: u8,
}

/// `POST /api/v1/session`
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Login name, unique in the installation.
    pub login: String,
    pub password: String,
}

/// Who is signed in. 200 of `POST` and `GET /api/v1/session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    pub agent: AgentId,
    pub name: String,
    pub login: String,
    pub business: String,
    /// Goes back in the `X-Ringside-Csrf` header of every request that changes something.
    pub csrf: String,
}

/// One line of the history. `GET /api/v1/contacts?search=&before=&limit=`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactSummary {
    pub contact: ContactId,
    pub channel: Channel,
    pub phase: Phase,
    pub reason: Option<EndReason>,
    pub requested_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Display form of the number, or None for voice in the page.
    pub number: Option<String>,
    pub name: Option<String>,
    pub note: Option<String>,
    pub agent: Option<String>,
    pub disposition: Option<String>,
    /// Seconds bridged.
    pub talk_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactPage {
    pub contacts: Vec<ContactSummary>,
    /// Pass as `before` to go on; None at the end.
    pub next: Option<String>,
}

/// `GET /api/v1/contacts/{id}`: everything that an agent may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactDetail {
    pub summary: ContactSummary,
    pub e164: Option<String>,
    /// ISO 3166 alpha-2 of the number.
    pub region: Option<String>,
    /// IANA zone of the customer's browser.
    pub time_zone: Option<String>,
    pub language: Option<String>,
    pub trail: Vec<PageView>,
    /// JSON text, as the page gave it. Hostile: show as text.
    pub context: Option<String>,
    /// Version of the consent text that stood above the button, and the text; None if nobody kept it.
    pub consent: String,
    #[serde(default)]
    pub consent_text: Option<String>,
    pub legs: Vec<LegRecord>,
    pub wrap_up: Option<WrapUp>,
    pub wrap_up_done: bool,
}

/// `GET /api/v1/contacts/{id}/recordings`: what was recorded of the co-browsing of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recordings {
    /// Oldest first: a contact that outlives a restart of the server, or whose page was away, has several.
    pub parts: Vec<RecordingPart>,
    /// Origins whose images, fonts and styles the replica may show.
    pub origins: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingPart {
    pub recording: RecordingId,
    pub began_at: Timestamp,
    /// False: it goes on still, or was cut off by a crash.
    pub whole: bool,
    pub segments: Vec<RecordingSegment>,
}

/// What is fetched at once: `GET /api/v1/contacts/{id}/recordings/{recording}/{segment}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingSegment {
    pub number: u32,
    pub from: Timestamp,
    pub until: Timestamp,
    pub bytes: u32,
}

/// `POST /api/v1/contacts/{id}/plays`: leave to play the recordings of a contact. It is on record who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlayGranted {
    /// Goes with each segment, in `X-Ringside-Play`.
    pub token: String,
    pub expires_at: Timestamp,
}

/// One leg, as it is billed and audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LegRecord {
    pub leg: LegId,
    pub contact: ContactId,
    pub party: Party,
    /// E.164, or None for a browser.
    pub number: Option<String>,
    pub agent: Option<AgentId>,
    pub started_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub bridged_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub cause: Option<LegCause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Customer,
    Agent,
}

/// What the agent makes of a contact. `PUT /api/v1/contacts/{id}/wrap-up` saves, `?done=true` also ends it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WrapUp {
    /// One of the business's dispositions; empty while undecided.
    pub disposition: String,
    pub notes: String,
    pub order: Vec<OrderLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    pub item: String,
    pub quantity: u32,
    /// In the currency's minor unit.
    pub unit_price: u64,
}

/// `POST /api/v1/handset` (demo only): the single-use code of a link to a virtual telephone.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandsetCode {
    pub code: String,
}

/// What the code is exchanged for: the token of `/ws/handset`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandsetToken {
    pub token: String,
}

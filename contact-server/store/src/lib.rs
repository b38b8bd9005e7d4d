//! What is kept. One trait, SQLite and Postgres behind it, one conformance suite for both.
//!
//! Every row belongs to a business and every read names it. [`Store::commit`] is the only way in for what
//! `core` decided: one transaction a batch, fenced by the `owner_epoch` of the business, durable when it
//! returns. Schemas: `migrations/sqlite`, `migrations/postgres`; forward only, expand then contract.
mod admin;
mod backend;
mod batch;
mod commit;
mod database;
mod erase;
#[cfg(debug_assertions)]
pub mod fail_point;
mod history;
mod inspect;
mod load;
#[cfg(test)]
mod plans;
mod postgres;
mod recordings;
mod records;
mod retention;
mod search;
mod sql;
mod sqlite;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
mod upkeep;

pub use inspect::{Inspection, Server, inspect};
pub use recordings::Recording;
pub use records::{Consent, Erasure, Records};

use std::sync::Arc;

use async_trait::async_trait;
use contact_core::{
    Settings,
    record::{AgentProfile, Change, ContactRow, Snapshot, TokenHash},
    retention::KeepOf,
};
use shared::{
    AgentId, BusinessId, ContactId, Timestamp,
    api::{ContactDetail, ContactPage},
    consent,
};

/// Counts up each time a process takes a business over; a commit with an older one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerEpoch(pub u64);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else owns the business now. Stop at once.
    #[error("another process owns this business now")]
    Fenced,
    /// A unique name (login, business key) is taken.
    #[error("{0} is taken")]
    Taken(&'static str),
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// The stored data do not decode: a newer version wrote them, or they are damaged.
    #[error("stored data of {0} cannot be read")]
    Corrupt(&'static str),
    /// What the caller gave cannot be read: a `before` that no page of ours gave, a URL of no database.
    #[error("{0} is not valid")]
    Invalid(&'static str),
    /// The database is away, full or read-only. Nothing was written.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What an operator sets for a business, beside its [`Settings`]. Stored as JSON: append fields with
/// `#[serde(default)]`, never rename.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Business {
    pub id: BusinessId,
    pub name: String,
    /// The public key in the script tag.
    pub key: String,
    /// Exact origins (`https://shop.example`) that may use the key and be led to.
    pub origins: Vec<String>,
    /// ISO 3166 alpha-2, for national numbers.
    pub default_region: String,
    pub fallback_number: Option<String>,
    pub consent_version: String,
    /// What stands above the button; None: [`consent::TEXT`].
    #[serde(default)]
    pub consent_text: Option<String>,
    /// ISO 4217
    pub currency: String,
    pub dispositions: Vec<String>,
    pub away_reasons: Vec<String>,
    pub browser_voice: bool,
    /// CSS selectors of regions that are masked.
    pub mask_selectors: Vec<String>,
    pub mask_strict: bool,
    /// Nothing is masked. It counts on a demo server alone.
    #[serde(default)]
    pub mask_off: bool,
    /// The dialer driver that places its calls; None: the server's.
    #[serde(default)]
    pub dialer: Option<String>,
    /// How long its customers' data are kept.
    #[serde(default)]
    pub keep: KeepOf,
    /// What its agents see of customers' pages is recorded, of customers who agreed to that.
    #[serde(default)]
    pub record_cobrowse: bool,
    /// Paths of pages that are never recorded; `*` is a part between slashes, `**` any number of them.
    #[serde(default = "payment_pages")]
    pub pause_recording: Vec<String>,
    /// What else is masked.
    #[serde(default)]
    pub masking: MaskingOf,
}

/// Where shops take money, unless one says otherwise.
pub fn payment_pages() -> Vec<String> {
    ["checkout", "payment", "payments", "pay", "billing"]
        .iter()
        .flat_map(|word| [format!("/**/{word}/**"), format!("/**/{word}-*/**")])
        .collect()
}

/// What a business has masked beside [`Business::mask_selectors`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct MaskingOf {
    /// CSS selectors of regions that are shown within masked ones, or where everything is masked.
    pub unmask_selectors: Vec<String>,
    /// CSS selectors of what is a labelled box.
    pub block_selectors: Vec<String>,
    /// Patterns of what is masked wherever it stands in text.
    pub texts: Vec<String>,
    /// Patterns of pages of which nothing is shown.
    pub hidden_pages: Vec<String>,
    /// Patterns of pages on which everything is masked.
    pub strict_pages: Vec<String>,
}

impl Business {
    pub fn consent_text(&self) -> &str {
        self.consent_text.as_deref().unwrap_or(consent::TEXT)
    }

    /// The version and the text that stand above the button now. Where co-browsing is recorded, they say so.
    pub fn consent(&self) -> (String, String) {
        match self.record_cobrowse {
            true => consent::with_recording(&self.consent_version, self.consent_text()),
            false => (self.consent_version.clone(), self.consent_text().to_owned()),
        }
    }
}

/// What `ringside admin` changes beside the [`Business`] itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub settings: Settings,
    pub agents: Vec<AgentProfile>,
}

#[derive(Clone)]
pub struct AgentLogin {
    pub agent: AgentId,
    pub business: BusinessId,
    pub login: String,
    pub name: String,
    /// May play what was recorded of customers' pages.
    pub plays_recordings: bool,
    /// PHC string (argon2id).
    pub password_hash: String,
}

/// A bearer token that is not a contact's: agent session, viewer, handset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub hash: TokenHash,
    pub business: BusinessId,
    pub scope: Scope,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Scope {
    AgentSession {
        agent: AgentId,
        csrf: String,
    },
    Viewer {
        agent: AgentId,
        contact: ContactId,
    },
    /// A single-use code from a link; using it takes it away.
    HandsetCode {
        e164: String,
    },
    Handset {
        e164: String,
    },
    /// A code that a customer reads to an agent, who may look on with it; using it takes it away.
    SessionCode {
        contact: ContactId,
    },
    /// May play what was recorded of one contact.
    Player {
        agent: AgentId,
        contact: ContactId,
    },
}

/// A prompt that a business uploaded: the rendered clip of its spoken name, or a whole prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptClip {
    /// `name`, `confirm`, `hold`, `sorry`, `opted_out` or `on_hold`.
    pub slot: String,
    /// RIFF WAV, mono, 8 or 16 kHz, 16 bit.
    pub wav: Vec<u8>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Matched against name, number (digits), note and wrap-up notes, without regard to case.
    pub search: Option<String>,
    /// The `next` of the page before.
    pub before: Option<String>,
    /// 1 to 100.
    pub limit: u32,
}

/// Opens a database by URL, creating its schema or bringing it up to date.
///
/// `sqlite:PATH` creates the file (readable by its owner alone) and its folder; the path is taken as it
/// stands. `sqlite::memory:` forgets everything when it is dropped. `postgres://USER:PASSWORD@HOST:PORT/NAME`
/// needs a database that exists.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let backend = if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
        sqlite::open(path.strip_prefix("//").unwrap_or(path)).await?
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        postgres::open(url).await?
    } else {
        return Err(StoreError::Invalid("the URL of the database"));
    };
    Ok(Arc::new(database::Kept { backend }))
}

#[async_trait]
pub trait Store: Send + Sync + 'static {
    // Businesses and agents: what `ringside admin` changes.
    async fn put_business(&self, business: &Business, settings: &Settings) -> Result<(), StoreError>;
    async fn businesses(&self) -> Result<Vec<Business>, StoreError>;
    async fn put_agent(
        &self,
        business: BusinessId,
        profile: &AgentProfile,
        login: &str,
        password_hash: &str,
    ) -> Result<(), StoreError>;
    /// Without regard to case.
    async fn find_login(&self, login: &str) -> Result<Option<AgentLogin>, StoreError>;
    async fn agent_login(
        &self,
        business: BusinessId,
        agent: AgentId,
    ) -> Result<Option<AgentLogin>, StoreError>;
    /// The newest settings and all agents of a business, without its contacts.
    async fn setup(&self, business: BusinessId) -> Result<Setup, StoreError>;
    /// Counts up with every `put_business`, `put_agent` and `put_prompt`, by whichever process: one cheap
    /// read, by which a running server notices what `ringside admin` has changed.
    async fn setup_version(&self) -> Result<u64, StoreError>;
    async fn put_prompt(&self, business: BusinessId, clip: &PromptClip) -> Result<(), StoreError>;
    async fn prompts(&self, business: BusinessId) -> Result<Vec<PromptClip>, StoreError>;

    // The engine.
    /// Takes the business over: from now on commits with an older epoch are refused.
    async fn claim(&self, business: BusinessId) -> Result<OwnerEpoch, StoreError>;
    async fn load(&self, business: BusinessId, now: Timestamp) -> Result<Snapshot, StoreError>;
    /// Writes all changes in one transaction and returns the `seq` of the last event of the business.
    /// Durable when it returns.
    async fn commit(
        &self,
        business: BusinessId,
        epoch: OwnerEpoch,
        changes: &[Change],
    ) -> Result<u64, StoreError>;

    // Tokens. A token that has expired at `now` is not found.
    async fn find_contact_token(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(BusinessId, ContactId)>, StoreError>;
    /// Another token for a contact, after a replayed request; the older ones are revoked.
    async fn replace_contact_token(
        &self,
        business: BusinessId,
        contact: ContactId,
        hash: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;
    /// A session code takes the place of its contact's before.
    async fn put_token(&self, token: &Token) -> Result<(), StoreError>;
    async fn find_token(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<Token>, StoreError>;
    /// Finds it and removes it, at most once even if two ask together.
    async fn take_token(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<Token>, StoreError>;
    async fn revoke_token(&self, hash: &TokenHash) -> Result<(), StoreError>;
    /// Ends the agent's sessions and whatever they opened (viewers).
    async fn revoke_agent_sessions(&self, business: BusinessId, agent: AgentId) -> Result<(), StoreError>;

    // Reading for people.
    /// Newest first. Merged requests are no calls of their own and left out.
    async fn history(&self, business: BusinessId, query: &HistoryQuery) -> Result<ContactPage, StoreError>;
    async fn contact(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<ContactDetail>, StoreError>;
    /// Its current state, without personal data.
    async fn contact_row(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<ContactRow>, StoreError>;
    /// Contacts of the same number before this one.
    async fn earlier_contacts(&self, business: BusinessId, contact: ContactId) -> Result<u32, StoreError>;
    /// Deletes tokens and idempotency keys that expired before `now`, and what stood for the numbers of erased
    /// customers' legs of more than a day ago.
    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError>;
    /// One cheap round trip, for `/readyz`.
    async fn ping(&self) -> Result<(), StoreError>;
    /// What operators ask.
    fn records(&self) -> &dyn Records;
}

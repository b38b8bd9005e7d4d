//! What is owed to customers: the text that they agreed to, what is kept of them, and its erasure; and the
//! upkeep that makes an erasure complete.
use std::path::Path;

use async_trait::async_trait;
use contact_core::record::fingerprint;
use shared::{BusinessId, ContactId, RecordingId, Timestamp, consent};

use crate::{
    StoreError,
    backend::Session,
    database::Kept,
    recordings::{self, Recording},
    retention,
    sql::{Row, args},
    table, upkeep,
};

/// A text that stood above the button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub version: String,
    pub text: String,
    /// When it was set.
    pub at: Timestamp,
}

/// An entry of the journal of erasures. It names contacts and no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: u128,
    pub business: BusinessId,
    pub contacts: Vec<ContactId>,
    pub asked_at: Timestamp,
    /// Somebody is at it.
    pub taken_at: Option<Timestamp>,
    /// The rows are erased.
    pub done_at: Option<Timestamp>,
}

const PROBE: &str = "UPDATE probe SET room = $1";
/// More than a commit of one request needs.
const PROBE_BYTES: usize = 128 << 10;
const CONTACTS_OF: &str = "SELECT contact FROM persons WHERE business = $1 AND e164 = $2 ORDER BY contact";
const OPTED_OUT: &str = "SELECT at FROM opt_outs WHERE business = $1 AND e164 IN ($2, $3)";
const TAKE: &str = "UPDATE erasures SET taken_at = $2 WHERE id = $1 AND taken_at IS NULL RETURNING asked_at";
const FINISH: &str = "UPDATE erasures SET done_at = $2, taken_at = COALESCE(taken_at, $2) WHERE id = $1";
const ERASURES: &str =
    "SELECT id, business, contacts, asked_at, taken_at, done_at FROM erasures ORDER BY asked_at, id";
const UNFINISHED: &str = "SELECT id, business, contacts, asked_at, taken_at, done_at FROM erasures \
     WHERE done_at IS NULL ORDER BY asked_at, id";
const DROP_ERASURES: &str = "DELETE FROM erasures WHERE asked_at < $1 AND done_at IS NOT NULL";
const CONSENTS: &str = "SELECT version, text, at FROM consents WHERE business = $1 ORDER BY at, version";
const CONSENT: &str = "SELECT text FROM consents WHERE business = $1 AND version = $2";
const PUT_CONSENT: &str = "INSERT INTO consents (business, version, text, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (business, version) DO NOTHING";

/// The part of a [`crate::Store`] that operators use, and no call.
#[async_trait]
pub trait Records: Send + Sync {
    /// All contacts that were requested for this number, merged ones included.
    async fn contacts_of(&self, business: BusinessId, e164: &str) -> Result<Vec<ContactId>, StoreError>;
    async fn opted_out(&self, business: BusinessId, e164: &str) -> Result<bool, StoreError>;
    /// Writes an erasure into the journal; whoever owns the business carries it out, as
    /// [`contact_core::Input::Erased`]. A running server notices it like a change of the setup.
    async fn ask_erasure(&self, erasure: &Erasure) -> Result<(), StoreError>;
    /// False if somebody is at it already.
    async fn take_erasure(&self, id: u128, at: Timestamp) -> Result<bool, StoreError>;
    async fn finish_erasure(&self, id: u128, at: Timestamp) -> Result<(), StoreError>;
    /// The journal, oldest first.
    async fn erasures(&self) -> Result<Vec<Erasure>, StoreError>;
    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StoreError>;
    /// A version keeps its text for ever: another one for it is [`StoreError::Taken`].
    async fn put_consent(&self, business: BusinessId, consent: &Consent) -> Result<(), StoreError>;
    /// Oldest first, without the built-in one.
    async fn consents(&self, business: BusinessId) -> Result<Vec<Consent>, StoreError>;
    /// Closed contacts that were requested before `before` and of whose customer anything is kept, oldest first.
    async fn expired_customers(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ContactId>, StoreError>;
    /// Deletes trail and context of such contacts, at most `limit`; returns of how many.
    async fn forget_trails(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError>;
    /// Deletes entries of the journal that are done and were asked for before `before`.
    async fn drop_erasures(&self, before: Timestamp) -> Result<(), StoreError>;
    /// Deletes contacts of which nothing personal is kept, with their legs, and events, each of before `before`: at most `limit` contacts and events. Returns the greater of the two counts.
    async fn drop_records(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError>;
    /// Writes a recording down before its first byte is. False: there is no such
    /// contact, or it was erased.
    async fn begin_recording(&self, business: BusinessId, recording: &Recording) -> Result<bool, StoreError>;
    /// Oldest first.
    async fn recordings_of(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Vec<Recording>, StoreError>;
    /// Those that began before `before`, oldest first.
    async fn expired_recordings(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Recording>, StoreError>;
    /// From here on nobody can read it.
    async fn drop_recording(&self, business: BusinessId, id: RecordingId) -> Result<(), StoreError>;
    /// Those whose keys are locked by another key of the server's than this one.
    async fn recordings_otherwise_locked(&self, lock: &str, limit: u32)
    -> Result<Vec<Recording>, StoreError>;
    /// Replaces the locked key.
    async fn lock_recording_anew(
        &self,
        business: BusinessId,
        recording: &Recording,
    ) -> Result<(), StoreError>;
    /// Makes what was deleted unreadable as well: SQLite's log is emptied into the file, whose freed bytes are
    /// overwritten; Postgres gives up its dead rows.
    async fn scrub(&self) -> Result<(), StoreError>;
    /// Writes a complete copy to a new file, which only its owner may read. SQLite alone.
    async fn backup(&self, to: &Path) -> Result<(), StoreError>;
    /// Can this database be written? What it writes is on disk when it returns, and means nothing. `whole`: as
    /// much as a commit would, for a disk on which a page still fits while a commit does not.
    async fn probe(&self, whole: bool) -> Result<(), StoreError>;
    /// Ends all connections. What is asked afterwards fails.
    async fn close(&self);
}

#[async_trait]
impl Records for Kept {
    async fn contacts_of(&self, business: BusinessId, e164: &str) -> Result<Vec<ContactId>, StoreError> {
        let key = args().id(business.0).text(e164);
        let rows = self.backend.rows("a contact", CONTACTS_OF, key).await?;
        rows.into_iter().map(|mut row| row.id().map(ContactId)).collect()
    }

    async fn opted_out(&self, business: BusinessId, e164: &str) -> Result<bool, StoreError> {
        let key = args().id(business.0).text(fingerprint(business.0, e164)).text(e164);
        Ok(!self.backend.rows("an opt-out", OPTED_OUT, key).await?.is_empty())
    }

    async fn ask_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let mut session = self.backend.write().await?;
        let row = args()
            .id(erasure.id)
            .id(erasure.business.0)
            .json(&erasure.contacts)?
            .time(erasure.asked_at)
            .maybe_time(erasure.taken_at)
            .maybe_time(erasure.done_at);
        let put = session.upsert(&table::ERASURES, vec![row]).await;
        put.map_err(|error| error.named("the erasure", "the business"))?;
        crate::admin::finish(session).await
    }

    async fn take_erasure(&self, id: u128, at: Timestamp) -> Result<bool, StoreError> {
        Ok(!self.backend.change("an erasure", TAKE, args().id(id).time(at)).await?.is_empty())
    }

    async fn finish_erasure(&self, id: u128, at: Timestamp) -> Result<(), StoreError> {
        self.backend.change("an erasure", FINISH, args().id(id).time(at)).await.map(drop)
    }

    async fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let rows = self.backend.rows("an erasure", ERASURES, args()).await?;
        rows.into_iter().map(erasure).collect()
    }

    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let rows = self.backend.rows("an erasure", UNFINISHED, args()).await?;
        rows.into_iter().map(erasure).collect()
    }

    async fn put_consent(&self, business: BusinessId, new: &Consent) -> Result<(), StoreError> {
        if new.version == consent::VERSION && new.text != consent::TEXT {
            return Err(StoreError::Taken("that version"));
        }
        let mut session = self.backend.write().await?;
        let row = args().id(business.0).text(new.version.as_str()).text(new.text.as_str()).time(new.at);
        let put = session.run(PUT_CONSENT, row).await;
        put.map_err(|error| error.named("that version", "the business"))?;
        if text_of(&mut session, business, &new.version).await?.as_deref() != Some(new.text.as_str()) {
            return Err(StoreError::Taken("that version"));
        }
        crate::admin::finish(session).await
    }

    async fn consents(&self, business: BusinessId) -> Result<Vec<Consent>, StoreError> {
        let rows = self.backend.rows("a consent", CONSENTS, args().id(business.0)).await?;
        let consent = |mut row: Row| Ok(Consent { version: row.text()?, text: row.text()?, at: row.time()? });
        rows.into_iter().map(consent).collect()
    }

    async fn expired_customers(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ContactId>, StoreError> {
        retention::customers(&self.backend, business, before, limit).await
    }

    async fn forget_trails(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        retention::trails(&self.backend, business, before, limit).await
    }

    async fn drop_records(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        retention::records(&self.backend, business, before, limit).await
    }

    async fn drop_erasures(&self, before: Timestamp) -> Result<(), StoreError> {
        self.backend.change("an erasure", DROP_ERASURES, args().time(before)).await.map(drop)
    }

    async fn begin_recording(&self, business: BusinessId, recording: &Recording) -> Result<bool, StoreError> {
        recordings::begin(&self.backend, business, recording).await
    }

    async fn recordings_of(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Vec<Recording>, StoreError> {
        recordings::of_contact(&self.backend, business, contact).await
    }

    async fn expired_recordings(
        &self,
        business: BusinessId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Recording>, StoreError> {
        recordings::expired(&self.backend, business, before, limit).await
    }

    async fn drop_recording(&self, business: BusinessId, id: RecordingId) -> Result<(), StoreError> {
        recordings::drop_one(&self.backend, business, id).await
    }

    async fn recordings_otherwise_locked(
        &self,
        lock: &str,
        limit: u32,
    ) -> Result<Vec<Recording>, StoreError> {
        recordings::otherwise_locked(&self.backend, lock, limit).await
    }

    async fn lock_recording_anew(
        &self,
        business: BusinessId,
        recording: &Recording,
    ) -> Result<(), StoreError> {
        recordings::lock_anew(&self.backend, business, recording).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        upkeep::scrub(&self.backend).await
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        upkeep::backup(&self.backend, to).await
    }

    async fn probe(&self, whole: bool) -> Result<(), StoreError> {
        // First something else than is there: SQLite writes nothing where nothing changes.
        let room = if whole { PROBE_BYTES } else { 1 };
        self.backend.change("nothing", PROBE, args().bytes(vec![1; room])).await?;
        self.backend.change("nothing", PROBE, args().bytes(Vec::new())).await.map(drop)
    }

    async fn close(&self) {
        self.backend.close().await;
    }
}

/// The text of a version, the built-in ones included.
pub(crate) async fn text_of(
    session: &mut Session,
    business: BusinessId,
    version: &str,
) -> Result<Option<String>, StoreError> {
    let base = version.strip_suffix(consent::RECORDING_SUFFIX);
    let plain = base.unwrap_or(version);
    let rows = session.rows("a consent", CONSENT, args().id(business.0).text(plain)).await?;
    let kept = rows.into_iter().next().map(|mut row| row.text()).transpose()?;
    let text = kept.or_else(|| (plain == consent::VERSION).then(|| consent::TEXT.to_owned()));
    Ok(text.map(|text| if base.is_some() { consent::with_recording(plain, &text).1 } else { text }))
}

fn erasure(mut row: Row) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        id: row.id()?,
        business: BusinessId(row.id()?),
        contacts: row.json()?,
        asked_at: row.time()?,
        taken_at: row.maybe_time()?,
        done_at: row.maybe_time()?,
    })
}

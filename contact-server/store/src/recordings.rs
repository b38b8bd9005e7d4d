//! What is kept of recordings beside their files: the key that opens each, itself locked by the server's. A recording
//! whose row is gone can be read by nobody.
use shared::{BusinessId, ContactId, RecordingId, Timestamp};

use crate::{
    StoreError,
    backend::Backend,
    sql::{Row, args},
};

/// One piece of a contact's recorded co-browsing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub id: RecordingId,
    pub business: BusinessId,
    pub contact: ContactId,
    pub began_at: Timestamp,
    /// Which of the server's keys locks [`Self::locked`].
    pub lock: String,
    /// The key of the recording, locked.
    pub locked: Vec<u8>,
}

/// Not of one that was erased meanwhile, of which nothing is held.
const BEGIN: &str = "INSERT INTO recordings (business, id, contact, began_at, lock, locked) \
     SELECT c.business, $2, c.id, $4, $5, $6 FROM contacts c WHERE c.business = $1 AND c.id = $3 AND c.holds > 0 \
     RETURNING began_at";
const OF_CONTACT: &str = "SELECT business, id, contact, began_at, lock, locked FROM recordings \
     WHERE business = $1 AND contact = $2 ORDER BY began_at, id";
const EXPIRED: &str = "SELECT business, id, contact, began_at, lock, locked FROM recordings \
     WHERE business = $1 AND began_at < $2 ORDER BY began_at, id LIMIT $3";
const OTHERWISE_LOCKED: &str = "SELECT business, id, contact, began_at, lock, locked FROM recordings \
     WHERE lock <> $1 ORDER BY business, id LIMIT $2";
const DROP: &str = "DELETE FROM recordings WHERE business = $1 AND id = $2";
const LOCK_ANEW: &str = "UPDATE recordings SET lock = $3, locked = $4 WHERE business = $1 AND id = $2";

pub(crate) async fn begin(
    backend: &Backend,
    business: BusinessId,
    recording: &Recording,
) -> Result<bool, StoreError> {
    let row = args()
        .id(business.0)
        .id(recording.id.0)
        .id(recording.contact.0)
        .time(recording.began_at)
        .text(recording.lock.as_str())
        .bytes(recording.locked.clone());
    Ok(!backend.change("a recording", BEGIN, row).await?.is_empty())
}

pub(crate) async fn of_contact(
    backend: &Backend,
    business: BusinessId,
    contact: ContactId,
) -> Result<Vec<Recording>, StoreError> {
    read(backend.rows("a recording", OF_CONTACT, args().id(business.0).id(contact.0)).await?)
}

pub(crate) async fn expired(
    backend: &Backend,
    business: BusinessId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Recording>, StoreError> {
    let key = args().id(business.0).time(before).number(limit.into());
    read(backend.rows("a recording", EXPIRED, key).await?)
}

pub(crate) async fn otherwise_locked(
    backend: &Backend,
    lock: &str,
    limit: u32,
) -> Result<Vec<Recording>, StoreError> {
    read(backend.rows("a recording", OTHERWISE_LOCKED, args().text(lock).number(limit.into())).await?)
}

pub(crate) async fn drop_one(
    backend: &Backend,
    business: BusinessId,
    id: RecordingId,
) -> Result<(), StoreError> {
    backend.change("a recording", DROP, args().id(business.0).id(id.0)).await.map(drop)
}

pub(crate) async fn lock_anew(
    backend: &Backend,
    business: BusinessId,
    recording: &Recording,
) -> Result<(), StoreError> {
    let key = args().id(business.0).id(recording.id.0);
    let row = key.text(recording.lock.as_str()).bytes(recording.locked.clone());
    backend.change("a recording", LOCK_ANEW, row).await.map(drop)
}

fn read(rows: Vec<Row>) -> Result<Vec<Recording>, StoreError> {
    rows.into_iter()
        .map(|mut row| {
            Ok(Recording {
                business: BusinessId(row.id()?),
                id: RecordingId(row.id()?),
                contact: ContactId(row.id()?),
                began_at: row.time()?,
                lock: row.text()?,
                locked: row.bytes()?,
            })
        })
        .collect()
}

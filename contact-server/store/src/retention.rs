//! What has been kept long enough: found and deleted in small transactions. Customers themselves go by an
//! erasure ([`crate::erase`]); here are the trails before it and the records after it.
use shared::{BusinessId, ContactId, Timestamp};

use crate::{
    StoreError,
    backend::{Backend, Session},
    sql::{Row, args},
    table,
};

/// Everything is still kept of a contact; all but trail and context; nothing.
const WITHOUT_TRAIL: u64 = 1;
const NOTHING: u64 = 0;

pub(crate) const CUSTOMERS: &str = "SELECT id FROM contacts WHERE business = $1 AND closed AND holds > 0 \
     AND holds IN (1, 2) AND requested_at < $2 ORDER BY requested_at, id LIMIT $3";
pub(crate) const TRAILS: &str = "SELECT id FROM contacts WHERE business = $1 AND closed AND holds > 0 \
     AND holds = 2 AND requested_at < $2 ORDER BY requested_at, id LIMIT $3";
pub(crate) const EMPTY: &str = "SELECT id FROM contacts WHERE business = $1 AND closed AND holds = 0 \
     AND requested_at < $2 ORDER BY requested_at, id LIMIT $3";
const HOLD: &str = "UPDATE contacts SET holds = $3 WHERE business = $1 AND id = $2";
const NO_CONTEXT: &str = "UPDATE persons SET context = NULL WHERE business = $1 AND contact = $2";
const DROP: &str = "DELETE FROM contacts WHERE business = $1 AND id = $2 AND closed AND holds = 0";
/// Times never go back along the numbers, so that the oldest stand first.
pub(crate) const OLDEST: &str = "SELECT seq, at FROM events WHERE business = $1 ORDER BY seq LIMIT $2";
const DROP_EVENTS: &str = "DELETE FROM events WHERE business = $1 AND seq <= $2";

/// Nothing personal is kept of it any more.
pub(crate) async fn emptied(
    session: &mut Session,
    business: u128,
    contact: ContactId,
) -> Result<(), StoreError> {
    session.run(HOLD, args().id(business).id(contact.0).number(NOTHING)).await
}

pub(crate) async fn customers(
    backend: &Backend,
    business: BusinessId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<ContactId>, StoreError> {
    let key = args().id(business.0).time(before).number(limit.into());
    let rows = backend.rows("a contact", CUSTOMERS, key).await?;
    rows.into_iter().map(|mut row| row.id().map(ContactId)).collect()
}

pub(crate) async fn trails(
    backend: &Backend,
    business: BusinessId,
    before: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let mut session = backend.write().await?;
    let due = due(&mut session, TRAILS, business, before, limit).await?;
    session.delete(&table::PAGE_VIEWS, business.0, "contact", due.clone()).await?;
    for &contact in &due {
        session.run(NO_CONTEXT, args().id(business.0).id(contact)).await?;
        session.run(HOLD, args().id(business.0).id(contact).number(WITHOUT_TRAIL)).await?;
    }
    session.commit().await?;
    Ok(count(due.len()))
}

pub(crate) async fn records(
    backend: &Backend,
    business: BusinessId,
    before: Timestamp,
    limit: u32,
) -> Result<u32, StoreError> {
    let mut session = backend.write().await?;
    let due = due(&mut session, EMPTY, business, before, limit).await?;
    for &contact in &due {
        session.run(DROP, args().id(business.0).id(contact)).await?;
    }
    let oldest = session.rows("an event", OLDEST, args().id(business.0).number(limit.into())).await?;
    let mut events = 0;
    let mut last = None;
    for mut row in oldest {
        let (seq, at) = (row.number()?, row.time()?);
        if at >= before {
            break;
        }
        events += 1;
        last = Some(seq);
    }
    if let Some(last) = last {
        session.run(DROP_EVENTS, args().id(business.0).number(last)).await?;
    }
    session.commit().await?;
    Ok(count(due.len()).max(events))
}

async fn due(
    session: &mut Session,
    sql: &'static str,
    business: BusinessId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<u128>, StoreError> {
    let key = args().id(business.0).time(before).number(limit.into());
    session.rows("a contact", sql, key).await?.iter_mut().map(Row::id).collect()
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

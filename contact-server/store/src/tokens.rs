//! Bearer tokens, by their hashes. A hash is the only name that a reader has, so lookups by it tell the
//! business instead of asking for it.
use contact_core::record::TokenHash;
use shared::{AgentId, BusinessId, ContactId, Timestamp};

use crate::{
    Scope, StoreError, Token,
    backend::Backend,
    load::DAY,
    sql::{Row, args},
    table,
};

/// Rows that one statement of a sweep deletes: SQLite's one writer is never held for long.
const SWEEP_ROWS: u64 = 1_000;

const FIND_CONTACT: &str = "SELECT business, contact FROM contact_tokens WHERE hash = $1 AND expires_at > $2";
const FIND: &str = "SELECT hash, business, scope, expires_at FROM tokens WHERE hash = $1 AND expires_at > $2";
const TAKE: &str = "DELETE FROM tokens WHERE hash = $1 AND expires_at > $2 \
     RETURNING hash, business, scope, expires_at";
const REVOKE: &str = "DELETE FROM tokens WHERE hash = $1";
const REVOKE_AGENT: &str = "DELETE FROM tokens WHERE business = $1 AND agent = $2";
/// One row for each dial of the last day to somebody who was erased since.
const FORGET_LEGS: &str = "DELETE FROM erased_legs WHERE started_at <= $1";
/// What expires, and its key.
const EXPIRING: [(&str, &str); 3] =
    [("tokens", "hash"), ("contact_tokens", "hash"), ("idempotency", "business, request")];

pub(crate) async fn find_contact(
    backend: &Backend,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<(BusinessId, ContactId)>, StoreError> {
    let rows = backend.rows("a contact's token", FIND_CONTACT, args().bytes(*hash).time(now)).await?;
    let found = |mut row: Row| Ok((BusinessId(row.id()?), ContactId(row.id()?)));
    rows.into_iter().next().map(found).transpose()
}

pub(crate) async fn replace_contact(
    backend: &Backend,
    business: BusinessId,
    contact: ContactId,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let mut session = backend.write().await?;
    session.delete(&table::CONTACT_TOKENS, business.0, "contact", vec![contact.0]).await?;
    let row = args().bytes(*hash).id(business.0).id(contact.0).time(expires_at);
    let put = session.upsert(&table::CONTACT_TOKENS, vec![row]).await;
    put.map_err(|error| error.named("the token", "the contact"))?;
    session.commit().await
}

pub(crate) async fn put(backend: &Backend, token: &Token) -> Result<(), StoreError> {
    let agent = match &token.scope {
        Scope::AgentSession { agent, .. } | Scope::Viewer { agent, .. } | Scope::Player { agent, .. } => {
            Some(agent.0)
        }
        // A contact's id is no agent's.
        Scope::SessionCode { contact } => Some(contact.0),
        Scope::HandsetCode { .. } | Scope::Handset { .. } => None,
    };
    let row = args()
        .bytes(token.hash)
        .id(token.business.0)
        .maybe_id(agent)
        .json(&token.scope)?
        .time(token.expires_at);
    if let Scope::SessionCode { contact } = token.scope {
        let mut session = backend.write().await?;
        session.delete(&table::TOKENS, token.business.0, "agent", vec![contact.0]).await?;
        let put = session.upsert(&table::TOKENS, vec![row]).await;
        put.map_err(|error| error.named("the token", "the business"))?;
        return session.commit().await;
    }
    let put = backend.change("a token", table::TOKENS.upsert(1), row).await;
    put.map(drop).map_err(|error| error.named("the token", "the business"))
}

pub(crate) async fn find(
    backend: &Backend,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Token>, StoreError> {
    let rows = backend.rows("a token", FIND, args().bytes(*hash).time(now)).await?;
    rows.into_iter().next().map(token).transpose()
}

pub(crate) async fn take(
    backend: &Backend,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Token>, StoreError> {
    let rows = backend.change("a token", TAKE, args().bytes(*hash).time(now)).await?;
    rows.into_iter().next().map(token).transpose()
}

fn token(mut row: Row) -> Result<Token, StoreError> {
    let (hash, business) = (row.hash()?, BusinessId(row.id()?));
    Ok(Token { hash, business, scope: row.json()?, expires_at: row.time()? })
}

pub(crate) async fn revoke(backend: &Backend, hash: &TokenHash) -> Result<(), StoreError> {
    backend.change("a token", REVOKE, args().bytes(*hash)).await.map(drop)
}

pub(crate) async fn revoke_agent(
    backend: &Backend,
    business: BusinessId,
    agent: AgentId,
) -> Result<(), StoreError> {
    backend.change("a token", REVOKE_AGENT, args().id(business.0).id(agent.0)).await.map(drop)
}

pub(crate) async fn sweep(backend: &Backend, now: Timestamp) -> Result<(), StoreError> {
    for (table, key) in EXPIRING {
        let locked = backend.skip_locked();
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE expires_at <= $1 LIMIT $2{locked}) RETURNING expires_at"
        );
        while backend.change("an expiry", sql.clone(), args().time(now).number(SWEEP_ROWS)).await?.len()
            as u64
            == SWEEP_ROWS
        {}
    }
    let day_ago = Timestamp(now.0.saturating_sub(DAY.as_millis() as u64));
    backend.change("an erased leg", FORGET_LEGS, args().time(day_ago)).await.map(drop)
}

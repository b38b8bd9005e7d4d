//! A business and the rows that the tests write for it.
use std::sync::Arc;

use contact_core::{
    Settings,
    center::ContactState,
    record::{AgentProfile, AgentStateRow, Change, ContactRow, Event, Person, fingerprint},
};
use shared::{
    AgentId, BusinessId, ContactId, LegId, Timestamp,
    api::{LegRecord, PageView, Party, WrapUp},
    contact::{EndReason, LegCause, Presence},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use store::{Business, OwnerEpoch, PromptClip, Scope, Store, Token};

/// 2026-11-20 12:00 UTC
pub(crate) const NOON: Timestamp = Timestamp(1_795_176_000_000);
pub(crate) const SHOP: BusinessId = BusinessId(0x5109);
pub(crate) const OTHER: BusinessId = BusinessId(0x07E4);
pub(crate) const ANNA: AgentId = AgentId(0xA22A);

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp(NOON.0 + seconds * 1000)
}

pub(crate) fn business(id: BusinessId) -> Business {
    Business {
        id,
        name: format!("Shop {id}"),
        key: format!("key-{id}"),
        origins: vec!["https://shop.example".into()],
        default_region: "DE".into(),
        fallback_number: Some("+4930231250".into()),
        consent_version: "1".into(),
        consent_text: None,
        currency: "EUR".into(),
        dispositions: vec!["Order".into()],
        away_reasons: vec!["Break".into()],
        browser_voice: true,
        mask_selectors: vec![".secret".into()],
        mask_strict: false,
        mask_off: false,
        dialer: None,
        keep: Default::default(),
        record_cobrowse: false,
        pause_recording: store::payment_pages(),
        masking: Default::default(),
    }
}

/// A business that this process owns.
pub(crate) async fn owned(store: &Arc<dyn Store>, id: BusinessId) -> OwnerEpoch {
    store.put_business(&business(id), &Settings::default()).await.unwrap();
    store.claim(id).await.unwrap()
}

pub(crate) fn profile(id: AgentId, name: &str) -> AgentProfile {
    AgentProfile {
        id,
        name: name.into(),
        skills: ["french".to_owned()].into(),
        supervisor: false,
        plays_recordings: false,
    }
}

/// An open contact, requested `id` seconds after noon. Written as JSON, as an older version stored it: fields
/// that were appended since must have a default.
pub(crate) fn contact(id: u128) -> ContactRow {
    let row = serde_json::json!({
        "id": ContactId(id), "channel": "telephone", "skill": "", "place": id as u64, "requested_at": at(id as u64),
        "due": null, "merged": false, "attempts": 1, "consent": "1", "sharing": true, "settings": 1, "agent": null,
        "bridged_at": null, "talked_ms": 0, "ended_at": null, "reason": null, "closed": false,
        "state": { "state": "waiting", "not_before": null },
    });
    serde_json::from_value(row).expect("a stored row stays readable")
}

/// One that Anna served for `talked` seconds.
pub(crate) fn served(id: u128, talked: u64) -> ContactRow {
    ContactRow {
        agent: Some(ANNA),
        bridged_at: Some(at(id as u64)),
        talked_ms: talked * 1000,
        ended_at: Some(at(id as u64 + talked)),
        reason: Some(EndReason::Completed),
        closed: true,
        state: ContactState::Ended,
        ..contact(id)
    }
}

pub(crate) fn person(name: &str, e164: &str) -> Person {
    Person {
        e164: Some(e164.into()),
        number: Some(format!("{e164} as written")),
        region: Some("DE".into()),
        name: Some(name.into()),
        note: Some("The blue one".into()),
        trail: vec![view(1), view(2)],
        context: Some(r#"{"cart": 1}"#.into()),
        time_zone: Some("Europe/Berlin".into()),
        language: Some("de".into()),
    }
}

pub(crate) fn view(seconds: u64) -> PageView {
    PageView {
        url: format!("https://shop.example/{seconds}"),
        title: format!("Page {seconds}"),
        at: at(seconds),
    }
}

pub(crate) fn wrap_up(disposition: &str, notes: &str) -> WrapUp {
    WrapUp { disposition: disposition.into(), notes: notes.into(), order: Vec::new() }
}

pub(crate) fn ended(id: u128, seconds: u64) -> Change {
    Change::Event(at(seconds), Event::Ended { contact: ContactId(id), reason: EndReason::Completed })
}

pub(crate) fn leg(id: u128, contact: u128, started_at: Timestamp) -> LegRecord {
    LegRecord {
        leg: LegId(id),
        contact: ContactId(contact),
        party: Party::Customer,
        number: Some("+4930231251".into()),
        agent: None,
        started_at,
        answered_at: None,
        bridged_at: None,
        ended_at: None,
        cause: Some(LegCause::NoAnswer),
    }
}

pub(crate) fn token(byte: u8, business: BusinessId, scope: Scope) -> Token {
    Token { hash: [byte; 32], business, scope, expires_at: at(60) }
}

/// One of everything; a second time it is the same again.
pub(crate) async fn fill(store: &Arc<dyn Store>, business: BusinessId) {
    let epoch = owned(store, business).await;
    store.put_agent(business, &profile(ANNA, "Anna"), "anna", "hash").await.unwrap();
    store.put_prompt(business, &PromptClip { slot: "name".into(), wav: vec![1] }).await.unwrap();
    store
        .put_token(&token(2, business, Scope::AgentSession { agent: ANNA, csrf: "c".into() }))
        .await
        .unwrap();
    let changes = [
        ended(1, 1),
        Change::AgentState(state(ANNA, Presence::Ready)),
        Change::Contact(contact(1)),
        Change::Contact(served(2, 9)),
        Change::Person(ContactId(1), person("Ada", "+4930231251")),
        Change::Person(ContactId(2), person("Ada", "+4930231251")),
        Change::PageViewed(ContactId(1), view(3)),
        Change::WrapUp { contact: ContactId(1), agent: ANNA, wrap_up: wrap_up("Order", "Two"), done: false },
        Change::Leg(leg(1, 1, at(1))),
        Change::ContactToken { hash: [1; 32], contact: ContactId(1), expires_at: at(60) },
        Change::Idempotency { key: [1; 32], body: [2; 32], contact: ContactId(1), expires_at: at(60) },
        Change::OptOut { e164: "+4930231259".into(), at: NOON },
    ];
    store.commit(business, epoch, &changes).await.unwrap();
    let snapshot = store.load(business, NOON).await.unwrap();
    assert_eq!(snapshot.opt_outs, [fingerprint(business.0, "+4930231259")].into());
    assert_eq!(snapshot.wrap_ups, [(ContactId(1), wrap_up("Order", "Two"))].into());
}

pub(crate) fn state(id: AgentId, presence: Presence) -> AgentStateRow {
    AgentStateRow { id, presence, since: NOON, away_reason: None, station: None, contact: None }
}

/// How many events a business has, and the last one's number.
pub(crate) async fn events(url: &str, business: BusinessId) -> (i64, i64) {
    let sql = format!("SELECT COUNT(*), MAX(seq) FROM events WHERE business = {}", literal(url, business.0));
    let sql = AssertSqlSafe(sql);
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap()
    }
}

/// Runs SQL past the store, as a damaged disk or a careless hand would. SHORT is a blob of one byte.
pub(crate) async fn tamper(url: &str, sql: &str) {
    let short = if url.starts_with("sqlite:") { "x'00'" } else { r"'\x00'::bytea" };
    let sql = AssertSqlSafe(sql.replace("SHORT", short));
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

fn literal(url: &str, id: u128) -> String {
    if url.starts_with("sqlite:") { format!("x'{id:032x}'") } else { format!("'\\x{id:032x}'::bytea") }
}

/// Of a contact of the shop, begun `id` minutes after noon.
pub(crate) fn recording(id: u128, contact: u128) -> store::Recording {
    store::Recording {
        id: shared::RecordingId(id),
        business: SHOP,
        contact: ContactId(contact),
        began_at: at(id as u64 * 60),
        lock: "2026-11".into(),
        locked: vec![id as u8; 60],
    }
}

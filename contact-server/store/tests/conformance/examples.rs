//! A business and the rows that the tests write for it.
use std::sync::Arc;

use contact_core::{
    Settings,
    record::{AgentProfile, Change, ContactRow, Event, Person},
};
use shared::{
    AgentId, BusinessId, ContactId, Timestamp,
    api::{Channel, PageView, WrapUp},
    contact::EndReason,
};
use store::{Business, OwnerEpoch, Store};

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
        currency: "EUR".into(),
        dispositions: vec!["Order".into()],
        away_reasons: vec!["Break".into()],
        browser_voice: true,
        mask_selectors: vec![".secret".into()],
        mask_strict: false,
    }
}

/// A business that this process owns.
pub(crate) async fn owned(store: &Arc<dyn Store>, id: BusinessId) -> OwnerEpoch {
    store.put_business(&business(id), &Settings::default()).await.unwrap();
    store.claim(id).await.unwrap()
}

pub(crate) fn profile(id: AgentId, name: &str) -> AgentProfile {
    AgentProfile { id, name: name.into(), skills: ["french".to_owned()].into() }
}

/// An open contact, requested `id` seconds after noon.
pub(crate) fn contact(id: u128) -> ContactRow {
    ContactRow {
        id: ContactId(id),
        channel: Channel::Telephone,
        skill: String::new(),
        place: id as u64,
        requested_at: at(id as u64),
        due: None,
        merged: false,
        attempts: 1,
        consent: "1".into(),
        sharing: true,
        settings: 1,
        agent: None,
        bridged_at: None,
        talked_ms: 0,
        ended_at: None,
        reason: None,
        closed: false,
        state: serde_json::from_str("\"Waiting\"").unwrap(),
    }
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

use std::time::Duration;

use contact_core::{
    Settings,
    record::{Change, Event},
};
use shared::{ContactId, LegId, Timestamp, contact::Presence, limits::TRAIL_PAGES};
use store::{Scope, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn closed_contacts_are_left_out(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let changes = [
        Change::Contact(contact(1)),
        Change::Contact(served(2, 30)),
        Change::WrapUp { contact: ContactId(1), agent: ANNA, wrap_up: wrap_up("Order", ""), done: false },
        Change::WrapUp { contact: ContactId(2), agent: ANNA, wrap_up: wrap_up("Order", ""), done: true },
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let snapshot = db.store.load(SHOP, NOON).await.unwrap();
    assert_eq!(snapshot.contacts.iter().map(|(row, _)| row.id).collect::<Vec<_>>(), [ContactId(1)]);
    assert_eq!(snapshot.wrap_ups.keys().copied().collect::<Vec<_>>(), [ContactId(1)]);
    assert_eq!(snapshot.last_place, 2, "places are never given again");
}

pub(crate) async fn legs_of_the_last_day_are_kept_for_the_budget(db: TestDatabase) {
    const DAY: u64 = 24 * 3600 * 1000;
    let epoch = owned(&db.store, SHOP).await;
    let changes = [
        Change::Contact(contact(1)),
        Change::Contact(served(2, 30)),
        Change::Leg(leg(1, 1, Timestamp(NOON.0 - 2 * DAY))),
        Change::Leg(leg(2, 2, Timestamp(NOON.0 - DAY))),
        Change::Leg(leg(3, 2, Timestamp(NOON.0 - DAY - 1))),
        Change::Event(NOON, Event::SettingsChanged { version: 1 }),
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let legs = db.store.load(SHOP, NOON).await.unwrap().legs;
    assert_eq!(legs.iter().map(|leg| leg.leg).collect::<Vec<_>>(), [LegId(1), LegId(2)]);
}

/// A server that was down for days hangs up what it left, and its clock may have been set back meanwhile.
pub(crate) async fn legs_of_the_day_before_the_last_event_are_kept_and_today_is_no_earlier(db: TestDatabase) {
    const DAY: u64 = 24 * 3600 * 1000;
    let epoch = owned(&db.store, SHOP).await;
    let mut yesterday = served(3, 50);
    yesterday.ended_at = Some(Timestamp(NOON.0 - DAY));
    let last = Change::Event(NOON, Event::SettingsChanged { version: 1 });
    let old = Change::Leg(leg(1, 3, Timestamp(NOON.0 - DAY)));
    let changes = [Change::Contact(served(1, 30)), Change::Contact(yesterday), old, last];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let late = db.store.load(SHOP, Timestamp(NOON.0 + 3 * DAY)).await.unwrap();
    assert_eq!(late.legs.len(), 1);
    let set_back = db.store.load(SHOP, Timestamp(NOON.0 - DAY)).await.unwrap();
    assert_eq!(set_back.today.get(&ANNA).map(|(calls, ..)| *calls), Some(1));
}

pub(crate) async fn settings_of_open_contacts_come_with_the_newest(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let version = |version| Settings {
        version,
        ring_agent: Duration::from_secs(version.into()),
        ..Settings::default()
    };
    let mut changes: Vec<Change> = (2..=4).map(|n| Change::Settings(version(n))).collect();
    let mut old = contact(1);
    old.settings = 2;
    let mut closed = served(2, 1);
    closed.settings = 3;
    changes.extend([Change::Contact(old), Change::Contact(closed)]);
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let snapshot = db.store.load(SHOP, NOON).await.unwrap();
    assert_eq!(snapshot.settings, version(4));
    assert_eq!(snapshot.older_settings, [version(2)]);
}

pub(crate) async fn today_counts_what_ended_since_midnight_and_was_bridged(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let midnight = Timestamp(NOON.0 - 12 * 3600 * 1000);
    let mut yesterday = served(3, 50);
    yesterday.ended_at = Some(Timestamp(midnight.0 - 1));
    let mut at_midnight = served(4, 7);
    at_midnight.ended_at = Some(midnight);
    let mut abandoned = served(5, 0);
    abandoned.bridged_at = None;
    let changes = [served(1, 30), served(2, 100), yesterday, at_midnight, abandoned].map(Change::Contact);
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let today = db.store.load(SHOP, at(300)).await.unwrap().today;
    assert_eq!(today, [(ANNA, (3, 137, at(102)))].into());
}

pub(crate) async fn a_trail_holds_its_newest_pages(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let first = [Change::Contact(contact(1)), Change::Person(ContactId(1), person("Ada", "+491"))];
    db.store.commit(SHOP, epoch, &first).await.unwrap();
    // Browsers' clocks may run backwards: the order is that of arrival.
    for seconds in (10..10 + TRAIL_PAGES as u64).rev() {
        db.store.commit(SHOP, epoch, &[Change::PageViewed(ContactId(1), view(seconds))]).await.unwrap();
    }
    let trail = db.store.load(SHOP, NOON).await.unwrap().contacts.remove(0).1.trail;
    assert_eq!(trail, (10..10 + TRAIL_PAGES as u64).rev().map(view).collect::<Vec<_>>());
}

pub(crate) async fn a_removed_agent_is_gone_and_can_come_back(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let anna = profile(ANNA, "Anna");
    db.store.put_agent(SHOP, &anna, "anna", "hash").await.unwrap();
    let session = token(7, SHOP, Scope::AgentSession { agent: ANNA, csrf: "c".into() });
    db.store.put_token(&session).await.unwrap();
    let changes = [Change::AgentState(state(ANNA, Presence::Ready)), Change::Contact(served(1, 5))];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();

    db.store.commit(SHOP, epoch, &[Change::AgentRemoved(ANNA)]).await.unwrap();
    let snapshot = db.store.load(SHOP, NOON).await.unwrap();
    assert!(snapshot.agents.is_empty() && snapshot.agent_states.is_empty());
    assert!(db.store.find_login("anna").await.unwrap().is_none());
    assert_eq!(db.store.find_token(&session.hash, NOON).await.unwrap(), None);
    let old_call = db.store.contact(SHOP, ContactId(1)).await.unwrap().unwrap();
    assert_eq!(old_call.summary.agent.as_deref(), Some("Anna"), "who served stays in the history");

    db.store.put_agent(SHOP, &anna, "anna", "hash").await.unwrap();
    assert_eq!(db.store.load(SHOP, NOON).await.unwrap().agents, [anna]);
}

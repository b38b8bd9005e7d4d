use contact_core::record::{Change, ContactRow};
use shared::{ContactId, Timestamp};
use store::{Erasure, testing::TestDatabase};

use crate::examples::*;

/// Everything of these tests was requested within the hour.
const ALL: Timestamp = Timestamp(NOON.0 + 3_600_000);
const MANY: u32 = 100;

/// Contacts 11 to 14, served one after the other, and 15, which is still open; all of Ada.
async fn some(db: &TestDatabase) {
    fill(&db.store, SHOP).await;
    let epoch = db.store.claim(SHOP).await.unwrap();
    let rows = [served(11, 1), served(12, 1), ContactRow { merged: true, ..served(13, 1) }, served(14, 1)];
    let mut changes: Vec<Change> = rows.into_iter().map(Change::Contact).collect();
    changes.push(Change::Contact(contact(15)));
    for id in 11..=15 {
        changes.push(Change::Person(ContactId(id), person("Ada", "+4930231251")));
        changes.push(Change::PageViewed(ContactId(id), view(3)));
        changes.push(Change::Leg(leg(id, id, at(1))));
        changes.push(ended(id, id as u64));
    }
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
}

fn ids(ids: &[u128]) -> Vec<ContactId> {
    ids.iter().copied().map(ContactId).collect()
}

pub(crate) async fn who_is_due_is_closed_old_and_kept_and_the_oldest_comes_first(db: TestDatabase) {
    some(&db).await;
    let records = db.store.records();
    // 2 is the served one of `fill`.
    assert_eq!(records.expired_customers(SHOP, ALL, MANY).await.unwrap(), ids(&[2, 11, 12, 13, 14]));
    assert_eq!(records.expired_customers(SHOP, ALL, 2).await.unwrap(), ids(&[2, 11]));
    assert_eq!(records.expired_customers(SHOP, at(12), MANY).await.unwrap(), ids(&[2, 11]));
    assert_eq!(records.expired_customers(OTHER, ALL, MANY).await.unwrap(), []);
    let epoch = db.store.claim(SHOP).await.unwrap();
    let gone: Vec<Change> = ids(&[2, 11, 13]).into_iter().map(Change::Erased).collect();
    db.store.commit(SHOP, epoch, &gone).await.unwrap();
    assert_eq!(records.expired_customers(SHOP, ALL, MANY).await.unwrap(), ids(&[12, 14]));
    // What is written of a contact later does not bring it back.
    db.store.commit(SHOP, epoch, &[Change::Contact(served(11, 2))]).await.unwrap();
    assert_eq!(records.expired_customers(SHOP, ALL, MANY).await.unwrap(), ids(&[12, 14]));
}

pub(crate) async fn a_trail_goes_before_its_customer(db: TestDatabase) {
    some(&db).await;
    let records = db.store.records();
    assert_eq!(records.forget_trails(SHOP, at(12), MANY).await.unwrap(), 2);
    let old = db.store.contact(SHOP, ContactId(11)).await.unwrap().unwrap();
    assert_eq!((old.trail.len(), old.context), (0, None));
    assert_eq!(old.summary.name.as_deref(), Some("Ada"));
    let young = db.store.contact(SHOP, ContactId(12)).await.unwrap().unwrap();
    assert!(young.trail.len() == 3 && young.context.is_some(), "{young:?}");
    assert_eq!(records.forget_trails(SHOP, at(12), MANY).await.unwrap(), 0, "once");
    assert_eq!(records.forget_trails(SHOP, ALL, 1).await.unwrap(), 1, "no more than asked");
    assert_eq!(records.forget_trails(OTHER, ALL, MANY).await.unwrap(), 0);
    assert_eq!(records.expired_customers(SHOP, ALL, MANY).await.unwrap().len(), 5, "the customers stay");
    let open = db.store.contact(SHOP, ContactId(15)).await.unwrap().unwrap();
    assert!(!open.trail.is_empty(), "a contact that is open keeps its own");
}

pub(crate) async fn a_record_goes_once_nobody_is_named_in_it(db: TestDatabase) {
    some(&db).await;
    let records = db.store.records();
    let (before, last) = events(&db.url, SHOP).await;
    assert_eq!(before, 6);
    // Events go by their own times, contacts only without their customer.
    assert_eq!(records.drop_records(SHOP, at(12), MANY).await.unwrap(), 2);
    assert_eq!(events(&db.url, SHOP).await, (4, last));
    assert!(db.store.contact(SHOP, ContactId(11)).await.unwrap().is_some(), "it still names somebody");
    let epoch = db.store.claim(SHOP).await.unwrap();
    let gone: Vec<Change> = ids(&[11, 12]).into_iter().map(Change::Erased).collect();
    db.store.commit(SHOP, epoch, &gone).await.unwrap();
    let erasure = |id, done_at| Erasure {
        id,
        business: SHOP,
        contacts: ids(&[11]),
        asked_at: NOON,
        taken_at: Some(NOON),
        done_at,
    };
    records.ask_erasure(&erasure(1, Some(NOON))).await.unwrap();
    records.ask_erasure(&erasure(2, None)).await.unwrap();
    records.ask_erasure(&Erasure { asked_at: at(13), ..erasure(3, Some(at(13))) }).await.unwrap();
    records.drop_records(SHOP, at(12), MANY).await.unwrap();
    assert_eq!(records.erasures().await.unwrap().len(), 3, "they have a time of their own");
    records.drop_erasures(at(12)).await.unwrap();
    assert_eq!(db.store.contact(SHOP, ContactId(11)).await.unwrap(), None);
    let younger = db.store.contact(SHOP, ContactId(12)).await.unwrap().unwrap();
    assert_eq!(younger.legs.len(), 1, "a younger one has its records");
    let left: Vec<u128> = records.erasures().await.unwrap().iter().map(|erasure| erasure.id).collect();
    assert_eq!(left, [2, 3], "what is unfinished stays, and what is younger");
    db.store.commit(SHOP, epoch, &[ended(12, 100)]).await.unwrap();
    assert_eq!(events(&db.url, SHOP).await.1, last + 1, "numbers go on");
}

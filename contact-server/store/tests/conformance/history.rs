use contact_core::record::Change;
use shared::{ContactId, LegId};
use store::{HistoryQuery, StoreError, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn a_search_finds_name_number_note_and_wrap_up(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let mut ada = person("Ada Ärger", "+4930231251");
    ada.note = Some("Where is my  BLUE parcel?".into());
    let changes = [
        Change::Contact(contact(1)),
        Change::Person(ContactId(1), ada),
        Change::Contact(served(2, 5)),
        Change::Person(ContactId(2), person("Grace", "+15550100")),
        Change::WrapUp {
            contact: ContactId(2),
            agent: ANNA,
            wrap_up: wrap_up("Refund", "Sent the FORM."),
            done: true,
        },
        Change::Contact(contact(3)),
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let searches: [(&str, &[u128]); 13] = [
        ("ada", &[1]),
        ("ÄRGER", &[1]),
        ("blue parcel", &[1]),
        ("+49 (30) 231", &[1]),
        ("030 23125", &[1]),
        ("0100", &[2]),
        ("refund", &[2]),
        ("sent the form", &[2]),
        ("blue", &[2, 1]),
        ("0815", &[]),
        ("refund sent", &[]),
        ("  ", &[3, 2, 1]),
        ("", &[3, 2, 1]),
    ];
    for (search, ids) in searches {
        assert_eq!(found(&db, search).await, ids, "{search:?}");
    }
}

pub(crate) async fn a_search_takes_wildcards_and_hostile_text_as_they_stand(db: TestDatabase) {
    let names = ["100%", "100 percent", "a_b", "axb", "wow!", r"back\slash", "' OR 1=1 --", "A\0B"];
    let epoch = owned(&db.store, SHOP).await;
    let changes: Vec<Change> = (1..)
        .zip(names)
        .flat_map(|(id, name)| {
            let mut person = person(name, "+15550100");
            person.note = None;
            [Change::Contact(contact(id)), Change::Person(ContactId(id), person)]
        })
        .collect();
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let searches: [(&str, &[u128]); 9] = [
        ("100%", &[1]),
        ("a_b", &[3]),
        ("%", &[1]),
        ("_", &[3]),
        ("!", &[5]),
        (r"k\s", &[6]),
        ("' or 1=1 --", &[7]),
        ("a\0b", &[8]),
        ("\u{10FFFF}", &[]),
    ];
    for (search, ids) in searches {
        assert_eq!(found(&db, search).await, ids, "{search:?}");
    }
    assert_eq!(found(&db, &"x".repeat(100_000)).await, []);
}

pub(crate) async fn pages_visit_each_contact_once_newest_first(db: TestDatabase) {
    const CONTACTS: u128 = 23;
    let epoch = owned(&db.store, SHOP).await;
    let changes: Vec<Change> = (1..=CONTACTS)
        .map(|id| {
            let mut row = contact(id);
            // Several in the same millisecond: the id decides.
            row.requested_at = at(id as u64 / 4);
            Change::Contact(row)
        })
        .collect();
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    for limit in [1, 4, 5, 22, 23, 24, 1000] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let query = HistoryQuery { search: None, before, limit };
            let page = db.store.history(SHOP, &query).await.unwrap();
            assert!(page.contacts.len() <= limit as usize);
            seen.extend(page.contacts.iter().map(|line| line.contact.0));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, (1..=CONTACTS).rev().collect::<Vec<_>>(), "{limit} a page");
    }
}

pub(crate) async fn a_mark_that_no_page_gave_is_refused(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    for mark in ["", "12", "zz", "' OR 1=1 --", &"g".repeat(48)] {
        let query = HistoryQuery { search: None, before: Some(mark.to_owned()), limit: 10 };
        let refused = db.store.history(SHOP, &query).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{mark:?}");
    }
}

pub(crate) async fn merged_requests_are_no_calls(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let mut merged = contact(2);
    merged.merged = true;
    let mut changes = vec![Change::Contact(contact(1)), Change::Contact(merged), Change::Contact(contact(3))];
    changes.extend([1, 2, 3].map(|id| Change::Person(ContactId(id), person("Ada", "+4930231251"))));
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    assert_eq!(found(&db, "").await, [3, 1]);
    assert_eq!(found(&db, "ada").await, [3, 1]);
    assert_eq!(db.store.earlier_contacts(SHOP, ContactId(3)).await.unwrap(), 1);
    assert!(db.store.contact(SHOP, ContactId(2)).await.unwrap().is_some(), "whoever knows it may read it");
}

pub(crate) async fn a_contact_in_full_has_its_legs_trail_and_wrap_up(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let ada = person("Ada", "+4930231251");
    let order = wrap_up("Order", "Two of them");
    let changes = [
        Change::AgentProfile(profile(ANNA, "Anna")),
        Change::Contact(served(1, 61)),
        Change::Person(ContactId(1), ada.clone()),
        Change::Leg(leg(8, 1, at(7))),
        Change::Leg(leg(9, 1, at(6))),
        Change::WrapUp { contact: ContactId(1), agent: ANNA, wrap_up: order.clone(), done: false },
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let detail = db.store.contact(SHOP, ContactId(1)).await.unwrap().unwrap();
    assert_eq!(detail.legs.iter().map(|leg| leg.leg).collect::<Vec<_>>(), [LegId(9), LegId(8)]);
    assert_eq!((detail.trail, detail.context, detail.e164), (ada.trail, ada.context, ada.e164));
    assert_eq!((detail.wrap_up, detail.wrap_up_done), (Some(order), false));
    let line = detail.summary;
    assert_eq!(
        (line.agent.as_deref(), line.disposition.as_deref(), line.talk_seconds),
        (Some("Anna"), Some("Order"), 61)
    );
    let page = db.store.history(SHOP, &HistoryQuery { limit: 10, ..HistoryQuery::default() }).await.unwrap();
    assert_eq!(page.contacts, [line]);
    assert_eq!(db.store.contact(SHOP, ContactId(404)).await.unwrap(), None);
    assert_eq!(db.store.contact_row(SHOP, ContactId(1)).await.unwrap(), Some(served(1, 61)));
    assert_eq!(db.store.contact_row(SHOP, ContactId(404)).await.unwrap(), None);
}

pub(crate) async fn earlier_contacts_of_a_number_are_counted(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let mut nobody = person("Nobody", "");
    nobody.e164 = None;
    let mut changes: Vec<Change> = [1, 2, 3, 4, 5, 6].map(contact).map(Change::Contact).into();
    changes.extend([1, 3, 4].map(|id| Change::Person(ContactId(id), person("Ada", "+4930231251"))));
    changes.push(Change::Person(ContactId(2), person("Grace", "+15550100")));
    changes.extend([5, 6].map(|id| Change::Person(ContactId(id), nobody.clone())));
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    for (id, earlier) in [(1, 0), (2, 0), (3, 1), (4, 2), (6, 0), (404, 0)] {
        assert_eq!(db.store.earlier_contacts(SHOP, ContactId(id)).await.unwrap(), earlier, "{id}");
    }
}

async fn found(db: &TestDatabase, search: &str) -> Vec<u128> {
    let query = HistoryQuery { search: Some(search.to_owned()), before: None, limit: 100 };
    let page = db.store.history(SHOP, &query).await.unwrap();
    page.contacts.iter().map(|line| line.contact.0).collect()
}

use contact_core::{Settings, Snapshot, record::Change};
use shared::ContactId;
use store::{HistoryQuery, StoreError, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn every_read_of_another_business_finds_nothing(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    owned(&db.store, OTHER).await;

    let empty = Snapshot {
        salt: OTHER.0,
        business_name: business(OTHER).name,
        settings: Settings::default(),
        ..Snapshot::default()
    };
    assert_eq!(db.store.load(OTHER, NOON).await.unwrap(), empty);
    for search in [None, Some("ada"), Some("+4930231251"), Some("order")] {
        let query = HistoryQuery { search: search.map(str::to_owned), before: None, limit: 100 };
        assert_eq!(db.store.history(OTHER, &query).await.unwrap().contacts, []);
    }
    assert_eq!(db.store.contact(OTHER, ContactId(1)).await.unwrap(), None);
    assert_eq!(db.store.earlier_contacts(OTHER, ContactId(2)).await.unwrap(), 0);
    assert_eq!(db.store.records().contacts_of(OTHER, "+4930231251").await.unwrap(), []);
    assert!(!db.store.records().opted_out(OTHER, "+4930231259").await.unwrap());
    assert!(db.store.records().opted_out(SHOP, "+4930231259").await.unwrap());
    assert_eq!(db.store.prompts(OTHER).await.unwrap(), []);
    assert_eq!(db.store.setup(OTHER).await.unwrap().agents, []);
    assert!(db.store.agent_login(OTHER, ANNA).await.unwrap().is_none());
    let taken_over = db.store.replace_contact_token(OTHER, ContactId(1), &[9; 32], at(60)).await;
    assert!(matches!(taken_over, Err(StoreError::NotFound(_))));
    db.store.revoke_agent_sessions(OTHER, ANNA).await.unwrap();
    assert!(db.store.find_token(&[2; 32], NOON).await.unwrap().is_some());
    assert!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap().is_some());
}

pub(crate) async fn the_same_ids_in_another_business_are_other_rows(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let before = db.store.load(SHOP, NOON).await.unwrap();
    let detail = db.store.contact(SHOP, ContactId(1)).await.unwrap();
    let epoch = owned(&db.store, OTHER).await;
    let mut row = contact(1);
    row.attempts = 9;
    let changes = [
        Change::Contact(row),
        Change::Person(ContactId(1), person("Grace", "+15550100")),
        Change::Leg(leg(1, 1, at(9))),
        Change::WrapUp { contact: ContactId(1), agent: ANNA, wrap_up: wrap_up("No", ""), done: true },
        Change::AgentRemoved(ANNA),
        Change::ContactTokensRevoked(ContactId(1)),
        Change::Erased(ContactId(1)),
    ];
    db.store.commit(OTHER, epoch, &changes).await.unwrap();
    assert_eq!(db.store.load(SHOP, NOON).await.unwrap(), before);
    assert_eq!(db.store.contact(SHOP, ContactId(1)).await.unwrap(), detail);
    assert!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap().is_some());
    assert!(db.store.find_login("anna").await.unwrap().is_some());
}

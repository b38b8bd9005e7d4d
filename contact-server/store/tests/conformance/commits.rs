use contact_core::{Snapshot, record::Change};
use shared::ContactId;
use store::{StoreError, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn a_commit_is_read_back_by_load(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let ada = person("Ada", "+4930231251");
    let changes = [
        ended(9, 3),
        Change::Contact(contact(1)),
        Change::Person(ContactId(1), ada.clone()),
        Change::PageViewed(ContactId(1), view(5)),
        Change::AgentProfile(profile(ANNA, "Anna")),
    ];
    assert_eq!(db.store.commit(SHOP, epoch, &changes).await.unwrap(), 1);

    let Snapshot { contacts, agents, last_place, last_at, .. } = db.store.load(SHOP, at(9)).await.unwrap();
    let mut expected = ada;
    expected.trail.push(view(5));
    assert_eq!(contacts, [(contact(1), expected)]);
    assert_eq!(agents, [profile(ANNA, "Anna")]);
    assert_eq!((last_place, last_at), (1, at(3)));
}

pub(crate) async fn a_commit_of_an_older_epoch_is_refused_and_writes_nothing(db: TestDatabase) {
    let old = owned(&db.store, SHOP).await;
    let new = db.store.claim(SHOP).await.unwrap();
    assert!(new > old);
    let before = db.store.load(SHOP, NOON).await.unwrap();
    let refused = db.store.commit(SHOP, old, &[ended(1, 1), Change::Contact(contact(1))]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    assert_eq!(db.store.load(SHOP, NOON).await.unwrap(), before);
    assert_eq!(db.store.commit(SHOP, new, &[ended(1, 1)]).await.unwrap(), 1);
}

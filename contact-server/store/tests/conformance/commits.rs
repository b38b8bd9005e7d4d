use contact_core::{Snapshot, record::Change};
use shared::{BusinessId, ContactId};
use store::{OwnerEpoch, StoreError, testing::TestDatabase};

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

pub(crate) async fn a_commit_that_fails_writes_nothing(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let before = db.store.load(SHOP, NOON).await.unwrap();
    let of_nobody = Change::PageViewed(ContactId(404), view(1));
    let changes =
        [ended(1, 1), Change::Contact(contact(1)), Change::AgentProfile(profile(ANNA, "Anna")), of_nobody];
    let failed = db.store.commit(SHOP, epoch, &changes).await;
    assert!(matches!(failed, Err(StoreError::Database(_))));
    assert_eq!(db.store.load(SHOP, NOON).await.unwrap(), before);
    assert_eq!(db.store.commit(SHOP, epoch, &[ended(1, 1)]).await.unwrap(), 1, "the sequence did not move");
}

pub(crate) async fn a_business_that_nobody_made_cannot_be_claimed_or_committed_to(db: TestDatabase) {
    assert!(matches!(db.store.claim(SHOP).await, Err(StoreError::NotFound(_))));
    assert!(matches!(db.store.load(SHOP, NOON).await, Err(StoreError::NotFound(_))));
    assert!(matches!(db.store.commit(SHOP, OwnerEpoch(0), &[]).await, Err(StoreError::Fenced)));
}

pub(crate) async fn a_batch_of_hundreds_is_written_whole(db: TestDatabase) {
    const CONTACTS: u128 = 333;
    let epoch = owned(&db.store, SHOP).await;
    let changes: Vec<Change> = (1..=CONTACTS)
        .flat_map(|id| {
            let number = format!("+4930{id:06}");
            let ada = Change::Person(ContactId(id), person("Ada", &number));
            [Change::Contact(contact(id)), ended(id, id as u64), ada]
        })
        .collect();
    assert_eq!(db.store.commit(SHOP, epoch, &changes).await.unwrap(), CONTACTS as u64);
    let snapshot = db.store.load(SHOP, NOON).await.unwrap();
    let places: Vec<u64> = snapshot.contacts.iter().map(|(row, _)| row.place).collect();
    assert_eq!(places, (1..=CONTACTS as u64).collect::<Vec<_>>());
    assert!(snapshot.contacts.iter().all(|(_, person)| person.trail.len() == 2));
    assert_eq!(events(&db.url, SHOP).await, (CONTACTS as i64, CONTACTS as i64));
}

pub(crate) async fn of_several_changes_of_a_row_the_last_wins(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let mut newer = contact(1);
    newer.attempts = 2;
    let changes = [
        Change::Contact(contact(1)),
        Change::Person(ContactId(1), person("Ada", "+4930231251")),
        Change::Contact(newer.clone()),
        Change::Context(ContactId(1), "{}".into()),
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let (row, person) = db.store.load(SHOP, NOON).await.unwrap().contacts.remove(0);
    assert_eq!((row, person.context.as_deref(), person.name.as_deref()), (newer, Some("{}"), Some("Ada")));
}

pub(crate) async fn sequences_have_no_gaps_when_two_businesses_commit_together(db: TestDatabase) {
    const COMMITS: usize = 40;
    let epochs = [(SHOP, owned(&db.store, SHOP).await), (OTHER, owned(&db.store, OTHER).await)];
    let tasks: Vec<_> = (0..COMMITS)
        .map(|n| {
            let (store, (business, epoch)) = (db.store.clone(), epochs[n % 2]);
            tokio::spawn(async move {
                let changes = vec![ended(1, n as u64); n % 3 + 1];
                let last = store.commit(business, epoch, &changes).await.unwrap();
                (business, (last + 1 - changes.len() as u64..=last).collect::<Vec<_>>())
            })
        })
        .collect();
    let mut given: Vec<(BusinessId, u64)> = Vec::new();
    for task in tasks {
        let (business, seqs) = task.await.unwrap();
        given.extend(seqs.into_iter().map(|seq| (business, seq)));
    }
    given.sort_unstable();
    for (business, _) in epochs {
        let seqs: Vec<u64> = given.iter().filter(|(of, _)| *of == business).map(|(_, seq)| *seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        assert_eq!(events(&db.url, business).await, (seqs.len() as i64, seqs.len() as i64));
    }
}

pub(crate) async fn no_older_commit_slips_by_a_claim(db: TestDatabase) {
    let old = owned(&db.store, SHOP).await;
    let commits: Vec<_> = (0..30)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move { store.commit(SHOP, old, &[ended(1, n)]).await })
        })
        .collect();
    let new = db.store.claim(SHOP).await.unwrap();
    let at_claim = db.store.commit(SHOP, new, &[]).await.unwrap();
    let mut done = 0;
    for commit in commits {
        match commit.await.unwrap() {
            Ok(_) => done += 1,
            Err(error) => assert!(matches!(error, StoreError::Fenced), "{error:?}"),
        }
    }
    assert_eq!(done, at_claim, "what the old owner was told is stored is what the new one saw");
    assert_eq!(db.store.commit(SHOP, new, &[]).await.unwrap(), at_claim);
}

pub(crate) async fn a_sign_of_life_moves_the_last_moment_and_nothing_else(db: TestDatabase) {
    let old = owned(&db.store, SHOP).await;
    let first = [ended(1, 1), Change::Contact(contact(1)), Change::Leg(leg(1, 1, at(1)))];
    assert_eq!(db.store.commit(SHOP, old, &first).await.unwrap(), 1);
    let before = db.store.load(SHOP, at(60)).await.unwrap();
    for (alive_at, last_at) in [(at(6), at(6)), (at(11), at(11)), (at(4), at(11))] {
        let seq = db.store.commit(SHOP, old, &[Change::Alive(alive_at)]).await.unwrap();
        assert_eq!(seq, 1, "it is no event");
        let after = db.store.load(SHOP, at(60)).await.unwrap();
        assert_eq!(after, Snapshot { last_at, ..before.clone() });
    }
    let beside = [Change::Alive(at(16)), ended(1, 13)];
    db.store.commit(SHOP, old, &beside).await.unwrap();
    assert_eq!(db.store.load(SHOP, at(60)).await.unwrap().last_at, at(16), "the later of the two");
    assert_eq!(events(&db.url, SHOP).await, (2, 2));

    let new = db.store.claim(SHOP).await.unwrap();
    let refused = db.store.commit(SHOP, old, &[Change::Alive(at(21))]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "a server that was taken over is not alive");
    assert_eq!(db.store.load(SHOP, at(60)).await.unwrap().last_at, at(16));
    assert_eq!(db.store.commit(SHOP, new, &[Change::Alive(at(21))]).await.unwrap(), 2);
}

pub(crate) async fn what_was_committed_is_there_when_the_database_is_opened_again(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let changes =
        [ended(9, 3), Change::Contact(contact(1)), Change::Person(ContactId(1), person("Ada", "+491"))];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let before = db.store.load(SHOP, NOON).await.unwrap();
    let again = store::open(&db.url).await.unwrap();
    assert_eq!(again.load(SHOP, NOON).await.unwrap(), before);
    assert!(again.claim(SHOP).await.unwrap() > epoch);
    again.ping().await.unwrap();
}

pub(crate) async fn text_that_a_database_cannot_hold_is_mended(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let hostile = "A\0da \u{1F600} '); DROP TABLE contacts; --";
    let changes = [
        Change::Contact(contact(1)),
        Change::Person(ContactId(1), person(hostile, "+49\0")),
        Change::Context(ContactId(1), hostile.into()),
        Change::OptOut { e164: "+49\0".into(), at: NOON },
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    let snapshot = db.store.load(SHOP, NOON).await.unwrap();
    let (_, person) = &snapshot.contacts[0];
    assert_eq!(person.name.as_deref(), Some(hostile), "JSON can hold it");
    assert_eq!(person.context, Some(hostile.replace('\0', "\u{FFFD}")));
}

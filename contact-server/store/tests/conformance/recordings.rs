use contact_core::record::Change;
use shared::{ContactId, RecordingId};
use store::{Recording, testing::TestDatabase};

use crate::examples::*;

const MANY: u32 = 100;

pub(crate) async fn a_recording_goes_with_the_erasure_of_its_contact_and_none_is_begun_after_it(
    db: TestDatabase,
) {
    fill(&db.store, SHOP).await;
    let records = db.store.records();
    assert!(records.begin_recording(SHOP, &recording(2, 1)).await.unwrap());
    assert!(records.begin_recording(SHOP, &recording(1, 1)).await.unwrap());
    assert!(records.begin_recording(SHOP, &recording(3, 2)).await.unwrap(), "its end is written late");
    assert!(!records.begin_recording(SHOP, &recording(3, 99)).await.unwrap(), "there is none");
    let found = records.recordings_of(SHOP, ContactId(1)).await.unwrap();
    assert_eq!(found, [recording(1, 1), recording(2, 1)], "oldest first");

    let epoch = db.store.claim(SHOP).await.unwrap();
    db.store.commit(SHOP, epoch, &[Change::Erased(ContactId(1))]).await.unwrap();
    assert_eq!(records.recordings_of(SHOP, ContactId(1)).await.unwrap(), []);
    assert!(!records.begin_recording(SHOP, &recording(4, 1)).await.unwrap(), "nothing comes after it");
}

pub(crate) async fn recordings_are_found_by_age_and_by_lock(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let records = db.store.records();
    for id in 1..=3 {
        records.begin_recording(SHOP, &recording(id, 1)).await.unwrap();
    }
    let expired = records.expired_recordings(SHOP, at(180), MANY).await.unwrap();
    assert_eq!(expired, [recording(1, 1), recording(2, 1)], "those that began before");
    assert_eq!(records.expired_recordings(SHOP, at(180), 1).await.unwrap(), [recording(1, 1)]);
    records.drop_recording(SHOP, RecordingId(1)).await.unwrap();

    let anew = Recording { lock: "2026-12".into(), locked: vec![9; 60], ..recording(2, 1) };
    records.lock_recording_anew(SHOP, &anew).await.unwrap();
    let old = records.recordings_otherwise_locked("2026-12", MANY).await.unwrap();
    assert_eq!(old, [recording(3, 1)]);
    assert_eq!(records.recordings_of(SHOP, ContactId(1)).await.unwrap(), [anew, recording(3, 1)]);
}

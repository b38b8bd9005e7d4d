use contact_core::record::{Change, fingerprint};
use shared::{ContactId, consent};
use store::{Consent, Erasure, HistoryQuery, StoreError, testing::TestDatabase};

use crate::examples::*;

const NUMBER: &str = "+4930231251";
const OPTED_OUT: &str = "+4930231259";

pub(crate) async fn an_erased_contact_has_no_person_and_its_legs_no_number(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let records = db.store.records();
    assert_eq!(records.contacts_of(SHOP, NUMBER).await.unwrap(), [ContactId(1), ContactId(2)]);
    let epoch = db.store.claim(SHOP).await.unwrap();
    db.store.commit(SHOP, epoch, &[Change::Erased(ContactId(1))]).await.unwrap();
    assert_eq!(records.contacts_of(SHOP, NUMBER).await.unwrap(), [ContactId(2)]);
    let detail = db.store.contact(SHOP, ContactId(1)).await.unwrap().unwrap();
    assert_eq!((detail.e164, detail.summary.name, detail.context), (None, None, None));
    assert_eq!((detail.trail, detail.wrap_up), (Vec::new(), None));
    assert_eq!(detail.legs.len(), 1, "that somebody was called stays on record");
    assert_eq!(detail.legs[0].number, None);
    // For a day a restart knows the number again when it sees it, and nobody reads it.
    let number = async |now| db.store.load(SHOP, now).await.unwrap().legs[0].number.clone();
    assert_eq!(number(NOON).await, Some(fingerprint(SHOP.0, NUMBER)));
    db.store.sweep(at(24 * 3600)).await.unwrap();
    assert_eq!(number(NOON).await, Some(fingerprint(SHOP.0, NUMBER)));
    db.store.sweep(at(24 * 3600 + 1)).await.unwrap();
    assert_eq!(number(NOON).await, None);
    assert_eq!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap(), None);
    let query = HistoryQuery { search: Some("ada".into()), before: None, limit: 10 };
    assert_eq!(db.store.history(SHOP, &query).await.unwrap().contacts.len(), 1, "the other contact");
    records.scrub().await.unwrap();
}

pub(crate) async fn an_opt_out_stands_after_the_erasure_and_names_no_number(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let epoch = db.store.claim(SHOP).await.unwrap();
    let changes = [
        Change::Person(ContactId(1), person("Ada", OPTED_OUT)),
        Change::OptOut { e164: OPTED_OUT.into(), at: NOON },
        Change::Erased(ContactId(1)),
    ];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    assert!(db.store.records().opted_out(SHOP, OPTED_OUT).await.unwrap());
    let kept = db.store.load(SHOP, NOON).await.unwrap().opt_outs;
    assert!(kept.iter().all(|kept| kept.starts_with("sha256:")), "{kept:?}");
}

pub(crate) async fn an_opt_out_of_version_0_1_loses_its_number_with_the_erasure(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    tamper(&db.url, &format!("UPDATE opt_outs SET e164 = '{NUMBER}'")).await;
    assert!(db.store.records().opted_out(SHOP, NUMBER).await.unwrap());
    let epoch = db.store.claim(SHOP).await.unwrap();
    db.store.commit(SHOP, epoch, &[Change::Erased(ContactId(1))]).await.unwrap();
    assert!(db.store.records().opted_out(SHOP, NUMBER).await.unwrap());
    let kept = db.store.load(SHOP, NOON).await.unwrap().opt_outs;
    assert!(kept.iter().all(|kept| kept.starts_with("sha256:")), "{kept:?}");
}

pub(crate) async fn an_erasure_is_taken_by_one_and_stays_in_the_journal(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let records = db.store.records();
    let version = db.store.setup_version().await.unwrap();
    let asked = Erasure {
        id: 7,
        business: SHOP,
        contacts: vec![ContactId(1), ContactId(2)],
        asked_at: NOON,
        taken_at: None,
        done_at: None,
    };
    records.ask_erasure(&asked).await.unwrap();
    assert!(db.store.setup_version().await.unwrap() > version, "a running server notices it");
    assert_eq!(records.unfinished_erasures().await.unwrap(), std::slice::from_ref(&asked));
    let (first, second) = tokio::join!(records.take_erasure(7, at(1)), records.take_erasure(7, at(1)));
    assert!(first.unwrap() != second.unwrap());
    records.finish_erasure(7, at(2)).await.unwrap();
    assert_eq!(records.unfinished_erasures().await.unwrap(), []);
    let done = Erasure { taken_at: Some(at(1)), done_at: Some(at(2)), ..asked.clone() };
    assert_eq!(records.erasures().await.unwrap(), [done]);
    let nobodys = Erasure { id: 8, business: OTHER, ..asked };
    assert!(matches!(records.ask_erasure(&nobodys).await, Err(StoreError::NotFound(_))));
}

pub(crate) async fn a_consent_text_never_changes_and_is_told_with_the_contact(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let records = db.store.records();
    let told = db.store.contact(SHOP, ContactId(1)).await.unwrap().unwrap();
    assert_eq!((told.consent.as_str(), told.consent_text.as_deref()), ("1", Some(consent::TEXT)));
    let consent =
        |version: &str, text: &str| Consent { version: version.into(), text: text.into(), at: NOON };
    records.put_consent(SHOP, &consent("2", "We call you.")).await.unwrap();
    records.put_consent(SHOP, &consent("2", "We call you.")).await.unwrap();
    let other = records.put_consent(SHOP, &consent("2", "We call you twice.")).await;
    assert!(matches!(other, Err(StoreError::Taken(_))));
    let other = records.put_consent(SHOP, &consent("1", "Another than the built-in one.")).await;
    assert!(matches!(other, Err(StoreError::Taken(_))));
    assert_eq!(records.consents(SHOP).await.unwrap(), [consent("2", "We call you.")]);
    assert_eq!(records.consents(OTHER).await.unwrap(), []);

    let epoch = db.store.claim(SHOP).await.unwrap();
    let mut row = contact(3);
    row.consent = "2".into();
    db.store.commit(SHOP, epoch, &[Change::Contact(row)]).await.unwrap();
    let told = db.store.contact(SHOP, ContactId(3)).await.unwrap().unwrap();
    assert_eq!((told.consent.as_str(), told.consent_text.as_deref()), ("2", Some("We call you.")));
}

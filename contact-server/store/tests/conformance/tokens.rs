use contact_core::record::{Change, TokenHash};
use shared::{AgentId, ContactId, Timestamp};
use store::{Scope, StoreError, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn a_contacts_token_is_found_until_it_expires(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    db.store.commit(SHOP, epoch, &[Change::Contact(contact(1)), given([1; 32], 1)]).await.unwrap();
    let found = async |now| db.store.find_contact_token(&[1; 32], now).await.unwrap();
    assert_eq!(found(NOON).await, Some((SHOP, ContactId(1))));
    assert_eq!(found(Timestamp(at(60).0 - 1)).await, Some((SHOP, ContactId(1))));
    assert_eq!(found(at(60)).await, None);
    assert_eq!(db.store.find_contact_token(&[2; 32], NOON).await.unwrap(), None);
}

pub(crate) async fn the_tokens_of_a_contact_end_with_it(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let changes = [1, 2].map(contact).map(Change::Contact);
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    db.store.commit(SHOP, epoch, &[given([1; 32], 1), given([2; 32], 2)]).await.unwrap();
    let end = |seconds| Change::ContactTokensEnd { contact: ContactId(1), at: at(seconds) };
    db.store.commit(SHOP, epoch, &[end(9), end(90), given([3; 32], 1)]).await.unwrap();
    assert!(db.store.find_contact_token(&[1; 32], at(8)).await.unwrap().is_some(), "to read the end by");
    assert_eq!(db.store.find_contact_token(&[1; 32], at(9)).await.unwrap(), None);
    assert!(db.store.find_contact_token(&[2; 32], at(9)).await.unwrap().is_some(), "another contact's");
    assert!(db.store.find_contact_token(&[3; 32], at(9)).await.unwrap().is_some(), "given since");
}

pub(crate) async fn a_replaced_contact_token_is_the_only_one(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    let changes = [Change::Contact(contact(1)), given([1; 32], 1), given([2; 32], 1)];
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    db.store.replace_contact_token(SHOP, ContactId(1), &[3; 32], at(60)).await.unwrap();
    for (hash, found) in [([1; 32], None), ([2; 32], None), ([3; 32], Some((SHOP, ContactId(1))))] {
        assert_eq!(db.store.find_contact_token(&hash, NOON).await.unwrap(), found);
    }
    let of_nobody = db.store.replace_contact_token(SHOP, ContactId(404), &[4; 32], at(60)).await;
    assert!(matches!(of_nobody, Err(StoreError::NotFound(_))));
}

pub(crate) async fn a_token_is_found_until_it_expires_or_is_revoked(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let scopes = [
        Scope::AgentSession { agent: ANNA, csrf: "c".into() },
        Scope::Viewer { agent: ANNA, contact: ContactId(1) },
        Scope::HandsetCode { e164: "+4930231251".into() },
        Scope::Handset { e164: "+4930231251".into() },
        Scope::SessionCode { contact: shared::ContactId(7) },
    ];
    for (byte, scope) in (1..).zip(scopes) {
        let token = token(byte, SHOP, scope);
        db.store.put_token(&token).await.unwrap();
        assert_eq!(db.store.find_token(&token.hash, NOON).await.unwrap().as_ref(), Some(&token));
        assert_eq!(db.store.find_token(&token.hash, at(60)).await.unwrap(), None);
        assert_eq!(db.store.take_token(&token.hash, at(60)).await.unwrap(), None);
        db.store.revoke_token(&token.hash).await.unwrap();
        assert_eq!(db.store.find_token(&token.hash, NOON).await.unwrap(), None);
    }
}

pub(crate) async fn a_token_is_taken_at_most_once(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    for round in 0..5 {
        let code = token(round, SHOP, Scope::HandsetCode { e164: "+4930231251".into() });
        db.store.put_token(&code).await.unwrap();
        let takers: Vec<_> = (0..20)
            .map(|_| {
                let (store, hash) = (db.store.clone(), code.hash);
                tokio::spawn(async move { store.take_token(&hash, NOON).await.unwrap() })
            })
            .collect();
        let mut taken = Vec::new();
        for taker in takers {
            taken.extend(taker.await.unwrap());
        }
        assert_eq!(taken, [code]);
    }
}

pub(crate) async fn a_contact_has_one_session_code(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let code = |byte, contact| token(byte, SHOP, Scope::SessionCode { contact: ContactId(contact) });
    let other = token(9, SHOP, Scope::HandsetCode { e164: "+4930231251".into() });
    for token in [code(1, 1), code(2, 2), other, code(3, 1)] {
        db.store.put_token(&token).await.unwrap();
    }
    for (byte, is_good) in [(1, false), (2, true), (3, true), (9, true)] {
        let found = db.store.find_token(&[byte; 32], NOON).await.unwrap();
        assert_eq!(found.is_some(), is_good, "{byte}");
    }
}

pub(crate) async fn the_sessions_of_an_agent_end_together(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let bert = AgentId(0xBE);
    let session = |byte, agent| token(byte, SHOP, Scope::AgentSession { agent, csrf: "c".into() });
    let viewer = token(3, SHOP, Scope::Viewer { agent: ANNA, contact: ContactId(1) });
    for token in [session(1, ANNA), session(2, ANNA), viewer, session(4, bert)] {
        db.store.put_token(&token).await.unwrap();
    }
    db.store.revoke_agent_sessions(SHOP, ANNA).await.unwrap();
    for byte in 1..=3 {
        assert_eq!(db.store.find_token(&[byte; 32], NOON).await.unwrap(), None);
    }
    assert!(db.store.find_token(&[4; 32], NOON).await.unwrap().is_some());
}

pub(crate) async fn an_idempotency_key_is_kept_until_it_expires(db: TestDatabase) {
    let epoch = owned(&db.store, SHOP).await;
    db.store.commit(SHOP, epoch, &[promised(1, at(10)), promised(2, at(20))]).await.unwrap();
    let kept = async |now| db.store.load(SHOP, now).await.unwrap().idempotency;
    let (first, second) =
        (([1; 32], [9; 32], ContactId(1), at(10)), ([2; 32], [9; 32], ContactId(1), at(20)));
    assert_eq!(kept(NOON).await, [first, second]);
    assert_eq!(kept(at(10)).await, [second]);
}

pub(crate) async fn a_sweep_takes_what_has_expired_and_nothing_else(db: TestDatabase) {
    /// More than one statement of a sweep deletes.
    const EXPIRED: usize = 2_100;
    let epoch = owned(&db.store, SHOP).await;
    let mut changes: Vec<Change> = (0..EXPIRED).map(|n| promised_as(key(n), at(10))).collect();
    changes.extend([promised(2, at(20)), Change::Contact(contact(1)), given([1; 32], 1)]);
    db.store.commit(SHOP, epoch, &changes).await.unwrap();
    db.store.put_token(&token(1, SHOP, Scope::Handset { e164: "+491".into() })).await.unwrap();

    db.store.sweep(at(10)).await.unwrap();
    let kept = db.store.load(SHOP, NOON).await.unwrap().idempotency;
    assert_eq!(kept, [([2; 32], [9; 32], ContactId(1), at(20))]);
    assert!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap().is_some());
    assert!(db.store.find_token(&[1; 32], NOON).await.unwrap().is_some());

    db.store.sweep(at(60)).await.unwrap();
    assert_eq!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap(), None);
    assert_eq!(db.store.find_token(&[1; 32], NOON).await.unwrap(), None);
}

fn given(hash: TokenHash, contact: u128) -> Change {
    Change::ContactToken { hash, contact: ContactId(contact), expires_at: at(60) }
}

fn promised(byte: u8, expires_at: Timestamp) -> Change {
    promised_as([byte; 32], expires_at)
}

fn promised_as(key: [u8; 32], expires_at: Timestamp) -> Change {
    Change::Idempotency { key, body: [9; 32], contact: ContactId(1), expires_at }
}

fn key(n: usize) -> [u8; 32] {
    let mut key = [0xFF; 32];
    key[..8].copy_from_slice(&(n as u64).to_be_bytes());
    key
}

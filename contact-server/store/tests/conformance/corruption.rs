use contact_core::record::TokenHash;
use shared::ContactId;
use store::{HistoryQuery, StoreError, testing::TestDatabase};

use crate::examples::*;

/// A read that meets the damage.
#[derive(Debug, Clone, Copy)]
enum Read {
    Load,
    History,
    Contact,
    Row,
    Token,
    Businesses,
    Login,
}

/// SHORT stands for a blob of one byte, which is neither an id nor a hash.
const DAMAGES: [(&str, &[Read]); 14] = [
    ("UPDATE contacts SET body = '{'", &[Read::Load, Read::History, Read::Contact, Read::Row]),
    (r#"UPDATE contacts SET body = '{"id": "00"}'"#, &[Read::Load, Read::History, Read::Contact]),
    ("UPDATE persons SET body = '[]'", &[Read::Load, Read::History, Read::Contact]),
    ("UPDATE page_views SET at = -1", &[Read::Load, Read::Contact]),
    ("UPDATE wrap_ups SET body = ''", &[Read::Load, Read::History, Read::Contact]),
    ("UPDATE legs SET body = 'null'", &[Read::Load, Read::Contact]),
    ("UPDATE settings SET body = '7'", &[Read::Load]),
    ("UPDATE agents SET body = '{}'", &[Read::Load, Read::Login]),
    ("UPDATE agent_states SET body = 'x'", &[Read::Load]),
    ("UPDATE idempotency SET body_hash = SHORT", &[Read::Load]),
    ("UPDATE owners SET last_place = -5", &[Read::Load]),
    (r#"UPDATE tokens SET scope = '{"Future":{}}'"#, &[Read::Token]),
    (r#"UPDATE tokens SET scope = '{"Viewer":{"agent":"0"}}'"#, &[Read::Token]),
    ("UPDATE businesses SET body = '{}'", &[Read::Load, Read::Businesses]),
];
const TOKEN: TokenHash = [2; 32];

pub(crate) async fn damaged_rows_are_reported_and_never_a_panic(db: TestDatabase) {
    for (damage, reads) in DAMAGES {
        fill(&db.store, SHOP).await;
        assert_eq!(db.store.contact(SHOP, ContactId(1)).await.unwrap().unwrap().legs.len(), 1);
        tamper(&db.url, damage).await;
        for read in reads {
            let error = failure(&db, *read).await;
            assert!(matches!(error, Some(StoreError::Corrupt(_))), "{damage}: {read:?} gave {error:?}");
        }
    }
}

async fn failure(db: &TestDatabase, read: Read) -> Option<StoreError> {
    let query = HistoryQuery { limit: 10, ..HistoryQuery::default() };
    match read {
        Read::Load => db.store.load(SHOP, NOON).await.err(),
        Read::History => db.store.history(SHOP, &query).await.err(),
        Read::Contact => db.store.contact(SHOP, ContactId(1)).await.err(),
        Read::Row => db.store.contact_row(SHOP, ContactId(1)).await.err(),
        Read::Token => db.store.find_token(&TOKEN, NOON).await.err(),
        Read::Businesses => db.store.businesses().await.err(),
        Read::Login => db.store.find_login("anna").await.err(),
    }
}

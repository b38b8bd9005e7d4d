use std::sync::Arc;

use contact_core::{Settings, Snapshot, record::Change};
use shared::ContactId;
use store::{
    Consent, HistoryQuery, PromptClip, Recording, Scope as Of, Store, StoreError, testing::TestDatabase,
};

use crate::examples::*;

/// Whose rows a method reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those of the business that it is given.
    Business,
    /// What a secret names: the hash of a token, or a login (whose password is asked for then).
    Secret,
    /// All of the installation: for its operator, and for the server's own start and upkeep.
    Installation,
}

/// The store's half of the authorisation matrix (the edge's is `contact-server/src/access.rs`).
const METHODS: [(&str, Reach); 48] = [
    ("put_business", Reach::Installation),
    ("businesses", Reach::Installation),
    ("put_agent", Reach::Business),
    ("find_login", Reach::Secret),
    ("agent_login", Reach::Business),
    ("setup", Reach::Business),
    ("setup_version", Reach::Installation),
    ("put_prompt", Reach::Business),
    ("prompts", Reach::Business),
    ("claim", Reach::Business),
    ("load", Reach::Business),
    ("commit", Reach::Business),
    ("find_contact_token", Reach::Secret),
    ("replace_contact_token", Reach::Business),
    ("put_token", Reach::Business),
    ("find_token", Reach::Secret),
    ("take_token", Reach::Secret),
    ("revoke_token", Reach::Secret),
    ("revoke_agent_sessions", Reach::Business),
    ("history", Reach::Business),
    ("contact", Reach::Business),
    ("contact_row", Reach::Business),
    ("earlier_contacts", Reach::Business),
    ("sweep", Reach::Installation),
    ("ping", Reach::Installation),
    // What operators ask.
    ("contacts_of", Reach::Business),
    ("opted_out", Reach::Business),
    ("ask_erasure", Reach::Installation),
    ("take_erasure", Reach::Installation),
    ("finish_erasure", Reach::Installation),
    ("erasures", Reach::Installation),
    ("unfinished_erasures", Reach::Installation),
    ("drop_erasures", Reach::Installation),
    ("put_consent", Reach::Business),
    ("consents", Reach::Business),
    ("expired_customers", Reach::Business),
    ("forget_trails", Reach::Business),
    ("drop_records", Reach::Business),
    ("begin_recording", Reach::Business),
    ("recordings_of", Reach::Business),
    ("expired_recordings", Reach::Business),
    ("drop_recording", Reach::Business),
    ("recordings_otherwise_locked", Reach::Installation),
    ("lock_recording_anew", Reach::Business),
    ("probe", Reach::Installation),
    ("scrub", Reach::Installation),
    ("backup", Reach::Installation),
    ("close", Reach::Installation),
];

/// The methods of the store's traits with their arguments, from their sources.
fn methods() -> Vec<(&'static str, &'static str)> {
    let sources = [include_str!("../../src/lib.rs"), include_str!("../../src/records.rs")];
    let traits: Vec<&str> = (sources.iter())
        .flat_map(|source| source.split("pub trait ").skip(1))
        .map(|body| body.split("\n}").next().unwrap())
        .collect();
    assert_eq!(traits.len(), 2, "a new trait has its place in this test's sources");
    let methods = traits.iter().flat_map(|body| {
        // One way from the first trait to the second.
        let plain = body.replace("fn records(&self) -> &dyn Records", "");
        assert_eq!(
            plain.matches("fn ").count(),
            body.matches("async fn ").count(),
            "a method of another form"
        );
        body.split("async fn ").skip(1).map(|method| method.split_once('(').unwrap())
    });
    methods.collect()
}

pub(crate) async fn every_method_keeps_to_its_row_of_the_matrix(db: TestDatabase) {
    fill(&db.store, SHOP).await;
    let epoch = owned(&db.store, OTHER).await;
    db.store.commit(OTHER, epoch, &[Change::Contact(contact(9))]).await.unwrap();
    let before = everything(&db.store).await;
    for (name, arguments) in methods() {
        let row = METHODS.iter().find(|(method, _)| *method == name);
        let (_, reach) = row.unwrap_or_else(|| panic!("{name} is new: give it a row in the store's matrix"));
        let arguments = arguments.split(") ->").next().unwrap();
        let (by_business, by_secret) = (
            arguments.contains("business: BusinessId") || arguments.contains("token: &Token"),
            arguments.contains("hash: &TokenHash") || arguments.contains("login: &str"),
        );
        match reach {
            Reach::Business => assert!(by_business, "{name} is not told the business"),
            Reach::Secret => assert!(by_secret && !by_business, "{name} is not told a secret"),
            Reach::Installation => continue,
        }
        ask_as_a_stranger(&db.store, name).await;
        assert!(everything(&db.store).await == before, "{name} reached another business");
    }
    for (name, _) in METHODS {
        assert!(methods().iter().any(|(method, _)| *method == name), "{name} is gone: strike its row");
    }
}

/// What the shop has, and nobody else may see or change.
async fn everything(store: &Arc<dyn Store>) -> impl PartialEq {
    let all = HistoryQuery { limit: 100, ..HistoryQuery::default() };
    let good = [
        store.find_token(&[2; 32], NOON).await.unwrap().is_some(),
        store.find_contact_token(&[1; 32], NOON).await.unwrap().is_some(),
        store.find_login("anna").await.unwrap().is_some_and(|login| login.business == SHOP),
        store.records().opted_out(SHOP, "+4930231259").await.unwrap(),
    ];
    (
        store.load(SHOP, NOON).await.unwrap(),
        store.setup(SHOP).await.unwrap(),
        store.prompts(SHOP).await.unwrap(),
        store.history(SHOP, &all).await.unwrap(),
        store.contact(SHOP, ContactId(1)).await.unwrap(),
        store.records().consents(SHOP).await.unwrap(),
        good,
    )
}

/// Asks as another business, with the shop's ids; or with a secret that is none.
async fn ask_as_a_stranger(store: &Arc<dyn Store>, method: &str) {
    let (guess, mine) = ([0xEE; 32], ContactId(1));
    match method {
        "put_agent" => {
            let taken = store.put_agent(OTHER, &profile(ANNA, "Mallory"), "anna", "hash").await;
            assert!(matches!(taken, Err(StoreError::Taken(_))));
            store.put_agent(OTHER, &profile(ANNA, "Mallory"), "mallory", "hash").await.unwrap();
        }
        "find_login" => assert!(store.find_login("bert").await.unwrap().is_none()),
        "agent_login" => {
            let found = store.agent_login(OTHER, ANNA).await.unwrap();
            assert!(found.is_none_or(|login| login.business == OTHER));
        }
        "setup" => assert!(!format!("{:?}", store.setup(OTHER).await.unwrap().agents).contains("Anna")),
        "put_prompt" => {
            store.put_prompt(OTHER, &PromptClip { slot: "name".into(), wav: vec![9] }).await.unwrap();
        }
        "prompts" => assert!(store.prompts(OTHER).await.unwrap().iter().all(|clip| clip.wav == [9])),
        "claim" => drop(store.claim(OTHER).await.unwrap()),
        "load" => {
            let loaded = format!("{:?}", store.load(OTHER, NOON).await.unwrap().contacts);
            assert!(!loaded.contains(&mine.to_string()), "{loaded}");
        }
        "commit" => commit_as_a_stranger(store).await,
        "replace_contact_token" => {
            let refused = store.replace_contact_token(OTHER, mine, &[9; 32], at(60)).await;
            assert!(matches!(refused, Err(StoreError::NotFound(_))));
        }
        "put_token" => {
            let scope = Of::AgentSession { agent: ANNA, csrf: "c".into() };
            store.put_token(&token(7, OTHER, scope)).await.unwrap();
            let found = store.find_token(&[7; 32], NOON).await.unwrap().unwrap();
            assert_eq!(found.business, OTHER, "the session opens its own business");
        }
        "find_contact_token" => assert!(store.find_contact_token(&guess, NOON).await.unwrap().is_none()),
        "find_token" => assert!(store.find_token(&guess, NOON).await.unwrap().is_none()),
        "take_token" => assert!(store.take_token(&guess, NOON).await.unwrap().is_none()),
        "revoke_token" => store.revoke_token(&guess).await.unwrap(),
        "revoke_agent_sessions" => store.revoke_agent_sessions(OTHER, ANNA).await.unwrap(),
        "history" => {
            let all = HistoryQuery { limit: 100, ..HistoryQuery::default() };
            assert_eq!(store.history(OTHER, &all).await.unwrap().contacts.len(), 1, "its own");
        }
        "contact" => assert_eq!(store.contact(OTHER, mine).await.unwrap(), None),
        "contact_row" => assert_eq!(store.contact_row(OTHER, mine).await.unwrap(), None),
        "earlier_contacts" => assert_eq!(store.earlier_contacts(OTHER, ContactId(2)).await.unwrap(), 0),
        "contacts_of" => assert!(store.records().contacts_of(OTHER, "+4930231251").await.unwrap().is_empty()),
        "opted_out" => assert!(!store.records().opted_out(OTHER, "+4930231259").await.unwrap()),
        "put_consent" => {
            let consent = Consent { version: "9".into(), text: "Other".into(), at: NOON };
            store.records().put_consent(OTHER, &consent).await.unwrap();
        }
        "consents" => assert_eq!(store.records().consents(OTHER).await.unwrap().len(), 1, "its own"),
        "begin_recording"
        | "recordings_of"
        | "expired_recordings"
        | "drop_recording"
        | "lock_recording_anew" => record_as_a_stranger(store).await,
        "expired_customers" | "forget_trails" | "drop_records" => let_go_as_a_stranger(store).await,
        name => panic!("{name} is new: say how a stranger would ask"),
    }
}

async fn commit_as_a_stranger(store: &Arc<dyn Store>) {
    let mine = ContactId(1);
    let epoch = store.claim(OTHER).await.unwrap();
    let changes = [
        Change::Person(mine, person("Grace", "+15550100")),
        Change::AgentRemoved(ANNA),
        Change::ContactTokensEnd { contact: mine, at: NOON },
    ];
    // The contact is not there, so its person cannot be either.
    assert!(store.commit(OTHER, epoch, &changes[..1]).await.is_err());
    store.commit(OTHER, epoch, &changes[1..]).await.unwrap();
}

/// The shop's contact is not to be recorded by others, nor are its recordings found, changed or deleted.
async fn record_as_a_stranger(store: &Arc<dyn Store>) {
    let (records, theirs) = (store.records(), recording(1, 1));
    records.begin_recording(SHOP, &theirs).await.unwrap_or_default();
    assert!(!records.begin_recording(OTHER, &recording(2, 1)).await.unwrap());
    assert_eq!(records.recordings_of(OTHER, ContactId(1)).await.unwrap(), []);
    assert_eq!(records.expired_recordings(OTHER, at(3_600), 9).await.unwrap(), []);
    records.drop_recording(OTHER, theirs.id).await.unwrap();
    let changed = Recording { locked: vec![0], ..theirs.clone() };
    records.lock_recording_anew(OTHER, &changed).await.unwrap();
    assert_eq!(records.recordings_of(SHOP, ContactId(1)).await.unwrap(), [theirs]);
}

/// Nothing of the shop is found, and nothing goes.
async fn let_go_as_a_stranger(store: &Arc<dyn Store>) {
    let (records, late) = (store.records(), at(3_600));
    assert_eq!(records.expired_customers(OTHER, late, 9).await.unwrap(), []);
    assert_eq!(records.forget_trails(OTHER, late, 9).await.unwrap(), 0);
    assert_eq!(records.drop_records(OTHER, late, 9).await.unwrap(), 0);
}

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
        Change::ContactTokensEnd { contact: ContactId(1), at: NOON },
        Change::Erased(ContactId(1)),
    ];
    db.store.commit(OTHER, epoch, &changes).await.unwrap();
    assert_eq!(db.store.load(SHOP, NOON).await.unwrap(), before);
    assert_eq!(db.store.contact(SHOP, ContactId(1)).await.unwrap(), detail);
    assert!(db.store.find_contact_token(&[1; 32], NOON).await.unwrap().is_some());
    assert!(db.store.find_login("anna").await.unwrap().is_some());
}

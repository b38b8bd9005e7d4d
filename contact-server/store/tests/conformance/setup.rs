use contact_core::Settings;
use shared::AgentId;
use store::{PromptClip, StoreError, testing::TestDatabase};

use crate::examples::*;

pub(crate) async fn a_business_is_put_and_changed_by_its_id(db: TestDatabase) {
    db.store.put_business(&business(SHOP), &Settings::default()).await.unwrap();
    db.store.put_business(&business(OTHER), &Settings::default()).await.unwrap();
    let epoch = db.store.claim(SHOP).await.unwrap();
    let mut renamed = business(SHOP);
    renamed.name = "New name".into();
    renamed.key = "new-key".into();
    let newer = Settings { version: 2, press_one: false, ..Settings::default() };
    db.store.put_business(&renamed, &newer).await.unwrap();
    let mut businesses = db.store.businesses().await.unwrap();
    businesses.sort_by_key(|business| business.id);
    assert_eq!(businesses, [business(OTHER), renamed]);
    assert_eq!(db.store.setup(SHOP).await.unwrap().settings, newer);
    db.store
        .commit(SHOP, epoch, &[ended(1, 1)])
        .await
        .expect("a change of the setup takes nobody's business away");
}

pub(crate) async fn taken_names_are_told(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let mut other = business(OTHER);
    other.key = business(SHOP).key;
    let taken = db.store.put_business(&other, &Settings::default()).await;
    assert!(matches!(taken, Err(StoreError::Taken(_))));
    assert_eq!(db.store.businesses().await.unwrap(), [business(SHOP)]);

    db.store.put_agent(SHOP, &profile(ANNA, "Anna"), "anna", "hash").await.unwrap();
    let taken = db.store.put_agent(SHOP, &profile(AgentId(2), "Other Anna"), "ANNA", "hash").await;
    assert!(matches!(taken, Err(StoreError::Taken(_))));
    assert_eq!(db.store.setup(SHOP).await.unwrap().agents, [profile(ANNA, "Anna")]);
}

pub(crate) async fn a_login_is_found_without_regard_to_case(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    db.store.put_agent(SHOP, &profile(ANNA, "Anna"), "Anna.Å", "first").await.unwrap();
    db.store.put_agent(SHOP, &profile(ANNA, "Anna Ott"), "Anna.Å", "second").await.unwrap();
    let login = db.store.find_login(" anna.å ").await.unwrap().unwrap();
    assert_eq!((login.agent, login.business, login.login.as_str()), (ANNA, SHOP, "Anna.Å"));
    assert_eq!((login.name.as_str(), login.password_hash.as_str()), ("Anna Ott", "second"));
    assert_eq!(db.store.agent_login(SHOP, ANNA).await.unwrap().unwrap().login, "Anna.Å");
    assert!(db.store.find_login("anna").await.unwrap().is_none());
}

pub(crate) async fn an_agent_of_no_business_is_refused(db: TestDatabase) {
    let refused = db.store.put_agent(SHOP, &profile(ANNA, "Anna"), "anna", "hash").await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    let refused = db.store.put_prompt(SHOP, &PromptClip { slot: "name".into(), wav: vec![] }).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    assert!(matches!(db.store.setup(SHOP).await, Err(StoreError::NotFound(_))));
}

pub(crate) async fn every_change_of_the_setup_is_noticed(db: TestDatabase) {
    let mut last = db.store.setup_version().await.unwrap();
    let mut newer = async || {
        let version = db.store.setup_version().await.unwrap();
        std::mem::replace(&mut last, version) < version
    };
    let epoch = owned(&db.store, SHOP).await;
    assert!(newer().await, "a business");
    db.store.put_agent(SHOP, &profile(ANNA, "Anna"), "anna", "hash").await.unwrap();
    assert!(newer().await, "an agent");
    db.store.put_prompt(SHOP, &PromptClip { slot: "name".into(), wav: vec![] }).await.unwrap();
    assert!(newer().await, "a prompt");
    db.store.commit(SHOP, epoch, &[ended(1, 1)]).await.unwrap();
    assert!(!newer().await, "a commit is no change of the setup");
}

pub(crate) async fn prompts_are_kept_by_slot(db: TestDatabase) {
    owned(&db.store, SHOP).await;
    let clip = |slot: &str, byte| PromptClip { slot: slot.into(), wav: vec![byte; 100_000] };
    for clip in [clip("name", 1), clip("hold", 2), clip("name", 3)] {
        db.store.put_prompt(SHOP, &clip).await.unwrap();
    }
    assert_eq!(db.store.prompts(SHOP).await.unwrap(), [clip("hold", 2), clip("name", 3)]);
}

//! What is kept long enough goes, and nothing else.
use std::{fs, io, path::Path, sync::Arc};

use contact_core::{
    record::{Change, Person},
    retention::Keep,
};
use contact_server::{
    archive::shelf::{Disk, Shelf},
    config::Config,
    erasure::journal,
    retention::{Gone, Retention},
    run,
};
use shared::{ContactId, RecordingId, api::PageView};
use store::{Erasure, Recording};

use crate::{
    erasure::{OLD_CONTACT, days_ago, plant_an_old_call},
    process::{KEY, Place, ask},
    search::{found_below, planted},
};

const YOUNG_CONTACT: ContactId = ContactId(0xF0A1);
const YOUNG_NAME: &str = "Ignatius Featherstonehaugh";

/// A call of an hour ago, which is over.
async fn plant_a_young_call(place: &Place) {
    let store = store::open(&place.database).await.unwrap();
    let business = store.businesses().await.unwrap()[0].id;
    let epoch = store.claim(business).await.unwrap();
    let at = shared::Timestamp(days_ago(0).0 - 3_600_000);
    let row = serde_json::json!({
        "id": YOUNG_CONTACT, "channel": "telephone", "skill": "", "place": 2, "requested_at": at, "due": null,
        "merged": false, "attempts": 1, "consent": "1", "sharing": true, "settings": 1, "agent": null,
        "bridged_at": null, "talked_ms": 0, "ended_at": at, "reason": "completed", "closed": true,
        "state": { "state": "ended" },
    });
    let person = Person {
        name: Some(YOUNG_NAME.into()),
        trail: vec![PageView { url: "https://shop.test/quill".into(), title: "Quills".into(), at }],
        ..Person::default()
    };
    let changes =
        [Change::Contact(serde_json::from_value(row).unwrap()), Change::Person(YOUNG_CONTACT, person)];
    store.commit(business, epoch, &changes).await.unwrap();
    store.records().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_kept_long_enough_is_found_nowhere_and_a_younger_one_is_still_there() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    plant_a_young_call(&place).await;
    let said = place.says(&["admin", "backup", "--to", "copies"]);
    let copy = said.split('\t').next().unwrap();
    let data = place.path("data");
    let young = [YOUNG_NAME.to_owned(), "Quills".to_owned()];
    assert!(!found_below(&data, &planted()).is_empty(), "the control");

    let config = Config { database: place.database.clone(), ..Config::local(&data) };
    let running = run::start(config).await.unwrap();
    let app = &running.app;
    let business = app.store.businesses().await.unwrap()[0].id;
    let retention = |keep: Keep| Retention {
        store: app.store.clone(),
        engine: app.engine.clone(),
        clock: app.clock.clone(),
        metrics: Arc::clone(&app.metrics),
        keep,
        journal: data.join(journal::FILE),
        shelf: Shelf::below(&data),
    };
    let past = Erasure {
        id: 1,
        business,
        contacts: vec![ContactId(1)],
        asked_at: days_ago(500),
        taken_at: None,
        done_at: None,
    };
    journal::append(&data.join(journal::FILE), &past).unwrap();
    // The server's own turns know of a year, and let these be.
    let keep =
        Keep { trails_days: 0, recordings_days: 0, customers_days: 1, records_days: 0, erasures_days: 400 };
    let gone = retention(keep).turn().await.unwrap();
    assert_eq!(gone, Gone { trails: 1, recordings: 0, customers: 1, records: 0, erasures: 1 });
    assert_eq!(retention(keep).turn().await.unwrap(), Gone::default(), "once");
    assert_eq!(found_below(&data, &planted()), [""; 0], "while the server runs");
    let left = found_below(&data, &young);
    assert!(young.iter().all(|text| left.iter().any(|found| found.contains(text.as_str()))), "{left:?}");
    let record = app.store.contact(business, OLD_CONTACT).await.unwrap().unwrap();
    assert!(record.legs.len() == 1 && record.e164.is_none(), "that there was a call is known: {record:?}");

    place.says(&["admin", "business", "set", "--business", KEY, "keep_records_days", "1"]);
    let gone = retention(keep).turn().await.unwrap();
    assert!(gone.records > 0, "as the business wants it: {gone:?}");
    assert_eq!(app.store.contact(business, OLD_CONTACT).await.unwrap(), None);
    assert!(app.store.contact(business, YOUNG_CONTACT).await.unwrap().is_some());
    running.shutdown().await.unwrap();
    assert_eq!(found_below(&data, &planted()), [""; 0], "after the server's end");

    // A copy that was made before still holds them; the journal knows of them as of every erasure.
    let kept = fs::read(data.join(journal::FILE)).unwrap();
    fs::remove_dir_all(&data).unwrap();
    fs::create_dir(&data).unwrap();
    fs::write(data.join(journal::FILE), kept).unwrap();
    let said = place.says(&["admin", "restore", copy]);
    assert!(said.contains("1 erasures"), "{said}");
    assert_eq!(found_below(&data, &planted()), [""; 0], "after a restore");
    assert!(!found_below(&data, &young).is_empty(), "the younger one is back as well");
}

/// A file is deleted once the server has answered somebody else.
#[derive(Debug)]
struct Waiting {
    port: u16,
}

impl Disk for Waiting {
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        assert_eq!(ask(self.port, "GET", "/healthz", &[], "").status, 200);
        fs::remove_file(path)
    }
}

/// One thread serves, and lets go of what is old: a deletion in place would wait for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_recording_that_takes_long_to_delete_holds_nobody_up() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let data = place.path("data");
    let config = Config { database: place.database.clone(), ..Config::local(&data) };
    let running = run::start(config).await.unwrap();
    let app = &running.app;
    let business = app.store.businesses().await.unwrap()[0].id;
    let recording = Recording {
        id: RecordingId(1),
        business,
        contact: OLD_CONTACT,
        began_at: days_ago(2),
        lock: "test".into(),
        locked: vec![7; 60],
    };
    assert!(app.store.records().begin_recording(business, &recording).await.unwrap());
    let shelf = Shelf::below(&data).on(Arc::new(Waiting { port: running.addr.port() }));
    let path = shelf.file((&recording).into());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"sealed").unwrap();
    let retention = Retention {
        store: app.store.clone(),
        engine: app.engine.clone(),
        clock: app.clock.clone(),
        metrics: Arc::clone(&app.metrics),
        keep: Keep { recordings_days: 1, ..Keep::default() },
        journal: data.join(journal::FILE),
        shelf,
    };
    let gone = tokio::spawn(async move { retention.turn().await }).await.unwrap().unwrap();
    assert_eq!((gone.recordings, path.exists()), (1, false));
    running.shutdown().await.unwrap();
}

use std::process::Command;

use contact_core::record::Change;
use contact_server::clock::{Clock as _, SystemClock};
use futures_util::SinkExt as _;
use serde_json::json;
use shared::{
    ContactId, LegId, ProtocolVersion, TabId, Timestamp,
    api::{LegRecord, PageView, Party, WrapUp},
    wire::widget::{ContextSet, Hello, PageViewed, WidgetToServer},
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

use crate::{
    process::{KEY, Place, SHOP, Server},
    search::*,
};

pub(crate) const OLD_CONTACT: ContactId = ContactId(0xDEAD);

pub(crate) fn days_ago(days: u64) -> Timestamp {
    Timestamp(SystemClock::default().now().0 - days * 24 * 3_600_000)
}

/// A call of two days ago, with a wrap-up and a leg, as it stands in the store when no server runs.
pub(crate) async fn plant_an_old_call(place: &Place) {
    place.serve("off").end();
    let store = store::open(&place.database).await.unwrap();
    let business = store.businesses().await.unwrap()[0].id;
    let epoch = store.claim(business).await.unwrap();
    let at = days_ago(2);
    let row = json!({
        "id": OLD_CONTACT, "channel": "telephone", "skill": "", "place": 1, "requested_at": at,
        "due": null, "merged": false, "attempts": 1, "consent": "1", "sharing": true, "settings": 1, "agent": null,
        "bridged_at": null, "talked_ms": 0, "ended_at": at, "reason": "completed", "closed": true,
        "state": { "state": "ended" },
    });
    let person = contact_core::record::Person {
        e164: Some("+442079460777".into()),
        number: Some("+44 20 7946 0777".into()),
        name: Some(NAME.into()),
        note: Some(NOTE.into()),
        trail: vec![PageView { url: URL.into(), title: TITLE.into(), at: Timestamp(1) }],
        context: Some(CONTEXT.into()),
        ..Default::default()
    };
    let wrap_up = WrapUp { disposition: "Sold".into(), notes: WRAP_UP.into(), order: Vec::new() };
    let leg = LegRecord {
        leg: LegId(5),
        contact: OLD_CONTACT,
        party: Party::Customer,
        number: Some("+442079460777".into()),
        agent: None,
        started_at: at,
        answered_at: None,
        bridged_at: None,
        ended_at: Some(at),
        cause: None,
    };
    let changes = [
        Change::Contact(serde_json::from_value(row).unwrap()),
        Change::Person(OLD_CONTACT, person),
        Change::Leg(leg),
        Change::WrapUp { contact: OLD_CONTACT, agent: shared::AgentId(1), wrap_up, done: true },
        Change::OptOut { e164: "+442079460888".into(), at: Timestamp(1) },
    ];
    store.commit(business, epoch, &changes).await.unwrap();
    store.records().close().await;
}

/// A request that waits, whose customer walks on.
async fn plant_a_request(server: &Server) -> String {
    let accepted = server.request(
        NUMBER,
        &json!({
            "name": NAME, "note": NOTE, "context": CONTEXT,
            "trail": [{"url": URL, "title": TITLE, "at": 1}],
        }),
    );
    assert_eq!(accepted.status, 201, "{}", accepted.body);
    let token = accepted.json()["token"].as_str().unwrap().to_owned();
    let mut request = format!("ws://127.0.0.1:{}/ws/widget", server.port).into_client_request().unwrap();
    request.headers_mut().insert("origin", SHOP.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let page =
        PageView { url: "https://shop.test/checkout".into(), title: LATER_TITLE.into(), at: Timestamp(2) };
    let hello =
        Hello { version: ProtocolVersion::CURRENT, token: token.clone(), tab: TabId(1), voice: false };
    for message in [
        WidgetToServer::from(hello).encode(),
        WidgetToServer::from(PageViewed { page }).encode(),
        WidgetToServer::from(ContextSet { context: LATER_CONTEXT.into() }).encode(),
    ] {
        socket.send(Message::Binary(message.into())).await.unwrap();
    }
    // It closes when all of it is stored: what comes over one socket is handled in order.
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = futures_util::StreamExt::next(&mut socket).await {}
    token
}

fn erase(place: &Place, more: &[&str]) -> String {
    let args = ["admin", "customer", "erase", "--business", KEY, "--number", "020 79460777"];
    place.says(&[&args, more].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_customer_is_found_nowhere() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let server = place.serve("trace,tungstenite::protocol=trace");
    plant_a_request(&server).await;
    let planted = planted();
    place.says(&["admin", "backup", "--to", "before"]);

    let before = found_below(&place.path("data"), &planted).join("\n");
    let stored = |text: &&String| text.as_str() != NUMBER && text.as_str() != "020 7946 0777";
    for text in planted.iter().filter(stored) {
        assert!(before.contains(&format!("{text:?} in")), "the search is blind for {text:?}:\n{before}");
    }
    assert!(!found_below(&place.path("before"), &planted).is_empty(), "the older backup holds it");

    let said = erase(&place, &[]);
    assert!(said.contains("2 contacts"), "{said}");
    place.says(&["admin", "backup", "--to", "after"]);
    for folder in ["data", "after"] {
        assert_eq!(found_below(&place.path(folder), &planted), [""; 0], "while the server runs");
    }
    let log = place.log();
    assert!(log.contains("DEBUG sqlx") && log.contains("request accepted"), "the log is one");
    assert_eq!(found(log.as_bytes(), &planted), [""; 0], "in the log");

    let export = place.says(&["admin", "customer", "export", "--business", KEY, "--number", NUMBER]);
    assert!(export.contains(r#""contacts": []"#), "{export}");
    server.end();
    assert_eq!(found_below(&place.path("data"), &planted), [""; 0], "after the server's end");
    // A server that starts again brings nothing back.
    let server = place.serve("off");
    assert_eq!(server.get("/readyz").status, 200);
    server.end();
    assert_eq!(found_below(&place.path("data"), &planted), [""; 0], "after another start");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_holds_all_that_is_kept_of_a_customer() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let server = place.serve("off");
    plant_a_request(&server).await;
    let export = place.says(&["admin", "customer", "export", "--business", KEY, "--number", NUMBER]);
    let export: serde_json::Value = serde_json::from_str(&export).unwrap();
    assert_eq!(export["number"], "+442079460777");
    assert_eq!(export["never_call_again"], false);
    assert_eq!(export["contacts"].as_array().unwrap().len(), 2);
    let all = export.to_string();
    for text in [NAME, NOTE, TITLE, URL, WRAP_UP, LATER_TITLE, shared::consent::TEXT] {
        assert!(all.contains(text), "{text:?} is missing in {all}");
    }
    let other = place.says(&["admin", "customer", "export", "--business", KEY, "--number", "020 7946 0888"]);
    assert!(other.contains(r#""never_call_again": true"#) && other.contains(r#""contacts": []"#), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_erased_without_a_server_too() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    assert!(erase(&place, &["--no-server"]).contains("1 contact erased"));
    assert_eq!(found_below(&place.path("data"), &planted()), [""; 0]);
    assert!(erase(&place, &["--no-server"]).contains("keeps nothing"));
    let nobody = place.fails(&["admin", "customer", "erase", "--business", KEY, "--number", "banana"]);
    assert!(nobody.contains("is no number"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_contact_is_erased_by_its_id() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let server = place.serve("off");
    plant_a_request(&server).await;
    let id = OLD_CONTACT.to_string();
    place.says(&["admin", "customer", "erase", "--business", KEY, "--contact", &id]);
    let left = found_below(&place.path("data"), &planted()).join("\n");
    assert!(!left.contains(WRAP_UP) && left.contains(LATER_TITLE), "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_customer_is_found_in_no_dump_of_postgres() {
    let url = store::testing::postgres_url().await;
    let place = Place { database: url.clone(), ..Place::sqlite() };
    plant_an_old_call(&place).await;
    let server = place.serve("trace,tungstenite::protocol=trace");
    plant_a_request(&server).await;
    let planted = planted();
    let before = found(&dump(&url), &planted);
    assert!(before.contains(&NAME.to_owned()) && before.contains(&WRAP_UP.to_owned()), "{before:?}");
    erase(&place, &[]);
    assert_eq!(found(&dump(&url), &planted), [""; 0]);
    assert_eq!(found(place.log().as_bytes(), &planted), [""; 0], "in the log");
    let refused = place.fails(&["admin", "backup", "--to", "copies"]);
    assert!(refused.contains("pg_dump"), "{refused}");
}

fn dump(url: &str) -> Vec<u8> {
    let output = Command::new("pg_dump").args(["--inserts", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

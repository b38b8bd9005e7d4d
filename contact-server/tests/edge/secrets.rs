//! No secret stands in a log, a URL or an error, however much is logged.
#![expect(clippy::wildcard_enum_match_arm, reason = "who waits for one message passes over the others")]
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use contact_server::{demo, ids};
use serde_json::{Value, json};
use shared::{
    DocumentId, ProtocolVersion, TabId,
    wire::{
        LegOffer, Ping,
        console::{ConsoleToServer, GoReady, ServerToConsole, ViewRequest},
        handset::{HandsetToServer, Hello, ServerToHandset},
        mirror::{PublisherHello, PublisherToServer, ViewerHello, ViewerToServer},
        widget::{self, WidgetToServer},
    },
};

use super::support::*;

const NAME: &str = "Zacharias Planted-Name";
const NOTE: &str = "a planted note about the blue lamp";
const PAGE: &str = "http://shop.test/planted-page?order=planted-order";
const WRONG_PASSWORD: &str = "planted-wrong-password";
const WRONG_FIELD: &str = "planted-password-in-the-wrong-place";

#[tokio::test]
async fn no_secret_stands_in_a_log_at_trace_level_or_in_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringside"))
        .current_dir(&folder)
        // The operator asks for everything, and by name for what would tell most.
        .env("RINGSIDE_LOG", "trace,tungstenite=trace,hyper=trace,sqlx=trace,str0m=trace")
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--demo-origin", SHOP, "--ready-json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = Vec::new();
        log.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap()
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let origin = ready["ready"]["url"].as_str().unwrap().to_owned();
    let port: u16 = origin.rsplit(':').next().unwrap().parse().unwrap();
    let addr = ([127, 0, 0, 1], port).into();
    let server = Server { running: None, addr, origin, _folder: folder };

    let mut secrets = use_everything(&server, ready["ready"]["handset"].as_str().unwrap()).await;
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success() && child.wait().unwrap().success());
    let log = log.join().unwrap();
    assert!(log.contains("request accepted") && log.contains("DEBUG"), "something was logged: {log}");
    let numbers = ["442079460123", "2079460123", "020 7946 0123", "20 7946 0123", "20%207946%200123"];
    secrets.extend(numbers.map(|number| ("a telephone number", number.to_owned())));
    secrets.extend([
        ("the password", demo::PASSWORD.to_owned()),
        ("a wrong password", WRONG_PASSWORD.to_owned()),
        ("a password in the wrong field", WRONG_FIELD.to_owned()),
        ("the customer's name", NAME.to_owned()),
        ("the customer's note", NOTE.to_owned()),
        ("an address of a page", PAGE.to_owned()),
    ]);
    let mut leaks = std::collections::BTreeMap::new();
    for (what, secret) in &secrets {
        assert!(secret.len() >= 10, "{what}: {secret}");
        // Also as a list of bytes and in hex, which is how some libraries print a message.
        let bytes: Vec<String> = secret.bytes().take(12).map(|byte| byte.to_string()).collect();
        let forms = [secret.clone(), bytes.join(", "), ids::hex(&secret.as_bytes()[..10])];
        for line in log.lines().filter(|line| forms.iter().any(|form| line.contains(form))) {
            leaks.entry((*what, line.split(' ').find(|word| word.ends_with(':')))).or_insert(line);
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Goes through every door with secrets; returns those that the server made.
async fn use_everything(server: &Server, handset: &str) -> Vec<(&'static str, String)> {
    let ada = server.ada().await;
    let session = ada.cookie.split_once('=').unwrap().1.to_owned();
    for body in [
        json!({"login": "ada", "password": WRONG_PASSWORD}),
        json!({"login": {"password": WRONG_FIELD}, "password": 1}),
        json!({"login": WRONG_FIELD}),
        json!({"login": "ada", "password": [WRONG_FIELD]}),
    ] {
        let refused = server.post("/api/v1/session", &server.origin, body).send().await;
        assert!(refused.status >= 400);
        assert!(!refused.body.contains("planted"), "{}", refused.body);
    }
    let mut body = call("020 7946 0123");
    body["name"] = NAME.into();
    body["note"] = NOTE.into();
    body["trail"] = json!([{"url": PAGE, "title": NOTE, "at": 1}]);
    let key = ids::token();
    let request = || server.request(body.clone()).header("idempotency-key", &key).send();
    let first = request().await.json();
    let accepted = request().await.json();
    let contact = serde_json::from_value(accepted["contact"].clone()).unwrap();
    let token = accepted["token"].as_str().unwrap().to_owned();

    let mut console = server.console(&ada, false).await;
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    let code = handset.split_once("#code=").unwrap().1;
    let exchanged = server.post("/api/v1/handset", &server.origin, json!({ "code": code })).send().await;
    let phone_token = exchanged.json()["token"].as_str().unwrap().to_owned();
    let mut phone = server.socket("/ws/handset", &[("origin", &server.origin)]).await;
    let hello = Hello { version: ProtocolVersion::CURRENT, token: phone_token.clone() };
    phone.send(HandsetToServer::from(hello).encode()).await;
    let leg = phone
        .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
            ServerToHandset::Ring(ring) => Some(ring.leg),
            _ => None,
        })
        .await;
    let sdp = format!("v=0\r\na=ice-pwd:{WRONG_FIELD}\r\n");
    phone.send(HandsetToServer::from(LegOffer { leg, sdp }).encode()).await;

    let viewer = share_page(server, &token, &mut console, contact).await;
    let search = "/api/v1/contacts?search=20%207946%200123";
    assert_eq!(server.ask("GET", search).agent(&ada).send().await.status, 200);
    console.send(ConsoleToServer::from(Ping { nonce: 1 }).encode()).await;
    vec![
        ("the session", session),
        ("its CSRF value", ada.csrf),
        ("a contact's token", token),
        ("a contact's first token", first["token"].as_str().unwrap().to_owned()),
        ("the code of the telephone's link", code.to_owned()),
        ("the telephone's token", phone_token),
        ("an idempotency key", key),
        ("a viewer's token", viewer.unwrap_or_else(ids::token)),
    ]
}

/// The customer's page, its mirror and who looks at it; returns the viewer's token.
async fn share_page(
    server: &Server,
    token: &str,
    console: &mut Socket,
    contact: shared::ContactId,
) -> Option<String> {
    let token = token.to_owned();
    let mut page = server.widget(&token).await;
    page.status(|_| true).await;
    let view = shared::api::PageView { url: PAGE.into(), title: NOTE.into(), at: shared::Timestamp(1) };
    page.send(WidgetToServer::from(widget::PageViewed { page: view }).encode()).await;
    let mut mirror = server.socket("/ws/mirror", &[("origin", SHOP)]).await;
    let (tab, document) = (TabId(1), DocumentId(1));
    let hello = PublisherHello { version: ProtocolVersion::CURRENT, token: token.clone(), tab, document };
    mirror.send(PublisherToServer::from(hello).encode()).await;
    mirror.next().await;

    console.send(ConsoleToServer::from(ViewRequest { contact }).encode()).await;
    let viewer = console
        .console_wait(|message| match message {
            ServerToConsole::ViewGranted(granted) => Some(Some(granted.token)),
            ServerToConsole::Refused(_) => Some(None),
            _ => None,
        })
        .await;
    if let Some(viewer) = &viewer {
        let mut view = server.socket("/ws/view", &[("origin", &server.origin)]).await;
        let hello = ViewerHello { version: ProtocolVersion::CURRENT, token: viewer.clone(), resume: None };
        view.send(ViewerToServer::from(hello).encode()).await;
        view.next().await;
    }
    // Something of everything is refused.
    page.send(vec![0xFF; 12]).await;
    page.closed().await;
    viewer
}

//! Sockets and those who misuse them.
use serde_json::json;
use shared::{
    AgentId, ProtocolVersion, TabId, Timestamp, close,
    contact::{EndReason, Phase},
    wire::{
        Ping,
        handset::{HandsetToServer, Hello, ServerToHandset},
        mirror::{ViewerHello, ViewerToServer},
        widget::{self, WidgetToServer},
    },
};
use store::{Scope, Token};
use tokio_tungstenite::tungstenite::Message;

use contact_server::ids;

use super::support::*;

#[tokio::test]
async fn bad_first_messages_are_told_why() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let hello = |version: u16, token: &str| {
        let (version, token) = (ProtocolVersion(version), token.to_owned());
        WidgetToServer::from(widget::Hello { version, token, tab: TabId(1), voice: false }).encode()
    };
    let guessed = "0".repeat(64);
    for (why, origin, first, code) in [
        ("no message", SHOP, vec![1, 2, 3], close::MALFORMED),
        ("empty", SHOP, vec![], close::MALFORMED),
        ("another message", SHOP, WidgetToServer::from(Ping { nonce: 1 }).encode(), close::MALFORMED),
        ("old revision", SHOP, hello(0, &accepted.token), close::VERSION),
        ("guessed token", SHOP, hello(1, &guessed), close::UNAUTHORIZED),
        ("empty token", SHOP, hello(1, ""), close::UNAUTHORIZED),
        ("foreign origin", "http://evil.test", hello(1, &accepted.token), close::ORIGIN),
    ] {
        let mut socket = server.socket("/ws/widget", &[("origin", origin)]).await;
        socket.send(first).await;
        assert_eq!(socket.closed().await, code, "{why}");
    }
    let mut socket = server.socket("/ws/widget", &[]).await;
    socket.send(hello(1, &accepted.token)).await;
    assert_eq!(socket.closed().await, close::ORIGIN, "no origin");

    // The small window is a page of this server; with a good token it may be a customer's page, and nothing else.
    let mut window = server.socket("/ws/widget", &[("origin", &server.origin)]).await;
    window.send(hello(1, &guessed)).await;
    assert_eq!(window.closed().await, close::UNAUTHORIZED, "own page, guessed token");
    let mut window = server.socket("/ws/widget", &[("origin", &server.origin)]).await;
    window.send(hello(1, &accepted.token)).await;
    window.status(|status| status.status.phase == Phase::Waiting).await;
    server.assert_alive().await;
}

#[tokio::test]
async fn malformed_oversized_and_too_many_messages_end_the_connection_and_nothing_else() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mut bystander = server.widget(&accepted.token).await;
    bystander.status(|_| true).await;
    let page =
        shared::api::PageView { url: "javascript:alert(1)".into(), title: "t".into(), at: Timestamp(0) };
    for (why, message) in [
        ("rubbish", Message::Binary(vec![0xFF; 40].into())),
        ("text", Message::Text("hello".into())),
        (
            "a page that is none",
            Message::Binary(WidgetToServer::from(widget::PageViewed { page }).encode().into()),
        ),
        ("context that is no object", {
            let context = "[]".to_owned();
            Message::Binary(WidgetToServer::from(widget::ContextSet { context }).encode().into())
        }),
        ("hello again", Message::Binary(widget_hello(&accepted.token).into())),
        ("more than fits", Message::Binary(vec![0; 100 * 1024].into())),
    ] {
        let mut socket = server.widget(&accepted.token).await;
        socket.status(|_| true).await;
        socket.try_send(message).await;
        assert_eq!(socket.closed().await, close::MALFORMED, "{why}");
    }
    let mut flood = server.widget(&accepted.token).await;
    flood.status(|_| true).await;
    for nonce in 0..200 {
        let ping = WidgetToServer::from(Ping { nonce }).encode();
        if !flood.try_send(Message::Binary(ping.into())).await {
            break;
        }
    }
    assert_eq!(flood.closed().await, close::TOO_MANY);

    bystander.send(WidgetToServer::from(Ping { nonce: 7 }).encode()).await;
    let pong = bystander
        .wait(|bytes| {
            if let Ok(widget::ServerToWidget::Pong(pong)) = widget::ServerToWidget::decode(bytes) {
                Some(pong)
            } else {
                None
            }
        })
        .await;
    assert_eq!(pong.nonce, 7);
    server.assert_alive().await;
}

#[tokio::test]
async fn unknown_kinds_are_passed_over() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mut page = server.widget(&accepted.token).await;
    page.send(shared::envelope::write(999, &"from the future")).await;
    page.send(WidgetToServer::from(Ping { nonce: 1 }).encode()).await;
    page.wait(|bytes| {
        matches!(widget::ServerToWidget::decode(bytes), Ok(widget::ServerToWidget::Pong(_))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn cancelled_contact_shows_its_end_to_every_tab_and_to_those_who_come_back() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let (mut one, mut two) = (server.widget(&accepted.token).await, server.widget(&accepted.token).await);
    two.status(|_| true).await;
    one.send(WidgetToServer::from(widget::Cancel {}).encode()).await;
    for page in [&mut one, &mut two] {
        let status = page.status(|status| status.status.phase == Phase::Ended).await;
        assert_eq!(status.status.reason, Some(EndReason::Cancelled));
        assert_eq!(page.closed().await, close::FINISHED);
    }
    let mut later = server.widget(&accepted.token).await;
    let code = match later.next().await {
        Received::Message(_) => {
            later.status(|status| status.status.phase == Phase::Ended).await;
            later.closed().await
        }
        Received::Closed(code) => code,
    };
    assert!(matches!(code, close::FINISHED | close::UNAUTHORIZED), "{code}");
}

#[tokio::test]
async fn shutdown_tells_every_socket_to_come_back() {
    let mut server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mut page = server.widget(&accepted.token).await;
    page.status(|_| true).await;
    let ada = server.ada().await;
    let mut console = server.console(&ada, true).await;
    console.console_wait(|_| Some(())).await;
    let mut silent = server.socket("/ws/mirror", &[("origin", SHOP)]).await;
    let running = server.running.take().unwrap();
    let shutdown = tokio::spawn(running.shutdown());
    for socket in [&mut page, &mut console, &mut silent] {
        assert_eq!(socket.closed().await, close::GOING_AWAY);
    }
    shutdown.await.unwrap().unwrap();
}

#[tokio::test]
async fn viewer_token_that_is_guessed_expired_or_of_another_kind_opens_nothing() {
    let server = server().await;
    let app = server.running.as_ref().unwrap().app.clone();
    let accepted = server.accepted(call("020 7946 0100")).await;
    let business = app.sites.by_key(KEY).unwrap().business.id;
    let put = async |scope: Scope, expires_at: Timestamp| {
        let token = ids::token();
        app.store.put_token(&Token { hash: ids::hash(&token), business, scope, expires_at }).await.unwrap();
        token
    };
    let viewer = || Scope::Viewer { agent: AgentId(1), contact: accepted.contact };
    let ada = server.ada().await;
    let later = Timestamp(u64::MAX / 2);
    let login = app.store.find_login("ada").await.unwrap().unwrap();
    let not_hers = Scope::Viewer { agent: login.agent, contact: accepted.contact };
    for (why, token, code) in [
        ("guessed", "1".repeat(64), close::UNAUTHORIZED),
        ("expired", put(viewer(), Timestamp(1)).await, close::UNAUTHORIZED),
        ("a contact's", accepted.token.clone(), close::UNAUTHORIZED),
        ("a session's", ada.cookie.split_once('=').unwrap().1.to_owned(), close::UNAUTHORIZED),
        ("a telephone's", put(Scope::Handset { e164: "+44".into() }, later).await, close::UNAUTHORIZED),
        ("an agent's who does not exist", put(viewer(), later).await, close::UNAUTHORIZED),
        ("one for a contact that is not the agent's", put(not_hers, later).await, close::FINISHED),
    ] {
        let mut socket = server.socket("/ws/view", &[("origin", &server.origin)]).await;
        let hello = ViewerHello { version: ProtocolVersion::CURRENT, token, resume: None };
        socket.send(ViewerToServer::from(hello).encode()).await;
        assert_eq!(socket.closed().await, code, "{why}");
    }
    let mut foreign = server.socket("/ws/view", &[("origin", SHOP)]).await;
    let token = put(viewer(), later).await;
    let hello = ViewerHello { version: ProtocolVersion::CURRENT, token, resume: None };
    foreign.send(ViewerToServer::from(hello).encode()).await;
    assert_eq!(foreign.closed().await, close::ORIGIN);
}

#[tokio::test]
async fn handset_code_works_once_and_its_token_opens_the_telephone() {
    let server = server().await;
    let link = server.running.as_ref().unwrap().demo.clone().unwrap().handset;
    let code = link.split_once("#code=").unwrap().1.to_owned();
    let exchange = || server.post("/api/v1/handset", &server.origin, json!({"code": code})).send();
    let token = exchange().await.json()["token"].as_str().unwrap().to_owned();
    let again = exchange().await;
    assert_eq!((again.status, again.problem().as_str()), (401, "bad_code"));

    let mut handset = server.socket("/ws/handset", &[("origin", &server.origin)]).await;
    let hello = Hello { version: ProtocolVersion::CURRENT, token };
    handset.send(HandsetToServer::from(hello).encode()).await;
    let welcome = handset
        .wait(|bytes| {
            if let Ok(ServerToHandset::Welcome(welcome)) = ServerToHandset::decode(bytes) {
                Some(welcome)
            } else {
                None
            }
        })
        .await;
    assert_eq!((welcome.e164.as_str(), welcome.number.as_str()), ("+442079460123", "+44 20 7946 0123"));
    let ada = server.ada().await;
    let stolen = ada.cookie.split_once('=').unwrap().1.to_owned();
    let refused = server.post("/api/v1/handset", &server.origin, json!({"code": stolen})).send().await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        server.ask("GET", "/api/v1/session").agent(&ada).send().await.status,
        200,
        "nothing was used up"
    );
}

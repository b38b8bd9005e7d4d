//! Peers that hold, send or ask for more than their share. Each is told when to come back, or let go; others go on.
use shared::{close, wire::Ping, wire::widget::WidgetToServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use super::support::*;

#[tokio::test]
async fn one_address_holds_so_many_sockets_and_is_told_when_to_come_back() {
    let server = server_with(|config, _| config.shares.sockets_per_address = 3).await;
    let from = |address| upgrade(&server, "/ws/widget", address, "");
    let mut held = Vec::new();
    for _ in 0..3 {
        let (stream, head) = from("203.0.113.7").await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        held.push(stream);
    }
    let (_, refused) = from("203.0.113.7").await;
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: 10"), "{refused}");
    assert!(refused.contains("too_many_requests"));
    let (_neighbour, head) = from("203.0.113.8").await;
    assert!(head.starts_with("HTTP/1.1 101"), "a neighbour is let in: {head}");
    drop(held.pop());
    // The place is free once the server has heard of it.
    while !from("203.0.113.7").await.1.starts_with("HTTP/1.1 101") {}
}

#[tokio::test]
async fn requests_of_every_kind_have_a_rate_for_each_address() {
    let server = server_with(|config, _| {
        config.rates.all.burst = 5;
        config.rates.all.per_minute = 1;
    })
    .await;
    let from = |address: &'static str, path: &'static str| {
        server.ask("GET", path).header("x-forwarded-for", address).send()
    };
    for _ in 0..5 {
        assert_eq!(from("203.0.113.7", "/api/v1/session").await.status, 401);
    }
    for path in ["/api/v1/session", "/api/v1/contacts", "/ws/console", "/api/v1/sites/nobody"] {
        let refused = from("203.0.113.7", path).await;
        assert_eq!((refused.status, refused.problem().as_str()), (429, "too_many_requests"), "{path}");
        assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    }
    assert_eq!(
        from("203.0.113.7", "/healthz").await.status,
        200,
        "whoever watches the server is not held up"
    );
    assert_eq!(from("203.0.113.8", "/api/v1/session").await.status, 401);
}

#[tokio::test]
async fn compressed_bodies_and_frames_are_not_taken() {
    let server = server().await;
    for encoding in ["gzip", "deflate", "br", "gzip, identity"] {
        let refused = server.request(call("020 7946 0100")).header("content-encoding", encoding).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (415, "unsupported_encoding"));
    }
    let plain = server.request(call("020 7946 0100")).header("content-encoding", "identity").send().await;
    assert_eq!(plain.status, 201);
    let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
    let (mut stream, head) = upgrade(&server, "/ws/widget", "203.0.113.9", offer).await;
    assert!(head.starts_with("HTTP/1.1 101") && !head.to_lowercase().contains("deflate"), "{head}");
    // A frame that claims to be compressed: FIN, RSV1, binary.
    stream.write_all(&[0xC2, 0x80 | 4, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    assert_eq!(close_code(&mut stream).await, Some(close::MALFORMED));
}

#[tokio::test]
async fn giant_and_endless_frames_end_their_connection() {
    let server = server().await;
    let giant = [&[0x82, 0x80 | 127][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat();
    let (mut stream, _) = upgrade(&server, "/ws/mirror", "203.0.113.9", "").await;
    stream.write_all(&giant).await.unwrap();
    assert_eq!(close_code(&mut stream).await, Some(close::MALFORMED), "a frame of a terabyte");

    // A message that never ends: fragments of 1,000 bytes, past what a message may have.
    let (mut stream, _) = upgrade(&server, "/ws/widget", "203.0.113.9", "").await;
    let fragment =
        |opcode: u8| [&[opcode, 0x80 | 126][..], &1_000_u16.to_be_bytes(), &[0; 4], &[7; 1_000]].concat();
    drop(stream.write_all(&fragment(0x02)).await);
    for _ in 0..100 {
        // The server may have closed.
        drop(stream.write_all(&fragment(0x00)).await);
    }
    assert!(matches!(close_code(&mut stream).await, Some(close::MALFORMED) | None));
    server.assert_alive().await;
}

/// A hundred addresses would otherwise have the server collect eight megabytes for each of their connections.
#[tokio::test]
async fn nobody_who_has_not_said_hello_sends_more_than_a_hello() {
    let server = server().await;
    let (mut stream, _) = upgrade(&server, "/ws/mirror", "203.0.113.9", "").await;
    let allowed = u32::try_from(shared::limits::MIRROR_MESSAGE_BYTES).unwrap() - 1;
    let head = [&[0x82, 0x80 | 127][..], &u64::from(allowed).to_be_bytes(), &[0; 4]].concat();
    stream.write_all(&head).await.unwrap();
    // The server may have closed.
    drop(stream.write_all(&vec![0; 2 * contact_server::limits::HELLO_BYTES]).await);
    assert!(matches!(close_code(&mut stream).await, Some(close::MALFORMED) | None));
    server.assert_alive().await;
}

#[tokio::test]
async fn floods_of_pings_and_of_messages_end_their_connection() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mut page = server.widget(&accepted.token).await;
    page.status(|_| true).await;
    for _ in 0..200 {
        if !page.try_send(Message::Ping(vec![0; 100].into())).await {
            break;
        }
    }
    assert_eq!(page.closed().await, close::TOO_MANY);
    let mut nobody = server.socket("/ws/widget", &[("origin", SHOP)]).await;
    for _ in 0..20 {
        if !nobody.try_send(Message::Ping(vec![0; 100].into())).await {
            break;
        }
    }
    assert_eq!(nobody.closed().await, close::MALFORMED);
    let mut page = server.widget(&accepted.token).await;
    let ping = WidgetToServer::from(Ping { nonce: 1 }).encode();
    for _ in 0..200 {
        if !page.try_send(Message::Binary(ping.clone().into())).await {
            break;
        }
    }
    assert_eq!(page.closed().await, close::TOO_MANY);
    server.assert_alive().await;
}

#[tokio::test]
async fn every_problem_has_a_page_that_says_what_to_do() {
    let server = server().await;
    let refused = server.request(call("12")).send().await.json();
    let page = server.ask("GET", refused["type"].as_str().unwrap()).send().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.body.contains("What to do") && page.body.contains("number_too_short"), "{}", page.body);
    for code in contact_server::problem::Code::ALL {
        let page = server.ask("GET", &format!("/problems/{}", code.text())).send().await;
        assert!(page.status == 200 && page.body.contains(code.title().trim()), "{code:?}");
    }
    for path in ["/problems/nothing", "/problems/%ff", "/problems/%3Cscript%3E"] {
        assert_eq!(server.ask("GET", path).send().await.problem(), "not_found", "{path}");
    }
}

/// Opens a socket by hand; returns the stream and the head of the answer (with the body of a refusal).
async fn upgrade(server: &Server, path: &str, address: &str, more: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\norigin: {SHOP}\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         x-forwarded-for: {address}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap() == 1 {
        answer.push(byte[0]);
    }
    if !answer.starts_with(b"HTTP/1.1 101") {
        let mut body = vec![0; 4_096];
        let length = stream.read(&mut body).await.unwrap();
        answer.extend_from_slice(&body[..length]);
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// The code of the server's close frame; None if the connection was cut off before it could be read.
async fn close_code(stream: &mut TcpStream) -> Option<u16> {
    let mut said = Vec::new();
    drop(stream.read_to_end(&mut said).await);
    let at = said.iter().position(|byte| *byte == 0x88)?;
    let code = said.get(at + 2..at + 4)?;
    Some(u16::from_be_bytes([code[0], code[1]]))
}

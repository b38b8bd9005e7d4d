//! Attacks that keep to HTTP and WebSockets, in numbers.
use std::{io, net::Ipv4Addr};

use serde_json::json;
use shared::{
    DocumentId, ProtocolVersion, TabId,
    api::CallAccepted,
    wire::{
        mirror::{Frame, FrameKind, InFront, PublisherHello, PublisherToServer},
        widget::{Hello, WidgetToServer},
    },
};
use tokio::time::{Duration, interval};

use super::{Act, KEY, ORIGIN};
use crate::{
    http::{Answer, Http},
    people::Chance,
    socket::Socket,
};

/// As fast as a page may send frames, and such a frame.
const FRAMES_PER_SECOND: u32 = 190;
const FRAME_BYTES: usize = 10_000;
/// Acts that one connection is used for.
const ACTS: u32 = 50;

/// What an actor keeps from one act to the next.
#[derive(Default)]
pub(super) struct Kept {
    line: Option<(Http, u32)>,
}

impl Act<'_> {
    /// A token that is none.
    pub(super) async fn false_token(&self, chance: &mut Chance) -> io::Result<()> {
        let from = somebody(chance);
        let headers = [("origin", ORIGIN), ("x-forwarded-for", from.as_str())];
        let socket = Socket::connect(self.attack.addr, "/ws/widget", &headers).await;
        let mut socket = socket.map_err(|_| io::ErrorKind::ConnectionReset)?;
        let token = format!("{}{}", chance.key(), chance.key());
        let hello = Hello { version: ProtocolVersion::CURRENT, token, tab: TabId(1), voice: false };
        let reset = |_| io::Error::from(io::ErrorKind::ConnectionReset);
        socket.send(WidgetToServer::from(hello).encode()).await.map_err(reset)?;
        match socket.next().await {
            Ok(_) => self.count("let in"),
            Err(code) => self.count(code.to_string()),
        }
        Ok(())
    }

    /// Anything that can be asked, on a connection that is kept for a while; every time somebody else asks.
    pub(super) async fn request(&self, kept: &mut Kept, chance: &mut Chance) -> io::Result<()> {
        let (key, from) = (chance.key(), somebody(chance));
        let json = |body: serde_json::Value| body.to_string();
        let number = format!("+1{}5550{}", 201 + chance.below(700), 100 + chance.below(99));
        let (method, path, body) = match chance.below(10) {
            0..3 => {
                let body =
                    json!({ "business": KEY, "channel": "telephone", "consent": "1", "number": number });
                ("POST", "/api/v1/requests", json(body))
            }
            3 => ("POST", "/api/v1/requests", "{\"business\":[[[[[[".to_owned()),
            4 => ("POST", "/api/v1/numbers", json(json!({ "business": KEY, "number": number }))),
            5 => ("GET", "/api/v1/sites/attacked-business", String::new()),
            6 => ("GET", "/widget.js", String::new()),
            7 => ("GET", "/readyz", String::new()),
            8 => ("GET", "/api/v1/contacts", String::new()),
            _ => ("GET", "/wp-admin/setup.php", String::new()),
        };
        let cookie = format!("ringside_session={key}{key}");
        let headers = [
            ("origin", ORIGIN),
            ("idempotency-key", key.as_str()),
            ("x-forwarded-for", from.as_str()),
            ("cookie", cookie.as_str()),
        ];
        let answer = self.ask(kept, (method, path, body), &headers).await?;
        self.count(name(&answer));
        Ok(())
    }

    /// Passwords of logins that are, and that are not.
    pub(super) async fn sign_in(&self, kept: &mut Kept, chance: &mut Chance) -> io::Result<()> {
        let from = somebody(chance);
        let login = format!("agent-{}", chance.below(2_000));
        let body = json!({ "login": login, "password": chance.key() }).to_string();
        let headers = [("x-forwarded-for", from.as_str())];
        let answer = self.ask(kept, ("POST", "/api/v1/session", body), &headers).await?;
        self.count(name(&answer));
        Ok(())
    }

    /// A contact of the other business whose page sends as much as it may, until it is cut off.
    pub(super) async fn publish(&self, chance: &mut Chance) -> io::Result<()> {
        let (key, from) = (chance.key(), somebody(chance));
        let headers =
            [("origin", ORIGIN), ("idempotency-key", key.as_str()), ("x-forwarded-for", from.as_str())];
        let body = json!({ "business": KEY, "channel": "browser", "consent": "1" }).to_string();
        let answer = Http::new(self.attack.addr).send("POST", "/api/v1/requests", &headers, body).await;
        let answer = answer.map_err(io::Error::other)?;
        self.count(name(&answer));
        let Ok(accepted) = serde_json::from_slice::<CallAccepted>(&answer.body) else { return Ok(()) };
        let socket = Socket::connect(self.attack.addr, "/ws/mirror", &headers).await;
        let mut socket = socket.map_err(|_| io::ErrorKind::ConnectionReset)?;
        let (version, token) = (ProtocolVersion::CURRENT, accepted.token);
        let hello = PublisherHello { version, token, tab: TabId(1), document: DocumentId(1) };
        let reset = |_| io::Error::from(io::ErrorKind::ConnectionReset);
        socket.send(PublisherToServer::from(hello).encode()).await.map_err(reset)?;
        socket.send(PublisherToServer::from(InFront { yes: true }).encode()).await.map_err(reset)?;
        socket.send(frame(FrameKind::Keyframe, 0)).await.map_err(reset)?;
        let (mut tick, mut seq) = (interval(Duration::from_secs(1) / FRAMES_PER_SECOND), 0);
        loop {
            tokio::select! {
                message = socket.next() => if let Err(code) = message {
                    self.count(code.to_string());
                    return Ok(());
                },
                _ = tick.tick() => {
                    seq += 1;
                    socket.send(frame(FrameKind::Patch, seq)).await.map_err(reset)?;
                }
            }
        }
    }

    async fn ask(
        &self,
        kept: &mut Kept,
        (method, path, body): (&str, &str, String),
        headers: &[(&str, &str)],
    ) -> io::Result<Answer> {
        let (mut http, used) = kept.line.take().unwrap_or_else(|| (Http::new(self.attack.addr), 0));
        let answer = http.send(method, path, headers, body).await.map_err(io::Error::other)?;
        kept.line = (used < ACTS).then_some((http, used + 1));
        Ok(answer)
    }
}

/// One of a few hundred addresses, as the proxy says it.
fn somebody(chance: &mut Chance) -> String {
    Ipv4Addr::new(203, 0, 113, u8::try_from(chance.below(256)).unwrap_or(0)).to_string()
}

fn name(answer: &Answer) -> String {
    match answer.status {
        429 | 503 if answer.header("retry-after").is_none() => {
            format!("{} without Retry-After", answer.status)
        }
        status => status.to_string(),
    }
}

fn frame(kind: FrameKind, seq: u32) -> Vec<u8> {
    PublisherToServer::from(Frame { kind, epoch: 1, seq, bytes: vec![7; FRAME_BYTES] }).encode()
}

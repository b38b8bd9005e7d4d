//! A server of a test's own, and clients that say exactly what a test wants said.
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use contact_core::Settings;
use contact_server::{
    config::Config,
    demo, ids, passwords,
    run::{self, Running},
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::{
    AgentId, ContactId, ProtocolVersion, TabId,
    api::CallAccepted,
    wire::{console, console::ConsoleToServer, console::ServerToConsole, widget},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// A guard against waiting for ever, never a claim about speed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SHOP: &str = "http://shop.test";
pub(crate) const OTHER_SHOP: &str = "http://other.test";
pub(crate) const KEY: &str = demo::BUSINESS_KEY;
pub(crate) const OTHER_KEY: &str = "other-business";
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Server {
    pub(crate) running: Option<Running>,
    pub(crate) addr: SocketAddr,
    /// Of this server's own pages.
    pub(crate) origin: String,
    pub(crate) _folder: TempDir,
}

/// Starts a demo server with a second business, whose agent is `mallory`.
pub(crate) async fn server() -> Server {
    server_with(|_, _| {}).await
}

/// One whose sockets look every second whether their token is still good.
pub(crate) async fn quick_server() -> Server {
    server_with(|config, _| config.shares.recheck_seconds = 1).await
}

/// What is changed: the configuration, and the settings of the second business.
pub(crate) async fn server_with(change: impl FnOnce(&mut Config, &mut Settings)) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        demo: true,
        demo_origins: vec![SHOP.into()],
        // Tests say which address they come from.
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        ..Config::local(folder.path())
    };
    let mut settings = Settings { regions: ["GB".to_owned()].into(), ..Settings::default() };
    change(&mut config, &mut settings);
    seed_other_business(&config, &settings).await;
    let running = run::start(config).await.unwrap();
    let addr = running.addr;
    Server { origin: running.app.config.public_origin(), running: Some(running), addr, _folder: folder }
}

async fn seed_other_business(config: &Config, settings: &Settings) {
    std::fs::create_dir_all(&config.data).unwrap();
    let store = store::open(&config.database).await.unwrap();
    let now = shared::Timestamp(1);
    let business = store::Business {
        key: OTHER_KEY.into(),
        origins: vec![OTHER_SHOP.into()],
        ..demo::new_business("Other", "GB", now)
    };
    store.put_business(&business, settings).await.unwrap();
    let profile = contact_core::record::AgentProfile {
        id: AgentId(ids::fresh(now)),
        name: "Mallory Other".into(),
        skills: Default::default(),
        supervisor: false,
        plays_recordings: false,
    };
    let hash = tokio::task::spawn_blocking(|| passwords::hash(PASSWORD).unwrap()).await.unwrap();
    store.put_agent(business.id, &profile, "mallory", &hash).await.unwrap();
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of a problem, after checking that it is one.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["detail"].as_str().unwrap().ends_with('.'), "a sentence: {problem}");
        problem["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// One request, on a connection of its own.
pub(crate) struct Ask<'a> {
    server: &'a Server,
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Server {
    pub(crate) fn ask<'a>(&'a self, method: &'a str, path: &str) -> Ask<'a> {
        Ask { server: self, method, path: path.to_owned(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn post<'a>(&'a self, path: &str, origin: &str, body: Value) -> Ask<'a> {
        self.ask("POST", path)
            .header("origin", origin)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Asks for a call as a page of the shop does, from an address of its own.
    pub(crate) fn request(&self, body: Value) -> Ask<'_> {
        static ADDRESSES: AtomicU32 = AtomicU32::new(1);
        let n = ADDRESSES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        self.post("/api/v1/requests", SHOP, body)
            .header("idempotency-key", &ids::token())
            .header("x-forwarded-for", &format!("10.{}.{}.{}", n[1], n[2], n[3]))
    }

    /// A request that was accepted.
    pub(crate) async fn accepted(&self, body: Value) -> CallAccepted {
        let response = self.request(body).send().await;
        assert_eq!(response.status, 201, "{}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Agent {
        let response = self
            .post("/api/v1/session", &self.origin, json!({"login": login, "password": password}))
            .send()
            .await;
        assert_eq!(response.status, 200, "{}", response.body);
        let cookie = response.headers["set-cookie"].split(';').next().unwrap().to_owned();
        let csrf = response.json()["csrf"].as_str().unwrap().to_owned();
        Agent { cookie, csrf }
    }

    pub(crate) async fn ada(&self) -> Agent {
        self.sign_in("ada", demo::PASSWORD).await
    }

    /// The server goes on, whatever was done to it.
    pub(crate) async fn assert_alive(&self) {
        assert_eq!(self.ask("GET", "/readyz").send().await.status, 200);
    }

    pub(crate) async fn socket(&self, path: &str, headers: &[(&str, &str)]) -> Socket {
        let mut request = format!("ws://{}{path}", self.addr).into_client_request().unwrap();
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Socket(socket)
    }

    pub(crate) async fn widget(&self, token: &str) -> Socket {
        let mut socket = self.socket("/ws/widget", &[("origin", SHOP)]).await;
        socket.send(widget_hello(token)).await;
        socket
    }

    /// A console that is connected, past its welcome.
    pub(crate) async fn console(&self, agent: &Agent, take_over: bool) -> Socket {
        let headers = [("origin", self.origin.as_str()), ("cookie", agent.cookie.as_str())];
        let mut socket = self.socket("/ws/console", &headers).await;
        let hello = console::Hello { version: ProtocolVersion::CURRENT, take_over };
        socket.send(ConsoleToServer::from(hello).encode()).await;
        socket
    }
}

pub(crate) fn widget_hello(token: &str) -> Vec<u8> {
    widget::WidgetToServer::from(widget::Hello {
        version: ProtocolVersion::CURRENT,
        token: token.to_owned(),
        tab: TabId(1),
        voice: false,
    })
    .encode()
}

pub(crate) struct Agent {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn agent(self, agent: &Agent) -> Self {
        self.header("cookie", &agent.cookie)
    }

    pub(crate) async fn send(self) -> Response {
        timeout(PATIENCE, self.exchange()).await.expect("an answer comes")
    }

    async fn exchange(self) -> Response {
        let mut stream = TcpStream::connect(self.server.addr).await.unwrap();
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name == "content-length") {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n{}", self.body).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        parse(&answer)
    }
}

fn parse(answer: &[u8]) -> Response {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let bytes = answer.get(end + 4..).unwrap_or_default().to_vec();
    let (head, body) = (std::str::from_utf8(&answer[..end]).unwrap(), String::from_utf8_lossy(&bytes));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_owned(), v.to_owned()));
    Response { status, headers: headers.collect(), body: body.into_owned(), bytes }
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Message(Vec<u8>),
    Closed(u16),
}

impl Socket {
    pub(crate) async fn send(&mut self, message: Vec<u8>) {
        self.0.send(Message::Binary(message.into())).await.unwrap();
    }

    /// Sends to a server that may have closed already.
    pub(crate) async fn try_send(&mut self, message: Message) -> bool {
        self.0.send(message).await.is_ok()
    }

    pub(crate) async fn next(&mut self) -> Received {
        timeout(PATIENCE, async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Received::Message(bytes.into()),
                    Some(Ok(Message::Close(Some(frame)))) => return Received::Closed(frame.code.into()),
                    Some(Ok(Message::Close(None))) | None => return Received::Closed(1005),
                    Some(Err(_)) => return Received::Closed(1006),
                    Some(Ok(_)) => {}
                }
            }
        })
        .await
        .expect("a message or a close comes")
    }

    /// The first message that `pick` takes; others are passed over.
    pub(crate) async fn wait<T>(&mut self, pick: impl Fn(&[u8]) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Received::Message(bytes) => {
                    if let Some(picked) = pick(&bytes) {
                        return picked;
                    }
                }
                Received::Closed(code) => panic!("closed with {code} before what was waited for"),
            }
        }
    }

    /// The code that the server closes with; messages before that are passed over.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Received::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    pub(crate) async fn console_wait<T>(&mut self, pick: impl Fn(ServerToConsole) -> Option<T>) -> T {
        self.wait(|bytes| pick(ServerToConsole::decode(bytes).unwrap())).await
    }

    /// The next customer status that `is` takes.
    pub(crate) async fn status(&mut self, is: impl Fn(&widget::Status) -> bool) -> widget::Status {
        self.wait(|bytes| {
            if let widget::ServerToWidget::Status(status) = widget::ServerToWidget::decode(bytes).unwrap()
                && is(&status)
            {
                Some(status)
            } else {
                None
            }
        })
        .await
    }
}

/// A call request for a number of the demo.
pub(crate) fn call(number: &str) -> Value {
    json!({"business": KEY, "channel": "telephone", "number": number, "consent": "1"})
}

/// The same with one field changed.
pub(crate) fn call_with(field: &str, value: impl Into<Value>) -> Value {
    let mut body = call("020 7946 0100");
    body[field] = value.into();
    body
}

pub(crate) fn contact_path(contact: ContactId) -> String {
    format!("/api/v1/contacts/{contact}")
}

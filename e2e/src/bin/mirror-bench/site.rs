//! Where the bench's pages live: what is shipped, what npm brought, a sink that plays the contact server, and a
//! bare relay for rrweb.
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::{
        Path as UrlPath, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use shared::{
    ProtocolVersion, Timestamp,
    wire::{
        Pong,
        mirror::{Masking, PublisherToServer, PublisherWelcome, ServerToPublisher, behind_says},
    },
};
use tokio::{net::TcpListener, sync::broadcast};

const SCRIPTS: [&str; 3] = [include_str!("pages.js"), include_str!("workloads.js"), include_str!("sides.js")];
const REPLAY: &str = "<!doctype html><title>Replay</title><script src=/bench.js></script><body></body>";
const HEARTBEAT_MS: u32 = 15_000;
/// The largest message: a keyframe, or an event with it.
const MESSAGE_BYTES: usize = 64 * 1024 * 1024;
/// Messages that a slow viewer of the relay may be behind.
const RELAY_MESSAGES: usize = 4_096;

pub(crate) struct Site {
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shelf {
    /// The folder `dist/app/HASH`.
    app: PathBuf,
    relay: broadcast::Sender<Message>,
}

impl Site {
    pub(crate) async fn open() -> Result<Self> {
        let (relay, _) = broadcast::channel(RELAY_MESSAGES);
        let shelf = Shelf { app: app_folder()?, relay };
        let router = Router::new()
            .route("/page", get(async || Html(include_str!("page.html"))))
            .route("/replay", get(async || Html(REPLAY)))
            .route("/bench.js", get(async || script(SCRIPTS.concat().into())))
            .route("/rrweb/{name}", get(rrweb))
            .route("/app/{*path}", get(app))
            .route("/sink/ours", get(ours))
            .route("/sink/rrweb", get(sink))
            .route("/relay/publish", get(publish))
            .route("/relay/view", get(view))
            .with_state(shelf);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            // It ends with the bench; a site that fails shows in the browser at once.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { origin, task })
    }

    /// The address of a socket, such as `/sink/ours`.
    pub(crate) fn socket(&self, path: &str) -> String {
        format!("{}{path}", self.origin.replacen("http", "ws", 1))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn app_folder() -> Result<PathBuf> {
    let app = root().join("dist/app");
    let entries = std::fs::read_dir(&app).context("nothing is built: run `cargo xtask build`")?;
    let mut folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    folders.find(|path| path.join("recorder.js").is_file()).context("dist/app holds no recorder")
}

fn npm(package: &str) -> PathBuf {
    root().join("tools/node_modules/@rrweb").join(package)
}

/// As npm installed it.
pub(crate) fn rrweb_version() -> Result<String> {
    let text =
        std::fs::read_to_string(npm("record").join("package.json")).context("run `cargo xtask setup`")?;
    let package: serde_json::Value = serde_json::from_str(&text)?;
    Ok(package["version"].as_str().unwrap_or_default().to_owned())
}

fn script(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], bytes).into_response()
}

async fn rrweb(UrlPath(name): UrlPath<String>) -> Response {
    let file = match &*name {
        "record.js" => npm("record").join("dist/record.umd.min.cjs"),
        "replay.js" => npm("replay").join("dist/replay.umd.min.cjs"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    std::fs::read(file).map_or_else(|_| StatusCode::NOT_FOUND.into_response(), script)
}

async fn app(State(shelf): State<Shelf>, UrlPath(path): UrlPath<String>) -> Response {
    let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let read = if plain { std::fs::read(shelf.app.join(&path)).ok() } else { None };
    match read {
        Some(bytes) if path.ends_with(".wasm") => {
            ([(header::CONTENT_TYPE, "application/wasm")], bytes).into_response()
        }
        Some(bytes) => script(bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn upgraded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES)
}

/// Welcomes a page of ours and takes its frames.
async fn ours(upgrade: WebSocketUpgrade) -> Response {
    upgraded(upgrade).on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            let Message::Binary(bytes) = message else { continue };
            let answer = match PublisherToServer::decode(behind_says(&bytes)) {
                Ok(PublisherToServer::PublisherHello(_)) => ServerToPublisher::from(PublisherWelcome {
                    version: ProtocolVersion::CURRENT,
                    now: Timestamp(0),
                    heartbeat_ms: HEARTBEAT_MS,
                    sharing: true,
                    masking: Masking::Balanced,
                    mask_selectors: Vec::new(),
                }),
                Ok(PublisherToServer::Ping(ping)) => {
                    ServerToPublisher::from(Pong { nonce: ping.nonce, now: Timestamp(0) })
                }
                Ok(_) | Err(_) => continue,
            };
            if socket.send(Message::Binary(answer.encode().into())).await.is_err() {
                return;
            }
        }
    })
}

/// Takes what rrweb sends.
async fn sink(upgrade: WebSocketUpgrade) -> Response {
    upgraded(upgrade).on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
}

async fn publish(State(shelf): State<Shelf>, upgrade: WebSocketUpgrade) -> Response {
    upgraded(upgrade).on_upgrade(async move |mut socket| {
        let mut greeted = false;
        while let Some(Ok(message)) = socket.recv().await {
            if std::mem::replace(&mut greeted, true) {
                // Without a viewer nobody hears it.
                let _ = shelf.relay.send(message);
            }
        }
    })
}

async fn view(State(shelf): State<Shelf>, upgrade: WebSocketUpgrade) -> Response {
    let heard = shelf.relay.subscribe();
    upgraded(upgrade).on_upgrade(async move |socket| pass_on(socket, heard).await)
}

async fn pass_on(mut socket: WebSocket, mut heard: broadcast::Receiver<Message>) {
    if socket.send(Message::Binary(Bytes::new())).await.is_err() {
        return;
    }
    while let Ok(message) = heard.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

//! The peer of the relay bench: an axum server that hands on what publishers send, and does nothing else.
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use axum::{
    Router,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
    routing::get,
};
use bytes::Bytes;
use contact_server::limits::{READ_BUFFER, WRITE_BUFFER};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpListener, sync::Notify};

use crate::lock;

/// Sessions that the bench has.
pub const SESSIONS: usize = 1_000;

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<Bytes>>,
    more: Notify,
}

type Sessions = Arc<Vec<Mutex<Vec<Arc<Queue>>>>>;

/// Serves until the process is ended. Says the address on `ready`.
pub async fn serve(ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let sessions: Sessions = Arc::new((0..SESSIONS).map(|_| Mutex::default()).collect());
    let router = Router::new()
        .route("/publish/{session}", get(publish))
        .route("/view/{session}", get(view))
        .with_state(sessions);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    ready(listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

fn sized(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER)
}

async fn publish(
    State(sessions): State<Sessions>,
    Path(session): Path<usize>,
    upgrade: WebSocketUpgrade,
) -> Response {
    sized(upgrade).on_upgrade(move |mut socket| async move {
        let Some(session) = sessions.get(session) else { return };
        while let Some(Ok(message)) = socket.next().await {
            let Message::Binary(bytes) = message else { continue };
            for viewer in lock(session).iter() {
                lock(&viewer.waiting).push_back(bytes.clone());
                viewer.more.notify_one();
            }
        }
    })
}

async fn view(
    State(sessions): State<Sessions>,
    Path(session): Path<usize>,
    upgrade: WebSocketUpgrade,
) -> Response {
    sized(upgrade).on_upgrade(move |socket| async move {
        let Some(session) = sessions.get(session) else { return };
        let queue = Arc::new(Queue::default());
        lock(session).push(queue.clone());
        carry(socket, &queue).await;
        lock(session).retain(|other| !Arc::ptr_eq(other, &queue));
    })
}

/// Feeds everything that waits, then flushes once.
async fn carry(mut socket: WebSocket, queue: &Queue) {
    loop {
        tokio::select! {
            message = socket.next() => {
                if !matches!(message, Some(Ok(_))) {
                    return;
                }
            }
            () = queue.more.notified() => {
                let batch = std::mem::take(&mut *lock(&queue.waiting));
                for bytes in batch {
                    if socket.feed(Message::Binary(bytes)).await.is_err() {
                        return;
                    }
                }
                if socket.flush().await.is_err() {
                    return;
                }
            }
        }
    }
}

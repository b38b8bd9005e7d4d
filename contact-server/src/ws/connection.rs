//! One WebSocket: its hello, its heartbeat, its rates, its batches out, its end.
use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use contact_core::record::TokenHash;
use futures_util::{SinkExt as _, StreamExt as _};
use shared::{ProtocolVersion, Timestamp, close};
use tokio::time::{Instant, timeout};

use super::{Closed, Flow};
use crate::{
    edge::Edge,
    hub::outbox::{Batch, Outbox},
    limits::{
        Bucket, CLOSE_WITHIN, CONTROL, CONTROL_UNKNOWN, GOODBYE_BYTES, HEARTBEAT, HELLO_BYTES, HELLO_WITHIN,
        MESSAGES, WRITE_WITHIN,
    },
    lobby::Guest,
    patient::Allowance,
    stopping,
};

/// No two looks follow one another faster.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);

/// What the server tells a client to keep: a message at least this often.
pub fn heartbeat_ms() -> u32 {
    u32::try_from(HEARTBEAT.as_millis()).unwrap_or(u32::MAX)
}

pub struct Connection {
    socket: WebSocket,
    stopping: stopping::Connection,
    /// Left once the peer said who it is.
    unknown: Option<Guest>,
    allowance: Allowance,
}

/// Something that a peer's messages are for.
pub trait Peer: Send {
    fn now(&self) -> Timestamp;
    /// Waits until there is something to write. Cancel-safe.
    fn ready(&self) -> impl Future<Output = ()> + Send;
    /// Takes what is to be written now.
    fn batch(&mut self) -> Batch;
    /// Takes one message.
    fn message(&mut self, bytes: Bytes) -> impl Future<Output = Flow> + Send;
    /// The peer gave a sign of life.
    fn heard(&self) {}
    /// When what the peer came with must be looked at again: tokens expire, and other processes revoke them.
    fn next_look(&self) -> Duration;
    /// Looks at it again.
    fn look_again(&mut self) -> impl Future<Output = Flow> + Send;
}

/// So many times what is configured.
pub fn look_after(edge: &Edge, times: u32) -> Duration {
    let seconds = edge.app.config.shares.recheck_seconds.saturating_mul(times);
    Duration::from_secs(seconds.into()).max(SHORTEST_LOOK)
}

/// What a connection was opened with, and until when that is good.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub hash: TokenHash,
    pub expires_at: Timestamp,
}

impl Lease {
    pub fn next_look(&self, edge: &Edge) -> Duration {
        look_after(edge, 1).min(self.expires_at.since(edge.now())).max(SHORTEST_LOOK)
    }

    /// Ends the connection if the token is expired or revoked. A database that is away ends nothing that has
    /// not expired.
    pub async fn look_again(&self, edge: &Edge) -> Flow {
        let now = edge.now();
        if self.expires_at <= now {
            return Flow::Break(close::UNAUTHORIZED);
        }
        match edge.app.store.find_token(&self.hash, now).await {
            Ok(Some(_)) => Flow::Continue(()),
            Ok(None) => Flow::Break(close::UNAUTHORIZED),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a token cannot be looked at now");
                Flow::Continue(())
            }
        }
    }
}

impl Connection {
    /// What the peer may send until its hello is bounded from here on.
    pub fn new(
        socket: WebSocket,
        stopping: stopping::Connection,
        guest: Guest,
        allowance: Allowance,
    ) -> Self {
        allowance.limit(HELLO_BYTES);
        Self { socket, stopping, unknown: Some(guest), allowance }
    }

    /// Waits for the first message. Whoever says nothing, or no message, is let go.
    pub async fn hello<T>(&mut self, decode: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, Closed> {
        let Some(guest) = self.unknown.take() else { return Err(close::MALFORMED) };
        let first = tokio::select! {
            () = self.stopping.stopping() => return Err(close::GOING_AWAY),
            () = guest.shown_out() => return Err(close::TOO_MANY),
            first = timeout(HELLO_WITHIN, first_message(&mut self.socket)) => first,
        };
        let bytes = first.map_err(|_| close::HEARTBEAT_MISSED)?.ok_or(close::MALFORMED)?;
        let hello = decode(&bytes).ok_or(close::MALFORMED)?;
        self.allowance.lift();
        self.allowance.whole();
        Ok(hello)
    }

    /// Carries messages both ways until one side ends it.
    pub async fn run(&mut self, peer: &mut impl Peer) {
        let code = self.carry(peer).await;
        if let Some(code) = code {
            self.close(code).await;
        }
    }

    /// Returns the code to close with; None if the peer is gone already.
    async fn carry(&mut self, peer: &mut impl Peer) -> Option<Closed> {
        let Self { socket, stopping, allowance, .. } = self;
        let patience = 2 * HEARTBEAT;
        let mut control = Bucket::full(CONTROL, peer.now());
        let mut heard = Instant::now();
        let mut look = heard + peer.next_look();
        // One timer for both: there are tens of thousands of connections.
        let timer = tokio::time::sleep_until(look.min(heard + patience));
        let stopping = stopping.stopping();
        tokio::pin!(timer, stopping);
        loop {
            // What came in is looked at first, so that a peer whom we kept waiting is not taken for silent; its
            // rate is limited, so writing gets its turn.
            tokio::select! {
                biased;
                () = &mut stopping => return Some(close::GOING_AWAY),
                incoming = socket.next() => {
                    heard = Instant::now();
                    peer.heard();
                    allowance.whole();
                    match incoming {
                        Some(Ok(Message::Binary(bytes))) => {
                            if let Flow::Break(code) = peer.message(bytes).await {
                                return Some(code);
                            }
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                            if control.take(CONTROL, 1, peer.now()).is_err() {
                                return Some(close::TOO_MANY);
                            }
                        }
                        Some(Ok(Message::Text(_))) => return Some(close::MALFORMED),
                        Some(Ok(Message::Close(_))) | None => return None,
                        // A message beyond the limit, or a frame that is none.
                        Some(Err(_)) => return Some(close::MALFORMED),
                    }
                }
                () = peer.ready() => {
                    let batch = peer.batch();
                    let end = batch.close;
                    if !write(socket, batch).await {
                        return Some(close::TOO_SLOW);
                    }
                    if end.is_some() {
                        return end;
                    }
                }
                () = &mut timer => {
                    if heard.elapsed() >= patience {
                        return Some(close::HEARTBEAT_MISSED);
                    }
                    if look <= Instant::now() {
                        if let Flow::Break(code) = peer.look_again().await {
                            return Some(code);
                        }
                        look = Instant::now() + peer.next_look();
                    }
                    timer.as_mut().reset(look.min(heard + patience));
                }
            }
        }
    }

    /// Writes what waits, then says goodbye and lets the peer answer.
    pub async fn close(&mut self, code: Closed) {
        self.allowance.limit(GOODBYE_BYTES);
        let frame = Message::Close(Some(CloseFrame { code, reason: reason(code).into() }));
        let goodbye = async {
            if self.socket.send(frame).await.is_ok() {
                // The peer's own close, and whatever was on its way before.
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        if timeout(CLOSE_WITHIN, goodbye).await.is_err() {
            tracing::debug!(code, "peer did not answer the close");
        }
    }

    /// Writes what an outbox holds, then closes: for peers that only need to be told why.
    pub async fn tell_and_close(&mut self, outbox: &Outbox, code: Closed) {
        write(&mut self.socket, outbox.take()).await;
        self.close(code).await;
    }
}

async fn first_message(socket: &mut WebSocket) -> Option<Bytes> {
    for _ in 0..=CONTROL_UNKNOWN {
        match socket.next().await? {
            Ok(Message::Binary(bytes)) => return Some(bytes),
            // Each costs an answer.
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Text(_) | Message::Close(_)) | Err(_) => return None,
        }
    }
    None
}

/// Feeds everything, then flushes once. False if the peer does not take it in time, or is gone.
async fn write(socket: &mut WebSocket, batch: Batch) -> bool {
    let all = async {
        for message in batch.messages {
            socket.feed(Message::Binary(message)).await?;
        }
        if batch.probe {
            socket.feed(Message::Ping(Bytes::new())).await?;
        }
        socket.flush().await
    };
    matches!(timeout(WRITE_WITHIN, all).await, Ok(Ok(())))
}

/// Refuses revisions that are not served any more.
pub fn check_version(version: ProtocolVersion) -> Result<(), Closed> {
    if version.is_served() { Ok(()) } else { Err(close::VERSION) }
}

/// For people who read a browser's log.
fn reason(code: Closed) -> &'static str {
    match code {
        close::GOING_AWAY => "the server goes down; come back",
        close::HEARTBEAT_MISSED => "no heartbeat",
        close::TOO_SLOW => "read faster",
        close::INTERNAL => "internal error; come back",
        close::TOO_MANY => "too many connections or messages; come back later",
        close::UNAUTHORIZED => "the token or session is not good (any more)",
        close::MALFORMED => "malformed message",
        close::VERSION => "this protocol revision is not served; reload",
        close::DISPLACED => "signed in somewhere else",
        close::FINISHED => "what this was about has ended",
        close::ORIGIN => "this origin is not on the list",
        _ => "",
    }
}

/// What most peers are: an outbox, and a rate for what they send.
pub struct Line {
    pub outbox: Arc<Outbox>,
    bucket: Bucket,
}

impl Line {
    pub fn new(now: Timestamp) -> Self {
        Self::with_outbox(Arc::default(), now)
    }

    pub fn with_outbox(outbox: Arc<Outbox>, now: Timestamp) -> Self {
        Self { outbox, bucket: Bucket::full(MESSAGES, now) }
    }

    pub fn check_rate(&mut self, now: Timestamp) -> Flow {
        match self.bucket.take(MESSAGES, 1, now) {
            Ok(()) => Flow::Continue(()),
            Err(_) => Flow::Break(close::TOO_MANY),
        }
    }
}

//! Pages that are shown: publishers and viewers, of a real server or of a bare relay.
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::{
    DocumentId, ProtocolVersion, TabId, close,
    wire::{
        Ping,
        mirror::{
            Frame, FrameKind, InFront, PublisherHello, PublisherToServer, ServerToPublisher, ServerToViewer,
            ViewerHello, ViewerToServer,
        },
    },
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep},
};

use crate::{lock, place::SHOP, probe::Spread, socket::Closed, socket::Socket};

const KEYFRAME_BYTES: usize = 20_000;
/// A frame that the publisher's own socket takes longer for has waited for somebody.
const WAITED: Duration = Duration::from_secs(1);

/// Who relays.
#[derive(Debug, Clone)]
pub enum Relay {
    Ringside { addr: SocketAddr, origin: String },
    Bare { addr: SocketAddr },
}

/// What publishers send now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pace {
    /// Frames a second; 0: nothing.
    pub per_second: u32,
    pub bytes: usize,
}

/// What all pages and viewers of a run share.
pub struct Stage {
    began: Instant,
    pub pace: watch::Sender<Pace>,
    /// Microseconds from publisher to viewer, since they were last taken.
    latencies: Mutex<Vec<u32>>,
    pub sent: AtomicU64,
    pub delivered: AtomicU64,
    /// Frames that took longer than [`WAITED`] to leave.
    pub waits: AtomicU64,
    /// Connections that ended before their contact did.
    pub lost: AtomicU64,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            pace: watch::Sender::new(Pace::default()),
            latencies: Mutex::default(),
            sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }
}

impl Stage {
    fn micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The latencies since the last call.
    pub fn take(&self) -> Spread {
        let latencies = std::mem::take(&mut *lock(&self.latencies));
        Spread::of(latencies.into_iter().map(|us| Duration::from_micros(us.into())).collect())
    }

    /// A connection ended; what ends with its contact is not lost.
    fn ended(&self, how: Result<(), Closed>) {
        if how.is_err_and(|code| code != close::FINISHED) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets publishers send for so long.
    pub async fn play(&self, pace: Pace, period: Duration) {
        self.pace.send_replace(pace);
        sleep(period).await;
        self.pace.send_replace(Pace::default());
        // What is on its way arrives.
        sleep(Duration::from_millis(300)).await;
    }
}

/// A page that publishes until the task is ended.
pub async fn publish(stage: Arc<Stage>, relay: Relay, session: usize, token: String) {
    stage.ended(publisher(&stage, &relay, session, token).await);
}

/// When in the period that page sends: pages know nothing of each other, so that they do not all send at one instant.
fn moment(session: usize, period: Duration) -> Duration {
    const MOMENTS: u32 = 97;
    period * u32::try_from(session % 97).unwrap_or(0) / MOMENTS
}

async fn publisher(stage: &Stage, relay: &Relay, session: usize, token: String) -> Result<(), Closed> {
    let mut socket = match relay {
        Relay::Ringside { addr, .. } => Socket::connect(*addr, "/ws/mirror", &[("origin", SHOP)]).await?,
        Relay::Bare { addr } => Socket::connect(*addr, &format!("/publish/{session}"), &[]).await?,
    };
    if let Relay::Ringside { .. } = relay {
        let hello = PublisherHello {
            version: ProtocolVersion::CURRENT,
            token,
            tab: TabId(1),
            document: DocumentId(u128::try_from(session).unwrap_or(0)),
        };
        socket.send(PublisherToServer::from(hello).encode()).await?;
        socket.next().await?;
        socket.send(PublisherToServer::from(InFront { yes: true }).encode()).await?;
    }
    let mut pace = stage.pace.subscribe();
    let (mut epoch, mut seq) = (1, 0);
    socket.send(frame(FrameKind::Keyframe, epoch, seq, &vec![7; KEYFRAME_BYTES])).await?;
    let mut beat = interval(Duration::from_secs(10));
    loop {
        let now = *pace.borrow_and_update();
        let period = Duration::from_secs(1) / now.per_second.max(1);
        let mut tick = interval_at(Instant::now() + moment(session, period), period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick(), if now.per_second > 0 => {
                    seq += 1;
                    let mut bytes = vec![7; now.bytes.max(8)];
                    let at = stage.micros();
                    bytes[..8].copy_from_slice(&at.to_le_bytes());
                    let began = Instant::now();
                    socket.send(frame(FrameKind::Patch, epoch, seq, &bytes)).await?;
                    stage.sent.fetch_add(1, Ordering::Relaxed);
                    if began.elapsed() > WAITED {
                        stage.waits.fetch_add(1, Ordering::Relaxed);
                    }
                }
                _ = beat.tick() => socket.send(PublisherToServer::from(Ping { nonce: 1 }).encode()).await?,
                message = socket.next() => {
                    if let Ok(ServerToPublisher::KeyframeWanted(_)) = ServerToPublisher::decode(&message?) {
                        (epoch, seq) = (epoch + 1, 0);
                        socket.send(frame(FrameKind::Keyframe, epoch, seq, &vec![7; KEYFRAME_BYTES])).await?;
                    }
                }
                changed = pace.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    break;
                }
            }
        }
    }
}

fn frame(kind: FrameKind, epoch: u32, seq: u32, bytes: &[u8]) -> Vec<u8> {
    PublisherToServer::from(Frame { kind, epoch, seq, bytes: bytes.to_vec() }).encode()
}

/// A viewer until the task is ended. `stalls`: it reads nothing after its hello.
pub async fn view(stage: Arc<Stage>, relay: Relay, session: usize, token: String, stalls: bool) {
    stage.ended(viewer(&stage, &relay, session, token, stalls).await);
}

async fn viewer(
    stage: &Stage,
    relay: &Relay,
    session: usize,
    token: String,
    stalls: bool,
) -> Result<(), Closed> {
    let mut socket = match relay {
        Relay::Ringside { addr, origin } => {
            Socket::connect(*addr, "/ws/view", &[("origin", origin.as_str())]).await?
        }
        Relay::Bare { addr } => Socket::connect(*addr, &format!("/view/{session}"), &[]).await?,
    };
    if let Relay::Ringside { .. } = relay {
        let hello = ViewerHello { version: ProtocolVersion::CURRENT, token, resume: None };
        socket.send(ViewerToServer::from(hello).encode()).await?;
    }
    if stalls {
        std::future::pending::<()>().await;
    }
    let mut beat = interval(Duration::from_secs(10));
    loop {
        let bytes = tokio::select! {
            bytes = socket.next() => bytes?,
            _ = beat.tick() => {
                socket.send(ViewerToServer::from(Ping { nonce: 1 }).encode()).await?;
                continue;
            }
        };
        let patch = match relay {
            Relay::Ringside { .. } => match ServerToViewer::decode(&bytes) {
                Ok(ServerToViewer::StreamFrame(frame)) => Some((frame.kind, frame.bytes)),
                Ok(_) | Err(_) => None,
            },
            Relay::Bare { .. } => match PublisherToServer::decode(&bytes) {
                Ok(PublisherToServer::Frame(frame)) => Some((frame.kind, frame.bytes)),
                Ok(_) | Err(_) => None,
            },
        };
        if let Some((FrameKind::Patch, bytes)) = patch
            && let Some(at) = bytes.first_chunk::<8>()
        {
            let took = stage.micros().saturating_sub(u64::from_le_bytes(*at));
            lock(&stage.latencies).push(u32::try_from(took).unwrap_or(u32::MAX));
            stage.delivered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Tasks that end with it.
pub type Crowd = JoinSet<()>;

//! Takes TCP connections and speaks HTTP/1.1 on them, within bounds.
//!
//! `axum::serve` has no limit on connections and none on how slowly a head may come: a few thousand idle
//! peers could keep everybody else out. (HTTP/2 and TLS are the proxy's.)
use std::{
    cell::Cell,
    future::ready,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    task::yield_now,
};
use tower_service::Service as _;

use crate::{
    config::Config,
    crowd::{Crowd, Place},
    limits,
    patient::{Allowance, Patient},
    stopping::{self, Stopping},
};

mod turns;

use turns::{Rank, Turns};

/// Connections at once, sockets included: room for all sockets, and for requests beside them.
pub const CONNECTIONS: usize = limits::SOCKETS + 10_000;
/// A head that has not come whole within this, and a connection that is kept alive for nothing, ends.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// A request's head, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// What the kernel keeps of an answer that its reader does not take, in bytes (Linux doubles it). Of its own accord
/// it would keep megabytes, filled in one go, for each of thousands who ask for much and read nothing.
const SEND_BUFFER: u32 = 128 * 1024;
/// Connections that the kernel holds until they are taken.
const BACKLOG: u32 = 4_096;
/// Connections that are taken from the kernel in one go, which costs little.
const TAKEN_AT_ONCE: usize = 64;
/// File descriptors that are none of connections: the database's, the log's, the voice's.
const OTHER_DESCRIPTORS: usize = 512;
/// Out of file descriptors: wait for some to come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who may hold how many connections. Those of the trusted proxies are many people's: of them the proxy
/// takes care, and for sockets [`crate::edge::Parts::crowd`].
#[derive(Debug, Clone)]
pub struct Doorkeeper {
    pub trusted: Vec<IpAddr>,
    pub crowd: Arc<Crowd<IpAddr>>,
}

impl Doorkeeper {
    pub fn new(config: &Config) -> Self {
        let most = config.shares.sockets_per_address.saturating_add(limits::REQUESTS_BESIDE);
        Self { trusted: config.trusted_proxies.clone(), crowd: Arc::new(Crowd::new(most)) }
    }

    /// None: that peer holds its fill.
    fn admit(&self, peer: IpAddr) -> Option<Option<Place<IpAddr>>> {
        if self.trusted.contains(&peer.to_canonical()) {
            return Some(None);
        }
        self.crowd.enter(limits::caller(peer)).map(Some)
    }
}

/// Listens there, with bounds on what the kernel holds.
pub fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait until the kernel has forgotten the connections of before.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

/// Raises the limit of file descriptors as far as the system lets this process, and says how many connections it
/// leaves room for. Shells and service managers give 1,024 at first, which one caller's share exceeds.
pub fn room() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { before.maximum } else { before.current };
    let descriptors = now.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let room = descriptors.saturating_sub(OTHER_DESCRIPTORS).clamp(1, CONNECTIONS);
    if room < CONNECTIONS {
        tracing::info!(room, most = CONNECTIONS, "the limit of file descriptors is what bounds connections");
    }
    room
}

/// Serves until the server is told to stop. Connections that are up by then end with the request that they
/// are at; [`Stopping::all_gone`] waits for them.
pub async fn serve(listener: TcpListener, router: Router, stopping: Stopping, doorkeeper: Doorkeeper) {
    let room = Arc::new(Semaphore::new(room()));
    let mut stop = stopping.connection();
    let unfinished = Arc::new(AtomicUsize::new(0));
    let mut turns = Turns::default();
    loop {
        for taken in 0..TAKEN_AT_ONCE {
            let accepted = async {
                let seat = room.clone().acquire_owned().await;
                (seat, listener.accept().await)
            };
            let (seat, accepted) = tokio::select! {
                biased;
                () = stop.stopping() => return,
                accepted = accepted => accepted,
                // Those who came before are served meanwhile.
                () = ready(()), if taken > 0 || !turns.is_empty() => break,
            };
            match accepted {
                Ok((stream, peer)) => match doorkeeper.admit(peer.ip()) {
                    Some(place) => {
                        let rank = Rank::of(place.as_ref());
                        turns.push(rank, limits::caller(peer.ip()), (stream, peer, (seat, place)));
                    }
                    None => turn_away(&stream),
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        for (stream, peer, seats) in turns.round() {
            let allowance = Allowance::new(unfinished.clone());
            let speaking = speak(stream, peer, router.clone(), allowance, stopping.connection());
            tokio::spawn(async move {
                let _seats = seats;
                speaking.await;
            });
        }
        // Whoever is connected already has a turn between any two of them.
        yield_now().await;
    }
}

/// Says when to come back if the peer's buffers take it at once; whoever floods us is not waited for.
fn turn_away(stream: &TcpStream) {
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        limits::CROWDED_RETRY
    );
    drop(stream.try_write(answer.as_bytes()));
}

async fn speak(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    allowance: Allowance,
    mut stop: stopping::Connection,
) {
    // Small frames must not wait for more of them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let asked = Cell::new(false);
    let counted = allowance.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(counted.clone());
        let (mut router, again) = (router.clone(), asked.replace(true));
        async move {
            if again {
                // Whoever sends many requests at once waits behind everybody else with each.
                yield_now().await;
            }
            router.call(request.map(Body::new)).await
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(Patient::new(stream, allowance)), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn running_request_ends_before_the_server_does() {
        let (entered, mut inside) = tokio::sync::mpsc::channel(1);
        let leave = Arc::new(tokio::sync::Notify::new());
        let waiting = leave.clone();
        let router = Router::new().route(
            "/",
            get(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                entered.send(()).await.unwrap();
                waiting.notified().await;
                format!("hello {}", peer.ip())
            }),
        );
        let (address, stopping, server) = start(router).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        inside.recv().await.unwrap();
        stopping.begin();
        leave.notify_one();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello 127.0.0.1"), "{answer}");
        server.await.unwrap();
        stopping.all_gone().await;
        assert!(TcpStream::connect(address).await.is_err(), "nobody is taken any more");
    }

    #[tokio::test]
    async fn endless_head_is_refused() {
        let (address, _stopping, server) = start(Router::new()).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        let flood = vec![b'a'; 2 * HEAD_BYTES];
        // The server may close before it has read all.
        drop(client.write_all(&flood).await);
        let mut answer = Vec::new();
        drop(client.read_to_end(&mut answer).await);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
        server.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_dribbles_its_head_or_says_nothing_is_let_go() {
        let (address, _stopping, server) = start(Router::new()).await;
        for said in ["", "GET / HTTP/1.1\r\nx: y\r\n"] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(said.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // The paused clock goes on when nothing else can happen.
            drop(client.read_to_end(&mut answer).await);
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{said:?}: {answer:?}");
        }
        server.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_does_not_read_its_answer_is_let_go() {
        let router = Router::new().route("/", get(|| async { vec![0_u8; 64 * 1024 * 1024] }));
        let (address, stopping, server) = start(router).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        stopping.begin();
        server.await.unwrap();
        stopping.all_gone().await;
        drop(client);
    }

    #[tokio::test]
    async fn peer_that_holds_its_share_of_connections_is_told_when_to_come_back() {
        let (address, _stopping, server) = start(Router::new()).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(address).await.unwrap();
            ask(&mut client).await;
            held.push(client);
        }
        let mut third = TcpStream::connect(address).await.unwrap();
        let mut answer = String::new();
        third.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: "), "{answer}");
        drop(held.pop());
        loop {
            // The server hears of the end when it reads.
            let mut client = TcpStream::connect(address).await.unwrap();
            if ask(&mut client).await.starts_with("HTTP/1.1 404") {
                break;
            }
        }
        server.abort();
    }

    /// One request on a connection that stays; what came back of the answer.
    async fn ask(client: &mut TcpStream) -> String {
        drop(client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await);
        let mut answer = [0; 1_024];
        let length = client.read(&mut answer).await.unwrap_or(0);
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    async fn start(router: Router) -> (SocketAddr, Stopping, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = Stopping::default();
        let doorkeeper = Doorkeeper { trusted: Vec::new(), crowd: Arc::new(Crowd::new(2)) };
        let server = tokio::spawn(serve(listener, router, stopping.clone(), doorkeeper));
        (address, stopping, server)
    }
}

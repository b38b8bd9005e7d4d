//! What the fuzzer (`fuzz/`) may call of the edge: offers, datagrams of a stranger and of a hostile peer, a
//! handshake with a bent middle, and packets of a peer that has passed it.
mod call;
mod clear;

use std::{
    cell::{Cell, OnceCell},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::LazyLock,
};

use shared::LegId;
use str0m::{
    Candidate, RtcConfig,
    change::SdpOffer,
    config::DtlsCert,
    crypto::from_feature_flags,
    media::{Direction, MediaKind},
};

use crate::{
    clock,
    demux::{Demux, Route, SessionId},
    offer,
    session::{Session, Setting},
    socket::MediaSocket,
};

pub use call::{MID, Outcome, handshake, media};

/// The name by which a check of the script asks for the session.
const UFRAG: &str = "FUZZ";
const SESSION: SessionId = SessionId { leg: LegId(1), number: 1 };

/// Where the peer sends from.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 10));

static SETTING: LazyLock<Setting> = LazyLock::new(|| Setting {
    certificate: certificate(),
    advertised: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
});
static PEER_CERTIFICATE: LazyLock<DtlsCert> = LazyLock::new(certificate);
static OFFER: LazyLock<String> = LazyLock::new(make_offer);

thread_local! {
    /// A socket that sends to nobody, and the runtime that it needs.
    static SOCKET: OnceCell<(tokio::runtime::Runtime, MediaSocket)> = const { OnceCell::new() };
    /// Whether sessions of this thread are made with [`clear`] cryptography.
    static CLEAR: Cell<bool> = const { Cell::new(false) };
}

fn certificate() -> DtlsCert {
    from_feature_flags().dtls_provider.generate_certificate().expect("keys can be made")
}

fn set_clear(is_clear: bool) {
    CLEAR.set(is_clear);
}

/// The cryptography that this thread wants.
pub(crate) fn with_crypto(config: RtcConfig) -> RtcConfig {
    if CLEAR.get() { config.set_crypto_provider(clear::provider()) } else { config }
}

fn with_socket<T>(work: impl FnOnce(&MediaSocket) -> T) -> T {
    SOCKET.with(|cell| {
        let (_, socket) = cell.get_or_init(make_socket);
        socket.take_sent();
        work(socket)
    })
}

/// Reads an offer without making a session of it, and whatever the library writes of it again. What it writes
/// of a bent one may read otherwise (a format's parameters that nobody knows); we only ever send what we made.
pub fn read_offer(sdp: &str) -> Result<usize, String> {
    offer::screen(sdp).map_err(|error| error.to_string())?;
    let read = SdpOffer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
    let again = SdpOffer::from_sdp_string(&read.to_sdp_string());
    again.map_err(|error| format!("written, not read: {error}"))?;
    Ok(offer::mid(sdp).map_or(0, str::len))
}

/// The answer to an offer, or why there is none.
pub fn answer(sdp: &str) -> Result<String, String> {
    set_clear(false);
    let accepted = Session::accept(SESSION, &SETTING, sdp, clock::now());
    accepted.map(|(_, answer)| answer).map_err(|error| error.to_string())
}

/// As a browser of this library's own would offer.
pub fn honest_offer() -> String {
    OFFER.clone()
}

/// A check that names the session and proves nothing.
pub fn honest_check() -> Vec<u8> {
    let username = format!("{UFRAG}:peer");
    let mut check = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    check.extend([0, 6, 0, username.len() as u8]);
    check.extend(username.as_bytes());
    check.resize(check.len().next_multiple_of(4), 0);
    check[3] = (check.len() - 20) as u8;
    check
}

/// Datagrams, each behind two bytes of length (little-endian), into a session that was just offered: once as a
/// stranger's, and once as if its peer had sent them. Returns what became of each.
pub fn datagrams(script: &[u8]) -> Vec<(bool, bool, usize)> {
    let now = clock::now();
    let mut outcomes = Vec::new();
    set_clear(false);
    let Ok((mut session, _)) = Session::accept(SESSION, &SETTING, &OFFER, now) else { return outcomes };
    let mut demux = Demux::default();
    demux.register(UFRAG.to_owned(), SESSION);
    let from = SocketAddr::from(([127, 0, 0, 1], 10));
    with_socket(|socket| {
        let mut rest = script;
        while let Some((head, tail)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_le_bytes(*head)).min(tail.len());
            let (datagram, after) = tail.split_at(length);
            rest = after;
            let route = demux.route(from, datagram);
            if let Some(Route::Check(id)) = route
                && session.proves(from, datagram, now)
            {
                demux.prove(now, from, id);
            }
            let heard = session.receive(from, datagram, false, now, socket);
            outcomes.push((route.is_some(), session.is_dead(), heard.len()));
        }
        session.beat(now, socket);
    });
    outcomes
}

fn make_socket() -> (tokio::runtime::Runtime, MediaSocket) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let entered = runtime.enter();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has a port");
    udp.set_nonblocking(true).expect("a socket need not block");
    let udp = tokio::net::UdpSocket::from_std(udp).expect("the runtime takes a socket");
    drop(entered);
    (runtime, MediaSocket::new(udp))
}

fn make_offer() -> String {
    let mut rtc = RtcConfig::new().enable_pcmu(true, false).build(clock::now());
    let address = SocketAddr::from(([192, 0, 2, 1], 5_000));
    rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
    let mut changes = rtc.sdp_api();
    changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
    changes.apply().expect("there is a change").0.to_sdp_string()
}

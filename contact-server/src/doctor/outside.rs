//! What only others can tell: what time it is, and which address this machine has to the world. Asked of the
//! servers that the configuration names, and of nobody else.
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use shared::Timestamp;
use tokio::net::lookup_host;

use super::{Finding, broken, fine, warning};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Peer},
    ids,
};

/// Datagrams get lost: so often it is asked, and so long each answer may take.
const TRIES: u32 = 3;
const WITHIN: Duration = Duration::from_millis(1_500);
/// A clock that is off by more misleads people, and by much more breaks TLS, tokens and the times of what is kept.
const NOTICED: Duration = Duration::from_secs(2);
const HARMFUL: Duration = Duration::from_secs(60);
const MOST_BYTES: usize = 1_500;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(match &config.time_server {
        None => fine("clock outside", "not asked: no `time_server` is configured"),
        Some(peer) => of_clock(peer).await,
    });
    findings.push(match &config.stun_server {
        None => fine("voice outside", "not asked: no `stun_server` is configured"),
        Some(peer) => of_voice(peer, config).await,
    });
    findings
}

async fn of_clock(peer: &Peer) -> Finding {
    let clock = SystemClock::default();
    let told = ask(peer, None, |socket, at| {
        let sent = clock.now();
        let request = ntp::request(sent);
        let answer = exchange(socket, at, &request)?;
        ntp::offset_ms(&request, &answer, sent, clock.now())
    });
    let offset = match told.await {
        Ok(offset) => offset,
        Err(silent) => return silence("clock outside", peer, "NTP, UDP port 123", silent),
    };
    let off = Duration::from_millis(offset.unsigned_abs());
    let way = if offset > 0 { "behind" } else { "ahead of" };
    let found = format!("this machine's is {:.1} s {way} {peer}'s", off.as_secs_f64());
    let mend = "let the operating system keep its clock (chrony, systemd-timesyncd), and end Ringside while it is \
                set by more than seconds";
    match off {
        off if off <= NOTICED => fine("clock outside", format!("it agrees with {peer}'s")),
        off if off <= HARMFUL => warning("clock outside", found, mend),
        _ => broken("clock outside", found, mend),
    }
}

async fn of_voice(peer: &Peer, config: &Config) -> Finding {
    let told = config.media_advertise.unwrap_or(config.media_bind);
    // Beside a server that runs another port must do, and only the address can be compared.
    let own = UdpSocket::bind(config.media_bind).ok();
    let is_own_port = own.is_some() && config.media_bind.port() != 0;
    let seen = ask(peer, own, |socket, at| {
        let request = stun::request(ids::fresh(Timestamp(0)));
        stun::mapped(&request, &exchange(socket, at, &request)?)
    });
    let seen = match seen.await {
        Ok(seen) => seen,
        Err(silent) => return silence("voice outside", peer, "STUN, UDP", silent),
    };
    if seen.ip() != told.ip() {
        return broken(
            "voice outside",
            format!("browsers are told to send to {told}, and the world sees this machine as {}", seen.ip()),
            format!(
                "set `media_advertise` to {}, with the port that is forwarded to `media_bind`",
                seen.ip()
            ),
        );
    }
    if is_own_port && seen.port() != told.port() {
        return warning(
            "voice outside",
            format!(
                "the world sees the voice port as {}, and browsers are told {}",
                seen.port(),
                told.port()
            ),
            "forward the advertised UDP port to `media_bind` in the router; one that it maps by itself may change",
        );
    }
    fine(
        "voice outside",
        format!("the world sees this machine as {}, which is what browsers are told", seen.ip()),
    )
}

fn silence(check: &'static str, peer: &Peer, what: &str, silent: Silent) -> Finding {
    match silent {
        Silent::NoSuchHost => warning(
            check,
            format!("{peer} is not found"),
            "mend its name in the configuration, or this machine's DNS",
        ),
        Silent::NoAnswer => warning(
            check,
            format!("{peer} gives no answer that can be used"),
            format!("name another server, or let {what} pass the firewall in both directions"),
        ),
    }
}

enum Silent {
    NoSuchHost,
    NoAnswer,
}

/// Asks from `socket`, or one of its own, until an answer can be read.
async fn ask<T>(
    peer: &Peer,
    socket: Option<UdpSocket>,
    attempt: impl Fn(&UdpSocket, SocketAddr) -> Option<T>,
) -> Result<T, Silent> {
    let found = lookup_host((peer.host.as_str(), peer.port)).await.map_err(|_| Silent::NoSuchHost)?;
    let fits = |at: &SocketAddr| {
        let local = socket.as_ref().and_then(|socket| socket.local_addr().ok());
        local.is_none_or(|local| local.is_ipv4() == at.is_ipv4())
    };
    let at = found.into_iter().find(fits).ok_or(Silent::NoSuchHost)?;
    let any: IpAddr = if at.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = match socket {
        Some(socket) => socket,
        None => UdpSocket::bind((any, 0)).map_err(|_| Silent::NoAnswer)?,
    };
    socket.set_read_timeout(Some(WITHIN)).map_err(|_| Silent::NoAnswer)?;
    (0..TRIES).find_map(|_| attempt(&socket, at)).ok_or(Silent::NoAnswer)
}

/// One datagram there and one back, from that very address.
fn exchange(socket: &UdpSocket, at: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    socket.send_to(request, at).ok()?;
    let mut answer = vec![0; MOST_BYTES];
    let (length, from) = socket.recv_from(&mut answer).ok()?;
    answer.truncate(length);
    (from == at).then_some(answer)
}

/// SNTP (RFC 4330): one question, one answer.
mod ntp {
    use shared::Timestamp;

    const BYTES: usize = 48;
    /// No warning, version 4, client.
    const ASKS: u8 = 0x23;
    const SERVER: u8 = 4;
    const NOT_IN_STEP: u8 = 3;
    /// Seconds from 1900 to 1970.
    const ERA: u64 = 2_208_988_800;

    pub(super) fn request(now: Timestamp) -> [u8; BYTES] {
        let mut request = [0; BYTES];
        request[0] = ASKS;
        request[40..].copy_from_slice(&written(now));
        request
    }

    /// How far the server's clock is ahead of ours. None: this is no answer to that question.
    pub(super) fn offset_ms(
        request: &[u8; BYTES],
        answer: &[u8],
        sent: Timestamp,
        received: Timestamp,
    ) -> Option<i64> {
        let answer: &[u8; BYTES] = answer.first_chunk()?;
        let in_step = answer[0] >> 6 != NOT_IN_STEP && (1..=15).contains(&answer[1]);
        if answer[0] & 7 != SERVER || !in_step || answer[24..32] != request[40..] {
            return None;
        }
        let at = |from: usize| read(answer.get(from..)?.first_chunk()?);
        let (heard, told) = (at(32)?, at(40)?);
        let there = i64::try_from(heard.0).ok()? - i64::try_from(sent.0).ok()?;
        let back = i64::try_from(told.0).ok()? - i64::try_from(received.0).ok()?;
        Some(there.midpoint(back))
    }

    pub(super) fn written(at: Timestamp) -> [u8; 8] {
        let (seconds, ms) = (at.0 / 1_000 + ERA, at.0 % 1_000);
        let fraction = (ms << 32) / 1_000;
        ((seconds << 32) | fraction).to_be_bytes()
    }

    /// Of the era that began in 1900 or, with a small number of seconds, of the next one (2036).
    fn read(bytes: &[u8; 8]) -> Option<Timestamp> {
        let number = u64::from_be_bytes(*bytes);
        let (seconds, fraction) = (number >> 32, number & 0xFFFF_FFFF);
        let seconds = if seconds >> 31 == 1 { seconds } else { seconds + (1 << 32) };
        Some(Timestamp(seconds.checked_sub(ERA)? * 1_000 + ((fraction * 1_000) >> 32)))
    }
}

/// A binding request (RFC 5389), and the address in its answer.
mod stun {
    use std::net::{IpAddr, SocketAddr};

    const HEADER_BYTES: usize = 20;
    const REQUEST: [u8; 2] = [0, 1];
    const SUCCESS: [u8; 2] = [1, 1];
    const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
    const XOR_MAPPED_ADDRESS: [u8; 2] = [0, 0x20];

    pub(super) fn request(chance: u128) -> [u8; HEADER_BYTES] {
        let mut request = [0; HEADER_BYTES];
        request[..2].copy_from_slice(&REQUEST);
        request[4..8].copy_from_slice(&COOKIE);
        request[8..].copy_from_slice(&chance.to_be_bytes()[4..]);
        request
    }

    /// None: it is no answer to that request, or tells no address.
    pub(super) fn mapped(request: &[u8; HEADER_BYTES], answer: &[u8]) -> Option<SocketAddr> {
        let (head, mut rest) = answer.split_first_chunk::<HEADER_BYTES>()?;
        if head[..2] != SUCCESS || head[4..] != request[4..] {
            return None;
        }
        while let Some((&[kind, more, high, low], body)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let value = body.get(..length)?;
            if [kind, more] == XOR_MAPPED_ADDRESS {
                return address(value, &head[4..]);
            }
            rest = body.get(length.next_multiple_of(4)..)?;
        }
        None
    }

    /// Port and address are crossed with the cookie and the request's own number (section 15.2).
    fn address(value: &[u8], mask: &[u8]) -> Option<SocketAddr> {
        let (&[_, family, high, low], crossed) = value.split_first_chunk::<4>()?;
        let port = u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]);
        let plain: Vec<u8> = crossed.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        let ip: IpAddr = match family {
            1 => <[u8; 4]>::try_from(plain).ok()?.into(),
            2 => <[u8; 16]>::try_from(plain).ok()?.into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }
}

#[cfg(test)]
#[path = "outside_tests.rs"]
mod tests;

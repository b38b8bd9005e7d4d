//! Ports and addresses: are they free or held by a Ringside, and can browsers reach the one for voice?
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Finding, broken, fine, warning};
use crate::{config::Config, limits};

const WITHIN: Duration = Duration::from_secs(3);
/// Files beside sockets: the database, its log, prompts.
const FILES_BESIDE: u64 = 1_000;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let http = port(config.listen).await;
    let runs = http == Port::Ringside;
    findings.push(of_port("http port", config.listen, http, "`listen`"));
    findings.extend(of_media(config, runs));
    if let Some(at) = config.metrics_listen {
        findings.push(of_port("metrics port", at, port(at).await, "`metrics_listen`"));
        if !is_private(at.ip()) {
            findings.push(warning(
                "metrics port",
                format!("{at} may be reached by strangers"),
                "serve metrics on a loopback or private address",
            ));
        }
    }
    findings.push(of_files());
    findings
}

#[derive(Debug, PartialEq, Eq)]
enum Port {
    Free,
    Ringside,
    Taken,
    Unusable(String),
}

async fn port(at: SocketAddr) -> Port {
    match TcpListener::bind(at).await {
        Ok(_) => Port::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let lives = timeout(WITHIN, is_ringside(at)).await;
            if lives.is_ok_and(|lives| lives.unwrap_or_default()) { Port::Ringside } else { Port::Taken }
        }
        Err(error) => Port::Unusable(error.to_string()),
    }
}

async fn is_ringside(at: SocketAddr) -> io::Result<bool> {
    let ip = match at.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
    };
    let mut stream = TcpStream::connect((ip, at.port())).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(16 << 10).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok\n"))
}

fn of_port(check: &'static str, at: SocketAddr, port: Port, key: &str) -> Finding {
    match port {
        Port::Free => fine(check, format!("{at} is free")),
        Port::Ringside => fine(check, format!("a Ringside answers on {at}")),
        Port::Taken => broken(
            check,
            format!("another program holds {at}, and it is no Ringside that answers"),
            format!("end it (`ss -ltnp` names it), or choose another port in {key}"),
        ),
        Port::Unusable(error) => broken(
            check,
            format!("{at} cannot be listened on: {error}"),
            format!(
                "give {key} an address of this machine and a port above 1023 (or the right to a lower one)"
            ),
        ),
    }
}

fn of_media(config: &Config, runs: bool) -> Vec<Finding> {
    let at = config.media_bind;
    let socket = match UdpSocket::bind(at) {
        Ok(socket) => socket,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && runs => {
            return [
                vec![fine("voice port", format!("UDP {at} is held, as by a Ringside that runs"))],
                advertised(config),
            ]
            .concat();
        }
        Err(error) => {
            return vec![broken(
                "voice port",
                format!("UDP {at} cannot be used: {error}"),
                "give `media_bind` an address of this machine and a free port",
            )];
        }
    };
    let told = config.media_advertise.unwrap_or(at);
    // With port 0 the system chooses one, and the advertised one must follow.
    let told = if told.port() == 0 { socket.local_addr().unwrap_or(told) } else { told };
    let mut findings = vec![match comes_back(&socket, told) {
        Ok(true) => fine("voice port", format!("UDP {at} is free, and what is sent to {told} arrives")),
        Ok(false) | Err(_) if is_own(told.ip()) => broken(
            "voice port",
            format!("what is sent to UDP {told} does not arrive on {at}"),
            "give `media_advertise` an address that leads to `media_bind`, and open the port in the firewall",
        ),
        Ok(false) | Err(_) => warning(
            "voice port",
            format!("UDP {at} is free; from here nobody can tell whether {told} leads to it"),
            format!(
                "let the router or cloud forward UDP {told} to this machine, and try a call from outside"
            ),
        ),
    }];
    findings.extend(advertised(config));
    findings
}

/// Sends a datagram of one's own to the address that browsers are told, and waits for it.
fn comes_back(socket: &UdpSocket, told: SocketAddr) -> io::Result<bool> {
    let word = *b"ringside doctor";
    let sender = UdpSocket::bind(SocketAddr::new(unspecified(told.ip()), 0))?;
    sender.send_to(&word, told)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut heard = [0; 64];
    let (length, _) = socket.recv_from(&mut heard)?;
    Ok(heard[..length] == word)
}

fn advertised(config: &Config) -> Vec<Finding> {
    let told = config.media_advertise.unwrap_or(config.media_bind);
    let is_public = config.public_url.scheme() == "https";
    if is_public && told.ip().is_loopback() {
        return vec![broken(
            "voice address",
            format!("browsers are told to send their voice to {told}, which is their own machine"),
            "set `media_advertise` to this server's public address and port",
        )];
    }
    if is_public && is_private(told.ip()) {
        return vec![warning(
            "voice address",
            format!("only browsers of the same network reach {told}"),
            "set `media_advertise` to the public address, unless all agents and customers are inside",
        )];
    }
    Vec::new()
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}

/// An address that this machine can bind.
fn is_own(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn of_files() -> Finding {
    let wanted = limits::SOCKETS as u64 + FILES_BESIDE;
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match allowed {
        Some(allowed) if allowed < wanted => warning(
            "open files",
            format!("this user may have {allowed} files open, and each browser needs one"),
            format!("allow {wanted}: LimitNOFILE= of systemd, or `ulimit -n`"),
        ),
        Some(allowed) => fine("open files", format!("{allowed} are allowed")),
        None => fine("open files", "any number is allowed"),
    }
}

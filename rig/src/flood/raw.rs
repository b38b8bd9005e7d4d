//! Bytes on a connection, as somebody sends them who keeps to no protocol; from any loopback address.
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// A head that is longer is none of ours.
const HEAD_BYTES: usize = 16 * 1024;
/// How a browser's socket would ask; `from`: what a proxy would say of the address.
pub(super) fn upgrade(path: &str, origin: &str, from: Option<&str>) -> String {
    let forwarded = from.map(|from| format!("x-forwarded-for: {from}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         origin: {origin}\r\n{forwarded}\r\n"
    )
}

/// Where attackers' ports begin, and how many there are: below those that the kernel gives to others.
const PORTS: (u16, u16) = (10_000, 22_000);
/// So many ports are tried, where one is taken.
const TRIES: usize = 16;

/// Connects from that address of this machine. Ports are chosen here: a kernel that is asked for any port of an
/// address looks at one after the other, and thousands of connections kept the attackers busy with that alone.
pub(super) async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    if from == Ipv4Addr::LOCALHOST {
        return TcpStream::connect(to).await;
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let (first, count) = PORTS;
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % count;
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        let connected = match socket.bind(SocketAddr::from((from, port))) {
            Ok(()) => socket.connect(to).await,
            Err(error) => Err(error),
        };
        match connected {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable) =>
            {
                last = error;
            }
            connected => return connected,
        }
    }
    Err(last)
}

/// A frame's head: whether it is the last of its message, its kind, its length. Masked with zeros, so that the
/// payload follows as it is.
pub(super) fn frame(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match u8::try_from(length) {
        Ok(short @ 0..=125) => head.push(0x80 | short),
        Ok(_) | Err(_) => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}

pub(super) const BINARY: u8 = 0x82;
pub(super) const BINARY_NOT_LAST: u8 = 0x02;
pub(super) const CONTINUED: u8 = 0x00;
/// With the bit that says that it is compressed.
pub(super) const COMPRESSED: u8 = 0xC2;
pub(super) const PING: u8 = 0x89;

/// The head of an answer: its status, and whether it says when to come back.
pub(super) struct Answer {
    pub(super) status: u16,
    says_when: bool,
}

impl Answer {
    /// How it is counted.
    pub(super) fn name(&self) -> String {
        match self.status {
            429 | 503 if !self.says_when => format!("{} without Retry-After", self.status),
            status => status.to_string(),
        }
    }
}

/// Reads a head, and of the rest what came with it.
pub(super) async fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 || head.len() > HEAD_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let text = String::from_utf8_lossy(&head).to_lowercase();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Answer { status, says_when: text.contains("\r\nretry-after:") })
}

/// Reads until the server ends it: the code of its close, if it said one.
pub(super) async fn close_code(stream: &mut TcpStream) -> Option<u16> {
    let (mut last, mut piece) = (Vec::new(), [0; 1_024]);
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(length) => {
                last.extend_from_slice(&piece[..length]);
                let old = last.len().saturating_sub(256);
                last.drain(..old);
            }
        }
        // A close is the last frame: 0x88, a short length, the code, the reason.
        let at = last.windows(2).rposition(|two| two[0] == 0x88 && two[1] < 126 && two[1] >= 2);
        if let Some([high, low]) = at.and_then(|at| last.get(at + 2..at + 4)) {
            return Some(u16::from_be_bytes([*high, *low]));
        }
    }
    None
}

/// On its own, or every one of thousands of attackers would hold it, and be slow.
static NOTHING: [u8; 16 * 1024] = [0; 16 * 1024];

/// Sends so many bytes of nothing, as fast as they are taken.
pub(super) async fn pour(stream: &mut TcpStream, mut bytes: u64) -> io::Result<()> {
    while bytes > 0 {
        let length = usize::try_from(bytes).unwrap_or(usize::MAX).min(NOTHING.len());
        stream.write_all(&NOTHING[..length]).await?;
        bytes -= length as u64;
    }
    Ok(())
}

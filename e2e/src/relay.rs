//! A relay between one browser and the server, which cuts or holds back what a viewer is sent where a story says.
//!
//! The browser is told to look for the server there (`--host-resolver-rules`), so that addresses and origins stay what
//! they are. Of viewers' sockets it reads what the server says, frame by frame; everything else is bytes.
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use shared::wire::mirror::{FrameKind, ServerToViewer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::person::PATIENCE;

/// Bytes that the kernel keeps of what a viewer who is held back has not read.
const RECEIVE_BUFFER: u32 = 16 * 1024;
const CHUNK: usize = 16 * 1024;

/// Where a viewer's socket breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the first byte of the next keyframe.
    BeforeKeyframe,
    /// After half of the next keyframe's bytes.
    InKeyframe,
    /// After the next patch.
    AfterPatch,
}

/// What one browser's viewers were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Viewers' sockets so far.
    pub sockets: u32,
    /// Sockets on which pages publish.
    pub pages: u32,
    pub cuts: u32,
    pub keyframes: u32,
    pub patches: u32,
    /// Epoch and seq of the last frame.
    pub last: (u32, u32),
}

pub struct Relay {
    port: u16,
    server: u16,
    wires: Arc<Wires>,
    task: JoinHandle<()>,
}

struct Wires {
    cut: Mutex<Option<Cut>>,
    held: watch::Sender<bool>,
    /// Counts how often pages are cut off.
    pages: watch::Sender<u32>,
    seen: watch::Sender<Seen>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// `url` is the server's, `http://localhost:PORT`.
    pub async fn before(url: &str) -> Result<Self> {
        let port = url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        let server: u16 = port.context("the server's address names its port")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let wires = Arc::new(Wires {
            cut: Mutex::default(),
            held: watch::Sender::new(false),
            pages: watch::Sender::default(),
            seen: watch::Sender::default(),
        });
        let of = wires.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((browser, _)) = listener.accept().await {
                let wires = of.clone();
                connections.spawn(async move {
                    // Whatever breaks off, breaks off at both ends.
                    let _ = carry(browser, server, &wires).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, server, wires, task })
    }

    /// What makes a Chromium come here for the server.
    pub fn flag(&self) -> String {
        format!("--host-resolver-rules=MAP localhost:{} 127.0.0.1:{}", self.server, self.port)
    }

    /// Breaks a viewer's socket off there, once.
    pub fn cut(&self, at: Cut) {
        *self.wires.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// Breaks off the sockets on which the browser's pages publish.
    pub fn cut_pages(&self) {
        self.wires.pages.send_modify(|times| *times += 1);
    }

    /// Reads nothing more for viewers, or goes on.
    pub fn hold(&self, yes: bool) {
        self.wires.held.send_replace(yes);
    }

    pub fn seen(&self) -> Seen {
        *self.wires.seen.borrow()
    }

    /// Waits until viewers were sent what is asked for.
    pub async fn sees(&self, what: &str, fits: impl Fn(Seen) -> bool) -> Result<Seen> {
        let mut seen = self.wires.seen.subscribe();
        let found = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| fits(*seen))).await;
        let Ok(found) = found else { bail!("viewers were sent {:?}, and not {what}", self.seen()) };
        Ok(*found?)
    }
}

async fn carry(browser: TcpStream, server: u16, wires: &Wires) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let server = socket.connect(SocketAddr::from(([127, 0, 0, 1], server))).await?;
    let (mut from_browser, to_browser) = browser.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut head = vec![0; CHUNK];
    let length = from_browser.read(&mut head).await?;
    to_server.write_all(&head[..length]).await?;
    let is_view = head[..length].starts_with(b"GET /ws/view ");
    let is_page = head[..length].starts_with(b"GET /ws/mirror ");
    let mut cuts = wires.pages.subscribe();
    wires.seen.send_modify(|seen| seen.pages += u32::from(is_page));
    let up = async {
        tokio::io::copy(&mut from_browser, &mut to_server).await?;
        to_server.shutdown().await?;
        anyhow::Ok(())
    };
    let down = async {
        match is_view {
            true => view(from_server, to_browser, wires).await,
            false => plain(from_server, to_browser).await,
        }
    };
    // A side that ends ends the other: a socket whose one half is gone is of no use.
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
        _ = cuts.changed(), if is_page => Ok(()),
    }
}

async fn plain(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<()> {
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await?;
    Ok(())
}

/// Passes a viewer's frames on, whole.
async fn view(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wires: &Wires) -> Result<()> {
    wires.seen.send_modify(|seen| seen.sockets += 1);
    let (mut held, mut buffer) = (wires.held.subscribe(), Vec::new());
    let mut upgraded = false;
    loop {
        held.wait_for(|held| !held).await?;
        let mut chunk = [0; CHUNK];
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        buffer.extend_from_slice(&chunk[..length]);
        if !upgraded {
            let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head: Vec<u8> = buffer.drain(..end + 4).collect();
            to.write_all(&head).await?;
            upgraded = true;
        }
        while let Some(head) = frame_head(&buffer) {
            let whole = head.start + head.length;
            if buffer.len() < whole {
                break;
            }
            let frame: Vec<u8> = buffer.drain(..whole).collect();
            pass(&frame, head.start, &mut to, wires).await?;
        }
    }
}

/// Passes one frame on, or breaks off there.
async fn pass(frame: &[u8], start: usize, to: &mut OwnedWriteHalf, wires: &Wires) -> Result<()> {
    let Ok(ServerToViewer::StreamFrame(message)) = ServerToViewer::decode(&frame[start..]) else {
        return Ok(to.write_all(frame).await?);
    };
    let cut = *wires.cut.lock().unwrap_or_else(PoisonError::into_inner);
    let at = match (message.kind, cut) {
        (FrameKind::Keyframe, Some(Cut::BeforeKeyframe)) => Some(0),
        (FrameKind::Keyframe, Some(Cut::InKeyframe)) => Some(frame.len() / 2),
        (FrameKind::Patch, Some(Cut::AfterPatch)) => Some(frame.len()),
        _ => None,
    };
    to.write_all(&frame[..at.unwrap_or(frame.len())]).await?;
    wires.seen.send_modify(|seen| {
        seen.cuts += u32::from(at.is_some());
        if at.is_none_or(|at| at == frame.len()) {
            match message.kind {
                FrameKind::Keyframe => seen.keyframes += 1,
                FrameKind::Patch => seen.patches += 1,
                FrameKind::Pointer => return,
            }
            seen.last = (message.epoch, message.seq);
        }
    });
    if at.is_some() {
        *wires.cut.lock().unwrap_or_else(PoisonError::into_inner) = None;
        bail!("cut");
    }
    Ok(())
}

struct FrameHead {
    start: usize,
    length: usize,
}

/// Where the body of the first frame begins, and how long it is (RFC 6455, section 5.2). The server masks nothing.
fn frame_head(bytes: &[u8]) -> Option<FrameHead> {
    let short = usize::from(bytes.get(1)? & 0x7F);
    let long = |from: usize, bytes_of: usize| -> Option<usize> {
        let digits = bytes.get(from..from + bytes_of)?;
        Some(digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    match short {
        126 => Some(FrameHead { start: 4, length: long(2, 2)? }),
        127 => Some(FrameHead { start: 10, length: long(2, 8)? }),
        length => Some(FrameHead { start: 2, length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_frames_are_read_as_the_standard_writes_them() {
        let head = |bytes: &[u8]| frame_head(bytes).map(|head| (head.start, head.length));
        assert_eq!(head(&[0x82, 3, 1, 2, 3]), Some((2, 3)));
        assert_eq!(head(&[0x82, 126, 1, 0]), Some((4, 256)));
        assert_eq!(head(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), Some((10, 65_536)));
        assert_eq!(head(&[0x82]), None);
        assert_eq!(head(&[0x82, 126, 1]), None);
    }
}

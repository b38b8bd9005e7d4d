//! A server that nobody may ask: it counts whoever connects, and answers with nothing.
use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

const HEAD_BYTES: usize = 4_096;
/// A browser that gets this stays where it is, and keeps nothing.
const NOTHING: &[u8] = b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n";

pub(crate) struct Trap {
    pub(crate) port: u16,
    heard: watch::Sender<Vec<String>>,
    task: JoinHandle<()>,
}

impl Trap {
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let heard = watch::Sender::default();
        let told = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                tokio::spawn(hear(peer, told.clone()));
            }
        });
        Ok(Self { port, heard, task })
    }

    /// Heads of the requests so far; empty for whoever connected and asked nothing yet.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }

    pub(crate) fn listen(&self) -> watch::Receiver<Vec<String>> {
        self.heard.subscribe()
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(mut peer: TcpStream, heard: watch::Sender<Vec<String>>) {
    let mut at = 0;
    heard.send_modify(|heard| {
        at = heard.len();
        heard.push(String::new());
    });
    let mut head = vec![0; HEAD_BYTES];
    let read = peer.read(&mut head).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&head[..read]).into_owned();
    heard.send_modify(|heard| heard[at] = text);
    // Whoever has gone needs no answer.
    let _ = peer.write_all(NOTHING).await;
}

//! A bare WebSocket to the server, for frames that no browser of ours would send.
use anyhow::{Context, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use crate::{Stage, person::PATIENCE};

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Connects as a page of the shop would.
pub async fn open(stage: &Stage, path: &str) -> Result<Socket> {
    let url = format!("{}{path}", stage.ready.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("origin", HeaderValue::from_str(&stage.shop)?);
    let (socket, _) = connect_async(request).await.context("the server takes no socket")?;
    Ok(Socket(socket))
}

impl Socket {
    /// Sends one binary frame.
    pub async fn send(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.0.send(Message::Binary(bytes.into())).await.context("the socket takes no frame")
    }

    /// The next binary message; None at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.heard().await? {
            Message::Binary(bytes) => Ok(Some(bytes.to_vec())),
            Message::Text(_)
            | Message::Ping(_)
            | Message::Pong(_)
            | Message::Close(_)
            | Message::Frame(_) => Ok(None),
        }
    }

    /// Waits for the end and says with which code the server closed.
    pub async fn closed(&mut self) -> Result<u16> {
        loop {
            if let Message::Close(frame) = self.heard().await? {
                return frame.map(|frame| frame.code.into()).context("the server closed without a code");
            }
        }
    }

    async fn heard(&mut self) -> Result<Message> {
        let next = timeout(PATIENCE, self.0.next()).await.context("the server says nothing")?;
        next.context("the connection broke off")?.context("the connection failed")
    }
}

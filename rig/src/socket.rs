//! A WebSocket client that keeps what the server said when it closed.
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue},
    },
};

/// A close code; [`LOST`] if the connection ended without one, as browsers say it.
pub type Closed = u16;
pub const LOST: Closed = 1006;

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn connect(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, Closed> {
        let mut request = format!("ws://{addr}{path}").into_client_request().map_err(|_| LOST)?;
        for (name, value) in headers {
            let name: HeaderName = name.parse().map_err(|_| LOST)?;
            let value: HeaderValue = value.parse().map_err(|_| LOST)?;
            request.headers_mut().insert(name, value);
        }
        let stream = TcpStream::connect(addr).await.map_err(|_| LOST)?;
        stream.set_nodelay(true).map_err(|_| LOST)?;
        let (socket, _) = client_async(request, stream).await.map_err(|_| LOST)?;
        Ok(Self(socket))
    }

    pub async fn send(&mut self, message: Vec<u8>) -> Result<(), Closed> {
        self.0.send(Message::Binary(message.into())).await.map_err(|_| LOST)
    }

    /// The next message. Cancel-safe.
    pub async fn next(&mut self) -> Result<Bytes, Closed> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(LOST, |frame| frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Err(LOST),
            }
        }
    }
}

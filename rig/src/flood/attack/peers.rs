//! Attacks below HTTP and WebSockets: whoever does not keep to them.
use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use super::{Act, ORIGIN};
use crate::flood::raw::{
    self, Answer, BINARY, BINARY_NOT_LAST, COMPRESSED, CONTINUED, PING, answer, close_code, connect, frame,
    pour,
};

const BYTE_EVERY: Duration = Duration::from_millis(500);
/// Just below what a message of a mirror may have.
const ALMOST: u64 = 8_000_000;

impl Act<'_> {
    /// Opens a socket, says nothing, and holds it until the server ends it.
    pub(super) async fn hold(&self, from: Ipv4Addr, proxied: Option<&str>) -> io::Result<()> {
        let (mut stream, answer) = self.socket(from, "/ws/widget", proxied).await?;
        if answer.status == 101 {
            self.let_go(&mut stream).await;
        }
        Ok(())
    }

    /// A head or a body, one byte after the other.
    pub(super) async fn dribble(&self, from: Ipv4Addr) -> io::Result<()> {
        let mut stream = connect(from, self.attack.addr).await?;
        if self.n.is_multiple_of(2) {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ").await?;
        } else {
            let head = "POST /api/v1/requests HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 1000\r\n";
            stream.write_all(format!("{head}origin: {ORIGIN}\r\n\r\n").as_bytes()).await?;
        }
        let (mut reading, mut writing) = stream.split();
        let dribble = async {
            loop {
                sleep(BYTE_EVERY).await;
                writing.write_all(b"a").await?;
            }
        };
        let mut said = [0; 1_024];
        let length = tokio::select! {
            length = reading.read(&mut said) => length?,
            ended = dribble => return ended,
        };
        let said = String::from_utf8_lossy(&said[..length]);
        self.count(said.split(' ').nth(1).unwrap_or("let go").to_owned());
        Ok(())
    }

    /// Says nothing; or asks for much and reads nothing.
    pub(super) async fn half_open(&self, from: Ipv4Addr) -> io::Result<()> {
        let mut stream = connect(from, self.attack.addr).await?;
        if self.n.is_multiple_of(2) {
            let length = stream.read(&mut [0; 1_024]).await?;
            self.count(if length == 0 { "let go" } else { "answered" });
            return Ok(());
        }
        let ask = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
        loop {
            // The server stops reading when nobody takes its answers.
            stream.write_all(ask).await?;
        }
    }

    /// Messages beyond the limits, and such as are none.
    pub(super) async fn wrong_frames(&self, from: Ipv4Addr) -> io::Result<()> {
        let (mut stream, answer) = self.socket(from, "/ws/mirror", None).await?;
        if answer.status != 101 {
            return Ok(());
        }
        let sent = self.wrong_frame(&mut stream).await;
        self.let_go(&mut stream).await;
        sent
    }

    async fn wrong_frame(&self, stream: &mut TcpStream) -> io::Result<()> {
        match self.n % 5 {
            0 => stream.write_all(&frame(BINARY, 1 << 62)).await,
            1 => {
                stream.write_all(&frame(BINARY, 32 << 20)).await?;
                pour(stream, 32 << 20).await
            }
            2 => {
                stream.write_all(&frame(BINARY_NOT_LAST, 0)).await?;
                for _ in 0..1_000 {
                    stream.write_all(&frame(CONTINUED, 60_000)).await?;
                    pour(stream, 60_000).await?;
                }
                Ok(())
            }
            3 => {
                stream.write_all(&frame(COMPRESSED, 100)).await?;
                pour(stream, 100).await
            }
            _ => {
                for _ in 0..10_000 {
                    stream.write_all(&frame(PING, 0)).await?;
                }
                Ok(())
            }
        }
    }

    /// A message that is allowed but for its last byte, from somebody who has not said who he is.
    pub(super) async fn withhold(&self, from: Ipv4Addr) -> io::Result<()> {
        let (mut stream, answer) = self.socket(from, "/ws/mirror", None).await?;
        if answer.status != 101 {
            return Ok(());
        }
        stream.write_all(&frame(BINARY, ALMOST)).await?;
        pour(&mut stream, ALMOST - 1).await?;
        self.let_go(&mut stream).await;
        Ok(())
    }

    /// A compressed body (of which little becomes much), and a body that never ends.
    pub(super) async fn wrong_bodies(&self, from: Ipv4Addr) -> io::Result<()> {
        let mut stream = connect(from, self.attack.addr).await?;
        let head = format!(
            "POST /api/v1/requests HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             origin: {ORIGIN}\r\n"
        );
        if self.n.is_multiple_of(2) {
            let rest = "content-encoding: gzip\r\ncontent-length: 1000\r\n\r\n";
            stream.write_all(format!("{head}{rest}").as_bytes()).await?;
            pour(&mut stream, 1_000).await?;
        } else {
            stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
            for _ in 0..100 {
                if stream.write_all(b"1000\r\n").await.is_err() || pour(&mut stream, 4_096).await.is_err() {
                    break;
                }
                stream.write_all(b"\r\n").await?;
            }
        }
        let answer = answer(&mut stream).await?;
        self.count(answer.name());
        Ok(())
    }

    /// Asks for a socket and counts what that was answered.
    async fn socket(
        &self,
        from: Ipv4Addr,
        path: &str,
        proxied: Option<&str>,
    ) -> io::Result<(TcpStream, Answer)> {
        let mut stream = connect(from, self.attack.addr).await?;
        // Whoever is turned away is answered before he asks, and may not get to ask at all.
        drop(stream.write_all(raw::upgrade(path, ORIGIN, proxied).as_bytes()).await);
        let answer = answer(&mut stream).await?;
        self.count(answer.name());
        Ok((stream, answer))
    }

    /// Holds it until the server ends it.
    async fn let_go(&self, stream: &mut TcpStream) {
        match close_code(stream).await {
            Some(code) => self.count(code.to_string()),
            None => self.count("cut off"),
        }
    }
}

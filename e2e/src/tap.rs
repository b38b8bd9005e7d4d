//! Everything that leaves a browser: requests, URLs, headers, bodies, WebSocket frames as raw bytes, storage.
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use playwright_rs::protocol::CDPSession;
use serde_json::Value;

use crate::Person;

/// One thing that left, and by which door.
#[derive(Debug, Clone)]
pub struct Left {
    pub door: &'static str,
    pub bytes: Vec<u8>,
}

/// Collects until it is dropped.
pub struct Tap {
    left: Arc<Mutex<Vec<Left>>>,
    _session: CDPSession,
}

impl Tap {
    /// Taps the person's page, also over navigations.
    pub async fn on(person: &Person) -> Result<Self> {
        let session = person.context.new_cdp_session(&person.page).await?;
        let left = Arc::new(Mutex::new(Vec::new()));
        let frames = left.clone();
        session.on("Network.webSocketFrameSent", move |event: Value| {
            let payload = event["response"]["payloadData"].as_str().unwrap_or_default();
            let is_text = event["response"]["opcode"].as_f64() == Some(1.0);
            let bytes = if is_text { payload.as_bytes().to_vec() } else { base64(payload) };
            push(&frames, "frame", bytes);
            async { Ok(()) }
        });
        let requests = left.clone();
        session.on("Network.requestWillBeSent", move |event: Value| {
            push(&requests, "request", event["request"].to_string().into_bytes());
            async { Ok(()) }
        });
        let sockets = left.clone();
        session.on("Network.webSocketCreated", move |event: Value| {
            push(&sockets, "socket url", event["url"].to_string().into_bytes());
            async { Ok(()) }
        });
        session.send("Network.enable", None).await.context("the network cannot be tapped")?;
        Ok(Self { left, _session: session })
    }

    /// What left so far.
    pub fn all(&self) -> Vec<Left> {
        self.left.lock().expect("no handler panics").clone()
    }

    /// Where the text occurs in what left: as it is, percent-encoded, or (for digits) grouped by spaces.
    pub fn search(&self, secret: &str) -> Vec<&'static str> {
        let grouped: Vec<String> = [4].iter().map(|size| groups(secret, *size)).collect();
        let spellings: Vec<&str> =
            std::iter::once(secret).chain(grouped.iter().map(String::as_str)).collect();
        let hit = |left: &Left| spellings.iter().any(|spelling| contains(&left.bytes, spelling.as_bytes()));
        self.all().iter().filter(|left| hit(left)).map(|left| left.door).collect()
    }

    /// All bytes of frames, for those who decode them.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        self.all().into_iter().filter(|left| left.door == "frame").map(|left| left.bytes).collect()
    }
}

fn push(left: &Arc<Mutex<Vec<Left>>>, door: &'static str, bytes: Vec<u8>) {
    left.lock().expect("no handler panics").push(Left { door, bytes });
}

/// `4111 1111 1111 1111`
fn groups(text: &str, size: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

/// Everything that the page's own storage holds, as text.
pub async fn storage(person: &Person) -> Result<String> {
    person
        .asks("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, window.name])")
        .await
}

/// Standard alphabet, as DevTools writes binary frames; what is no base64 gives no bytes.
fn base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u8);
    for digit in text.bytes().filter_map(value) {
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_bytes_back() {
        assert_eq!(base64("AAECAw=="), [0, 1, 2, 3]);
        assert_eq!(base64("UmluZ3NpZGU="), b"Ringside");
    }

    #[test]
    fn a_card_number_is_found_however_it_is_grouped() {
        assert_eq!(groups("4111111111111111", 4), "4111 1111 1111 1111");
        assert!(contains(b"xx4111 1111 1111 1111yy", b"4111 1111 1111 1111"));
    }
}

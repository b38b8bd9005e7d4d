//! Everything that leaves a browser: requests, URLs, headers, bodies, WebSocket frames as raw bytes, storage.
use anyhow::{Context, Result};
use page_mirror::{
    codec::{self, Section, bytes::Reader},
    replay::{Replica, ops::Late, urls::Origins},
};
use playwright_rs::protocol::CDPSession;
use serde_json::Value;
use shared::wire::mirror::{FrameKind, PublisherToServer, behind_says};
use tokio::sync::watch;

use crate::{Person, person::PATIENCE};

/// The door of what stands in a decoded mirror frame.
const MIRRORED: &str = "decoded mirror frame";

/// One thing that left, and by which door.
#[derive(Debug, Clone)]
pub struct Left {
    pub door: &'static str,
    /// When, by the browser's monotonic clock in seconds: what it tells may be heard in another order.
    at: f64,
    pub bytes: Vec<u8>,
}

/// Collects until it is dropped.
pub struct Tap {
    left: watch::Sender<Vec<Left>>,
    _session: CDPSession,
}

impl Tap {
    /// Taps the person's page, also over navigations.
    pub async fn on(person: &Person) -> Result<Self> {
        let session = person.context.new_cdp_session(&person.page).await?;
        let left = watch::Sender::default();
        let frames = left.clone();
        session.on("Network.webSocketFrameSent", move |event: Value| {
            let payload = event["response"]["payloadData"].as_str().unwrap_or_default();
            let is_text = event["response"]["opcode"].as_f64() == Some(1.0);
            let bytes = if is_text { payload.as_bytes().to_vec() } else { base64(payload) };
            push(&frames, "frame", &event, bytes);
            async { Ok(()) }
        });
        let requests = left.clone();
        session.on("Network.requestWillBeSent", move |event: Value| {
            push(&requests, "request", &event, event["request"].to_string().into_bytes());
            async { Ok(()) }
        });
        let sockets = left.clone();
        session.on("Network.webSocketCreated", move |event: Value| {
            push(&sockets, "socket url", &event, event["url"].to_string().into_bytes());
            async { Ok(()) }
        });
        session.send("Network.enable", None).await.context("the network cannot be tapped")?;
        Ok(Self { left, _session: session })
    }

    /// What left so far.
    pub fn all(&self) -> Vec<Left> {
        self.left.borrow().clone()
    }

    /// Where the text occurs in what left, as it is or in groups of four: in raw bytes, and in the strings of
    /// the decoded mirror frames.
    pub fn search(&self, secret: &str) -> Vec<&'static str> {
        self.search_where(secret, |_| true)
    }

    fn search_where(&self, secret: &str, counts: impl Fn(&Left) -> bool) -> Vec<&'static str> {
        let grouped = groups(secret, 4);
        let hit =
            |bytes: &[u8]| [secret, &grouped].iter().any(|spelling| contains(bytes, spelling.as_bytes()));
        let mut doors: Vec<_> =
            self.all().iter().filter(|left| counts(left) && hit(&left.bytes)).map(|left| left.door).collect();
        if hit(self.mirrored().text.as_bytes()) {
            doors.push(MIRRORED);
        }
        doors
    }

    /// The same, but for what a page asks of its own site, which is its own affair.
    pub fn search_but(&self, secret: &str, site: &str) -> Vec<&'static str> {
        let of_site = format!("\"url\":\"{site}");
        let is_own = |left: &Left| left.door == "request" && contains(&left.bytes, of_site.as_bytes());
        self.search_where(secret, |left| !is_own(left))
    }

    /// Waits until the text is found in the decoded mirror frames, and returns every door by which it left. The
    /// browser tells of what it sent when it comes to it, so that a viewer may have it earlier.
    pub async fn finds(&self, text: &str) -> Result<Vec<&'static str>> {
        let mut more = self.left.subscribe();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let doors = self.search(text);
            if doors.contains(&MIRRORED) {
                return Ok(doors);
            }
            let heard = tokio::time::timeout_at(deadline, more.changed()).await;
            heard.with_context(|| {
                format!(
                    "the search is blind: it finds `{text}` in {doors:?} and in none of {} decoded frames",
                    self.mirrored().frames
                )
            })??;
        }
    }

    /// The mirror frames that left, decoded as a viewer would.
    pub fn mirrored(&self) -> Mirrored {
        let mut replica = Replica::new(Origins::default());
        let mut mirrored = Mirrored::default();
        let mut document = None;
        let mut sent = self.all();
        sent.retain(|left| left.door == "frame");
        sent.sort_by(|one, other| one.at.total_cmp(&other.at));
        for left in &sent {
            match PublisherToServer::decode(behind_says(&left.bytes)) {
                // A page that was cut off goes on where it was.
                Ok(PublisherToServer::PublisherHello(hello)) if document == Some(hello.document) => {}
                Ok(PublisherToServer::PublisherHello(hello)) => {
                    document = Some(hello.document);
                    replica = Replica::new(Origins::default());
                }
                Ok(PublisherToServer::Frame(frame)) if frame.kind != FrameKind::Pointer => {
                    // As it was sent, also what no viewer would show.
                    if let Ok(body) = page_mirror::replay::open(&frame.bytes) {
                        mirrored.text.push_str(&said(&body));
                    }
                    let keyframe = frame.kind == FrameKind::Keyframe;
                    if replica.apply(keyframe, frame.epoch, frame.seq, &frame.bytes).is_ok() {
                        mirrored.frames += 1;
                        mirrored.text.push_str(&replica.take_ops().1);
                        let page_mirror::replay::View { url, title, .. } = replica.view();
                        mirrored.text.push_str(&["\n", url, "\n", title].concat());
                        mirrored.text.push_str(&done_late(replica.take_late()));
                        mirrored.text.push('\n');
                    }
                }
                // Pointers hold no text; the widget's own frames are other messages and stand in raw bytes.
                Ok(_) | Err(_) => {}
            }
        }
        mirrored
    }
}

/// A body as it was sent, and what is in it of pages in frames.
fn said(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned() + "\n";
    let mut sections = Reader::new(body);
    while let Ok((tag, mut of)) = codec::next_section(&mut sections) {
        if Section::from_tag(tag) != Some(Section::Parts) {
            continue;
        }
        // Box, kind, and where it stands.
        while let (Ok(_), Ok(_), Ok(_), Ok(_), Ok(length)) =
            (of.u32(), of.u32(), of.u32(), of.u32(), of.u32())
        {
            let Ok(frame) = of.take(length as usize) else { break };
            if let Ok(body) = page_mirror::replay::open(frame) {
                text.push_str(&said(&body));
            }
        }
    }
    text
}

fn done_late(late: Vec<Late>) -> String {
    let mut all = String::new();
    for late in late {
        if let Late::State { value: text, .. } | Late::Sheet { css: text, .. } = late {
            all.push('\n');
            all.push_str(&text);
        } else if let Late::Part { done, .. } = late {
            all.push('\n');
            all.push_str(&done.text);
            all.push_str(&done_late(done.late));
        }
    }
    all
}

/// What a viewer makes of the frames.
#[derive(Debug, Default)]
pub struct Mirrored {
    pub frames: usize,
    /// Every string that was sent: text, attributes, values, styles.
    pub text: String,
}

fn push(left: &watch::Sender<Vec<Left>>, door: &'static str, event: &Value, bytes: Vec<u8>) {
    let at = event["timestamp"].as_f64().unwrap_or(0.0);
    left.send_modify(|left| left.push(Left { door, at, bytes }));
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
pub(crate) fn base64(text: &str) -> Vec<u8> {
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

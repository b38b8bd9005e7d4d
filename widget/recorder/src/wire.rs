//! The recorder's few messages, written and read by hand: what `shared` derives for them weighs four times as much in
//! every shop's page. The tests hold both against each other, byte by byte.
use page_mirror::codec::{
    DEFLATED, FORMAT, FrameError,
    bytes::{Reader, put},
};
use shared::{
    ProtocolVersion,
    envelope::HEADER_BYTES,
    wire::mirror::{FrameKind, HAND_KINDS},
};

/// Digits of an id, as text.
const ID_DIGITS: usize = 32;

/// A message of the server, as far as the page's script has to know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// `masking`: 0 balanced, 1 strict, 2 off.
    Welcome {
        heartbeat_ms: u32,
        sharing: bool,
        masking: u32,
        selectors: Vec<&'a str>,
    },
    KeyframeWanted,
    Sharing(bool),
    Viewers(Vec<&'a str>),
    Navigate {
        url: &'a str,
        by: &'a str,
    },
    /// For the module that shows and does what agents may.
    Hand,
    /// Nothing to be done.
    Other,
}

/// The first message of a connection; none if the tab's id is none.
pub(crate) fn hello(token: &str, tab: &str, document: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    put(&mut body, u32::from(ProtocolVersion::CURRENT.0));
    put_bytes(&mut body, token.as_bytes());
    if tab.len() != ID_DIGITS {
        return None;
    }
    for pair in tab.as_bytes().chunks_exact(2) {
        body.push((digit(pair[0])? << 4) | digit(pair[1])?);
    }
    body.extend_from_slice(document);
    Some(message(1, &body))
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

pub(crate) fn ping(nonce: u32) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, nonce);
    message(2, &body)
}

pub(crate) fn in_front(yes: bool) -> Vec<u8> {
    message(4, &[u8::from(yes)])
}

/// A frame around a body, which may have been compressed.
pub(crate) fn frame(kind: FrameKind, epoch: u32, seq: u32, body: &[u8], deflated: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 32);
    for number in [kind as u32, epoch, seq, body.len() as u32 + 2] {
        put(&mut out, number);
    }
    out.extend_from_slice(&[FORMAT, if deflated { DEFLATED } else { 0 }]);
    out.extend_from_slice(body);
    message(3, &out)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + body.len());
    out.extend_from_slice(&[kind, 0]);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// Reads one message that fills `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Result<Heard<'_>, FrameError> {
    let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(FrameError::Truncated)?;
    let [low, high, length @ ..] = *header;
    if u32::from_le_bytes(length) as usize != body.len() {
        return Err(FrameError::Truncated);
    }
    let mut from = Reader::new(body);
    let heard = match u16::from_le_bytes([low, high]) {
        1 => {
            from.u32()?;
            // The server's time takes up to ten bytes, and is not needed here.
            while from.take(1)?[0] > 127 {}
            Heard::Welcome {
                heartbeat_ms: from.u32()?,
                sharing: yes(&mut from)?,
                masking: from.u32()?,
                selectors: strings(&mut from)?,
            }
        }
        3 => Heard::KeyframeWanted,
        4 => Heard::Sharing(yes(&mut from)?),
        5 => Heard::Viewers(strings(&mut from)?),
        6 => Heard::Navigate { url: string(&mut from)?, by: string(&mut from)? },
        kind => return Ok(if HAND_KINDS.contains(&kind) { Heard::Hand } else { Heard::Other }),
    };
    if from.is_empty() { Ok(heard) } else { Err(FrameError::Malformed) }
}

fn yes(from: &mut Reader<'_>) -> Result<bool, FrameError> {
    Ok(from.u32()? == 1)
}

fn string<'a>(from: &mut Reader<'a>) -> Result<&'a str, FrameError> {
    let length = from.items()?;
    from.text(length)
}

fn strings<'a>(from: &mut Reader<'a>) -> Result<Vec<&'a str>, FrameError> {
    let count = from.items()?;
    (0..count).map(|_| string(from)).collect()
}

#[cfg(test)]
mod tests {
    use page_mirror::codec::seal;
    use shared::{
        DocumentId, TabId, Timestamp,
        wire::{
            Ping, Pong,
            mirror::{
                Frame, FrameSays, InFront, KeyframeWanted, Masking, Navigate, PublisherHello,
                PublisherToServer, PublisherWelcome, ServerToPublisher, SharingSet, Viewers,
            },
        },
    };

    use super::*;

    const TAB: u128 = 0x0123_4567_89AB_CDEF_0011_2233_4455_6677;

    #[test]
    fn what_a_page_says_of_itself_is_what_shared_writes() {
        let mut recorder = page_mirror::record::Recorder::new();
        recorder.begin();
        let url = format!("https://shop.example/{}", "a".repeat(200));
        recorder.page(&url, "A");
        let wanted = shared::wire::mirror::PageSays { url, secret_fields: false };
        assert_eq!(message(5, &recorder.take().unwrap().says), PublisherToServer::from(wanted).encode());
        let url = format!("https://shop.example/{}", "b".repeat(200));
        let said = recorder.framed(&url).unwrap();
        assert_eq!(message(7, &said), PublisherToServer::from(FrameSays { url }).encode());
    }

    #[test]
    fn what_is_written_here_is_what_shared_writes() {
        let document = 0xFEDC_u128 << 100;
        let said = hello("a token", &format!("{TAB:032x}"), &document.to_be_bytes()).unwrap();
        let version = ProtocolVersion::CURRENT;
        let (tab, document) = (TabId(TAB), DocumentId(document));
        let wanted = PublisherHello { version, token: "a token".into(), tab, document };
        assert_eq!(said, PublisherToServer::from(wanted).encode());
        assert_eq!(hello("a token", "0123", &[0; 16]), None);
        assert_eq!(hello("a token", &"g".repeat(32), &[0; 16]), None);
        for nonce in [0, 127, 128, 70_000, u32::MAX] {
            assert_eq!(ping(nonce), PublisherToServer::from(Ping { nonce }).encode());
        }
        for yes in [true, false] {
            assert_eq!(in_front(yes), PublisherToServer::from(InFront { yes }).encode());
        }
        for kind in [FrameKind::Keyframe, FrameKind::Patch, FrameKind::Pointer] {
            for length in [0, 1, 125, 126, 127, 40_000] {
                let body = vec![7; length];
                let (epoch, seq) = (3, 100_000);
                let bytes = seal(&body, length > 200);
                let wanted = PublisherToServer::from(Frame { kind, epoch, seq, bytes }).encode();
                assert_eq!(frame(kind, epoch, seq, &body, length > 200), wanted);
            }
        }
    }

    #[test]
    fn what_shared_writes_is_read_here() {
        for (at, masking) in (0..).zip([Masking::Balanced, Masking::Strict, Masking::Off]) {
            let welcome = PublisherWelcome {
                version: ProtocolVersion::CURRENT,
                now: Timestamp(u64::MAX >> (at * 20)),
                heartbeat_ms: 25_000,
                sharing: at != 1,
                masking,
                mask_selectors: vec![".secret".into(), "#grüße".into()],
            };
            let bytes = ServerToPublisher::from(welcome).encode();
            let selectors = vec![".secret", "#grüße"];
            let wanted = Heard::Welcome { heartbeat_ms: 25_000, sharing: at != 1, masking: at, selectors };
            assert_eq!(read(&bytes), Ok(wanted));
        }
        let of = |message: ServerToPublisher| message.encode();
        assert_eq!(read(&of(KeyframeWanted {}.into())), Ok(Heard::KeyframeWanted));
        assert_eq!(read(&of(SharingSet { on: true }.into())), Ok(Heard::Sharing(true)));
        assert_eq!(read(&of(SharingSet { on: false }.into())), Ok(Heard::Sharing(false)));
        let viewers = of(Viewers { names: vec!["Ada".into(), String::new()] }.into());
        assert_eq!(read(&viewers), Ok(Heard::Viewers(vec!["Ada", ""])));
        let navigate = of(Navigate { url: "https://a.example".into(), by: "Ada".into() }.into());
        assert_eq!(read(&navigate), Ok(Heard::Navigate { url: "https://a.example", by: "Ada" }));
        assert_eq!(read(&of(Pong { nonce: 3, now: Timestamp(4) }.into())), Ok(Heard::Other));
        assert_eq!(read(&message(33, &[1, 2])), Ok(Heard::Hand));
        assert_eq!(read(&message(99, &[1, 2])), Ok(Heard::Other));
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        let bytes = ServerToPublisher::from(Viewers { names: vec!["Ada".into(), "Bob".into()] }).encode();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(read(&longer).is_err());
        assert!(read(&message(5, &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F])).is_err(), "more than there is");
        assert!(read(&message(5, &[1, 1, 0xFF])).is_err(), "no text");
        assert!(read(&message(1, &[0xFF; 40])).is_err());
        assert!(read(&message(4, &[1, 1])).is_err());
    }
}

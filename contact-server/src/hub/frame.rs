//! A mirror frame on its way through the server: its head is read and stamped, its bytes are passed on as they
//! are. The same wire form as [`shared::wire::mirror::Frame`] and [`shared::wire::mirror::StreamFrame`], without a copy per byte.
use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use shared::{
    DocumentId, WireError,
    envelope::{self, HEADER_BYTES},
    wire::mirror::{FrameKind, FrameSays, PageSays, PartsSay},
};

use crate::limits::PARTS;

/// Kind of [`shared::wire::mirror::Frame`] among [`shared::wire::mirror::PublisherToServer`].
const FRAME: u16 = 3;
/// Kinds of [`PageSays`], [`PartsSay`] and [`FrameSays`] there.
const PAGE_SAYS: u16 = 5;
const PARTS_SAY: u16 = 6;
const FRAME_SAYS: u16 = 7;
/// Kind of [`shared::wire::mirror::StreamFrame`] among [`shared::wire::mirror::ServerToViewer`].
const STREAM_FRAME: u16 = 4;
/// More than the fields before a frame's bytes can take.
const HEAD_BYTES: usize = HEADER_BYTES + 10 + 16 + 1 + 5 + 5 + 5;

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Incoming<'a> {
    pub kind: FrameKind,
    pub epoch: u32,
    pub seq: u32,
    #[serde(borrow)]
    pub bytes: &'a [u8],
}

/// What a message says of its page, and of those in the page's frames: the last word of each, and all of those of its own
/// origin.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub page: Option<PageSays>,
    pub parts: Option<PartsSay>,
    pub frames: Vec<FrameSays>,
}

impl Said {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Splits off what a page says of itself before a frame; what follows is nothing, or a message. However much it says, it
/// is one word of each that is left to be looked at; of frames of its own origin, so many as it may have parts.
pub fn said(message: &[u8]) -> Result<(Said, &[u8]), WireError> {
    let (mut said, mut rest) = (Said::default(), message);
    while !rest.is_empty() {
        let (kind, body, after) = envelope::split(rest)?;
        match kind {
            PAGE_SAYS => said.page = Some(envelope::body(kind, body)?),
            PARTS_SAY => {
                // Asked before they are read: entries are small on the wire, and many times as large in memory.
                match postcard::take_from_bytes::<usize>(body) {
                    Ok((pages, _)) if pages <= PARTS => said.parts = Some(envelope::body(kind, body)?),
                    Ok(_) | Err(_) => return Err(WireError::Body(kind)),
                }
            }
            FRAME_SAYS => {
                let says = envelope::body(kind, body)?;
                if said.frames.len() < PARTS {
                    said.frames.push(says);
                } else {
                    // What is no address is of no page that may be recorded.
                    said.frames[0].url.clear();
                }
            }
            _ => break,
        }
        rest = after;
    }
    Ok((said, rest))
}

/// Reads a frame, or gives None for a message of another kind.
pub fn read(message: &[u8]) -> Result<Option<Incoming<'_>>, WireError> {
    let (kind, body, rest) = envelope::split(message)?;
    if kind != FRAME {
        return Ok(None);
    }
    if !rest.is_empty() {
        return Err(WireError::Trailing);
    }
    match postcard::take_from_bytes(body) {
        Ok((frame, [])) => Ok(Some(frame)),
        Ok(_) | Err(_) => Err(WireError::Body(kind)),
    }
}

#[derive(Serialize)]
struct Outgoing<'a> {
    order: u64,
    document: DocumentId,
    kind: &'a FrameKind,
    epoch: u32,
    seq: u32,
    #[serde(serialize_with = "as_bytes")]
    bytes: &'a [u8],
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Writes the message that every viewer gets: an allocation of its own, so that no read buffer is held by it.
pub fn write(order: u64, document: DocumentId, frame: &Incoming<'_>) -> Bytes {
    let body = Outgoing {
        order,
        document,
        kind: &frame.kind,
        epoch: frame.epoch,
        seq: frame.seq,
        bytes: frame.bytes,
    };
    let mut out = Vec::with_capacity(HEAD_BYTES + frame.bytes.len());
    out.extend_from_slice(&STREAM_FRAME.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let mut out = postcard::to_extend(&body, out).expect("a Vec takes every byte");
    let length = u32::try_from(out.len() - HEADER_BYTES).expect("messages are far below 4 GiB");
    out[2..HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
    out.into()
}

/// The order of a message that a viewer gets: each begins with it.
pub fn order(message: &[u8]) -> u64 {
    let body = message.get(HEADER_BYTES..).unwrap_or_default();
    postcard::take_from_bytes(body).map_or(0, |(order, _)| order)
}

/// The place of a frame in its stream.
impl Incoming<'_> {
    pub fn cursor(&self) -> super::stream::Cursor {
        super::stream::Cursor { epoch: self.epoch, seq: self.seq }
    }
}

#[cfg(test)]
mod tests {
    use shared::wire::mirror::{Frame, InFront, PublisherToServer, ServerToViewer, StreamFrame};

    use super::*;

    #[test]
    fn wire_form_is_that_of_the_shared_messages() {
        for bytes in [vec![], vec![7; 3], (0..=255).cycle().take(5_000).collect::<Vec<u8>>()] {
            let sent = Frame { kind: FrameKind::Patch, epoch: 300, seq: 70_000, bytes: bytes.clone() };
            let message = PublisherToServer::from(sent).encode();
            let frame = read(&message).unwrap().unwrap();
            assert_eq!((frame.epoch, frame.seq, frame.bytes), (300, 70_000, &bytes[..]));

            let document = DocumentId(0xD0C);
            let relayed = write(u64::MAX, document, &frame);
            let expected = StreamFrame {
                order: u64::MAX,
                document,
                kind: FrameKind::Patch,
                epoch: 300,
                seq: 70_000,
                bytes,
            };
            assert_eq!(order(&relayed), u64::MAX);
            assert_eq!(ServerToViewer::decode(&relayed), Ok(expected.into()));
        }
    }

    fn page(url: &str, secret_fields: bool) -> PageSays {
        PageSays { url: url.into(), secret_fields }
    }

    fn says(page: PageSays) -> Vec<u8> {
        PublisherToServer::from(page).encode()
    }

    fn parts_say(pages: Vec<PageSays>) -> Vec<u8> {
        PublisherToServer::from(PartsSay { pages }).encode()
    }

    #[test]
    fn what_a_page_says_is_split_off_its_frame() {
        let plain = page("https://shop.example/a", true);
        let frame = Frame { kind: FrameKind::Patch, epoch: 1, seq: 2, bytes: vec![3] };
        let frame = PublisherToServer::from(frame).encode();
        let of_page = Said { page: Some(plain.clone()), ..Said::default() };
        let mut both = says(plain.clone());
        assert_eq!(said(&both), Ok((of_page, &[][..])));
        both.extend_from_slice(&frame);
        let before = [&parts_say(vec![plain.clone()]), &both[..]].concat();
        let parts = Some(PartsSay { pages: vec![plain.clone()] });
        let frames = vec![FrameSays { url: "https://shop.example/pay".into() }];
        let before = [&PublisherToServer::from(frames[0].clone()).encode(), &before[..]].concat();
        assert_eq!(said(&before), Ok((Said { page: Some(plain), parts, frames }, &frame[..])));
        assert_eq!(said(&frame), Ok((Said::default(), &frame[..])));
        assert_eq!(said(&both[..3]), Err(WireError::Truncated));
        assert_eq!(said(&[]), Ok((Said::default(), &[][..])));
    }

    #[test]
    fn of_many_words_in_one_message_the_last_is_left() {
        for (first, last) in [(true, false), (false, true)] {
            let mut message = says(page("https://shop.example/first", first)).repeat(10_000);
            message.extend(parts_say(vec![page("https://till.example/first", first)]).repeat(10_000));
            message.extend(says(page("https://shop.example/last", last)));
            message.extend(parts_say(vec![page("https://till.example/last", last)]));
            let parts = PartsSay { pages: vec![page("https://till.example/last", last)] };
            let left = Said {
                page: Some(page("https://shop.example/last", last)),
                parts: Some(parts),
                frames: Vec::new(),
            };
            assert_eq!(said(&message), Ok((left, &[][..])));
        }
    }

    #[test]
    fn of_too_many_frames_the_first_is_none_that_may_be_recorded() {
        let says = |at: usize| FrameSays { url: format!("https://shop.example/{at}") };
        let many = |count| (0..count).flat_map(|at| PublisherToServer::from(says(at)).encode());
        let all: Vec<_> = (0..PARTS).map(says).collect();
        assert_eq!(said(&many(PARTS).collect::<Vec<_>>()).unwrap().0.frames, all);
        let left = said(&many(10_000).collect::<Vec<_>>()).unwrap().0.frames;
        assert_eq!((left.len(), &*left[0].url, &left[1..]), (PARTS, "", &all[1..]));
    }

    #[test]
    fn more_parts_than_a_page_may_have_are_refused_wherever_they_stand_and_unread() {
        let many = |count| parts_say(vec![page("", false); count]);
        assert_eq!(said(&many(PARTS)).unwrap().0.parts.unwrap().pages.len(), PARTS);
        let refused = Err(WireError::Body(PARTS_SAY));
        assert_eq!(said(&many(PARTS + 1)), refused);
        assert_eq!(
            said(&[many(PARTS + 1), many(1)].concat()),
            refused,
            "what is said after it mends nothing"
        );
        assert_eq!(said(&[many(1), many(PARTS + 1)].concat()), refused);
        let mut claims = many(PARTS);
        claims[HEADER_BYTES] += 1;
        assert_eq!(said(&claims), refused);
    }

    #[test]
    fn other_kinds_pass_and_broken_frames_are_refused() {
        assert_eq!(read(&PublisherToServer::from(InFront { yes: true }).encode()), Ok(None));
        let mut message = PublisherToServer::from(Frame {
            kind: FrameKind::Keyframe,
            epoch: 1,
            seq: 0,
            bytes: vec![1, 2, 3],
        })
        .encode();
        message.pop();
        assert_eq!(read(&message), Err(WireError::Truncated));
        message[2] -= 1;
        assert_eq!(read(&message), Err(WireError::Body(FRAME)));
    }
}

//! Sections about pictures, media and parts, each whole: modules beside the recorder make them, for nodes that were told.
use crate::codec::{Section, bytes::put, media::Playing};

pub(super) fn section(section: Section, numbers: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(bytes.len() + numbers.len() * 2);
    numbers.iter().for_each(|number| put(&mut payload, *number));
    payload.extend_from_slice(bytes);
    let mut out = Vec::with_capacity(payload.len() + 6);
    section.wrap(&payload, &mut out);
    out
}

/// What a canvas or video shows now: an image ([`crate::codec::media::image_type`]).
pub fn picture(id: u32, image: &[u8]) -> Vec<u8> {
    section(Section::Pictures, &[id, image.len() as u32], image)
}

/// An image that others name by its number. Numbers of an epoch count up from 0.
pub fn asset(number: u32, image: &[u8]) -> Vec<u8> {
    section(Section::Assets, &[number, image.len() as u32], image)
}

/// An element shows an asset.
pub fn uses(id: u32, number: u32) -> Vec<u8> {
    section(Section::Uses, &[id, number], &[])
}

/// Whether the picture of an element is there ([`crate::codec::media::seen`]).
pub fn seen(id: u32, why: u32) -> Vec<u8> {
    section(Section::Seen, &[id, why], &[])
}

pub fn media(id: u32, playing: Playing) -> Vec<u8> {
    let Playing { bits, at, length, volume } = playing;
    section(Section::Media, &[id, bits, at, length, volume], &[])
}

/// What a part says ([`crate::codec::part`]): its epoch and seq, or a width and height; and a whole frame.
pub fn part(id: u32, kind: u32, at: (u32, u32), frame: &[u8]) -> Vec<u8> {
    section(Section::Parts, &[id, kind, at.0, at.1, frame.len() as u32], frame)
}

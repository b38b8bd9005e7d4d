//! Values that the page around a part masks, hidden in what the part says. The part cannot look for them itself: it would
//! have to be told them, and it is another origin's.
//!
//! A frame holds its strings as they are ([`crate::codec::columns`]), so they are looked for in its bytes, and each byte of
//! what is found becomes a star, so that no length changes. Where a value stands by chance in bytes that are no text, the
//! frame does not apply any more, and the part becomes a box.
use std::borrow::Cow;

use crate::{
    codec::{
        FrameError, Section,
        bytes::{Reader, put},
        inflate::open_within,
        next_section, part, seal,
    },
    limits, mask,
};

/// Instead of each byte that is hidden.
const STAR: u8 = b'*';

/// A part's frame as it may be passed on. `hide` gives a text as it may leave the browser, with as many characters, or
/// none if that is not known: then nothing may. What is inflated is bounded for all depths together.
pub fn without<'f>(
    frame: &'f [u8],
    hide: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Cow<'f, [u8]>, FrameError> {
    let mut shade = Shade { hide, room: limits::BODY_BYTES };
    let changed = shade.frame(frame, 0)?;
    match changed {
        None => Ok(Cow::Borrowed(frame)),
        Some(frame) if frame.len() <= limits::PART_BYTES => Ok(Cow::Owned(frame)),
        Some(_) => Err(FrameError::TooLarge),
    }
}

struct Shade<'h> {
    hide: &'h mut dyn FnMut(&str) -> Option<String>,
    room: usize,
}

impl Shade<'_> {
    /// None: there is nothing to hide in it.
    fn frame(&mut self, frame: &[u8], depth: u32) -> Result<Option<Vec<u8>>, FrameError> {
        if depth >= limits::PART_DEPTH {
            // Nobody shows what lies so deep.
            return Ok(Some(seal(&[], false)));
        }
        let body = open_within(frame, self.room)?;
        self.room -= body.len();
        let (mut out, mut is_changed) = (Vec::new(), false);
        let mut reader = Reader::new(&body);
        while !reader.is_empty() {
            let before = reader.len();
            let (tag, payload) = next_section(&mut reader)?;
            let length = payload.len();
            let end = body.len() - reader.len();
            let begin = body.len() - before;
            let payload = &body[end - length..end];
            let changed = match Section::from_tag(tag) {
                // Images, of which nothing is read.
                Some(Section::Pictures | Section::Assets) => None,
                Some(Section::Parts) => self.parts(payload, depth)?,
                _ => self.texts(payload)?,
            };
            match changed {
                Some(payload) => {
                    is_changed = true;
                    put(&mut out, tag);
                    put(&mut out, u32::try_from(payload.len()).map_err(|_| FrameError::TooLarge)?);
                    out.extend_from_slice(&payload);
                }
                None => out.extend_from_slice(&body[begin..end]),
            }
        }
        Ok(is_changed.then(|| seal(&out, false)))
    }

    /// As [`crate::replay`] reads them.
    fn parts(&mut self, payload: &[u8], depth: u32) -> Result<Option<Vec<u8>>, FrameError> {
        let (mut out, mut is_changed) = (Vec::new(), false);
        let mut reader = Reader::new(payload);
        while !reader.is_empty() {
            let mut numbers = [0; 4];
            for number in &mut numbers {
                *number = reader.u32()?;
            }
            let length = reader.count(limits::PART_BYTES)?;
            let frame = reader.take(length)?;
            let is_frame = matches!(numbers[1], part::KEYFRAME | part::PATCH);
            let changed = if is_frame { self.frame(frame, depth + 1)? } else { None };
            is_changed |= changed.is_some();
            let frame = changed.as_deref().unwrap_or(frame);
            numbers.iter().for_each(|number| put(&mut out, *number));
            put(&mut out, u32::try_from(frame.len()).map_err(|_| FrameError::TooLarge)?);
            out.extend_from_slice(frame);
        }
        Ok(is_changed.then_some(out))
    }

    fn texts(&mut self, payload: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let mut out = None;
        let mut at = 0;
        for chunk in payload.utf8_chunks() {
            let text = chunk.valid();
            if !text.is_empty() {
                let hidden = (self.hide)(text).ok_or(FrameError::Malformed)?;
                if hidden != text {
                    hide_in(out.get_or_insert_with(|| payload.to_vec()), at, text, &hidden)?;
                }
            }
            at += text.len() + chunk.invalid().len();
        }
        Ok(out.filter(|out| out != payload))
    }
}

/// Puts stars over what is hidden in the text that stands at a place. Strings stand close to each other here, so that
/// those of two may look like a card's number; within one, the part has hidden it.
fn hide_in(out: &mut [u8], at: usize, text: &str, hidden: &str) -> Result<(), FrameError> {
    let by_shape = mask::numbers(text);
    if hidden.chars().count() != text.chars().count() || by_shape.chars().count() != text.chars().count() {
        return Err(FrameError::Malformed);
    }
    for (((from, c), hidden), by_shape) in text.char_indices().zip(hidden.chars()).zip(by_shape.chars()) {
        if hidden != c && by_shape == c {
            let bytes = out.get_mut(at + from..at + from + c.len_utf8()).ok_or(FrameError::Malformed)?;
            bytes.fill(STAR);
        }
    }
    Ok(())
}

//! Frames that were compressed, read within a limit.
use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::{DEFLATED, FORMAT, FrameError};
use crate::limits;

/// The body behind a frame's header, inflated if it was compressed.
pub fn open(frame: &[u8]) -> Result<Cow<'_, [u8]>, FrameError> {
    open_within(frame, limits::BODY_BYTES)
}

/// The same; what would be larger than `most` bytes is refused.
pub(crate) fn open_within(frame: &[u8], most: usize) -> Result<Cow<'_, [u8]>, FrameError> {
    let ([version, flags], body) = frame.split_first_chunk().ok_or(FrameError::Truncated)?;
    if *version != FORMAT {
        return Err(FrameError::Version);
    }
    match *flags {
        0 if body.len() <= most => Ok(Cow::Borrowed(body)),
        0 => Err(FrameError::TooLarge),
        DEFLATED => {
            decompress_to_vec_with_limit(body, most).map(Cow::Owned).map_err(|_| FrameError::Malformed)
        }
        _ => Err(FrameError::Malformed),
    }
}

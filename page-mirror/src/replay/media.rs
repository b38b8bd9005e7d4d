//! Pictures and what plays, of a frame.
use super::{Replica, ops::Late};
use crate::{
    codec::{
        FrameError,
        bytes::Reader,
        media::{Playing, image_type, plays, seen},
    },
    limits,
};

/// What was sent of an epoch, and for what.
#[derive(Debug, Default)]
pub(super) struct Assets {
    count: usize,
    bytes: usize,
}

impl Replica {
    /// `(id length bytes)*`. What is no image is passed over.
    pub(super) fn pictures(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let id = reader.u32()?;
            let length = reader.count(limits::PICTURE_BYTES)?;
            let image = reader.take(length)?;
            self.shows_pictures(id)?;
            if let Some(kind) = image_type(image) {
                self.ops.later(Late::Picture { id, kind, image: image.to_vec() });
            }
        }
        if self.ops.full() { Err(FrameError::TooLarge) } else { Ok(()) }
    }

    /// `(number length bytes)*`, numbers in order.
    pub(super) fn assets(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let number = reader.u32()?;
            let length = reader.count(limits::PICTURE_BYTES)?;
            let image = reader.take(length)?;
            if number as usize != self.assets.count {
                return Err(FrameError::Malformed);
            }
            self.assets.count += 1;
            self.assets.bytes += length;
            if self.assets.count > limits::ASSETS || self.assets.bytes > limits::ASSETS_BYTES {
                return Err(FrameError::TooLarge);
            }
            if let Some(kind) = image_type(image) {
                self.ops.later(Late::Asset { number, kind, image: image.to_vec() });
            }
        }
        Ok(())
    }

    /// `(id number)*`
    pub(super) fn uses(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (id, number) = (reader.u32()?, reader.u32()?);
            if number as usize >= self.assets.count || !self.is_html(id, &["img"])? {
                return Err(FrameError::Malformed);
            }
            self.ops.later(Late::Use { id, number });
        }
        Ok(())
    }

    /// `(id why)*`
    pub(super) fn seen(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (id, why) = (reader.u32()?, reader.u32()?);
            self.shows_pictures(id)?;
            if why < seen::KINDS {
                self.ops.later(Late::Seen { id, why });
            }
        }
        Ok(())
    }

    /// `(id bits at length volume)*`
    pub(super) fn media(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let id = reader.u32()?;
            let (bits, at, length) = (reader.u32()? & plays::ALL, reader.u32()?, reader.u32()?);
            let volume = reader.u32()?.min(100);
            if !self.is_html(id, &["video", "audio"])? {
                return Err(FrameError::Malformed);
            }
            self.ops.later(Late::Media { id, playing: Playing { bits, at, length, volume } });
        }
        Ok(())
    }

    pub(super) fn visible(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        self.view.hidden = reader.u32()? == 0;
        Ok(())
    }

    fn shows_pictures(&self, id: u32) -> Result<(), FrameError> {
        if self.is_html(id, &["canvas", "video"])? { Ok(()) } else { Err(FrameError::Malformed) }
    }
}

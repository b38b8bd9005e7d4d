//! Where a node stands: in the page, or in the document of a frame, and what that means for it.
use super::{Replica, urls::Addresses};
use crate::{
    codec::{FrameError, bytes::Reader, namespace},
    limits,
    tree::{NONE, NOT_AN_ELEMENT},
};

impl Replica {
    /// What addresses at a node mean.
    pub(super) fn addresses(&self, id: u32) -> Addresses<'_> {
        let base = self.frames.get(&self.frame_of(id)).unwrap_or(&self.base);
        Addresses { origins: &self.origins, base }
    }

    /// The frame that a node is in; [`NONE`] for the page itself.
    pub(super) fn frame_of(&self, id: u32) -> u32 {
        if self.frames.is_empty() {
            return NONE;
        }
        let mut at = self.tree.parent(id);
        while at != NONE && !self.frames.contains_key(&at) {
            at = self.tree.parent(at);
        }
        at
    }

    /// The node is one of these elements of HTML.
    pub(super) fn is_html(&self, id: u32, names: &[&str]) -> Result<bool, FrameError> {
        let tag = self.tree.tag(id).ok_or(FrameError::Malformed)?;
        let name = self.names.get((tag >> 2) as usize).filter(|_| tag < NOT_AN_ELEMENT);
        Ok(tag & 3 == namespace::HTML && name.is_some_and(|name| names.contains(&&**name)))
    }

    /// Where relative addresses of the page begin.
    pub(super) fn base(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        let length = reader.count(limits::URL_BYTES)?;
        reader.text(length)?.clone_into(&mut self.base);
        Ok(())
    }
}

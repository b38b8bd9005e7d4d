//! What is seldom, and comes after the nodes: form state, scroll, marks, selection.
use super::{Replica, ops::Late, queries::Prefs};
use crate::{
    codec::{self, FrameError, Section, bytes::Reader, columns::FREE, ids, mark, state},
    tree::{NONE, NOT_AN_ELEMENT, ROOT},
};

impl Replica {
    /// Only an element has a state, a mark, or a scroll position of its own.
    pub(super) fn element(&self, id: u32) -> Result<(), FrameError> {
        match self.tree.tag(id) {
            Some(tag) if tag < NOT_AN_ELEMENT => Ok(()),
            _ => Err(FrameError::Malformed),
        }
    }

    pub(super) fn states(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        let list = ids::read(&mut reader, budget)?;
        let mut kinds = Vec::with_capacity(list.len().min(reader.len()));
        for _ in &list {
            kinds.push(reader.u32()?);
        }
        let columns = self.remembered.read(reader, &[(FREE, list.len())])?;
        for (at, (id, kind)) in list.into_iter().zip(kinds).enumerate() {
            self.element(id)?;
            let value = columns.get(&self.remembered, at)?;
            let value = match kind {
                state::VALUE | state::CHECKED | state::SELECTED => value.to_owned(),
                state::FLAGS => {
                    state::FLAG_LETTERS.chars().filter(|letter| value.contains(*letter)).collect()
                }
                // Of a later revision.
                _ => continue,
            };
            self.ops.later(Late::State { id, kind, value });
            if self.ops.full() {
                return Err(FrameError::TooLarge);
            }
        }
        Ok(())
    }

    pub(super) fn scrolls(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (id, x, y) = (reader.u32()?, reader.signed()?, reader.signed()?);
            if id != ROOT {
                self.element(id)?;
            }
            self.ops.later(Late::Scroll { id, x, y });
        }
        Ok(())
    }

    pub(super) fn marks(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (kind, id) = (reader.u32()?, reader.u32()?);
            if id != NONE {
                self.element(id)?;
            }
            if (kind as usize) < mark::KINDS {
                self.ops.later(Late::Mark { page: ROOT, kind, id });
            }
        }
        Ok(())
    }

    pub(super) fn selection(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
        let (anchor, anchor_offset) = (reader.u32()?, reader.u32()?);
        let (focus, focus_offset) = (reader.u32()?, reader.u32()?);
        if (anchor, focus) != (NONE, NONE) {
            self.tree.tag(anchor).ok_or(FrameError::Malformed)?;
            self.tree.tag(focus).ok_or(FrameError::Malformed)?;
        }
        self.ops.later(Late::Select { anchor, anchor_offset, focus, focus_offset });
        Ok(())
    }

    /// Styles depend on it, and come before.
    pub(super) fn look_for_ratio(&mut self, body: &[u8]) -> Result<(), FrameError> {
        let mut reader = Reader::new(body);
        while !reader.is_empty() {
            let (tag, payload) = codec::next_section(&mut reader)?;
            if Section::from_tag(tag) == Some(Section::Viewport) {
                self.viewport(payload)?;
                self.prefs.ratio = self.view.ratio;
            }
        }
        Ok(())
    }

    pub(super) fn viewport(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        const LARGEST: usize = 20_000;
        let side =
            |reader: &mut Reader<'_>| reader.count(LARGEST).map(|side| u32::try_from(side).unwrap_or(0));
        (self.view.width, self.view.height) = (side(&mut reader)?, side(&mut reader)?);
        self.view.ratio = side(&mut reader)?;
        Ok(())
    }

    pub(super) fn prefs(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        self.prefs = Prefs { bits: reader.u32()?, ..self.prefs };
        Ok(())
    }
}

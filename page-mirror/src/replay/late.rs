//! What is seldom, and comes after the nodes: form state, scroll, marks, selection.
use super::{Replica, look::Prefs, ops::Late};
use crate::{
    codec::{FrameError, bytes::Reader, columns::FREE, ids, mark, state},
    tree::{NONE, NOT_AN_ELEMENT, ROOT},
};

impl Replica {
    /// Only an element has a state, a mark, or a scroll position of its own.
    fn element(&self, id: u32) -> Result<(), FrameError> {
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
                self.ops.later(Late::Mark { kind, id });
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

    pub(super) fn prefs(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        self.prefs = Prefs(reader.u32()?);
        Ok(())
    }
}

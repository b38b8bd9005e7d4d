//! What is seen close up: carets in fields, zoom, and what happens within frames and shadow roots.
use super::{Replica, ops::Late};
use crate::{
    codec::{
        FrameError,
        bytes::Reader,
        close::{Caret, Zoom, is_state},
        mark,
    },
    limits,
    tree::{NONE, ROOT},
};

/// Sides of a window, and how far a field scrolls, in CSS pixels; a zoom in hundredths.
const FARTHEST: usize = 100_000;

impl Replica {
    /// `(id start end backward x y)*`
    pub(super) fn caret(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (id, start, end) = (reader.u32()?, reader.u32()?, reader.u32()?);
            let backward = reader.u32()? == 1;
            let scroll = [far(&mut reader)?, far(&mut reader)?];
            if id != NONE && !self.is_html(id, &["input", "textarea"])? {
                return Err(FrameError::Malformed);
            }
            self.ops.later(Late::Caret(Caret { id, start, end, backward, scroll }));
        }
        Ok(())
    }

    /// `(page anchor offset focus offset)*`
    pub(super) fn within(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let page = reader.u32()?;
            let ends = [reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?];
            self.is_page(page)?;
            let is_one = ends[0] != NONE || ends[2] != NONE;
            if is_one {
                self.lies_in(page, ends[0])?;
                self.lies_in(page, ends[2])?;
            }
            self.ops.later(Late::Within { page, ends: is_one.then_some(ends) });
        }
        Ok(())
    }

    /// `(page kind id)*`
    pub(super) fn page_marks(
        &mut self,
        mut reader: Reader<'_>,
        budget: &mut usize,
    ) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (page, kind, id) = (reader.u32()?, reader.u32()?, reader.u32()?);
            self.is_page(page)?;
            if id != NONE {
                self.element(id)?;
                self.lies_in(page, id)?;
            }
            if (kind as usize) < mark::KINDS {
                self.ops.later(Late::Mark { page, kind, id });
            }
        }
        Ok(())
    }

    /// `scale left top width height`
    pub(super) fn zoom(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
        let scale = far(&mut reader)?;
        let [left, top] = [far(&mut reader)?, far(&mut reader)?];
        let [width, height] = [far(&mut reader)?, far(&mut reader)?];
        self.ops.later(Late::Zoom(Zoom { scale, left, top, width, height }));
        Ok(())
    }

    /// `(id length states)*`. What is no name of a state is passed over.
    pub(super) fn custom(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let id = reader.u32()?;
            let length = reader.count(limits::STATES * (limits::STATE_BYTES + 1))?;
            let states = reader.text(length)?;
            self.element(id)?;
            let known: Vec<_> =
                states.split(' ').filter(|state| is_state(state)).take(limits::STATES).collect();
            self.ops.later(Late::Custom { id, states: known.join(" ") });
        }
        Ok(())
    }

    /// It is the page, or what hangs below a frame.
    fn is_page(&self, page: u32) -> Result<(), FrameError> {
        let is_one = page == ROOT
            || (self.tree.tag(page).is_some() && self.frames.contains_key(&self.tree.parent(page)));
        if is_one { Ok(()) } else { Err(FrameError::Malformed) }
    }

    fn lies_in(&self, page: u32, id: u32) -> Result<(), FrameError> {
        self.tree.tag(id).ok_or(FrameError::Malformed)?;
        let frame = if page == ROOT { NONE } else { self.tree.parent(page) };
        if self.frame_of(id) == frame { Ok(()) } else { Err(FrameError::Malformed) }
    }
}

fn far(reader: &mut Reader<'_>) -> Result<u32, FrameError> {
    reader.count(FARTHEST).map(|far| far as u32)
}

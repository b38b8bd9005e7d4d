//! Pages of other origins in frames: each is a stream of its own within the page's, applied by the same rules to a
//! replica of its own, which lies where the page has a box.
//!
//! What such a page says wrong ends its part, and nothing else. All that is inflated for one frame, at all depths, is
//! bounded together, and so are the nodes that live in it.
use std::collections::BTreeMap;

use super::{
    Applied, Replica,
    elements::BOX,
    ops::{Late, Part},
};
use crate::{
    codec::{FrameError, bytes::Reader, part},
    limits,
};

/// CSS pixels of a side.
const LARGEST_SIDE: u32 = 20_000;

#[derive(Debug, Default)]
pub(super) struct Parts {
    /// By the number of the box.
    all: BTreeMap<u32, Box<Replica>>,
    depth: u32,
    /// Bytes that may still be inflated for the frame that is being applied.
    pub(super) room: usize,
}

impl Parts {
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Boxes that are gone.
    pub(super) fn forget(&mut self, boxes: &[u32]) {
        if !self.all.is_empty() {
            boxes.iter().for_each(|id| drop(self.all.remove(id)));
        }
    }
}

impl Replica {
    /// `(id kind a b length frame)*`
    pub(super) fn parts(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        while !reader.is_empty() {
            *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
            let (id, kind) = (reader.u32()?, reader.u32()?);
            let at = (reader.u32()?, reader.u32()?);
            let length = reader.count(limits::PART_BYTES)?;
            let frame = reader.take(length)?;
            if !self.is_html(id, &[BOX])? {
                return Err(FrameError::Malformed);
            }
            match kind {
                part::KEYFRAME | part::PATCH => self.part(id, kind == part::KEYFRAME, at, frame),
                part::ENDED => self.end_part(id),
                part::SIZE => {
                    let [width, height] = [at.0, at.1].map(|side| side.min(LARGEST_SIDE));
                    self.ops.later(Late::Box { id, width, height });
                }
                // Of a later revision.
                _ => {}
            }
        }
        Ok(())
    }

    fn part(&mut self, id: u32, keyframe: bool, (epoch, seq): (u32, u32), frame: &[u8]) {
        let mut replica = match self.parts.all.remove(&id) {
            Some(replica) => replica,
            None if !keyframe || self.parts.all.len() >= limits::PARTS => return,
            None if self.parts.depth + 1 >= limits::PART_DEPTH => return,
            None => {
                let mut replica = Box::new(Self::new(self.origins.clone()));
                replica.parts.depth = self.parts.depth + 1;
                replica
            }
        };
        if keyframe {
            // Another page may be in the frame, whose epochs count anew.
            replica.await_keyframe();
        }
        replica.parts.room = self.parts.room;
        let applied = replica.follow(keyframe, epoch, seq, frame);
        self.parts.room = replica.parts.room;
        match applied {
            Ok(Applied::Changed) if self.nodes_in_all() + replica.nodes_in_all() <= limits::NODES => {
                let (numbers, text) = replica.take_ops();
                let (width, height) = (replica.view.width, replica.view.height);
                let late = replica.take_late();
                let done = Part { numbers, text, late, at: (epoch, seq), width, height };
                self.ops.later(Late::Part { id, done });
                self.parts.all.insert(id, replica);
            }
            Ok(Applied::Old) => drop(self.parts.all.insert(id, replica)),
            Ok(Applied::Changed) | Err(_) => self.ops.later(Late::PartEnded { id }),
        }
    }

    fn end_part(&mut self, id: u32) {
        if self.parts.all.remove(&id).is_some() {
            self.ops.later(Late::PartEnded { id });
        }
    }

    /// Nodes that live in the page and its parts.
    fn nodes_in_all(&self) -> usize {
        self.tree.live() + self.parts.all.values().map(|part| part.nodes_in_all()).sum::<usize>()
    }
}

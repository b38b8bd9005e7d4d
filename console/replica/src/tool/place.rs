//! Where a deed is done, and what the agent saw there.
use shared::{
    DocumentId,
    wire::{
        lead::{Act, ActWithin, Deed, Step},
        mirror::ViewerToServer,
    },
};

use super::Tools;

/// All that a reading told.
const ANY_SEQ: u32 = u32::MAX;

/// Where numbers of nodes mean something: a document, as it was read from a keyframe on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) document: DocumentId,
    pub(super) epoch: u32,
}

/// Where a deed is done: the page, or one at the end of a path of frames, each as it was read when the agent saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) of: Reading,
    /// With [`ANY_SEQ`].
    steps: Vec<Step>,
}

impl Place {
    /// The innermost page may have been read anew; those around it give it its number.
    pub(super) fn is_same_page(&self, other: &Self) -> bool {
        match (self.steps.split_last(), other.steps.split_last()) {
            (None, None) => self.of.document == other.of.document,
            (Some((mine, around)), Some((its, around_it))) => {
                self.of == other.of && around == around_it && mine.part == its.part
            }
            _ => false,
        }
    }
}

impl Tools {
    /// What is shown, and the seq of its last frame.
    pub(super) fn reading(&self) -> Option<(Reading, u32)> {
        let (epoch, seq) = self.replica.position()?;
        Some((Reading { document: (self.document)()?, epoch }, seq))
    }

    /// What is shown at the end of a path of frames.
    pub(super) fn place(&self, path: &[u32]) -> Option<Place> {
        let steps = self.replica.steps(path)?;
        let steps = steps.into_iter().map(|step| Step { seq: ANY_SEQ, ..step }).collect();
        Some(Place { of: self.reading()?.0, steps })
    }

    /// A deed upon what the agent saw in one reading; another may be shown by now, in which the number is another
    /// node's. What all of that one's frames told was seen then.
    pub(super) fn deed(&self, place: &Place, deed: Deed) -> ViewerToServer {
        let act = self.acts.get() + 1;
        self.acts.set(act);
        let Reading { document, epoch } = place.of;
        let seq = self.reading().filter(|(now, _)| *now == place.of).map_or(ANY_SEQ, |(_, seq)| seq);
        let act = Act { act, document, epoch, seq, deed };
        if place.steps.is_empty() {
            return act.into();
        }
        let mut path = place.steps.clone();
        let shown: Vec<u32> = path.iter().map(|step| step.part).collect();
        for (step, now) in path.iter_mut().zip(self.replica.steps(&shown).unwrap_or_default()) {
            if now.epoch == step.epoch {
                step.seq = now.seq;
            }
        }
        ActWithin { act, path }.into()
    }
}

//! A recording as far as it is in memory: pieces of it, the way from one place to another, and which piece is wanted
//! next. Pure.
use std::ops::RangeInclusive;

use replica::page_of;
use shared::{
    DocumentId, Timestamp,
    api::Recordings,
    wire::{
        mirror::{FrameKind, ServerToViewer, StreamFrame},
        recording::{Miss, Recorded},
    },
};

use super::{
    marks::{Mark, Sign, marks},
    pieces::{Piece, pieces},
};

/// What is kept in memory at most. What is farthest from the place goes first, and is fetched again.
pub(crate) const MOST_BYTES: usize = 64 << 20;
/// What is fetched ahead of the place even if something else must go for it.
const AHEAD_BYTES: usize = 4 << 20;
/// Signs of one piece.
const MOST_SIGNS: usize = 256;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Frame(StreamFrame),
    /// The page went away; another may follow.
    Ended,
    Missed(Miss),
    Led(Option<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Milliseconds since the recording began.
    pub(crate) at: u64,
    pub(crate) step: Step,
}

impl Entry {
    fn is_keyframe(&self) -> bool {
        matches!(&self.step, Step::Frame(frame) if frame.kind == FrameKind::Keyframe)
    }
}

/// How many entries have happened: all of the pieces before, and so many of this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) piece: usize,
    pub(crate) entry: usize,
}

#[derive(Debug)]
struct Held {
    piece: Piece,
    entries: Option<Vec<Entry>>,
    /// Since it was first read; they stay when its entries go.
    signs: Option<Vec<(u64, Sign)>>,
}

#[derive(Debug, Default)]
pub(crate) struct Reel {
    began: Option<Timestamp>,
    pieces: Vec<Held>,
    marks: Vec<Mark>,
    held: usize,
}

/// What is to be done to show another place: from scratch or from what is shown, these entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) anew: bool,
    pub(crate) from: Place,
    pub(crate) to: Place,
}

/// This piece must be here first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs(pub(crate) usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Nothing,
    Piece(usize),
    /// From the last whole page to the place it is more than is kept in memory.
    TooMuch,
}

impl Reel {
    pub(crate) fn of(recordings: &Recordings) -> Self {
        let held = |piece| Held { piece, entries: None, signs: None };
        let first = recordings.parts.iter().flat_map(|part| &part.segments).next();
        Self {
            began: first.map(|segment| segment.from),
            pieces: pieces(recordings).into_iter().map(held).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// Milliseconds from the first entry to the last.
    pub(crate) fn end(&self) -> u64 {
        self.pieces.last().map_or(0, |held| held.piece.until)
    }

    pub(crate) fn piece(&self, index: usize) -> Option<Piece> {
        self.pieces.get(index).map(|held| held.piece)
    }

    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Bytes that were read so far, and of all.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let bytes = |is: fn(&&Held) -> bool| self.pieces.iter().filter(is).map(|held| held.piece.bytes).sum();
        (bytes(|held| held.signs.is_some()), bytes(|_| true))
    }

    /// From when until when it is in memory.
    pub(crate) fn spans(&self) -> Vec<(u64, u64)> {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        let mut goes_on = false;
        for (index, held) in self.pieces.iter().enumerate() {
            let until = self.pieces.get(index + 1).map_or(held.piece.until, |next| next.piece.from);
            match spans.last_mut().filter(|_| goes_on) {
                Some(last) if held.entries.is_some() => last.1 = until,
                _ if held.entries.is_some() => spans.push((held.piece.from, until)),
                _ => {}
            }
            goes_on = held.entries.is_some();
        }
        spans
    }

    /// Takes the entries of a piece: for good if there is room, and otherwise what they say to the timeline. What cannot be
    /// read ends it.
    pub(crate) fn add(&mut self, index: usize, bytes: &[u8]) {
        let Some(began) = self.began else { return };
        let Some(held) = self.pieces.get_mut(index).filter(|held| held.entries.is_none()) else { return };
        let (mut entries, mut signs): (Vec<Entry>, Vec<_>) = (Vec::new(), Vec::new());
        let (mut rest, mut before, mut document) = (bytes, held.piece.from, None);
        while let Ok((entry, after)) = Recorded::split(rest) {
            rest = after;
            let Some(at) = entry.at() else { continue };
            let step = match entry {
                Recorded::Told(told) => match ServerToViewer::decode(&told.message) {
                    Ok(ServerToViewer::StreamFrame(frame)) => Step::Frame(frame),
                    Ok(ServerToViewer::StreamEnded(_)) => Step::Ended,
                    _ => continue,
                },
                Recorded::Missed(missed) => Step::Missed(missed.why),
                Recorded::Led(led) => Step::Led(led.by),
                Recorded::Unknown { .. } => continue,
            };
            let at = at.since(began).as_millis().try_into().unwrap_or(u64::MAX);
            // As its head says, and never back.
            let at = at.min(held.piece.until).max(before);
            before = at;
            if signs.len() < MOST_SIGNS {
                signs.extend(sign(&step, &mut document).map(|sign| (at, sign)));
            }
            entries.push(Entry { at, step });
        }
        held.signs = Some(signs);
        if self.held + held.piece.bytes <= MOST_BYTES {
            self.held += held.piece.bytes;
            held.entries = Some(entries);
        }
        self.marks = marks(self.pieces.iter().map(|held| (&held.piece, held.signs.as_deref())));
    }

    /// Where a piece lies in which a time is.
    fn piece_at(&self, at: u64) -> usize {
        self.pieces.partition_point(|held| held.piece.from <= at).saturating_sub(1)
    }

    fn entries(&self, piece: usize) -> Result<&[Entry], Needs> {
        self.pieces.get(piece).and_then(|held| held.entries.as_deref()).ok_or(Needs(piece))
    }

    fn place_at(&self, at: u64) -> Result<Place, Needs> {
        let piece = self.piece_at(at);
        let entry = self.entries(piece)?.partition_point(|entry| entry.at <= at);
        Ok(Place { piece, entry })
    }

    /// When the next thing happens after a place.
    pub(crate) fn next_after(&self, at: u64) -> Option<u64> {
        let Place { piece, entry } = self.place_at(at).ok()?;
        match self.entries(piece).ok()?.get(entry) {
            Some(entry) => Some(entry.at),
            None => self.piece(piece + 1).map(|piece| piece.from),
        }
    }

    /// How far it can be played from a place with what is here.
    pub(crate) fn playable(&self, at: u64) -> u64 {
        let missing = self.pieces.iter().skip(self.piece_at(at)).find(|held| held.entries.is_none());
        missing.map_or(self.end(), |held| held.piece.from.saturating_sub(1)).max(at)
    }

    /// From what is shown to a time, by the nearest keyframe.
    pub(crate) fn way(&self, shown: Place, at: u64) -> Result<Way, Needs> {
        if self.pieces.is_empty() {
            return Ok(Way { anew: false, from: shown, to: shown });
        }
        let to = self.place_at(at)?;
        let is_back = to < shown;
        let begin = if is_back { Place::default() } else { shown };
        let mut piece = to.piece;
        loop {
            let entries = self.entries(piece)?;
            let until = if piece == to.piece { to.entry } else { entries.len() };
            let from = if piece == begin.piece { begin.entry.min(until) } else { 0 };
            if let Some(nearest) = entries[from..until].iter().rposition(Entry::is_keyframe) {
                return Ok(Way { anew: true, from: Place { piece, entry: from + nearest }, to });
            }
            if piece <= begin.piece {
                return Ok(Way { anew: is_back, from: begin, to });
            }
            piece -= 1;
        }
    }

    /// The entries of a way; a piece that is not here has none.
    pub(crate) fn steps(&self, way: Way) -> impl DoubleEndedIterator<Item = &Entry> {
        let Way { from, to, .. } = way;
        (from.piece..=to.piece).flat_map(move |piece| {
            let entries = self.entries(piece).unwrap_or_default();
            let begin = if piece == from.piece { from.entry } else { 0 };
            let end = if piece == to.piece { to.entry } else { entries.len() };
            entries.get(begin..end).unwrap_or_default()
        })
    }

    /// What is missing at a place; none if the page there is as it was.
    pub(crate) fn missing_at(&self, place: Place) -> Option<Miss> {
        let from_start = Way { anew: true, from: Place::default(), to: place };
        self.steps(from_start).rev().find_map(|entry| match &entry.step {
            Step::Missed(why) => Some(Some(*why)),
            Step::Frame(frame) if frame.kind == FrameKind::Keyframe => Some(None),
            Step::Frame(_) | Step::Ended | Step::Led(_) => None,
        })?
    }

    /// The piece that should be fetched next: what the place needs, what comes after it, and what was never read. Makes room
    /// for it, but for the last.
    pub(crate) fn want(&mut self, shown: Place, at: u64) -> Want {
        let here = self.piece_at(at);
        if let Err(Needs(piece)) = self.way(shown, at) {
            let run = piece..=here.max(piece);
            let fits = self.make_room(piece, here, &run);
            return if fits { Want::Piece(piece) } else { Want::TooMuch };
        }
        let is_missing = |index: &usize| self.pieces[*index].entries.is_none();
        if let Some(next) = (here..self.pieces.len()).find(is_missing) {
            let ahead: usize = self.pieces[here..=next].iter().map(|held| held.piece.bytes).sum();
            let run = here..=next;
            if (ahead <= AHEAD_BYTES || next == here + 1) && self.make_room(next, here, &run) {
                return Want::Piece(next);
            }
        }
        let is_new = |index: &usize| self.pieces[*index].signs.is_none();
        (here..self.pieces.len()).chain(0..here).find(is_new).map_or(Want::Nothing, Want::Piece)
    }

    /// Lets go of what is farthest from `here` and not in `keep`, until a piece fits.
    fn make_room(&mut self, piece: usize, here: usize, keep: &RangeInclusive<usize>) -> bool {
        let wanted = self.pieces.get(piece).map_or(0, |held| held.piece.bytes);
        while self.held + wanted > MOST_BYTES {
            let loose =
                (0..self.pieces.len()).filter(|i| !keep.contains(i) && self.pieces[*i].entries.is_some());
            let Some(farthest) = loose.max_by_key(|index| index.abs_diff(here)) else { return false };
            self.pieces[farthest].entries = None;
            self.held -= self.pieces[farthest].piece.bytes;
        }
        true
    }
}

fn sign(step: &Step, document: &mut Option<DocumentId>) -> Option<Sign> {
    Some(match step {
        Step::Frame(frame) if frame.kind == FrameKind::Keyframe => {
            let is_other = document.replace(frame.document) != Some(frame.document);
            let page = is_other.then(|| page_of(frame)).flatten().map(|page| (page.title, page.url));
            Sign::Page { document: frame.document, page }
        }
        Step::Missed(why) => Sign::Missed(*why),
        Step::Led(by) => Sign::Led(by.clone()),
        Step::Frame(_) | Step::Ended => return None,
    })
}

#[cfg(test)]
mod tests;

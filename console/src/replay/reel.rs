//! A recording in memory: entries in their order, where each page and each gap is, and the way from one place to
//! another. Pure.
use replica::page_of;
use shared::{
    DocumentId, Timestamp,
    wire::{
        mirror::{FrameKind, ServerToViewer, StreamFrame},
        recording::{Miss, Recorded},
    },
};

/// What is kept in memory at most; a recording that is longer is shown up to there.
pub(crate) const MOST_BYTES: usize = 192 << 20;
/// Marks on one timeline.
const MOST_MARKS: usize = 500;

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Page {
        title: String,
        url: String,
    },
    Gap(Miss),
    /// Who had control.
    Control(String),
    /// A restart of the server, or a time without any page: another piece begins.
    Break,
}

/// Something worth finding again, from `at` on; `until` is where it ends, for what lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: u64,
    pub(crate) until: Option<u64>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Default)]
pub(crate) struct Reel {
    began: Option<Timestamp>,
    entries: Vec<Entry>,
    marks: Vec<Mark>,
    document: Option<DocumentId>,
    bytes: usize,
    end: u64,
}

/// What is to be done to show another place: from scratch or from what is shown, these entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) anew: bool,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Reel {
    /// Adds the entries of a segment. What cannot be read ends the segment. False: no more fits.
    pub(crate) fn add(&mut self, segment: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(segment.len());
        if self.bytes > MOST_BYTES {
            return false;
        }
        let mut rest = segment;
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
            self.push(at, step);
        }
        true
    }

    /// Another piece follows.
    pub(crate) fn next_piece(&mut self) {
        if !self.entries.is_empty() {
            self.mark(self.end, Kind::Break);
        }
        self.document = None;
    }

    fn push(&mut self, at: Timestamp, step: Step) {
        let began = *self.began.get_or_insert(at);
        // The server's times never go back; a forged one does not make the timeline do so.
        let at = at.since(began).as_millis().try_into().unwrap_or(u64::MAX).max(self.end);
        self.end = at;
        match &step {
            Step::Frame(frame) if frame.kind == FrameKind::Keyframe => {
                self.close(at, |kind| matches!(kind, Kind::Gap(_)));
                if self.document.replace(frame.document) != Some(frame.document)
                    && let Some(page) = page_of(frame)
                {
                    self.mark(at, Kind::Page { title: page.title, url: page.url });
                }
            }
            Step::Frame(_) | Step::Ended => {}
            Step::Missed(why) => {
                self.close(at, |kind| matches!(kind, Kind::Gap(_)));
                self.mark(at, Kind::Gap(*why));
            }
            Step::Led(by) => {
                self.close(at, |kind| matches!(kind, Kind::Control(_)));
                if let Some(by) = by {
                    self.mark(at, Kind::Control(by.clone()));
                }
            }
        }
        self.entries.push(Entry { at, step });
    }

    fn mark(&mut self, at: u64, kind: Kind) {
        if self.marks.len() < MOST_MARKS {
            self.marks.push(Mark { at, until: None, kind });
        }
    }

    /// Ends the last mark of a kind, if it lasts still.
    fn close(&mut self, at: u64, is: impl Fn(&Kind) -> bool) {
        if let Some(open) = self.marks.iter_mut().rfind(|mark| is(&mark.kind)).filter(|m| m.until.is_none()) {
            open.until = Some(at);
        }
    }

    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// Milliseconds from the first entry to the last.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries have happened at a place.
    pub(crate) fn count_at(&self, at: u64) -> usize {
        self.entries.partition_point(|entry| entry.at <= at)
    }

    /// When the next thing happens after a place.
    pub(crate) fn next_after(&self, at: u64) -> Option<u64> {
        self.entries.get(self.count_at(at)).map(|entry| entry.at)
    }

    /// From `shown` entries to `wanted` ones, by the nearest keyframe.
    pub(crate) fn way(&self, shown: usize, wanted: usize) -> Way {
        let wanted = wanted.min(self.entries.len());
        let is_keyframe =
            |entry: &Entry| matches!(&entry.step, Step::Frame(f) if f.kind == FrameKind::Keyframe);
        let begin = if wanted >= shown { shown } else { 0 };
        let keyframe = self.entries[begin..wanted].iter().rposition(is_keyframe).map(|at| at + begin);
        match keyframe {
            Some(from) => Way { anew: true, from, to: wanted },
            None if wanted >= shown => Way { anew: false, from: shown, to: wanted },
            None => Way { anew: true, from: 0, to: wanted },
        }
    }

    /// What is missing at this count of entries; none if the page there is as it was.
    pub(crate) fn missing_at(&self, count: usize) -> Option<Miss> {
        self.entries[..count.min(self.entries.len())].iter().rev().find_map(|entry| match &entry.step {
            Step::Missed(why) => Some(Some(*why)),
            Step::Frame(frame) if frame.kind == FrameKind::Keyframe => Some(None),
            Step::Frame(_) | Step::Ended | Step::Led(_) => None,
        })?
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use shared::wire::recording::{Led, Missed, Told};

    use super::*;

    pub(crate) fn frame(at: u64, kind: FrameKind, epoch: u32, seq: u32) -> Vec<u8> {
        let frame =
            StreamFrame { order: at, document: DocumentId(epoch.into()), kind, epoch, seq, bytes: vec![] };
        let message = ServerToViewer::from(frame).encode();
        Recorded::from(Told { at: Timestamp(at), message }).encode()
    }

    fn missed(at: u64, why: Miss) -> Vec<u8> {
        Recorded::from(Missed { at: Timestamp(at), why }).encode()
    }

    fn led(at: u64, by: Option<&str>) -> Vec<u8> {
        Recorded::from(Led { at: Timestamp(at), by: by.map(str::to_owned) }).encode()
    }

    pub(crate) fn reel() -> Reel {
        use FrameKind::{Keyframe, Patch};
        let mut reel = Reel::default();
        let first = [frame(1_000, Keyframe, 1, 0), frame(1_500, Patch, 1, 1), led(2_000, Some("Ada"))];
        assert!(reel.add(&first.concat()));
        let second = [missed(3_000, Miss::LeftOut), frame(9_000, Keyframe, 2, 0), led(9_500, None)];
        assert!(reel.add(&second.concat()));
        assert!(reel.add(&frame(10_000, Patch, 2, 1)));
        reel
    }

    #[test]
    fn places_are_counted_from_the_beginning() {
        let reel = reel();
        assert_eq!((reel.end(), reel.entries().len()), (9_000, 7));
        assert_eq!([0, 499, 500, 8_999, 99_999].map(|at| reel.count_at(at)), [1, 1, 2, 6, 7]);
        assert_eq!([0, 2_000, 9_000].map(|at| reel.next_after(at)), [Some(500), Some(8_000), None]);
    }

    #[test]
    fn every_way_begins_at_the_nearest_keyframe() {
        let reel = reel();
        let way = |shown, wanted| {
            let Way { anew, from, to } = reel.way(shown, wanted);
            (anew, from, to)
        };
        assert_eq!(way(0, 1), (true, 0, 1));
        assert_eq!(way(1, 3), (false, 1, 3), "on from what is shown");
        assert_eq!(way(1, 7), (true, 4, 7), "past another page: from that page's keyframe");
        assert_eq!(way(7, 2), (true, 0, 2), "back");
        assert_eq!(way(7, 6), (true, 4, 6));
        assert_eq!(way(7, 99), (false, 7, 7));
    }

    #[test]
    fn gaps_and_control_last_from_one_mark_to_the_next() {
        let reel = reel();
        let of = |mark: &Mark| (mark.kind.clone(), mark.at, mark.until);
        let marks: Vec<_> = reel.marks().iter().map(of).collect();
        assert_eq!(
            marks,
            [
                (Kind::Control("Ada".into()), 1_000, Some(8_500)),
                (Kind::Gap(Miss::LeftOut), 2_000, Some(8_000)),
            ]
        );
        assert_eq!(
            [1, 3, 4, 5, 7].map(|count| reel.missing_at(count)),
            [None, None, Some(Miss::LeftOut), None, None]
        );
    }

    #[test]
    fn a_segment_that_is_damaged_counts_up_to_there_and_a_time_that_goes_back_does_not() {
        let mut reel = Reel::default();
        let good = frame(1_000, FrameKind::Keyframe, 1, 0);
        assert!(reel.add(&[&good[..], &[1, 2, 3]].concat()));
        assert!(reel.add(&frame(500, FrameKind::Patch, 1, 1)));
        assert_eq!((reel.entries().len(), reel.end()), (2, 0));
        assert!(!reel.add(&vec![0; MOST_BYTES]), "it is bounded");
    }
}

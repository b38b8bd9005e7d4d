//! What becomes of recordings, counted for whoever looks from outside: `/metrics`. Every label has its fixed values.
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::{ArchiveError, file::FileError, tape::Entry};
use shared::wire::recording::Miss;

type Counts = Family<[(&'static str, &'static str); 1], Counter>;

/// What went wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server's keys are not there, or not those that it was locked with.
    Keys,
    Database,
    Disk,
    /// A file is not what was written.
    Damaged,
    /// There was no room for what the page sent: a part is missing.
    Late,
    /// Files that should be gone are there.
    Deletion,
}

/// Why files went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They were kept long enough.
    Age,
    Erasure,
    /// Nobody had a key to them any more.
    NoKey,
}

impl Fault {
    const ALL: [Self; 6] =
        [Self::Keys, Self::Database, Self::Disk, Self::Damaged, Self::Late, Self::Deletion];

    fn label(self) -> [(&'static str, &'static str); 1] {
        let what = match self {
            Self::Keys => "keys",
            Self::Database => "database",
            Self::Disk => "disk",
            Self::Damaged => "damaged",
            Self::Late => "late",
            Self::Deletion => "deletion",
        };
        [("what", what)]
    }
}

impl Why {
    const ALL: [Self; 3] = [Self::Age, Self::Erasure, Self::NoKey];

    fn label(self) -> [(&'static str, &'static str); 1] {
        let why = match self {
            Self::Age => "age",
            Self::Erasure => "erasure",
            Self::NoKey => "no_key",
        };
        [("why", why)]
    }
}

/// Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Tally {
    begun: Counter,
    sealed: Counter,
    pieces: Counter,
    bytes: Counter,
    faults: Counts,
    deleted: Counts,
}

impl Default for Tally {
    /// All that may be counted is there from the start, as nought.
    fn default() -> Self {
        let [faults, deleted] = [Counts::default(), Counts::default()];
        Fault::ALL.iter().for_each(|fault| drop(faults.get_or_create(&fault.label())));
        Why::ALL.iter().for_each(|why| drop(deleted.get_or_create(&why.label())));
        let [begun, sealed, pieces, bytes] = [(); 4].map(|()| Counter::default());
        Self { begun, sealed, pieces, bytes, faults, deleted }
    }
}

impl Tally {
    pub fn register(&self, r: &mut Registry) {
        r.register("recordings_begun", "Recordings whose file was begun", self.begun.clone());
        r.register("recordings_sealed", "Recordings that are whole, with their end", self.sealed.clone());
        r.register("recording_pieces", "Pieces of recordings that were written", self.pieces.clone());
        r.register("recording_bytes", "Bytes of recordings that were written", self.bytes.clone());
        r.register("recording_faults", "What went wrong with recordings", self.faults.clone());
        r.register("recordings_deleted", "Files of recordings that are gone, by why", self.deleted.clone());
    }

    pub(super) fn begun(&self) {
        self.begun.inc();
    }

    pub(super) fn sealed(&self) {
        self.sealed.inc();
    }

    pub(super) fn wrote(&self, bytes: u64) {
        self.pieces.inc();
        self.bytes.inc_by(bytes);
    }

    /// Parts that are missing in what is written now.
    pub(super) fn late<'a>(&self, entries: impl Iterator<Item = &'a Entry>) {
        let late = entries.filter(|entry| matches!(entry, Entry::Missed(Miss::Late))).count();
        self.faults.get_or_create(&Fault::Late.label()).inc_by(late as u64);
    }

    pub fn fault(&self, fault: Fault) {
        self.faults.get_or_create(&fault.label()).inc();
    }

    /// What a client asked for in vain is no fault, nor is a customer who was erased meanwhile.
    pub(super) fn failed(&self, error: &ArchiveError) {
        let fault = match error {
            ArchiveError::NoKeys | ArchiveError::Key(_) => Fault::Keys,
            ArchiveError::Store(_) => Fault::Database,
            ArchiveError::Io(_) | ArchiveError::File(FileError::Io(_)) => Fault::Disk,
            ArchiveError::File(FileError::Sealed(_)) => Fault::Damaged,
            ArchiveError::File(FileError::NoSegment | FileError::TooMuch) | ArchiveError::Erased => return,
        };
        self.fault(fault);
    }

    pub fn deleted(&self, why: Why, files: u64) {
        self.deleted.get_or_create(&why.label()).inc_by(files);
    }
}

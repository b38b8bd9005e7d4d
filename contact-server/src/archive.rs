//! Recorded co-browsing: what viewers were told, sealed and kept as files, for those who may play it.
//!
//! The hub puts what it stamped on a [`Tape`]; a task per recording seals what has gathered and appends it to a file
//! of its own (`DATA/recordings/BUSINESS/CONTACT/RECORDING.rec`). The key of each recording is random, locked by a key
//! of the server's ([`keys`]), and kept in the database beside its contact: an erasure deletes it, and what is left of
//! the file anywhere is noise. Why files: ADR 17.
use std::{
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use shared::{
    BusinessId, ContactId, RecordingId,
    api::{RecordingPart, RecordingSegment},
    limits::RECORDING_ANSWER_BYTES,
};
use store::{Recording, Store, StoreError};
use tokio::sync::{Semaphore, mpsc};

use crate::{
    clock::Clock,
    ids,
    limits::{RECORDINGS_AT_DISK, SEGMENT_EVERY, SEGMENTS_PER_SYNC},
};

pub mod file;
pub mod keys;
pub mod rules;
pub mod seal;
pub mod shelf;
pub mod tally;
pub mod tape;

use file::{FileError, LARGEST_SEGMENT, Writer};
use keys::{KeyError, KeyRing, Of};
use seal::DataKey;
use shelf::Shelf;
use tally::Tally;
use tape::{Entry, Queue, Tape, Waiting};

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the configuration names no file of recording keys")]
    NoKeys,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the recording cannot be read or written")]
    Io(#[from] io::Error),
    /// Before the first byte was written.
    #[error("the customer was erased")]
    Erased,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    shelf: Shelf,
    tally: Tally,
    /// The file of the server's keys; none: nothing is recorded.
    keys: Option<PathBuf>,
    waiting: Waiting,
    disk: Semaphore,
    open: Mutex<Vec<Weak<Queue>>>,
    /// Each writer holds one; closed once all are gone.
    alive: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Archive {
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        data: &Path,
        keys: Option<PathBuf>,
        tally: Tally,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            shelf: Shelf::below(data).counted(tally.clone()),
            tally,
            keys,
            waiting: Waiting::default(),
            disk: Semaphore::new(RECORDINGS_AT_DISK),
            open: Mutex::default(),
            alive: Mutex::new(Some(mpsc::channel(1))),
        }))
    }

    pub fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// A tape for a contact, and the task that writes it. Nothing is written before something is put on it. None: the
    /// server has no keys, or goes down.
    pub fn begin(&self, business: BusinessId, contact: ContactId) -> Option<Tape> {
        self.0.keys.as_ref()?;
        let alive = lock(&self.0.alive).as_ref().map(|(alive, _)| alive.clone())?;
        let (tape, queue) = Tape::new(self.0.clock.clone(), self.0.waiting.clone());
        {
            let mut open = lock(&self.0.open);
            open.retain(|queue| queue.strong_count() > 0);
            open.push(Arc::downgrade(&queue));
        }
        let inner = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = inner.write(business, contact, &queue).await {
                inner.tally.failed(&error);
                tracing::warn!(%contact, error = &error as &dyn std::error::Error, "a recording was broken off");
            }
            queue.break_off();
            drop(alive);
        });
        Some(tape)
    }

    /// Ends all recordings, and waits until they are on disk.
    pub async fn stop(&self) {
        let Some((alive, mut gone)) = lock(&self.0.alive).take() else { return };
        drop(alive);
        let open: Vec<_> = lock(&self.0.open).iter().filter_map(Weak::upgrade).collect();
        open.iter().for_each(|queue| queue.end());
        drop(open);
        // Nobody sends: this ends when the last writer is gone.
        let _ = gone.recv().await;
    }

    /// What there is of a contact, as its files say. One whose file is gone is left out.
    pub async fn parts(&self, recordings: Vec<Recording>) -> Result<Vec<RecordingPart>, ArchiveError> {
        let shelf = self.0.shelf.clone();
        let parts = blocking(move || {
            let mut parts = Vec::new();
            for recording in recordings {
                let heads = match file::heads(&shelf.file(Of::from(&recording))) {
                    Ok(heads) => heads,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error.into()),
                };
                let segments = heads.iter().map(|head| RecordingSegment {
                    number: head.number,
                    from: head.from,
                    until: head.until,
                    bytes: head.plain_length(),
                });
                parts.push(RecordingPart {
                    recording: recording.id,
                    began_at: recording.began_at,
                    whole: heads.last().is_some_and(|head| head.last),
                    segments: segments.collect(),
                });
            }
            Ok(parts)
        })
        .await;
        parts.inspect_err(|error| self.0.tally.failed(error))
    }

    /// The entries of segments that follow each other.
    pub async fn segments(
        &self,
        recording: Recording,
        numbers: RangeInclusive<u32>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let keys = self.0.keys.clone().ok_or(ArchiveError::NoKeys)?;
        let shelf = self.0.shelf.clone();
        let entries = blocking(move || {
            let of = Of::from(&recording);
            let key = KeyRing::read(&keys)?.open(&recording)?;
            let key = DataKey::new(&key);
            Ok(file::segments(&shelf.file(of), of, &key, numbers, RECORDING_ANSWER_BYTES)?)
        })
        .await;
        entries.inspect_err(|error| self.0.tally.failed(error))
    }
}

impl Inner {
    async fn write(
        &self,
        business: BusinessId,
        contact: ContactId,
        queue: &Queue,
    ) -> Result<(), ArchiveError> {
        if !queue.some().await {
            return Ok(());
        }
        let mut writer = self.create(business, contact).await?;
        self.tally.begun();
        let mut unsynced = 0;
        loop {
            let (entries, ended) = queue.next(SEGMENT_EVERY).await;
            self.tally.late(entries.iter().map(|(_, entry)| entry));
            let mut segments = gathered(entries);
            if ended && segments.is_empty() {
                segments.push(Segment::empty(self.clock.now()));
            }
            unsynced += segments.len();
            let sync = ended || unsynced >= SEGMENTS_PER_SYNC;
            let _turn = self.disk.acquire().await;
            let over;
            let tally = self.tally.clone();
            (writer, over) = blocking(move || append(writer, &segments, ended, sync, &tally)).await?;
            if over {
                self.tally.sealed();
                return Ok(());
            }
            if sync {
                unsynced = 0;
            }
        }
    }

    async fn create(&self, business: BusinessId, contact: ContactId) -> Result<Writer, ArchiveError> {
        let now = self.clock.now();
        let of = Of { business, contact, recording: RecordingId(ids::fresh(now)) };
        let key = ids::random_bytes();
        let keys = self.keys.clone().ok_or(ArchiveError::NoKeys)?;
        let (lock, locked) = blocking(move || Ok(KeyRing::read(&keys)?.lock(of, &key)?)).await?;
        let recording = Recording { id: of.recording, business, contact, began_at: now, lock, locked };
        if !self.store.records().begin_recording(business, &recording).await? {
            return Err(ArchiveError::Erased);
        }
        let shelf = self.shelf.clone();
        blocking(move || Ok(shelf.create(of, DataKey::new(&key))?)).await
    }
}

/// Entries that are written at once.
struct Segment {
    from: shared::Timestamp,
    until: shared::Timestamp,
    entries: Vec<u8>,
}

impl Segment {
    fn empty(at: shared::Timestamp) -> Self {
        Self { from: at, until: at, entries: Vec::new() }
    }
}

/// Mostly one segment; more if there is more than one can hold.
fn gathered(entries: Vec<(shared::Timestamp, Entry)>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (at, entry) in entries {
        let bytes = entry.encode(at);
        let fits =
            segments.last().is_some_and(|last| last.entries.len() + bytes.len() <= LARGEST_SEGMENT / 2);
        if !fits {
            segments.push(Segment::empty(at));
        }
        if let Some(last) = segments.last_mut() {
            last.entries.extend_from_slice(&bytes);
            last.until = at;
        }
    }
    segments
}

/// True: the recording is over.
fn append(
    mut writer: Writer,
    segments: &[Segment],
    ended: bool,
    sync: bool,
    tally: &Tally,
) -> Result<(Writer, bool), ArchiveError> {
    let mut over = false;
    for (index, segment) in segments.iter().enumerate() {
        over = writer.is_full() || (ended && index + 1 == segments.len());
        tally.wrote(writer.append((segment.from, segment.until), &segment.entries, over)?);
        if over {
            break;
        }
    }
    if sync || over {
        writer.sync()?;
    }
    Ok((writer, over))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, ArchiveError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ArchiveError::Io(error.into())))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Where the files of recordings stand.
use std::{
    fs::{self, File},
    io, iter,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use contact_core::Change;
use shared::{BusinessId, ContactId, RecordingId};
use store::{Records, Store, StoreError};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{
    file::Writer,
    keys::Of,
    seal::DataKey,
    tally::{Fault, Tally, Why},
};
use crate::ports::Witness;

const FOLDER: &str = "recordings";
const ENDING: &str = "rec";

/// How files go, which may take long: each call waits on a thread where it holds nobody up.
pub trait Disk: std::fmt::Debug + Send + Sync {
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

/// As the system does it.
#[derive(Debug)]
struct System;

impl Disk for System {}

/// `DATA/recordings/BUSINESS/CONTACT/RECORDING.rec`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    tally: Tally,
}

impl Shelf {
    pub fn below(data: &Path) -> Self {
        Self { root: data.join(FOLDER), disk: Arc::new(System), tally: Tally::default() }
    }

    /// What goes is counted there.
    pub fn counted(self, tally: Tally) -> Self {
        Self { tally, ..self }
    }

    /// Files go as this says.
    pub fn on(self, disk: Arc<dyn Disk>) -> Self {
        Self { disk, ..self }
    }

    pub fn file(&self, of: Of) -> PathBuf {
        self.folder(of.business, of.contact).join(format!("{}.{ENDING}", of.recording))
    }

    fn folder(&self, business: BusinessId, contact: ContactId) -> PathBuf {
        self.root.join(business.to_string()).join(contact.to_string())
    }

    /// A new file, which is known by its name after a power cut as well.
    pub(super) fn create(&self, of: Of, key: DataKey) -> io::Result<Writer> {
        let folder = self.folder(of.business, of.contact);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let writer = Writer::create(&self.file(of), of, key)?;
        for folder in folder.ancestors().take(3) {
            File::open(folder)?.sync_all()?;
        }
        Ok(writer)
    }

    /// Deletes the files of a contact.
    pub fn forget(&self, business: BusinessId, contact: ContactId) -> io::Result<()> {
        let folder = self.folder(business, contact);
        // Deleted also where nobody can count it.
        let found = named::<RecordingId>(&folder).map_or(0, |found| found.len());
        self.counting(Why::Erasure, found as u64, gone(self.disk.remove_folder(&folder)))
    }

    /// Deletes one file, and its contact's folder with the last.
    pub fn remove(&self, of: Of, why: Why) -> io::Result<()> {
        self.counting(why, 1, gone(self.disk.remove_file(&self.file(of))))?;
        // It stays as long as something is in it.
        let _ = fs::remove_dir(self.folder(of.business, of.contact));
        Ok(())
    }

    fn counting(&self, why: Why, files: u64, done: io::Result<()>) -> io::Result<()> {
        match done {
            Ok(()) => self.tally.deleted(why, files),
            Err(_) => self.tally.fault(Fault::Deletion),
        }
        done
    }

    /// Deletes files whose key is gone: of an erasure that was cut short, or of before a restore. Returns how many.
    pub async fn sweep(&self, store: &dyn Store) -> Result<u32, SweepError> {
        let mut swept = 0;
        for business in store.businesses().await? {
            swept += self.sweep_business(business.id, store.records()).await?;
        }
        Ok(swept)
    }

    async fn sweep_business(
        &self,
        business: BusinessId,
        rows: &(impl Rows + ?Sized),
    ) -> Result<u32, SweepError> {
        let mut swept = 0;
        let folder = self.root.join(business.to_string());
        for contact in aside(move || named::<ContactId>(&folder)).await? {
            // A row is there before its file: of what is found here, nothing is younger than the rows.
            let folder = self.folder(business, contact);
            let found = aside(move || named::<RecordingId>(&folder)).await?;
            let known = rows.of(business, contact).await?;
            for recording in found.into_iter().filter(|recording| !known.contains(recording)) {
                let (shelf, of) = (self.clone(), Of { business, contact, recording });
                aside(move || shelf.remove(of, Why::NoKey)).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// Which recordings have a key.
#[async_trait]
trait Rows: Sync {
    async fn of(&self, business: BusinessId, contact: ContactId) -> Result<Vec<RecordingId>, StoreError>;
}

#[async_trait]
impl<R: Records + ?Sized> Rows for R {
    async fn of(&self, business: BusinessId, contact: ContactId) -> Result<Vec<RecordingId>, StoreError> {
        let known = self.recordings_of(business, contact).await?;
        Ok(known.into_iter().map(|recording| recording.id).collect())
    }
}

/// What waits for the disk waits on a thread for that.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.into()))
}

#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the files of recordings cannot be looked through")]
    Io(#[from] io::Error),
}

/// Whatever in a folder is named like an id of ours.
fn named<T: std::str::FromStr>(folder: &Path) -> io::Result<Vec<T>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let path = entry?.path();
        ids.extend(path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()));
    }
    Ok(ids)
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Erased contacts lose their files with the commit that takes their keys. What fails is swept up later: without
/// its key a file can be read by nobody.
impl Witness for Shelf {
    fn committed(&self, business: BusinessId, changes: &[Change], _: std::time::Duration) {
        let mut erased = changes.iter().filter_map(|change| {
            let Change::Erased(contact) = change else { return None };
            Some(*contact)
        });
        let Some(first) = erased.next() else { return };
        let forget = || {
            for contact in iter::once(first).chain(erased) {
                if let Err(error) = self.forget(business, contact) {
                    tracing::warn!(%contact, %error, "files of an erased customer cannot be deleted now");
                }
            }
        };
        // Only this business waits for the disk, where others could run beside it.
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(forget),
            Ok(_) | Err(_) => forget(),
        }
    }

    fn not_committed(&self, _: BusinessId) {}
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use tokio::sync::mpsc;

    use super::*;

    /// After which a deletion that nobody could release goes on, so that its test fails.
    const PATIENCE: Duration = Duration::from_secs(20);
    const SHOP: BusinessId = BusinessId(1);
    const CONTACT: ContactId = ContactId(7);

    /// Rows beside which another recording begins just when they are asked for.
    struct Busy {
        shelf: Shelf,
        rows: Mutex<Vec<RecordingId>>,
        begins: RecordingId,
    }

    impl Busy {
        fn begin(&self, recording: RecordingId) {
            self.rows.lock().unwrap().push(recording);
            file(&self.shelf, recording);
        }
    }

    #[async_trait]
    impl Rows for Busy {
        async fn of(&self, business: BusinessId, contact: ContactId) -> Result<Vec<RecordingId>, StoreError> {
            assert_eq!((business, contact), (SHOP, CONTACT));
            let rows = self.rows.lock().unwrap().clone();
            self.begin(self.begins);
            Ok(rows)
        }
    }

    fn file(shelf: &Shelf, recording: RecordingId) -> PathBuf {
        let path = shelf.file(Of { business: SHOP, contact: CONTACT, recording });
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"sealed").unwrap();
        path
    }

    #[tokio::test]
    async fn a_sweep_takes_files_without_a_key_and_none_of_a_recording_that_begins_meanwhile() {
        let data = tempfile::tempdir().unwrap();
        let shelf = Shelf::below(data.path());
        let [kept, lost, begins] = [1, 2, 3].map(RecordingId);
        let busy = Busy { shelf: shelf.clone(), rows: Mutex::default(), begins };
        busy.begin(kept);
        file(&shelf, lost);
        assert_eq!(shelf.sweep_business(SHOP, &busy).await.unwrap(), 1);
        let is_there = |recording| shelf.file(Of { business: SHOP, contact: CONTACT, recording }).exists();
        assert_eq!([kept, lost, begins].map(is_there), [true, false, true]);
        assert_eq!(shelf.sweep_business(BusinessId(2), &busy).await.unwrap(), 0, "nothing of others");
    }

    /// A deletion goes on until somebody else had a turn.
    #[derive(Debug)]
    struct Slow {
        begun: mpsc::UnboundedSender<()>,
        released: Mutex<std::sync::mpsc::Receiver<()>>,
        in_vain: AtomicBool,
    }

    impl Disk for Slow {
        fn remove_file(&self, path: &Path) -> io::Result<()> {
            self.waits();
            fs::remove_file(path)
        }

        fn remove_folder(&self, path: &Path) -> io::Result<()> {
            self.waits();
            fs::remove_dir_all(path)
        }
    }

    impl Slow {
        fn waits(&self) {
            self.begun.send(()).unwrap();
            let turn = self.released.lock().unwrap().recv_timeout(PATIENCE);
            self.in_vain.fetch_or(turn.is_err(), Ordering::Relaxed);
        }
    }

    /// A shelf whose deletions wait for the turn of a task that runs beside them.
    fn slow(data: &Path) -> (Shelf, Arc<Slow>, impl Future<Output = ()> + Send + 'static) {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let (release, released) = std::sync::mpsc::channel();
        let slow = Arc::new(Slow { begun, released: Mutex::new(released), in_vain: AtomicBool::new(false) });
        let turn = async move {
            begins.recv().await.unwrap();
            release.send(()).unwrap();
        };
        (Shelf::below(data).on(slow.clone()), slow, turn)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn files_of_whoever_is_erased_go_while_others_are_served() {
        let data = tempfile::tempdir().unwrap();
        let (shelf, slow, turn) = slow(data.path());
        let path = file(&shelf, RecordingId(1));
        let turn = tokio::spawn(turn);
        let erased = tokio::spawn(async move {
            shelf.committed(SHOP, &[Change::Erased(CONTACT)], Duration::ZERO);
        });
        erased.await.unwrap();
        turn.await.unwrap();
        assert!(!slow.in_vain.load(Ordering::Relaxed), "nobody had a turn while it was deleted");
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn files_are_swept_up_while_others_are_served() {
        let data = tempfile::tempdir().unwrap();
        let (shelf, slow, turn) = slow(data.path());
        let busy = Busy { shelf: shelf.clone(), rows: Mutex::default(), begins: RecordingId(3) };
        let path = file(&shelf, RecordingId(1));
        let (swept, ()) = tokio::join!(shelf.sweep_business(SHOP, &busy), turn);
        assert!(!slow.in_vain.load(Ordering::Relaxed), "nobody had a turn while it was deleted");
        assert_eq!((swept.unwrap(), path.exists()), (1, false));
    }
}

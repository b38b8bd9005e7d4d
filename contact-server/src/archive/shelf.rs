//! Where the files of recordings stand.
use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use contact_core::Change;
use shared::{BusinessId, ContactId, RecordingId};
use store::{Store, StoreError};

use super::{file::Writer, keys::Of, seal::DataKey};
use crate::ports::Witness;

const FOLDER: &str = "recordings";
const ENDING: &str = "rec";

/// `DATA/recordings/BUSINESS/CONTACT/RECORDING.rec`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shelf(PathBuf);

impl Shelf {
    pub fn below(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    pub fn file(&self, of: Of) -> PathBuf {
        self.folder(of.business, of.contact).join(format!("{}.{ENDING}", of.recording))
    }

    fn folder(&self, business: BusinessId, contact: ContactId) -> PathBuf {
        self.0.join(business.to_string()).join(contact.to_string())
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
        gone(fs::remove_dir_all(self.folder(business, contact)))
    }

    /// Deletes one file, and its contact's folder with the last.
    pub fn remove(&self, of: Of) -> io::Result<()> {
        gone(fs::remove_file(self.file(of)))?;
        // It stays as long as something is in it.
        let _ = fs::remove_dir(self.folder(of.business, of.contact));
        Ok(())
    }

    /// Deletes files whose key is gone: of an erasure that was cut short, or of before a restore. Returns how many.
    pub async fn sweep(&self, store: &dyn Store) -> Result<u32, SweepError> {
        let mut swept = 0;
        for business in store.businesses().await? {
            let folder = self.0.join(business.id.to_string());
            for contact in named::<ContactId>(&folder)? {
                // A row is there before its file: of what is found here, nothing is younger than the rows.
                let found = named::<RecordingId>(&self.folder(business.id, contact))?;
                let known = store.records().recordings_of(business.id, contact).await?;
                for recording in found {
                    if !known.iter().any(|known| known.id == recording) {
                        self.remove(Of { business: business.id, contact, recording })?;
                        swept += 1;
                    }
                }
            }
        }
        Ok(swept)
    }
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
        for change in changes {
            if let Change::Erased(contact) = change
                && let Err(error) = self.forget(business, *contact)
            {
                tracing::warn!(%contact, %error, "files of an erased customer cannot be deleted now");
            }
        }
    }

    fn not_committed(&self, _: BusinessId) {}
}

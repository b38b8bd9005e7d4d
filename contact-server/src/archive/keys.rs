//! The server's keys, which lock the keys of recordings. They stand in a file of their own, never in the database nor
//! in the data folder's backups: whoever has only those reads nothing.
//!
//! A line is `ID KEY`: an id that is never used again, and 64 hexadecimal digits. The first line locks what is new, all
//! lines open what is old; so a key is replaced by a new first line, and an old line goes once
//! `ringside admin recording relock` has locked everything anew. The file is read each time: no restart is needed.
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use shared::{BusinessId, ContactId, RecordingId};
use store::Recording;

use super::seal::{DataKey, KEY_BYTES, Opened, SealError};
use crate::ids;

/// Lines of a file of keys.
const MOST_KEYS: usize = 64;
const LONGEST_ID: usize = 32;
const LARGEST_FILE: u64 = 16 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the file of recording keys cannot be read")]
    Io(#[from] io::Error),
    #[error("line {0} of the file of recording keys is no `ID KEY`")]
    Line(usize),
    #[error("the file of recording keys has no key in it")]
    None,
    #[error("others on this machine may read the file of recording keys")]
    Open,
    #[error("the key `{0}` is not in the file of recording keys")]
    Unknown(String),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The keys of a file; the first is the one in use.
pub struct KeyRing(Vec<(String, DataKey)>);

impl KeyRing {
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let file = fs::metadata(path)?;
        if file.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Open);
        }
        if file.len() > LARGEST_FILE {
            return Err(KeyError::Line(MOST_KEYS));
        }
        Self::parse(&fs::read_to_string(path)?)
    }

    fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<(String, DataKey)> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (id, key) = line.split_once(char::is_whitespace).ok_or(KeyError::Line(number))?;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let is_new = keys.iter().all(|(known, _)| known != id);
            if id.len() > LONGEST_ID || !id.chars().all(is_plain) || !is_new || keys.len() >= MOST_KEYS {
                return Err(KeyError::Line(number));
            }
            keys.push((id.to_owned(), DataKey::new(&unhex(key.trim()).ok_or(KeyError::Line(number))?)));
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self(keys)) }
    }

    /// The id of the key in use.
    pub fn current(&self) -> &str {
        self.0.first().map_or("", |(id, _)| id)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Locks the key of a recording with the one in use: which that is, and the locked key.
    pub fn lock(&self, of: Of, key: &[u8; KEY_BYTES]) -> Result<(String, Vec<u8>), KeyError> {
        let (id, lock) = self.0.first().ok_or(KeyError::None)?;
        // Each lock has a random nonce; a key locks far fewer than the 2^32 recordings that are safe (NIST SP 800-38D).
        let nonce: [u8; 12] = ids::random_bytes();
        let mut locked = nonce.to_vec();
        locked.extend(lock.seal(nonce, &of.bound(id), key)?);
        Ok((id.clone(), locked))
    }

    /// The key of a recording.
    pub fn open(&self, recording: &Recording) -> Result<Opened, KeyError> {
        let known = self.0.iter().find(|(id, _)| *id == recording.lock);
        let (id, lock) = known.ok_or_else(|| KeyError::Unknown(recording.lock.clone()))?;
        let (nonce, sealed) = recording.locked.split_first_chunk::<12>().ok_or(SealError)?;
        let opened = lock.open(*nonce, &Of::from(recording).bound(id), sealed)?;
        Ok(opened)
    }
}

/// What a key and its segments belong to. Sealed with them: nothing opens in another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    pub business: BusinessId,
    pub contact: ContactId,
    pub recording: RecordingId,
}

impl From<&Recording> for Of {
    fn from(recording: &Recording) -> Self {
        Self { business: recording.business, contact: recording.contact, recording: recording.id }
    }
}

impl Of {
    fn bound(&self, lock: &str) -> Vec<u8> {
        [b"ringside recording key\0", &self.bytes()[..], lock.as_bytes()].concat()
    }

    pub(super) fn bytes(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        for (place, id) in bytes.chunks_exact_mut(16).zip([self.business.0, self.contact.0, self.recording.0])
        {
            place.copy_from_slice(&id.to_be_bytes());
        }
        bytes
    }
}

/// Writes a file with a new first key; those that were there stay below. Returns its id.
pub fn add(path: &Path, id: &str) -> Result<(), KeyError> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    let text = format!("{id} {}\n{before}", ids::token());
    KeyRing::parse(&text)?;
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)?;
    fs::File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
        .sync_all()?;
    Ok(())
}

fn unhex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    if text.len() != KEY_BYTES * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use shared::Timestamp;

    use super::*;

    const OF: Of = Of { business: BusinessId(1), contact: ContactId(2), recording: RecordingId(3) };

    fn recording(ring: &KeyRing, of: Of) -> Recording {
        let (lock, locked) = ring.lock(of, &[7; KEY_BYTES]).unwrap();
        let Of { business, contact, recording: id } = of;
        Recording { id, business, contact, began_at: Timestamp(0), lock, locked }
    }

    #[test]
    fn a_key_is_opened_by_the_lock_that_closed_it_and_a_rotated_ring_still_has_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.keys");
        add(&path, "2026-11").unwrap();
        let old = KeyRing::read(&path).unwrap();
        let kept = recording(&old, OF);
        assert_eq!(*old.open(&kept).unwrap(), [7; KEY_BYTES]);
        add(&path, "2026-12").unwrap();
        let both = KeyRing::read(&path).unwrap();
        assert_eq!((both.current(), both.len()), ("2026-12", 2));
        assert_eq!(*both.open(&kept).unwrap(), [7; KEY_BYTES]);
        assert!(add(&path, "2026-11").is_err(), "an id stands for one key");
        let stranger = KeyRing::parse(&format!("2026-11 {}", "0".repeat(64))).unwrap();
        assert!(matches!(stranger.open(&kept), Err(KeyError::Seal(SealError))));
        let other = KeyRing::parse(&format!("other {}", "0".repeat(64))).unwrap();
        assert!(matches!(other.open(&kept), Err(KeyError::Unknown(_))));
    }

    #[test]
    fn a_locked_key_opens_nowhere_else() {
        let ring = KeyRing::parse(&format!("a {}", "5".repeat(64))).unwrap();
        let kept = recording(&ring, OF);
        for other in [
            Recording { business: BusinessId(9), ..kept.clone() },
            Recording { contact: ContactId(9), ..kept.clone() },
            Recording { id: RecordingId(9), ..kept.clone() },
            Recording { locked: Vec::new(), ..kept.clone() },
        ] {
            assert!(ring.open(&other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        assert!(matches!(KeyRing::read(&path), Err(KeyError::Io(_))));
        add(&path, "a").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyRing::read(&path), Err(KeyError::Open)));
        let key = "0".repeat(64);
        for text in ["", "# none", "a", "a 00", &format!("a {key}\na {key}"), &format!("a/b {key}")] {
            assert!(KeyRing::parse(text).is_err(), "{text}");
        }
    }
}

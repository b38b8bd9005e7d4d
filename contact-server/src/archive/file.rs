//! A recording as a file: segments one after the other, each with a head in the clear and sealed entries.
//!
//! A head tells when and how much, never what. It is sealed with its segment, and so are its number and whose it is:
//! segments cannot be changed, exchanged or left out unnoticed, and a file that was cut off (a crash, a full disk) is
//! good up to its last whole segment. Only one that ends with the mark for it is whole.
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::RangeInclusive,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use shared::Timestamp;

use super::{
    keys::Of,
    seal::{DataKey, SealError, TAG_BYTES},
};
use crate::limits::{RECORDING_BYTES, RECORDING_SEGMENTS};

/// Also the format's version.
const MAGIC: [u8; 4] = *b"RSR1";
pub const HEAD_BYTES: usize = 4 + 4 + 8 + 8 + 1 + 4;
/// Nothing follows.
const LAST: u8 = 1;
/// A segment holds what is gathered in a while, and at least one frame, however large.
pub const LARGEST_SEGMENT: usize = shared::limits::MIRROR_MESSAGE_BYTES + (1 << 20);

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the recording cannot be read or written")]
    Io(#[from] io::Error),
    #[error("there is no such segment")]
    NoSegment,
    #[error("these segments are more than one may ask for at once")]
    TooMuch,
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// The head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub number: u32,
    pub from: Timestamp,
    pub until: Timestamp,
    pub last: bool,
    /// Of the sealed entries.
    pub length: u32,
}

impl Head {
    pub fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut out = [0; HEAD_BYTES];
        let parts: [&[u8]; 6] = [
            &MAGIC,
            &self.number.to_le_bytes(),
            &self.from.0.to_le_bytes(),
            &self.until.0.to_le_bytes(),
            &[if self.last { LAST } else { 0 }],
            &self.length.to_le_bytes(),
        ];
        out.copy_from_slice(&parts.concat());
        out
    }

    /// None: these bytes are no head.
    pub fn decode(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (until, rest) = rest.split_first_chunk::<8>()?;
        let (flags, rest) = rest.split_first()?;
        let length = u32::from_le_bytes(rest.try_into().ok()?);
        let fits = (TAG_BYTES..=LARGEST_SEGMENT).contains(&(length as usize));
        (*magic == MAGIC && *flags <= LAST && fits).then(|| Self {
            number: u32::from_le_bytes(*number),
            from: Timestamp(u64::from_le_bytes(*from)),
            until: Timestamp(u64::from_le_bytes(*until)),
            last: *flags & LAST != 0,
            length,
        })
    }

    /// Bytes of the entries, opened.
    pub fn plain_length(&self) -> u32 {
        self.length.saturating_sub(u32::try_from(TAG_BYTES).unwrap_or(16))
    }

    fn nonce(&self) -> [u8; 12] {
        // A recording's key seals each number once.
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.number.to_le_bytes());
        nonce
    }

    fn bound(&self, of: Of) -> Vec<u8> {
        [b"ringside recording\0", &of.bytes()[..], &self.encode()].concat()
    }
}

/// Whole segments of a file. What follows the last of them was never finished.
pub fn heads(path: &Path) -> io::Result<Vec<Head>> {
    walk(&mut File::open(path)?, RECORDING_SEGMENTS)
}

/// The first whole segments, `most` at most.
fn walk(file: &mut File, most: usize) -> io::Result<Vec<Head>> {
    let size = file.metadata()?.len();
    let (mut heads, mut at) = (Vec::new(), 0_u64);
    let mut bytes = [0; HEAD_BYTES];
    while at + (HEAD_BYTES as u64) < size && heads.len() < most {
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        let expected = u32::try_from(heads.len()).unwrap_or(u32::MAX);
        let Some(head) = Head::decode(&bytes).filter(|head| head.number == expected) else { break };
        at += HEAD_BYTES as u64 + u64::from(head.length);
        if at > size {
            break;
        }
        heads.push(head);
        if head.last {
            break;
        }
    }
    Ok(heads)
}

/// The entries of one segment.
pub fn segment(path: &Path, of: Of, key: &DataKey, number: u32) -> Result<Vec<u8>, FileError> {
    segments(path, of, key, number..=number, LARGEST_SEGMENT)
}

/// The entries of segments that follow each other. Of more than one, no more than `most` bytes.
pub fn segments(
    path: &Path,
    of: Of,
    key: &DataKey,
    numbers: RangeInclusive<u32>,
    most: usize,
) -> Result<Vec<u8>, FileError> {
    let index = |number: u32| usize::try_from(number).map_err(|_| FileError::NoSegment);
    let (first, last) = (index(*numbers.start())?, index(*numbers.end())?);
    let mut file = File::open(path)?;
    let heads = walk(&mut file, last.saturating_add(1).min(RECORDING_SEGMENTS))?;
    let wanted = heads.get(first..=last).filter(|wanted| !wanted.is_empty()).ok_or(FileError::NoSegment)?;
    let bytes: usize = wanted.iter().map(|head| head.plain_length() as usize).sum();
    if wanted.len() > 1 && bytes > most {
        return Err(FileError::TooMuch);
    }
    let before: u64 = heads[..first].iter().map(|head| HEAD_BYTES as u64 + u64::from(head.length)).sum();
    file.seek(SeekFrom::Start(before))?;
    let mut entries = Vec::with_capacity(bytes);
    for head in wanted {
        file.read_exact(&mut [0; HEAD_BYTES])?;
        let mut sealed = vec![0; head.length as usize];
        file.read_exact(&mut sealed)?;
        entries.extend(key.open_all(head.nonce(), &head.bound(of), sealed)?);
    }
    Ok(entries)
}

/// A recording that is being written.
#[derive(Debug)]
pub struct Writer {
    file: File,
    of: Of,
    key: DataKey,
    next: u32,
    bytes: u64,
}

impl Writer {
    /// The file must not be there yet.
    pub fn create(path: &Path, of: Of, key: DataKey) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, of, key, next: 0, bytes: 0 })
    }

    /// Writes one segment, and says how many bytes it has in the file. After an error the file is what it was, or ends
    /// in something that is no segment; nothing more may be written.
    pub fn append(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        entries: &[u8],
        last: bool,
    ) -> Result<u64, FileError> {
        let length = u32::try_from(entries.len() + TAG_BYTES).map_err(|_| FileError::NoSegment)?;
        let head = Head { number: self.next, from, until, last, length };
        let sealed = self.key.seal(head.nonce(), &head.bound(self.of), entries)?;
        let mut segment = head.encode().to_vec();
        segment.extend_from_slice(&sealed);
        self.file.write_all(&segment)?;
        self.next += 1;
        let bytes = segment.len() as u64;
        self.bytes += bytes;
        Ok(bytes)
    }

    /// It has as much as one recording may have, but for its end.
    pub fn is_full(&self) -> bool {
        self.bytes >= RECORDING_BYTES || self.next as usize + 1 >= RECORDING_SEGMENTS
    }

    /// What was written is on disk when this returns.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use shared::{BusinessId, ContactId, RecordingId};

    use super::*;

    const OF: Of = Of { business: BusinessId(1), contact: ContactId(2), recording: RecordingId(3) };
    const ENTRIES: [&[u8]; 3] = [b"first, with a secret", b"second", b"third"];

    fn key() -> DataKey {
        DataKey::new(&[7; 32])
    }

    /// Three segments, the last marked.
    fn written(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("a.rec");
        let mut writer = Writer::create(&path, OF, key()).unwrap();
        for (number, entries) in (0..).zip(ENTRIES) {
            let at = (Timestamp(number * 10), Timestamp(number * 10 + 9));
            writer.append(at, entries, number == 2).unwrap();
        }
        writer.sync().unwrap();
        path
    }

    #[test]
    fn segments_are_read_as_they_were_written_and_the_file_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let found = heads(&path).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[2].last && !found[1].last && found[1].from == Timestamp(10));
        for (number, entries) in (0..).zip(ENTRIES) {
            assert_eq!(segment(&path, OF, &key(), number).unwrap(), entries);
        }
        assert!(matches!(segment(&path, OF, &key(), 3), Err(FileError::NoSegment)));
        let several = |numbers, most| segments(&path, OF, &key(), numbers, most);
        assert_eq!(several(1..=2, 11).unwrap(), ENTRIES[1..].concat());
        assert_eq!(several(0..=0, 1).unwrap(), ENTRIES[0], "one is given however large it is");
        assert!(matches!(several(0..=1, 11), Err(FileError::TooMuch)));
        let (backwards, beyond) = (RangeInclusive::new(2, 1), 1..=u32::MAX);
        for none in [backwards, beyond, 2..=3] {
            assert!(matches!(several(none, 99), Err(FileError::NoSegment)));
        }
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
        assert!(Writer::create(&path, OF, key()).is_err(), "a recording is never written over");
    }

    #[test]
    fn a_segment_opens_in_its_own_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        for other in [
            Of { business: BusinessId(9), ..OF },
            Of { contact: ContactId(9), ..OF },
            Of { recording: RecordingId(9), ..OF },
        ] {
            assert!(matches!(segment(&path, other, &key(), 0), Err(FileError::Sealed(_))));
        }
        assert!(segment(&path, OF, &DataKey::new(&[8; 32]), 0).is_err());
        // The second in the place of the first: numbers are sealed with it.
        let bytes = fs::read(&path).unwrap();
        let first = HEAD_BYTES + ENTRIES[0].len() + TAG_BYTES;
        let mut moved = bytes[first..].to_vec();
        fs::write(&path, &moved).unwrap();
        assert_eq!(heads(&path).unwrap(), [], "it is not the first");
        moved[4] = 0;
        fs::write(&path, &moved).unwrap();
        assert_eq!(heads(&path).unwrap().len(), 1);
        assert!(matches!(segment(&path, OF, &key(), 0), Err(FileError::Sealed(_))));
    }

    proptest! {
        /// Cut anywhere, as a crash cuts it: what is whole is read, what is not is no segment, and nothing that was
        /// cut is taken for the end.
        #[test]
        fn a_file_that_was_cut_off_is_good_up_to_its_last_whole_segment(cut in 0_usize..300) {
            let folder = tempfile::tempdir().unwrap();
            let path = written(folder.path());
            let bytes = fs::read(&path).unwrap();
            let cut = cut.min(bytes.len());
            fs::write(&path, &bytes[..cut]).unwrap();
            let found = heads(&path).unwrap();
            for head in &found {
                let entries = segment(&path, OF, &key(), head.number).unwrap();
                prop_assert_eq!(&entries[..], ENTRIES[head.number as usize]);
            }
            prop_assert_eq!(found.iter().any(|head| head.last), cut == bytes.len());
            let whole: usize = found.iter().map(|head| HEAD_BYTES + head.length as usize).sum();
            prop_assert!(whole <= cut && cut <= whole + HEAD_BYTES + 40);
        }

        /// Any bytes in the place of some of it: no panic, and nothing that was not written comes out.
        #[test]
        fn a_damaged_file_gives_what_was_written_or_nothing(at in 0_usize..140, bytes in proptest::collection::vec(any::<u8>(), 1..60)) {
            let folder = tempfile::tempdir().unwrap();
            let path = written(folder.path());
            let mut damaged = fs::read(&path).unwrap();
            for (place, byte) in damaged.iter_mut().skip(at).zip(&bytes) {
                *place = *byte;
            }
            fs::write(&path, &damaged).unwrap();
            for head in heads(&path).unwrap() {
                if let Ok(entries) = segment(&path, OF, &key(), head.number) {
                    prop_assert_eq!(&entries[..], ENTRIES[head.number as usize]);
                }
            }
        }
    }
}

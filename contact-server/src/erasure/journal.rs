//! The journal of erasures as a file: one line of JSON each, with ids and nothing personal.
//!
//! A backup that was made before an erasure still holds the customer. So the journal is kept beside the data
//! and beside the backups, and a restore carries it out before anybody can use what was restored.
//!
//! What is older than any copy of the data is not needed any more and goes ([`expire`]); a line of its own says
//! since when the rest is complete. Whoever changes a journal locks it, since the server and an operator's command
//! both do; whoever replaces it puts a whole one in its place.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use shared::{BusinessId, ContactId, Timestamp};
use store::Erasure;

pub const FILE: &str = "erasures.jsonl";
/// A longer line is damage: it would name more contacts than a customer ever had.
const LONGEST_LINE: u64 = 1 << 20;
/// Entries that one turn lets go of, the oldest first: a clock that is wrong by years is noticed before everything is
/// forgotten.
pub const EXPIRE_AT_ONCE: usize = 1_000;
/// How often a journal may be replaced just while it is being opened.
const REPLACED: u32 = 100;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal cannot be read or written")]
    Io(#[from] io::Error),
    #[error("line {0} of the journal cannot be read")]
    Line(usize),
}

/// What a journal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// What was asked for before is not all in it any more.
    pub complete_since: Timestamp,
    /// Oldest first.
    pub erasures: Vec<Erasure>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Erasure {
        /// Hexadecimal.
        id: String,
        business: BusinessId,
        contacts: Vec<ContactId>,
        asked_at: Timestamp,
    },
    Complete {
        complete_since: Timestamp,
    },
}

impl From<&Erasure> for Line {
    fn from(erasure: &Erasure) -> Self {
        let Erasure { id, business, contacts, asked_at, .. } = erasure;
        Self::Erasure {
            id: format!("{id:032x}"),
            business: *business,
            contacts: contacts.clone(),
            asked_at: *asked_at,
        }
    }
}

/// Adds one; it is on disk when this returns.
pub fn append(path: &Path, erasure: &Erasure) -> Result<(), JournalError> {
    let mut file = lock(path, true)?;
    end_at_a_line(&mut file)?;
    file.write_all(text(&erasure.into())?.as_bytes())?;
    file.sync_all()?;
    Ok(sync_folder(path)?)
}

/// Puts the whole journal at `path`, in the place of an older one.
pub fn write(path: &Path, journal: &Journal) -> Result<(), JournalError> {
    let _held = if path.exists() { Some(lock(path, false)?) } else { None };
    Ok(replace(path, &draft(path, journal)?)?)
}

/// Lets go of what was asked for before `before`, unless it is one of `unfinished`. Returns how many entries went.
pub fn expire(path: &Path, before: Timestamp, unfinished: &BTreeSet<u128>) -> Result<usize, JournalError> {
    let held = match lock(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        held => held?,
    };
    let mut journal = parse_all(&held)?;
    let old = |erasure: &Erasure| erasure.asked_at < before && !unfinished.contains(&erasure.id);
    let mut gone = 0;
    let mut newest = Timestamp::default();
    journal.erasures.retain(|erasure| {
        let goes = gone < EXPIRE_AT_ONCE && old(erasure);
        if goes {
            (gone, newest) = (gone + 1, newest.max(erasure.asked_at));
        }
        !goes
    });
    if gone > 0 {
        journal.complete_since = journal.complete_since.max(Timestamp(newest.0 + 1));
        replace(path, &draft(path, &journal)?)?;
    }
    Ok(gone)
}

/// The file at `path`, for its holder alone until it is dropped. Whoever waited may have waited for a file that was
/// replaced.
fn lock(path: &Path, create: bool) -> io::Result<File> {
    for _ in 0..REPLACED {
        let file = OpenOptions::new().read(true).append(true).create(create).mode(0o600).open(path)?;
        file.lock()?;
        let (held, there) = (file.metadata()?, fs::metadata(path)?);
        if (held.dev(), held.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
    Err(io::Error::other("the journal is replaced again and again"))
}

/// A power cut in the middle of [`append`] leaves part of a line, of an erasure that nobody was told of: what is added
/// behind it would be lost with it.
fn end_at_a_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let tail = length.min(LONGEST_LINE);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let rest = &bytes[whole..];
    if rest.is_empty() {
        return Ok(());
    }
    if std::str::from_utf8(rest).ok().and_then(parse).is_some() {
        return file.write_all(b"\n"); // all of it but its end
    }
    if whole == 0 && tail < length {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the last line is too long"));
    }
    file.set_len(length - rest.len() as u64)
}

/// Writes the journal beside its place, whole and on disk.
fn draft(path: &Path, journal: &Journal) -> io::Result<PathBuf> {
    let draft = path.with_extension("new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let mut writer = io::BufWriter::new(&file);
    if journal.complete_since > Timestamp::default() {
        writer.write_all(text(&Line::Complete { complete_since: journal.complete_since })?.as_bytes())?;
    }
    for erasure in &journal.erasures {
        writer.write_all(text(&erasure.into())?.as_bytes())?;
    }
    writer.flush()?;
    drop(writer);
    file.sync_all()?;
    Ok(draft)
}

fn replace(path: &Path, draft: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    sync_folder(path)
}

/// So that the name of a new file is on disk as well.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn text(line: &Line) -> io::Result<String> {
    Ok(serde_json::to_string(line)? + "\n")
}

/// Reads a journal; entries that stand in it twice are one. A last line that was cut off (a power cut, before
/// the erasure was answered) is passed over.
pub fn read(path: &Path) -> Result<Journal, JournalError> {
    parse_all(&File::open(path)?)
}

fn parse_all(mut file: &File) -> Result<Journal, JournalError> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = io::BufReader::new(file);
    let mut complete_since = Timestamp::default();
    let mut entries = BTreeMap::new();
    for number in 1.. {
        let mut text = String::new();
        let length = io::Read::take(&mut reader, LONGEST_LINE).read_line(&mut text)?;
        if length == 0 {
            break;
        }
        let parsed = parse(&text);
        if parsed.is_none() && !text.ends_with('\n') && (length as u64) < LONGEST_LINE {
            break;
        }
        match parsed.ok_or(JournalError::Line(number))? {
            Parsed::Erasure(erasure) => drop(entries.insert((erasure.asked_at, erasure.id), erasure)),
            Parsed::Complete(since) => complete_since = complete_since.max(since),
        }
    }
    Ok(Journal { complete_since, erasures: entries.into_values().collect() })
}

enum Parsed {
    Erasure(Erasure),
    Complete(Timestamp),
}

fn parse(text: &str) -> Option<Parsed> {
    match serde_json::from_str(text).ok()? {
        Line::Erasure { id, business, contacts, asked_at } => {
            let id = u128::from_str_radix(&id, 16).ok()?;
            Some(Parsed::Erasure(Erasure { id, business, contacts, asked_at, taken_at: None, done_at: None }))
        }
        Line::Complete { complete_since } => Some(Parsed::Complete(complete_since)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked for at 5, 6, 7 and so on.
    fn erasure(id: u128) -> Erasure {
        Erasure {
            id,
            business: BusinessId(1),
            contacts: vec![ContactId(id), ContactId(9)],
            asked_at: Timestamp(4 + u64::try_from(id).unwrap()),
            taken_at: None,
            done_at: None,
        }
    }

    fn all(ids: impl IntoIterator<Item = u128>) -> Journal {
        Journal { complete_since: Timestamp(0), erasures: ids.into_iter().map(erasure).collect() }
    }

    fn nobody() -> BTreeSet<u128> {
        BTreeSet::new()
    }

    #[test]
    fn a_journal_is_read_as_it_was_written_and_twice_is_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        write(&path, &all([1])).unwrap();
        append(&path, &erasure(2)).unwrap();
        append(&path, &erasure(2)).unwrap();
        assert_eq!(read(&path).unwrap(), all([1, 2]));
    }

    #[test]
    fn a_line_that_was_cut_off_is_passed_over_and_a_damaged_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        append(&path, &erasure(1)).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{}", &whole[..20])).unwrap();
        assert_eq!(read(&path).unwrap(), all([1]));
        fs::write(&path, format!("{}\n{whole}", &whole[..20])).unwrap();
        assert!(matches!(read(&path), Err(JournalError::Line(1))));
    }

    #[test]
    fn what_is_added_behind_a_line_that_was_cut_off_is_not_lost_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        append(&path, &erasure(1)).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for cut in [1, 20, whole.len() - 2] {
            fs::write(&path, format!("{whole}{}", &whole[..cut])).unwrap();
            append(&path, &erasure(2)).unwrap();
            assert_eq!(read(&path).unwrap(), all([1, 2]), "cut at {cut}");
        }
        fs::write(&path, whole.trim_end()).unwrap();
        append(&path, &erasure(2)).unwrap();
        assert_eq!(read(&path).unwrap(), all([1, 2]), "a line that lacks its end alone is whole");
    }

    #[test]
    fn what_is_older_than_every_copy_goes_and_the_journal_says_since_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(expire(&path, Timestamp(8), &nobody()).unwrap(), 0, "there is none");
        write(&path, &all(1..=5)).unwrap();
        assert_eq!(expire(&path, Timestamp(5), &nobody()).unwrap(), 0);
        assert_eq!(read(&path).unwrap(), all(1..=5));
        assert_eq!(expire(&path, Timestamp(8), &BTreeSet::from([2])).unwrap(), 2);
        let left = Journal { complete_since: Timestamp(8), ..all([2, 4, 5]) };
        assert_eq!(read(&path).unwrap(), left, "what is not carried out yet stays");
        append(&path, &erasure(6)).unwrap();
        assert_eq!(expire(&path, Timestamp(7), &nobody()).unwrap(), 1);
        let left = Journal { complete_since: Timestamp(8), ..all(4..=6) };
        assert_eq!(read(&path).unwrap(), left);
    }

    #[test]
    fn a_clock_that_is_wrong_forgets_a_part_at_a_time_and_the_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let many = EXPIRE_AT_ONCE as u128 + 2;
        write(&path, &all(1..=many)).unwrap();
        assert_eq!(expire(&path, Timestamp(u64::MAX), &nobody()).unwrap(), EXPIRE_AT_ONCE);
        assert_eq!(read(&path).unwrap().erasures, all(many - 1..=many).erasures);
    }

    #[test]
    fn a_power_cut_while_it_is_replaced_leaves_one_or_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        write(&path, &all(1..=3)).unwrap();
        // Cut off before the new one has its place: whole, or in the middle of a line.
        let beside = draft(&path, &all([3])).unwrap();
        assert_eq!(read(&path).unwrap(), all(1..=3));
        fs::write(&beside, &fs::read(&beside).unwrap()[..10]).unwrap();
        assert_eq!(read(&path).unwrap(), all(1..=3));
        // And nothing of it is left in the next one.
        append(&path, &erasure(4)).unwrap();
        assert_eq!(expire(&path, Timestamp(7), &nobody()).unwrap(), 2);
        assert_eq!(read(&path).unwrap().erasures, all(3..=4).erasures);
        assert!(!beside.exists());
    }

    #[test]
    fn what_is_added_while_the_journal_is_replaced_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let young = |id| Erasure { asked_at: Timestamp(1_000), ..erasure(id) };
        write(&path, &all(1..=40)).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    (0..25).for_each(|n| append(path, &young(100 + writer * 25 + n)).unwrap());
                });
            }
            let gone = (5..45).map(|at| expire(&path, Timestamp(at + 1), &nobody()).unwrap()).sum::<usize>();
            assert_eq!(gone, 40);
        });
        assert_eq!(read(&path).unwrap().erasures, (100..200).map(young).collect::<Vec<_>>());
    }
}

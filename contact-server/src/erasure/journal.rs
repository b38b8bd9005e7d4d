//! The journal of erasures as a file: one line of JSON each, with ids and nothing personal.
//!
//! A backup that was made before an erasure still holds the customer. So the journal is kept beside the data
//! and beside the backups, and a restore carries it out before anybody can use what was restored.
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use serde::{Deserialize, Serialize};
use shared::{BusinessId, ContactId, Timestamp};
use store::Erasure;

pub const FILE: &str = "erasures.jsonl";
/// A longer line is damage: it would name more contacts than a customer ever had.
const LONGEST_LINE: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal cannot be read or written")]
    Io(#[from] io::Error),
    #[error("line {0} of the journal cannot be read")]
    Line(usize),
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// Hexadecimal.
    id: String,
    business: BusinessId,
    contacts: Vec<ContactId>,
    asked_at: Timestamp,
}

impl From<&Erasure> for Line {
    fn from(erasure: &Erasure) -> Self {
        let Erasure { id, business, contacts, asked_at, .. } = erasure;
        Self {
            id: format!("{id:032x}"),
            business: *business,
            contacts: contacts.clone(),
            asked_at: *asked_at,
        }
    }
}

/// Adds one; it is on disk when this returns.
pub fn append(path: &Path, erasure: &Erasure) -> Result<(), JournalError> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(line(erasure)?.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Puts the whole journal at `path`, in the place of an older one.
pub fn write(path: &Path, erasures: &[Erasure]) -> Result<(), JournalError> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    for erasure in erasures {
        file.write_all(line(erasure)?.as_bytes())?;
    }
    file.sync_all()?;
    Ok(fs::rename(new, path)?)
}

fn line(erasure: &Erasure) -> io::Result<String> {
    Ok(serde_json::to_string(&Line::from(erasure))? + "\n")
}

/// Reads a journal; entries that stand in it twice are one. A last line that was cut off (a power cut, before
/// the erasure was answered) is passed over.
pub fn read(path: &Path) -> Result<Vec<Erasure>, JournalError> {
    let mut reader = io::BufReader::new(File::open(path)?);
    let mut entries = BTreeMap::new();
    for number in 1.. {
        let mut text = String::new();
        let length = io::Read::take(&mut reader, LONGEST_LINE).read_line(&mut text)?;
        if length == 0 {
            break;
        }
        let parsed = parse(&text);
        if parsed.is_none() && !text.ends_with('\n') && length < 1 << 20 {
            break;
        }
        let erasure = parsed.ok_or(JournalError::Line(number))?;
        entries.insert((erasure.asked_at, erasure.id), erasure);
    }
    Ok(entries.into_values().collect())
}

fn parse(text: &str) -> Option<Erasure> {
    let Line { id, business, contacts, asked_at } = serde_json::from_str(text).ok()?;
    let id = u128::from_str_radix(&id, 16).ok()?;
    Some(Erasure { id, business, contacts, asked_at, taken_at: None, done_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(id: u128) -> Erasure {
        Erasure {
            id,
            business: BusinessId(1),
            contacts: vec![ContactId(id), ContactId(9)],
            asked_at: Timestamp(5),
            taken_at: None,
            done_at: None,
        }
    }

    #[test]
    fn a_journal_is_read_as_it_was_written_and_twice_is_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        write(&path, &[erasure(1)]).unwrap();
        append(&path, &erasure(2)).unwrap();
        append(&path, &erasure(2)).unwrap();
        assert_eq!(read(&path).unwrap(), [erasure(1), erasure(2)]);
    }

    #[test]
    fn a_line_that_was_cut_off_is_passed_over_and_a_damaged_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        append(&path, &erasure(1)).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}{}", &whole[..20])).unwrap();
        assert_eq!(read(&path).unwrap(), [erasure(1)]);
        fs::write(&path, format!("{}\n{whole}", &whole[..20])).unwrap();
        assert!(matches!(read(&path), Err(JournalError::Line(1))));
    }
}

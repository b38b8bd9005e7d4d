//! Copies of a SQLite database, how long they are kept, and the way back.
//!
//! A copy holds what was there when it was made, so a customer who was erased since is in it: copies expire, and
//! [`restore`] carries the journal of erasures out on the copy before it takes the database's place.
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, NaiveDateTime, Utc};
use shared::Timestamp;
use store::Store;

use crate::{
    archive::shelf::Shelf,
    clock::Clock,
    erasure::{
        self,
        journal::{self, Journal},
    },
};

const PREFIX: &str = "ringside-";
const SUFFIX: &str = ".db";
/// UTC; sorts by time.
const STAMP: &str = "%Y%m%dT%H%M%S%3fZ";

/// What a backup did.
#[derive(Debug, PartialEq, Eq)]
pub struct Made {
    pub file: PathBuf,
    pub bytes: u64,
    /// Copies that were too old and are gone.
    pub expired: Vec<PathBuf>,
}

/// Writes a copy and the journal (of what was asked for from `complete_since` on) into a folder, and deletes copies
/// there that are older than `keep`.
pub async fn make(
    store: &dyn Store,
    clock: &dyn Clock,
    folder: &Path,
    keep: Duration,
    complete_since: Timestamp,
) -> anyhow::Result<Made> {
    let now = clock.now();
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let file = folder.join(name_of(now).context("the clock is out of any range")?);
    store.records().backup(&file).await.with_context(|| format!("{} cannot be written", file.display()))?;
    let mut erasures = store.records().erasures().await?;
    erasures.retain(|erasure| erasure.asked_at >= complete_since || erasure.done_at.is_none());
    journal::write(&folder.join(journal::FILE), &Journal { complete_since, erasures })?;
    let bytes = fs::metadata(&file)?.len();
    let mut expired = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let made = path.file_name().and_then(|name| name.to_str()).and_then(time_of);
        if made.is_some_and(|made| made + keep < now) {
            fs::remove_file(&path).with_context(|| format!("{} cannot be deleted", path.display()))?;
            expired.push(path);
        }
    }
    expired.sort();
    Ok(Made { file, bytes, expired })
}

fn name_of(at: Timestamp) -> Option<String> {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(i64::try_from(at.0).ok()?)?;
    Some(format!("{PREFIX}{}{SUFFIX}", at.format(STAMP)))
}

/// None: it is no copy of ours, and none of ours to delete.
fn time_of(name: &str) -> Option<Timestamp> {
    let stamp = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let at = NaiveDateTime::parse_from_str(stamp, STAMP).ok()?.and_utc();
    u64::try_from(at.timestamp_millis()).ok().map(Timestamp)
}

/// Puts a copy in the place of a database that is not there (any more), after the erasures of the journals were
/// carried out on it. Returns how many there were. Whatever fails, no database appears.
pub async fn restore(
    from: &Path,
    to: &Path,
    journals: &[PathBuf],
    clock: &Arc<dyn Clock>,
    shelf: &Shelf,
) -> anyhow::Result<usize> {
    ensure!(
        !to.exists(),
        "{} is there: move it away first (with its -wal and -shm), so that nothing is lost by a slip",
        to.display()
    );
    for beside in ["-wal", "-shm"] {
        let beside = beside_of(to, beside);
        ensure!(
            !beside.exists(),
            "{} belongs to a database that is gone: move it away first",
            beside.display()
        );
    }
    let mut erasures = Vec::new();
    let made = from.file_name().and_then(|name| name.to_str()).and_then(time_of);
    for path in journals {
        let journal = journal::read(path).with_context(|| format!("{} cannot be used", path.display()))?;
        let since = journal.complete_since;
        ensure!(
            made.is_none_or(|made| made >= since),
            "{} has let go of erasures that were asked for before {}, and the copy is older: who was erased between \
             would come back. `keep.erasures_days` must be longer than copies are kept",
            path.display(),
            name_of(since)
                .as_deref()
                .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX))
                .unwrap_or("?"),
        );
        erasures.extend(journal.erasures);
    }
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let draft = beside_of(to, ".restoring");
    discard(&draft)?;
    copy(from, &draft).with_context(|| format!("{} cannot be copied", from.display()))?;
    let replayed = replay_alone(&draft, &erasures, clock, shelf).await;
    if replayed.is_err() {
        // A copy that holds erased customers must not lie about.
        discard(&draft)?;
    }
    let count = replayed?;
    for beside in ["-wal", "-shm"] {
        ensure!(!beside_of(&draft, beside).exists(), "the restored database did not close cleanly");
    }
    fs::rename(&draft, to)?;
    fs::File::open(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
        .sync_all()?;
    Ok(count)
}

async fn replay_alone(
    draft: &Path,
    erasures: &[store::Erasure],
    clock: &Arc<dyn Clock>,
    shelf: &Shelf,
) -> anyhow::Result<usize> {
    let store =
        store::open(&format!("sqlite:{}", draft.display())).await.context("the copy cannot be opened")?;
    let done = replay(&store, erasures, clock, shelf).await;
    store.records().close().await;
    done
}

/// Carries out the erasures of a journal on a database that no server uses. Those of businesses that are not in
/// it have nothing to erase.
pub async fn replay(
    store: &Arc<dyn Store>,
    erasures: &[store::Erasure],
    clock: &Arc<dyn Clock>,
    shelf: &Shelf,
) -> anyhow::Result<usize> {
    let known: Vec<_> = store.businesses().await?.into_iter().map(|business| business.id).collect();
    let erasures: Vec<_> =
        erasures.iter().filter(|erasure| known.contains(&erasure.business)).cloned().collect();
    for erasure in &erasures {
        store.records().ask_erasure(erasure).await?;
    }
    erasure::alone(store, clock, shelf, &erasures).await?;
    Ok(erasures.len())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = fs::File::open(from)?;
    let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

fn discard(draft: &Path) -> anyhow::Result<()> {
    for file in [draft.to_owned(), beside_of(draft, "-wal"), beside_of(draft, "-shm")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                bail!("{} cannot be deleted: {error}", file.display())
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn beside_of(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The file of a SQLite URL; None for other databases.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty() && path != ":memory:").then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_copy_tells_when_it_was_made_and_other_files_are_nobodys() {
        let at = Timestamp(1_795_176_000_123);
        assert_eq!(name_of(at).as_deref(), Some("ringside-20261120T120000123Z.db"));
        assert_eq!(time_of("ringside-20261120T120000123Z.db"), Some(at));
        for other in ["ringside.db", "ringside-.db", "ringside-20261120.db", "x-20261120T120000123Z.db"] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_sqlite_url_names_a_file() {
        assert_eq!(file_of("sqlite:a/b.db"), Some("a/b.db".into()));
        assert_eq!(file_of("sqlite:///a/b.db"), Some("/a/b.db".into()));
        assert_eq!(file_of("sqlite::memory:"), None);
        assert_eq!(file_of("postgres://x/y"), None);
    }
}

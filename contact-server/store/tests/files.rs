//! What is particular to SQLite: a file on a disk.
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sqlx::{Connection, SqliteConnection};
use store::StoreError;

#[tokio::test]
async fn only_its_owner_may_read_the_file_and_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/ringside.db");
    let store = store::open(&url(&path)).await.unwrap();
    store.ping().await.unwrap();
    let log = path.with_file_name("ringside.db-wal");
    for (path, mode) in [(&path, 0o600), (&log, 0o600), (&folder.path().join("a"), 0o700)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "not a database at all, but long enough to look like one ".repeat(40);
    fs::write(&path, &notes).unwrap();
    assert!(matches!(store::open(&url(&path)).await.err(), Some(StoreError::Database(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ringside.db");
    drop(store::open(&url(&path)).await.unwrap());
    let mut connection = SqliteConnection::connect(&url(&path)).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, x'00', 1)";
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    assert!(matches!(store::open(&url(&path)).await.err(), Some(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn two_who_open_a_new_file_together_both_may() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        let url = url(&folder.path().join(format!("{round}.db")));
        let (first, second) = tokio::join!(store::open(&url), store::open(&url));
        first.unwrap().ping().await.unwrap();
        assert_eq!(second.unwrap().setup_version().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_database_in_memory_is_one_for_all_who_hold_it() {
    let store = store::open("sqlite::memory:").await.unwrap();
    assert_eq!(store.setup_version().await.unwrap(), 0);
    assert_eq!(store.businesses().await.unwrap(), []);
}

#[tokio::test]
async fn a_url_of_no_database_is_refused_without_repeating_it() {
    for url in ["", "mysql://u:secret@h/d", "ringside.db", "postgres://u:secret@[bad", "sqlite:"] {
        let error = store::open(url).await.err().unwrap();
        assert!(matches!(error, StoreError::Invalid(_)), "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[tokio::test]
async fn every_probe_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ringside.db");
    let store = store::open(&url(&path)).await.unwrap();
    let log = || fs::metadata(path.with_file_name("ringside.db-wal")).unwrap().len();
    for whole in [false, false, true, false] {
        let before = log();
        store.records().probe(whole).await.unwrap();
        assert!(log() > before, "{before}");
    }
}

//! What a database needs beside rows: that what was deleted is gone from its files, and copies of it.
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use sqlx::{Connection, PgPool};

use crate::{
    StoreError,
    backend::{Backend, failed},
    sql::args,
};

/// A reader may hold the log for a moment: so often it is tried again, after such a pause.
const CHECKPOINT_TRIES: u32 = 50;
const CHECKPOINT_PAUSE: Duration = Duration::from_millis(100);
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
/// The tables that an erasure touches.
const ERASED: [&str; 9] = [
    "persons",
    "page_views",
    "wrap_ups",
    "legs",
    "erased_legs",
    "contact_tokens",
    "idempotency",
    "opt_outs",
    "recordings",
];

pub(crate) async fn scrub(backend: &Backend) -> Result<(), StoreError> {
    match backend {
        Backend::Sqlite { .. } => empty_log(backend).await,
        Backend::Postgres(pool) => vacuum(pool).await,
    }
}

/// The log holds what pages looked like before. `secure_delete` has overwritten what the pages gave up.
async fn empty_log(backend: &Backend) -> Result<(), StoreError> {
    for _ in 0..CHECKPOINT_TRIES {
        let rows = backend.change("the log", CHECKPOINT, args()).await?;
        let is_busy = rows.into_iter().next().ok_or(StoreError::Corrupt("the log"))?.flag()?;
        if !is_busy {
            return Ok(());
        }
        tokio::time::sleep(CHECKPOINT_PAUSE).await;
    }
    Err(StoreError::Database("somebody reads the write-ahead log all the time".into()))
}

/// On a connection of its own, without the time limits of a call.
async fn vacuum(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await.map_err(failed)?.detach();
    let run = async {
        sqlx::raw_sql("SET statement_timeout = 0").execute(&mut connection).await?;
        for table in ERASED {
            let sql = sqlx::AssertSqlSafe(format!("VACUUM {table}"));
            sqlx::raw_sql(sql).execute(&mut connection).await?;
        }
        Ok(())
    };
    run.await.map_err(failed)?;
    connection.close().await.map_err(failed)
}

pub(crate) async fn backup(backend: &Backend, to: &Path) -> Result<(), StoreError> {
    if let Backend::Postgres(_) = backend {
        return Err(StoreError::Invalid("a copy of Postgres: use pg_dump, which"));
    }
    let io = |error: io::Error| StoreError::Database(Box::new(error));
    // SQLite writes into an empty file, whose mode is ours.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(io)?;
    let written = backend.change("nothing", "VACUUM INTO $1", args().text(to.to_string_lossy())).await;
    let on_disk = written.map(drop).and_then(|()| sync(to).map_err(io));
    if on_disk.is_err() {
        // Half a copy is none.
        drop(std::fs::remove_file(to));
    }
    on_disk
}

/// The file and its name.
fn sync(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

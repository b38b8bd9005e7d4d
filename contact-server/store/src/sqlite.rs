//! Opening SQLite: one file, durable at every commit.
use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    StoreError,
    backend::{Backend, failed, not_migrated},
};

/// Reads that run at once; more wait.
const READERS: u32 = 4;
/// How long a statement waits for another process that writes to the same file (`ringside admin`).
const BUSY: Duration = Duration::from_secs(10);
/// How long a task waits for its turn with a connection.
const TURN: Duration = Duration::from_secs(30);
/// Above the number of statements that this crate has, so that each is prepared once a connection.
pub(crate) const STATEMENTS: usize = 256;
/// Who opens a new file while another process makes its log is told "locked" at once, whatever the busy
/// timeout: it tries again, so often and after such a pause.
const OPEN_TRIES: u32 = 100;
const OPEN_PAUSE: Duration = Duration::from_millis(50);
/// SQLITE_BUSY, SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT (https://www.sqlite.org/rescode.html)
const LOCKED: [&str; 3] = ["5", "261", "517"];
/// Bytes that the write-ahead log keeps after a checkpoint.
const LOG_BYTES: u32 = 64 << 20;

pub(crate) async fn open(path: &str) -> Result<Backend, StoreError> {
    let (writer, readers) = if path == ":memory:" {
        let only = pool(SqliteConnectOptions::new().in_memory(true), 1).await?;
        (only.clone(), only)
    } else {
        create(Path::new(path)).map_err(|error| StoreError::Database(Box::new(error)))?;
        let file = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal);
        let writer = pool(file.clone(), 1).await?;
        (writer, pool(file.pragma("query_only", "ON"), READERS).await?)
    };
    migrate(&writer).await?;
    Ok(Backend::Sqlite { writer, readers })
}

/// Under the write lock, so that of two who open a new file one makes the schema and the other finds it.
async fn migrate(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    sqlx::migrate!("migrations/sqlite").run(&mut *transaction).await.map_err(not_migrated)?;
    #[cfg(debug_assertions)]
    crate::fail_point::reached("before", || vec!["migration"]);
    transaction.commit().await.map_err(failed)?;
    #[cfg(debug_assertions)]
    crate::fail_point::reached("stored", || vec!["migration"]);
    Ok(())
}

/// Only its owner may read the file: it holds personal data and password hashes. SQLite gives the log beside
/// it the same mode.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

async fn pool(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, StoreError> {
    let options = options
        .synchronous(synchronous())
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        // What was erased is overwritten, not merely forgotten.
        .pragma("secure_delete", "ON")
        .pragma("journal_size_limit", LOG_BYTES.to_string());
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        // A connection that came and went would take a database in memory with it.
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(TURN)
        .after_release(|connection, _| Box::pin(is_sound(connection)));
    let mut tries = 0;
    loop {
        tries += 1;
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_locked(&error) && tries < OPEN_TRIES => tokio::time::sleep(OPEN_PAUSE).await,
            opened => return opened.map_err(failed),
        }
    }
}

/// False: the connection must be closed. When a disk is full SQLite rolls back by itself; the driver's own
/// ROLLBACK then fails, and the driver would take the transaction for open until the process ends.
async fn is_sound(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback that is on its way is done before the answer.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Durable at every commit.
fn synchronous() -> SqliteSynchronous {
    #[cfg(debug_assertions)]
    if crate::fail_point::sync_is_off() {
        return SqliteSynchronous::Off;
    }
    SqliteSynchronous::Full
}

fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| LOCKED.contains(&&*code))
}

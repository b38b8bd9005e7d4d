//! A look at a database without changing it, for those who check a deployment.
use std::{path::Path, str::FromStr};

use shared::Timestamp;
use sqlx::{
    Connection, PgConnection, SqliteConnection, migrate::Migrator, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{StoreError, backend::failed};

/// What stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Nothing is there yet; SQLite's file is made at the first start.
    pub is_new: bool,
    /// The newest migration that was applied, and the newest that this version knows.
    pub applied: i64,
    pub known: i64,
    /// The greatest time that is stored.
    pub last_at: Option<Timestamp>,
    pub server: Option<Server>,
    /// What SQLite found wrong with its file.
    pub damage: Option<String>,
}

/// A Postgres server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// `150014` is 15.14.
    pub version: i64,
    pub now: Timestamp,
    /// `fsync` and `full_page_writes` are on: what is committed survives a power cut.
    pub is_durable: bool,
    pub is_encrypted: bool,
    /// A socket or a loopback address.
    pub is_local: bool,
}

const APPLIED: &str = "SELECT MAX(version) FROM _sqlx_migrations";
const LAST_AT: &str = "SELECT MAX(last_at) FROM owners";
const SERVER: &str = "SELECT current_setting('server_version_num')::bigint, \
     (extract(epoch FROM clock_timestamp()) * 1000)::bigint, \
     current_setting('fsync')::bool AND current_setting('full_page_writes')::bool, \
     COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), \
     COALESCE(host(inet_server_addr()) IN ('127.0.0.1', '::1'), true)";

pub async fn inspect(url: &str) -> Result<Inspection, StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
        sqlite(path.strip_prefix("//").unwrap_or(path)).await
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        postgres(url).await
    } else {
        Err(StoreError::Invalid("the URL of the database"))
    }
}

fn newest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or_default()
}

async fn sqlite(path: &str) -> Result<Inspection, StoreError> {
    let known = newest(&sqlx::migrate!("migrations/sqlite"));
    if path == ":memory:" || !Path::new(path).exists() {
        return Ok(Inspection { is_new: true, known, ..Inspection::default() });
    }
    let options = SqliteConnectOptions::new().filename(path).pragma("query_only", "ON");
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
    let quick: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await.map_err(failed)?;
    // A file without our tables is a new one.
    let applied: Option<i64> =
        sqlx::query_scalar(APPLIED).fetch_one(&mut connection).await.unwrap_or_default();
    let last_at: Option<i64> =
        sqlx::query_scalar(LAST_AT).fetch_one(&mut connection).await.unwrap_or_default();
    connection.close().await.map_err(failed)?;
    Ok(Inspection {
        is_new: applied.is_none(),
        applied: applied.unwrap_or_default(),
        known,
        last_at: time(last_at),
        server: None,
        damage: (quick != "ok").then_some(quick),
    })
}

async fn postgres(url: &str) -> Result<Inspection, StoreError> {
    let known = newest(&sqlx::migrate!("migrations/postgres"));
    // The error of a URL that does not parse may quote its password.
    let options =
        PgConnectOptions::from_str(url).map_err(|_| StoreError::Invalid("the URL of the database"))?;
    let mut connection = PgConnection::connect_with(&options).await.map_err(failed)?;
    let (version, now, is_durable, is_encrypted, is_local): (i64, i64, bool, bool, bool) =
        sqlx::query_as(SERVER).fetch_one(&mut connection).await.map_err(failed)?;
    let applied: Option<i64> =
        sqlx::query_scalar(APPLIED).fetch_one(&mut connection).await.unwrap_or_default();
    let last_at: Option<i64> =
        sqlx::query_scalar(LAST_AT).fetch_one(&mut connection).await.unwrap_or_default();
    connection.close().await.map_err(failed)?;
    let now = time(Some(now)).unwrap_or_default();
    Ok(Inspection {
        is_new: applied.is_none(),
        applied: applied.unwrap_or_default(),
        known,
        last_at: time(last_at),
        server: Some(Server { version, now, is_durable, is_encrypted, is_local }),
        damage: None,
    })
}

fn time(ms: Option<i64>) -> Option<Timestamp> {
    ms.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0).map(Timestamp)
}

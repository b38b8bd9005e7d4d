//! Real databases for tests: fresh, empty, and gone afterwards. Feature `testing`.
//!
//! Everything here panics with the reason when it cannot do its work, as a test wants it: no Postgres is a
//! failed test, never one that was passed over.
mod cluster;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::Store;

/// A server of one's own to test against, as a URL with the right to create databases. Without it a
/// throw-away cluster is started from Debian's package.
pub const SERVER_VARIABLE: &str = "RINGSIDE_TEST_POSTGRES";

/// An empty database of a test's own.
pub struct TestDatabase {
    pub store: Arc<dyn Store>,
    /// For [`crate::open`], and for a look with SQL.
    pub url: String,
    _place: Place,
}

/// What holds the data; dropped after the store.
enum Place {
    Folder {
        _folder: TempDir,
    },
    /// In the throw-away cluster, and gone with it.
    Cluster,
    /// On somebody's server, where nothing may stay behind.
    Server {
        server: String,
        name: String,
    },
}

/// A SQLite file in a temporary folder.
pub async fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("data").join("ringside.db");
    let url = format!("sqlite:{}", path.display());
    let store = crate::open(&url).await.expect("a new SQLite file opens");
    TestDatabase { store, url, _place: Place::Folder { _folder: folder } }
}

/// A database on the server that [`SERVER_VARIABLE`] names, or on a cluster that this process shares.
pub async fn postgres() -> TestDatabase {
    let (url, place) = empty_postgres().await;
    let store = crate::open(&url).await.expect("a new Postgres database opens");
    TestDatabase { store, url, _place: place }
}

/// The URL of an empty Postgres database without our schema, for a server that is to be started on it. It
/// lasts as long as this process, unless [`SERVER_VARIABLE`] is set.
pub async fn postgres_url() -> String {
    empty_postgres().await.0
}

/// The URL of a Postgres server that also speaks TLS, and the file of the certificate that it shows.
pub async fn tls_server() -> (String, std::path::PathBuf) {
    cluster::tls_url().await
}

/// Runs SQL past the store, as a careless hand would.
pub async fn tamper(url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    let done = if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the database opens");
        let done = sqlx::raw_sql(sql).execute(&mut connection).await.map(drop);
        connection.close().await.and(done)
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the database opens");
        let done = sqlx::raw_sql(sql).execute(&mut connection).await.map(drop);
        connection.close().await.and(done)
    };
    done.expect("the database takes the statement");
}

async fn empty_postgres() -> (String, Place) {
    let named = std::env::var(SERVER_VARIABLE).ok().filter(|url| !url.is_empty());
    let server = match &named {
        Some(url) => url.clone(),
        None => cluster::url().await,
    };
    let name = format!("ringside_test_{:016x}", RandomState::new().build_hasher().finish());
    execute(&server, format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&server).expect("the server's URL was good enough to connect to");
    url.set_path(&name);
    let place = named.map_or(Place::Cluster, |server| Place::Server { server, name });
    (url.into(), place)
}

async fn execute(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.expect("the Postgres server for tests answers");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .expect("databases can be made and dropped");
    connection.close().await.expect("a connection can be closed");
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Server { server, name } = self else { return };
        let (server, sql) = (std::mem::take(server), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // The test's own runtime may be gone by now.
        let dropper = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be built").block_on(execute(&server, sql));
        });
        if dropper.join().is_err() {
            tracing::error!("a test's database stayed behind");
        }
    }
}

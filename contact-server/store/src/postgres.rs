//! Opening Postgres.
use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    StoreError,
    backend::{Backend, failed, not_migrated},
    sqlite::STATEMENTS,
};

/// Transactions and reads that run at once; more wait.
const CONNECTIONS: u32 = 12;
/// How long a task waits for its turn with a connection.
const TURN: Duration = Duration::from_secs(30);
/// What every session runs with, whatever the server's defaults: a commit is durable when it returns, and a
/// peer that vanished in the middle of a transaction cannot hold the lock of its business for ever.
const SESSION: [(&str, &str); 4] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "60s"),
    ("lock_timeout", "20s"),
    ("idle_in_transaction_session_timeout", "20s"),
];

pub(crate) async fn open(url: &str) -> Result<Backend, StoreError> {
    // The error of a URL that does not parse may quote its password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Invalid("the URL of the database"))?
        .application_name("ringside")
        .statement_cache_capacity(STATEMENTS);
    // Without the limits of the sessions: a migration may take its time.
    let mut migrator = options.connect().await.map_err(failed)?;
    #[cfg(debug_assertions)]
    crate::fail_point::reached("before", || vec!["migration"]);
    sqlx::migrate!("migrations/postgres").run(&mut migrator).await.map_err(not_migrated)?;
    #[cfg(debug_assertions)]
    crate::fail_point::reached("stored", || vec!["migration"]);
    migrator.close().await.map_err(failed)?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(TURN)
        .connect_with(session(options.options(SESSION)))
        .await
        .map_err(failed)?;
    Ok(Backend::Postgres(pool))
}

/// What a session runs with beside [`SESSION`]: nothing.
fn session(options: PgConnectOptions) -> PgConnectOptions {
    #[cfg(debug_assertions)]
    if crate::fail_point::sync_is_off() {
        return options.options([("synchronous_commit", "off")]);
    }
    options
}

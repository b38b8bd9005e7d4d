//! A connection to either database: the only place that knows there are two.
use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction, migrate::MigrateError,
    postgres::PgArguments, sqlite::SqliteArguments,
};

use crate::{
    StoreError,
    sql::{Args, Row},
    table::{Table, sizes},
};

/// Statements of our own making: literals, and what [`Table`] writes from literals. Data travel as arguments.
pub(crate) type Sql = Cow<'static, str>;

pub(crate) enum Backend {
    /// One writer, since SQLite has but one; readers see the last commit without waiting for it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// An open transaction. Dropped without [`Session::commit`] it has done nothing.
pub(crate) enum Session {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Backend {
    /// For changes. SQLite takes the write lock at once, so that the transaction cannot fail for it later.
    pub(crate) async fn write(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Session::Sqlite),
            Self::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map(Session::Postgres)
            }
        }
        .map_err(failed)
    }

    /// For several reads that must see one state.
    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => readers.begin_with("BEGIN DEFERRED").await.map(Session::Sqlite),
            Self::Postgres(pool) => pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .await
                .map(Session::Postgres),
        }
        .map_err(failed)
    }

    /// One statement that only reads.
    pub(crate) async fn rows(
        &self,
        what: &'static str,
        sql: impl Into<Sql>,
        args: Args,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => sqlite_rows(readers, what, sql.into(), args).await,
            Self::Postgres(pool) => postgres_rows(pool, what, sql.into(), args).await,
        }
    }

    /// One statement that changes something, as a transaction of its own, with what it RETURNs.
    pub(crate) async fn change(
        &self,
        what: &'static str,
        sql: impl Into<Sql>,
        args: Args,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => sqlite_rows(writer, what, sql.into(), args).await,
            Self::Postgres(pool) => postgres_rows(pool, what, sql.into(), args).await,
        }
    }

    /// Ends all connections, once those that are in use have been given back.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Appended to a SELECT of rows that are about to be deleted: two who delete must not wait for one another
    /// in a circle. SQLite has one writer and needs none.
    pub(crate) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "",
            Self::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        }
    }
}

impl Session {
    pub(crate) async fn rows(
        &mut self,
        what: &'static str,
        sql: impl Into<Sql>,
        args: Args,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(transaction) => sqlite_rows(&mut **transaction, what, sql.into(), args).await,
            Self::Postgres(transaction) => postgres_rows(&mut **transaction, what, sql.into(), args).await,
        }
    }

    pub(crate) async fn run(&mut self, sql: impl Into<Sql>, args: Args) -> Result<(), StoreError> {
        self.rows("nothing", sql, args).await.map(drop)
    }

    /// Writes rows; those whose key is there already get the new values. No key may come twice in `rows`.
    pub(crate) async fn upsert(&mut self, table: &Table, rows: Vec<Args>) -> Result<(), StoreError> {
        self.many(rows, |count| table.upsert(count), Args::default).await
    }

    /// Writes rows that are not there yet.
    pub(crate) async fn insert(&mut self, table: &Table, rows: Vec<Args>) -> Result<(), StoreError> {
        self.many(rows, |count| table.insert(count), Args::default).await
    }

    /// Deletes the rows of `business` whose `column` is one of `ids`.
    pub(crate) async fn delete(
        &mut self,
        table: &Table,
        business: u128,
        column: &'static str,
        ids: Vec<u128>,
    ) -> Result<(), StoreError> {
        let ids = ids.into_iter().map(|id| crate::sql::args().id(id)).collect();
        self.many(ids, |count| table.delete(column, count), || crate::sql::args().id(business)).await
    }

    async fn many(
        &mut self,
        rows: Vec<Args>,
        sql: impl Fn(usize) -> String,
        first: impl Fn() -> Args,
    ) -> Result<(), StoreError> {
        let count = rows.len();
        let mut rows = rows.into_iter();
        for size in sizes(count) {
            let mut args = first();
            rows.by_ref().take(size).for_each(|row| args.append(row));
            self.run(sql(size), args).await?;
        }
        Ok(())
    }

    /// What was written is on disk when this returns.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(failed)
    }
}

async fn sqlite_rows(
    executor: impl sqlx::SqliteExecutor<'_>,
    what: &'static str,
    sql: Sql,
    args: Args,
) -> Result<Vec<Row>, StoreError> {
    let args: SqliteArguments = args.into_driver()?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), args).fetch_all(executor).await.map_err(failed)?;
    Ok(rows.iter().map(|row| Row::new(what, row)).collect())
}

async fn postgres_rows(
    executor: impl sqlx::PgExecutor<'_>,
    what: &'static str,
    sql: Sql,
    args: Args,
) -> Result<Vec<Row>, StoreError> {
    let args: PgArguments = args.into_driver()?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), args).fetch_all(executor).await.map_err(failed)?;
    Ok(rows.iter().map(|row| Row::new(what, row)).collect())
}

/// What a constraint said, apart from all that may go wrong with a database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Violation {
    #[error("a unique name is taken")]
    Unique,
    #[error("what it belongs to does not exist")]
    ForeignKey,
}

pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else {
        return StoreError::Database(Box::new(error));
    };
    if database.is_unique_violation() {
        return StoreError::Database(Box::new(Violation::Unique));
    }
    if database.is_foreign_key_violation() {
        return StoreError::Database(Box::new(Violation::ForeignKey));
    }
    // Only the message: Postgres' detail may quote the failing row, which may be personal.
    let code = database.code().unwrap_or_default();
    StoreError::Database(format!("{} ({code})", database.message()).into())
}

/// Why a schema could not be brought up to date. One that a newer version made is none of ours to touch.
pub(crate) fn not_migrated(error: MigrateError) -> StoreError {
    let foreign = matches!(
        error,
        MigrateError::VersionMissing(_)
            | MigrateError::VersionMismatch(_)
            | MigrateError::VersionTooNew(..)
            | MigrateError::Dirty(_)
    );
    if !foreign {
        return failed(error.into());
    }
    tracing::error!(%error, "the schema is none that this version can use");
    StoreError::Corrupt("the schema")
}

impl StoreError {
    /// Names the constraint: `unique` is what may be taken, `owner` what may be missing.
    pub(crate) fn named(self, unique: &'static str, owner: &'static str) -> Self {
        let Self::Database(source) = &self else { return self };
        match source.downcast_ref::<Violation>() {
            Some(Violation::Unique) => Self::Taken(unique),
            Some(Violation::ForeignKey) => Self::NotFound(owner),
            None => self,
        }
    }
}

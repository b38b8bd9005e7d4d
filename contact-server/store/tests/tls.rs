//! Postgres on the other side of a network that somebody listens to.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
use std::path::Path;

use sqlx::{Connection, PgConnection};
use store::{StoreError, testing};

/// An empty database on the server that speaks TLS.
async fn database(name: &str) -> (String, String) {
    let (server, certificate) = testing::tls_server().await;
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    let url = server.replace("/postgres", &format!("/{name}"));
    // The folder is another user's; its certificate is for everybody.
    let copy = std::env::temp_dir().join(format!("ringside-{name}-{}.crt", std::process::id()));
    std::fs::copy(certificate, &copy).unwrap();
    (url, copy.display().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_certificate_is_trusted_is_used_by_tls() {
    let (url, certificate) = database("trusted").await;
    let url = format!("{url}?sslmode=verify-full&sslrootcert={certificate}");
    let store = store::open(&url).await.unwrap();
    store.ping().await.unwrap();
    let inspection = store::inspect(&url).await.unwrap();
    assert!(inspection.server.unwrap().is_encrypted);
    assert_eq!(inspection.applied, inspection.known);
    std::fs::remove_file(Path::new(&certificate)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_be_another_is_not_told_the_password() {
    let (url, certificate) = database("doubtful").await;
    // Nobody of those who are known has signed it.
    let unknown = store::open(&format!("{url}?sslmode=verify-full")).await.err();
    assert!(matches!(unknown, Some(StoreError::Database(_))), "{unknown:?}");
    // Signed, and for another name.
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let other = format!("{elsewhere}?sslmode=verify-full&sslrootcert={certificate}");
    assert!(matches!(store::open(&other).await.err(), Some(StoreError::Database(_))));
    std::fs::remove_file(Path::new(&certificate)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let url = testing::postgres_url().await;
    let plain = store::inspect(&url).await.unwrap().server.unwrap();
    assert!(!plain.is_encrypted && plain.is_local && plain.is_durable);
    let refused = store::open(&format!("{url}?sslmode=require")).await.err();
    assert!(matches!(refused, Some(StoreError::Database(_))), "{refused:?}");
}

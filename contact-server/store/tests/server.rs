//! What is particular to Postgres: a server on the other side of a socket.
use sqlx::{Connection, PgConnection};
use store::testing;

#[tokio::test]
async fn two_who_open_a_new_database_together_both_may() {
    let url = testing::postgres_url().await;
    let (first, second) = tokio::join!(store::open(&url), store::open(&url));
    assert_eq!(first.unwrap().setup_version().await.unwrap(), 0);
    assert_eq!(second.unwrap().setup_version().await.unwrap(), 0);
}

#[tokio::test]
async fn connections_that_the_server_dropped_are_made_anew() {
    let db = testing::postgres().await;
    db.store.ping().await.unwrap();
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let dropped = sqlx::query(others).fetch_all(&mut connection).await.unwrap();
    assert!(!dropped.is_empty());
    db.store.ping().await.unwrap();
    assert_eq!(db.store.setup_version().await.unwrap(), 0);
}

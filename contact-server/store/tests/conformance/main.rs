//! What a store must do, whichever database is behind it: every test runs against SQLite and Postgres.
mod commits;
mod examples;

/// One list for both databases. A test that is not listed is dead code, which the compiler points out.
macro_rules! conformance {
    ($($module:ident: $($test:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test]
            async fn $test() {
                crate::$module::$test(store::testing::sqlite().await).await;
            })+)+
        }
    };
}

conformance! {
    commits:
        a_commit_is_read_back_by_load,
        a_commit_of_an_older_epoch_is_refused_and_writes_nothing;
}

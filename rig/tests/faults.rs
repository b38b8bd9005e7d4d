//! A real server is killed, flooded, and its disk is taken away: a little here, much by `cargo xtask chaos`.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
use std::time::Duration;

use rig::{
    chaos::{self, Plan},
    flood,
    place::Database,
    process::built_server,
    quiet,
    trouble::{self, Wall},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_server_is_killed_on_sqlite() {
    killed(Database::Sqlite, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_server_is_killed_on_postgres() {
    killed(Database::Postgres, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_call_is_on_record_until_its_server_is_killed_on_sqlite() {
    killed_while_quiet(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_call_is_on_record_until_its_server_is_killed_on_postgres() {
    killed_while_quiet(Database::Postgres).await;
}

/// SQLite rolls back by itself when a disk is full; sqlx 0.9 then took the transaction for open for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_that_was_full_takes_requests_again_and_holds_what_was_accepted() {
    let report = trouble::full(built_server().unwrap(), Wall::Limit, 1).await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert!(report.accepted > 0 && report.refused > 0, "{report:?}");
}

/// The figures are `cargo xtask chaos flood`'s. Here: the neighbour is served, those who hold or ask for too much
/// are told when to come back, and what they held comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbour_is_served_while_strangers_and_another_business_do_all_they_can() {
    let report = flood::run(built_server().unwrap(), 3, &flood::Size::short()).await.unwrap();
    assert_eq!(report.faults(), Vec::<String>::new(), "{:#}", report.json());
    for (kind, answer) in flood::attack::EXPECTED {
        assert!(report.answers.count(kind, answer) > 0, "{kind}: {answer}: {:#}", report.json());
    }
}

/// By its events alone it would be a call of no time, which nobody pays for.
async fn killed_while_quiet(database: Database) {
    let report = quiet::run(built_server().unwrap(), database).await.unwrap();
    assert!(report.faults.is_empty(), "{report:#?}");
    let (seen, killed) = report.lived;
    assert_eq!(report.on_record.len(), 3, "{report:#?}");
    assert!(report.on_record.iter().all(|talked| (seen..=killed).contains(talked)), "{report:#?}");
}

async fn killed(database: Database, seed: u64) {
    let plan = Plan {
        server: built_server().unwrap(),
        database,
        seed,
        kills: 6,
        period: Duration::from_secs(24),
        agents: 6,
        customers: 30,
    };
    let report = chaos::run(&plan).await.unwrap();
    assert!(report.faults.is_empty(), "{report:#?}");
    assert!(report.contacts > 0 && report.kills.values().sum::<u32>() == 8, "{report:#?}");
}

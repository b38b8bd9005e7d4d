//! Whether the server can really take a request: the database takes a write, the disk has room, and every
//! business is served here.
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use contact_core::Change;
use shared::{BusinessId, Timestamp};
use store::Store;
use tokio::sync::Mutex;

use crate::{clock::Clock, engine::Engines, ports::Witness, stopping::Stopping};

/// An answer is good for so long: whoever asks more often costs nothing.
const GOOD_FOR: Duration = Duration::from_secs(2);
/// The server itself asks this often, so that an idle one too says that its disk has turned read-only.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// A database that takes longer for the smallest write takes no requests either.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// Less room than this is none: the log and its copy in the file both need some.
pub const LEAST_ROOM: u64 = 32 << 20;

/// Why the server is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the server goes down")]
    Stopping,
    #[error("the disk is full")]
    DiskFull,
    #[error("the database takes no writes")]
    Database,
    #[error("a business is not served here")]
    NotServed,
}

/// Businesses whose last commit failed, until one succeeds or the database has shown that it would.
#[derive(Default)]
pub struct Commits(std::sync::Mutex<BTreeSet<BusinessId>>);

impl Commits {
    fn failing(&self) -> MutexGuard<'_, BTreeSet<BusinessId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Commits {
    fn committed(&self, business: BusinessId, _: &[Change], _: Duration) {
        self.failing().remove(&business);
    }
    fn not_committed(&self, business: BusinessId) {
        self.failing().insert(business);
    }
}

pub struct Health {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    engines: Arc<Engines>,
    stopping: Stopping,
    commits: Arc<Commits>,
    data: PathBuf,
    last: Mutex<Option<(Timestamp, Result<(), Trouble>)>>,
}

impl Health {
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        engines: Arc<Engines>,
        stopping: Stopping,
        commits: Arc<Commits>,
        data: PathBuf,
    ) -> Self {
        Self { store, clock, engines, stopping, commits, data, last: Mutex::default() }
    }

    /// Those who ask together share one look.
    pub async fn ready(&self) -> Result<(), Trouble> {
        if self.stopping.has_begun() {
            return Err(Trouble::Stopping);
        }
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some((at, known)) = *last
            && now < at + GOOD_FOR
        {
            return known;
        }
        let found = self.look().await;
        let before = last.replace((now, found)).map(|(_, before)| before);
        match found {
            Err(trouble) if before != Some(found) => tracing::error!(%trouble, "the server is not ready"),
            Ok(()) if before.is_some_and(|before| before.is_err()) => {
                tracing::info!("the server is ready again")
            }
            Ok(()) | Err(_) => {}
        }
        found
    }

    /// Looks again and again; what changes is logged.
    pub async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Whoever finds it says so.
            if let Err(trouble) = self.ready().await {
                tracing::debug!(%trouble, "still not ready");
            }
        }
    }

    async fn look(&self) -> Result<(), Trouble> {
        if self.room().await.is_some_and(|room| room < LEAST_ROOM) {
            return Err(Trouble::DiskFull);
        }
        let failing = self.commits.failing().clone();
        let probe = self.store.records().probe(!failing.is_empty());
        match tokio::time::timeout(WRITE_WITHIN, probe).await {
            Ok(Ok(())) => self.commits.failing().retain(|business| !failing.contains(business)),
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a write to the database failed");
                return Err(Trouble::Database);
            }
            Err(_) => return Err(Trouble::Database),
        }
        if self.engines.are_all_served() { Ok(()) } else { Err(Trouble::NotServed) }
    }

    /// Bytes that are free where the data folder is. None: nobody can tell. Asked aside: a disk may be far away.
    pub async fn room(&self) -> Option<u64> {
        let data = self.data.clone();
        tokio::task::spawn_blocking(move || room(&data)).await.ok().flatten()
    }
}

/// Bytes that this process may still write at a place.
pub fn room(place: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(place).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

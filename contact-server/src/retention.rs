//! Lets go of what has been kept long enough: once an hour, oldest first, a little at a time.
//!
//! `core` says what is due ([`Keep::ends`]). A customer goes by the way of every erasure (journal, engine,
//! scrub: [`crate::erasure`]), so that a restored backup forgets again; trails go before, records after, straight
//! from the store, and a restored backup forgets those at its first turn. Calls never wait for long: each batch is
//! a small transaction, and pauses lie between them. What a turn leaves over is the next one's. Last go those entries
//! of the journal of erasures that no copy of the data needs any more.
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use contact_core::{
    Input,
    retention::{Ends, Keep},
};
use shared::{BusinessId, Timestamp};
use store::{Business, Erasure, Store, StoreError};

use crate::{
    archive::{
        shelf::{self, Shelf},
        tally::Why,
    },
    clock::Clock,
    erasure::journal::{self, JournalError},
    ids,
    metrics::Metrics,
    ports::{Engine, EngineError},
};

/// How often a server looks; the first time soon after its start.
pub const EVERY: Duration = Duration::from_hours(1);
const FIRST: Duration = Duration::from_secs(30);
/// Contacts (or events) of one transaction.
const BATCH: u32 = 25;
const EVENT_BATCH: u32 = 500;
/// Between two transactions.
const PAUSE: Duration = Duration::from_millis(100);
/// Batches of one kind in one turn of one business: 1,000 customers an hour. A clock that is wrong by years is
/// noticed before everybody is forgotten.
const BATCHES: u32 = 40;

#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the file of a recording cannot be deleted")]
    Files(#[source] std::io::Error),
    #[error("the engine cannot take an erasure now")]
    Engine(#[source] EngineError),
}

/// What one turn let go of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gone {
    pub trails: u32,
    pub recordings: u32,
    pub customers: u32,
    /// Batches of contacts and events, by the greater count of each.
    pub records: u32,
    /// Entries of the journal.
    pub erasures: u32,
}

pub struct Retention {
    pub store: Arc<dyn Store>,
    pub engine: Arc<dyn Engine>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
    /// Unless a business says otherwise.
    pub keep: Keep,
    /// Of erasures, as a file.
    pub journal: PathBuf,
    /// Of recordings.
    pub shelf: Shelf,
}

impl Retention {
    /// Follows until the task is ended. What fails is tried again at the next turn.
    pub async fn follow(self) {
        tokio::time::sleep(FIRST).await;
        self.sweep().await;
        loop {
            match self.turn().await {
                Ok(gone) if gone == Gone::default() => {}
                Ok(gone) => tracing::info!(?gone, "what was kept long enough is gone"),
                Err(error) => {
                    self.metrics.let_go("failed", 1);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what was kept long enough cannot be let go now"
                    );
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Once: files of recordings that an erasure or a restore left behind without their keys.
    async fn sweep(&self) {
        match self.shelf.sweep(&*self.store).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "files of recordings that nobody could read are gone"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "recordings cannot be looked through"
                );
            }
        }
    }

    /// One turn over all businesses.
    pub async fn turn(&self) -> Result<Gone, RetentionError> {
        let mut gone = Gone::default();
        for business in self.store.businesses().await? {
            let ends = business.keep.over(self.keep).ends(self.clock.now());
            self.business(&business, ends, &mut gone).await?;
        }
        if gone.trails + gone.recordings + gone.customers > 0 {
            self.store.records().scrub().await?;
        }
        self.erasures(&mut gone).await?;
        Ok(gone)
    }

    /// In the file, and those that are done in its table.
    async fn erasures(&self, gone: &mut Gone) -> Result<(), RetentionError> {
        let Some(before) = self.keep.ends(self.clock.now()).erasures else { return Ok(()) };
        let records = self.store.records();
        let unfinished = records.unfinished_erasures().await?;
        let unfinished: BTreeSet<u128> = unfinished.into_iter().map(|erasure| erasure.id).collect();
        let path = self.journal.clone();
        let expired = tokio::task::spawn_blocking(move || journal::expire(&path, before, &unfinished)).await;
        gone.erasures =
            u32::try_from(expired.map_err(|error| JournalError::Io(error.into()))??).unwrap_or(u32::MAX);
        self.metrics.let_go("erasures", gone.erasures);
        Ok(records.drop_erasures(before).await?)
    }

    async fn business(&self, business: &Business, ends: Ends, gone: &mut Gone) -> Result<(), RetentionError> {
        let records = self.store.records();
        for _ in 0..BATCHES {
            let Some(before) = ends.trails else { break };
            let count = records.forget_trails(business.id, before, BATCH).await?;
            gone.trails += count;
            self.metrics.let_go("trails", count);
            if count < BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for _ in 0..BATCHES {
            let Some(before) = ends.recordings else { break };
            let count = self.recordings(business.id, before).await?;
            gone.recordings += count;
            self.metrics.let_go("recordings", count);
            if count < BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for _ in 0..BATCHES {
            let Some(before) = ends.customers else { break };
            let count = self.customers(business.id, before).await?;
            gone.customers += count;
            self.metrics.let_go("customers", count);
            if count < BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for _ in 0..BATCHES {
            let Some(before) = ends.records else { break };
            let count = records.drop_records(business.id, before, EVENT_BATCH).await?;
            gone.records += count;
            self.metrics.let_go("records", count);
            if count < EVENT_BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// One batch: each key first, and then what it opened.
    async fn recordings(&self, business: BusinessId, before: Timestamp) -> Result<u32, RetentionError> {
        let records = self.store.records();
        let expired = records.expired_recordings(business, before, BATCH).await?;
        for recording in &expired {
            records.drop_recording(business, recording.id).await?;
            let (shelf, of) = (self.shelf.clone(), recording.into());
            shelf::aside(move || shelf.remove(of, Why::Age)).await.map_err(RetentionError::Files)?;
        }
        Ok(u32::try_from(expired.len()).unwrap_or(u32::MAX))
    }

    /// One batch, as an erasure that this process has taken already: after a crash in the middle the next start
    /// finishes it.
    async fn customers(&self, business: BusinessId, before: Timestamp) -> Result<u32, RetentionError> {
        let records = self.store.records();
        let contacts = records.expired_customers(business, before, BATCH).await?;
        if contacts.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let erasure = Erasure {
            id: ids::fresh(now),
            business,
            contacts,
            asked_at: now,
            taken_at: Some(now),
            done_at: None,
        };
        let (path, entry) = (self.journal.clone(), erasure.clone());
        let written = tokio::task::spawn_blocking(move || journal::append(&path, &entry)).await;
        written.map_err(|error| JournalError::Io(error.into()))??;
        records.ask_erasure(&erasure).await?;
        let input = Input::Erased(erasure.contacts.clone());
        self.engine.input(business, input).await.map_err(RetentionError::Engine)?;
        records.finish_erasure(erasure.id, self.clock.now()).await?;
        Ok(u32::try_from(erasure.contacts.len()).unwrap_or(u32::MAX))
    }
}

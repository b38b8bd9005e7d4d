//! Erasing customers: everything personal of their contacts, wherever this server keeps it.
//!
//! `ringside admin customer erase` writes the ids of the contacts into the journal (a table of the store, and
//! [`journal`] beside it). Whoever owns the business carries it out: the running server, which notices within
//! [`crate::setup::POLL`], or the command itself if none runs. Contacts that are open end first: a call is hung
//! up, a request leaves the line, a wrap-up is not asked for any more. Then the store's files are scrubbed.
//!
//! Events, times, agents and causes stay, and name nobody.
use std::{collections::BTreeSet, sync::Arc};

use contact_core::{DialCommand, Endpoint, Input, Notice};
use shared::{BusinessId, LegId};
use store::{Erasure, Store, StoreError};

use crate::{
    archive::shelf::Shelf,
    clock::Clock,
    engine::{Engines, World},
    ports::{Dialer, Directory, Engine, EngineError},
};

pub mod journal;

#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the engine cannot take an erasure now")]
    Engine(#[source] EngineError),
}

/// Carries out one erasure through the engine that owns the business. Doing it twice harms nothing.
pub async fn carry_out(
    engine: &dyn Engine,
    store: &dyn Store,
    clock: &dyn Clock,
    erasure: &Erasure,
) -> Result<(), ErasureError> {
    let input = Input::Erased(erasure.contacts.clone());
    engine.input(erasure.business, input).await.map_err(ErasureError::Engine)?;
    store.records().scrub().await?;
    store.records().finish_erasure(erasure.id, clock.now()).await?;
    tracing::info!(business = %erasure.business, contacts = erasure.contacts.len(), "a customer was erased");
    Ok(())
}

/// What a running server does about the journal.
#[derive(Default)]
pub struct Eraser {
    /// Those that this process took and has not finished.
    mine: BTreeSet<u128>,
    has_looked: bool,
}

impl Eraser {
    /// Carries out what waits. At the first time also what others took and left: nobody but the owner of the
    /// business, who is here now, could finish it.
    pub async fn work(
        &mut self,
        engines: &Engines,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<(), ErasureError> {
        for erasure in store.records().unfinished_erasures().await? {
            let is_ours = !self.has_looked || self.mine.contains(&erasure.id);
            if is_ours || store.records().take_erasure(erasure.id, clock.now()).await? {
                self.mine.insert(erasure.id);
                carry_out(engines, store, clock, &erasure).await?;
                self.mine.remove(&erasure.id);
            }
        }
        self.has_looked = true;
        Ok(())
    }
}

/// Carries out erasures without a server: takes each business over for a moment, as a server that starts and
/// ends would. A server that runs after all is fenced by it.
pub async fn alone(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    shelf: &Shelf,
    erasures: &[Erasure],
) -> Result<(), ErasureError> {
    let world = World {
        store: store.clone(),
        clock: clock.clone(),
        directory: Arc::new(Nobody),
        dialer: Arc::new(Nobody),
        witness: Arc::new(shelf.clone()),
        inputs_per_commit: crate::engine::INPUTS_PER_COMMIT,
    };
    let engines = Engines::new(world);
    for erasure in erasures {
        engines.start(erasure.business).await?;
        carry_out(&engines, &**store, &**clock, erasure).await?;
    }
    engines.stop().await;
    Ok(())
}

/// Nobody is connected, and nobody is called.
pub(crate) struct Nobody;

impl Directory for Nobody {
    fn tell(&self, _: BusinessId, _: Notice) {}
    fn rebuilt(&self, _: BusinessId) {}
    fn invite(&self, _: BusinessId, _: &Endpoint, _: LegId, _: &str) -> bool {
        false
    }
    fn leg_gone(&self, _: BusinessId, _: &Endpoint, _: LegId) {}
}

impl Dialer for Nobody {
    fn command(&self, _: BusinessId, _: DialCommand) {}
}

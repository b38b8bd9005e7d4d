//! The engine: one task per business owns its `Center`, and everyone else sends it requests.
//!
//! Inputs are applied in memory one after the other; each leaves a batch (its effects and its answer) that
//! goes to the business's writer. The writer commits what has gathered in one transaction, and only then
//! carries out the outward effects and gives the answers, in order. So many inputs share one commit, and
//! nobody is told what a power cut would lose.
//!
//! Invariants:
//! - An answer, a dial or a notice leaves after the commit of its batch and of every batch before it.
//!   Refusals and snapshots too: they may rest on something that is not on disk yet.
//! - A batch that was not committed is dropped, and dropping an answer *is* the answer `Unavailable`.
//! - After a failed commit the `Center` is thrown away and rebuilt from the store, under a new epoch. What was posted
//!   and not committed, and what is posted meanwhile, the new one hears first: an input that may be posted is one that
//!   may come twice. Only a sign of life, upon which nothing is decided, may fail without that.
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use contact_core::{Center, Input, center::Census, effect::Viewing};
use shared::{AgentId, BusinessId, ContactId};
use store::{Store, StoreError};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    clock::Clock,
    ports::{
        ConsoleSnapshot, CustomerSnapshot, Dialer, Engine, EngineError, SharedDirectory, Snapshots, Witness,
    },
};

mod owner;
mod writer;

#[cfg(test)]
mod tests;

/// Requests that may wait for one business's task. Past it, callers are told `Unavailable`.
pub const INBOX: usize = 4_096;
/// An engine that is at a slow commit is left out of a census.
const CENSUS_WITHIN: Duration = Duration::from_millis(500);

/// What engines act upon.
#[derive(Clone)]
pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub directory: SharedDirectory,
    pub dialer: Arc<dyn Dialer>,
    pub witness: Arc<dyn Witness>,
    /// How many inputs one transaction takes at most, so that its time stays bounded.
    pub inputs_per_commit: usize,
}

/// As many as a busy second brings.
pub const INPUTS_PER_COMMIT: usize = 512;

/// The engines of all businesses.
pub struct Engines {
    world: World,
    inboxes: RwLock<BTreeMap<BusinessId, Inbox>>,
    owners: Mutex<JoinSet<()>>,
}

struct Inbox {
    requests: mpsc::Sender<Request>,
    /// [`Center::filled`].
    filled: Arc<AtomicU8>,
}

/// Gives an answer; dropped instead if what it rests on was not committed.
type Answer = Box<dyn FnOnce() + Send>;

enum Request {
    Input {
        input: Input,
        answer: Option<oneshot::Sender<Result<(), EngineError>>>,
    },
    /// Looks at the center and prepares an answer, which leaves behind everything that was decided before.
    View(Box<dyn FnOnce(&Center) -> Answer + Send>),
}

impl Engines {
    pub fn new(world: World) -> Self {
        Self { world, inboxes: RwLock::default(), owners: Mutex::default() }
    }

    /// Takes a business over and serves it. Returns when it was rebuilt and what that caused is on disk.
    /// Does nothing for a business that is being served.
    pub async fn start(&self, business: BusinessId) -> Result<(), StoreError> {
        let mut owners = self.owners.lock().await;
        if self.inbox(business).is_some_and(|inbox| !inbox.is_closed()) {
            return Ok(());
        }
        let filled = Arc::new(AtomicU8::new(0));
        let owner = owner::Owner { business, world: self.world.clone(), filled: filled.clone() };
        let (requests, inbox) = mpsc::channel(INBOX);
        // Before it is rebuilt: drivers answer at once when they are told to hang up what was cut off, and a number
        // stays taken until they have.
        self.doors().insert(business, Inbox { requests, filled });
        match owner.restore().await {
            Ok(generation) => {
                owners.spawn(owner.run(generation, inbox));
                Ok(())
            }
            Err(error) => {
                self.doors().remove(&business);
                Err(error)
            }
        }
    }

    /// Takes no more requests, finishes those that were taken, and returns when the last is on disk.
    pub async fn stop(&self) {
        let mut owners = self.owners.lock().await;
        self.doors().clear();
        while let Some(ended) = owners.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "an engine task did not end well");
            }
        }
    }

    /// Reads the center behind everything that is pending.
    async fn view<T: Send + 'static>(
        &self,
        business: BusinessId,
        read: impl FnOnce(&Center) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let (sender, receiver) = oneshot::channel();
        let view = Request::View(Box::new(move |center| {
            let value = read(center);
            // A caller that left does not want its answer.
            Box::new(move || drop(sender.send(value)))
        }));
        self.inbox(business).ok_or(EngineError::NoSuchBusiness)?.try_send(view).map_err(unavailable)?;
        receiver.await.map_err(|_| EngineError::Unavailable)
    }

    /// False: a business was taken over by another process, or its task died.
    pub fn are_all_served(&self) -> bool {
        let inboxes = self.inboxes.read().unwrap_or_else(PoisonError::into_inner);
        inboxes.values().all(|inbox| !inbox.requests.is_closed())
    }

    /// How everybody stands, in all businesses that answer at once.
    pub async fn census(&self) -> Census {
        let businesses: Vec<BusinessId> =
            self.inboxes.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let mut all = Census::default();
        for business in businesses {
            if let Ok(Ok(census)) =
                tokio::time::timeout(CENSUS_WITHIN, self.view(business, Center::census)).await
            {
                all.phases.extend(census.phases);
                all.presences.extend(census.presences);
            }
        }
        all
    }

    fn doors(&self) -> RwLockWriteGuard<'_, BTreeMap<BusinessId, Inbox>> {
        self.inboxes.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self, business: BusinessId) -> Option<mpsc::Sender<Request>> {
        let inboxes = self.inboxes.read().unwrap_or_else(PoisonError::into_inner);
        inboxes.get(&business).map(|inbox| inbox.requests.clone())
    }
}

#[async_trait]
impl Engine for Engines {
    async fn input(&self, business: BusinessId, input: Input) -> Result<(), EngineError> {
        let (answer, verdict) = oneshot::channel();
        let request = Request::Input { input, answer: Some(answer) };
        self.inbox(business).ok_or(EngineError::NoSuchBusiness)?.try_send(request).map_err(unavailable)?;
        verdict.await.map_err(|_| EngineError::Unavailable)?
    }

    async fn post(&self, business: BusinessId, input: Input) {
        let Some(inbox) = self.inbox(business) else { return };
        if inbox.send(Request::Input { input, answer: None }).await.is_err() {
            tracing::debug!(%business, "an input came after its engine had stopped");
        }
    }

    fn filled(&self, business: BusinessId) -> u8 {
        let inboxes = self.inboxes.read().unwrap_or_else(PoisonError::into_inner);
        inboxes.get(&business).map_or(0, |inbox| inbox.filled.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Snapshots for Engines {
    async fn customer(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<CustomerSnapshot>, EngineError> {
        self.view(business, move |center| {
            let status = center.status(contact)?;
            let closed = || Viewing { sharing: status.sharing, ..Viewing::default() };
            let viewing = center.viewing(contact).unwrap_or_else(closed);
            Some(CustomerSnapshot { status, viewing, lead: center.lead(contact).unwrap_or_default() })
        })
        .await
    }

    async fn code_gives(
        &self,
        business: BusinessId,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<bool, EngineError> {
        let gives = self.view(business, move |center| center.code_gives(agent, contact)).await?;
        gives.map_err(EngineError::Refused)
    }

    async fn console(
        &self,
        business: BusinessId,
        agent: AgentId,
    ) -> Result<Option<ConsoleSnapshot>, EngineError> {
        self.view(business, move |center| {
            let (state, shown, today) = center.agent_view(agent)?;
            Some(ConsoleSnapshot { state, shown: shown.map(Box::new), queue: center.queue(), today })
        })
        .await
    }

    async fn wait_seconds(&self, business: BusinessId, skill: &str) -> Result<Option<u32>, EngineError> {
        let skill = skill.to_owned();
        self.view(business, move |center| center.wait_estimate(&skill)).await
    }
}

fn unavailable(error: mpsc::error::TrySendError<Request>) -> EngineError {
    if let mpsc::error::TrySendError::Full(_) = error {
        tracing::warn!(limit = INBOX, "an engine's inbox is full");
    }
    EngineError::Unavailable
}

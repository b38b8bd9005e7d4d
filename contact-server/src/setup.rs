//! Keeps a running server in step with what its operator sets.
//!
//! `ringside admin` writes to the database; the server reads one number every [`POLL`] and, when it has
//! changed, takes over businesses, origins, keys, settings, agents and prompts. Nothing of these needs a
//! restart.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contact_core::{Input, Settings, record::AgentProfile};
use shared::{AgentId, BusinessId};
use store::{Business, Store, StoreError};

use crate::{
    engine::Engines,
    ports::{Engine as _, EngineError},
    prompts::Prompts,
    sites::{Site, Sites},
};

/// How long a change by `ringside admin` may take to be noticed.
pub const POLL: Duration = Duration::from_secs(2);

pub struct Setup {
    store: Arc<dyn Store>,
    sites: Arc<Sites>,
    prompts: Arc<Prompts>,
    engines: Arc<Engines>,
    /// The version that was taken over completely.
    version: Option<u64>,
    /// What each engine was told.
    told: BTreeMap<BusinessId, Told>,
}

#[derive(Default)]
struct Told {
    settings: Option<Settings>,
    agents: BTreeMap<AgentId, AgentProfile>,
}

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an engine cannot take a change now")]
    Engine(#[source] EngineError),
}

impl Setup {
    pub fn new(
        store: Arc<dyn Store>,
        sites: Arc<Sites>,
        prompts: Arc<Prompts>,
        engines: Arc<Engines>,
    ) -> Self {
        Self { store, sites, prompts, engines, version: None, told: BTreeMap::new() }
    }

    /// Follows until the task is ended. What fails is tried again at the next turn.
    pub async fn follow(mut self) {
        loop {
            tokio::time::sleep(POLL).await;
            if let Err(error) = self.refresh().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the setup cannot be read now");
            }
        }
    }

    /// Takes over what has changed, and starts the engines of businesses that are new.
    pub async fn refresh(&mut self) -> Result<(), SetupError> {
        let version = self.store.setup_version().await?;
        if self.version == Some(version) {
            return Ok(());
        }
        for business in self.store.businesses().await? {
            self.take_over(business).await?;
        }
        self.version = Some(version);
        Ok(())
    }

    async fn take_over(&mut self, business: Business) -> Result<(), SetupError> {
        let id = business.id;
        let store::Setup { settings, agents } = self.store.setup(id).await?;
        self.prompts.set(id, &self.store.prompts(id).await?);
        self.sites.put(Site { business, settings: settings.clone() });
        let agents: BTreeMap<AgentId, AgentProfile> =
            agents.into_iter().map(|agent| (agent.id, agent)).collect();
        let told = match self.told.entry(id) {
            std::collections::btree_map::Entry::Vacant(new) => {
                self.engines.start(id).await?;
                tracing::info!(business = %id, "business is served");
                // The engine was rebuilt from the same rows, or newer ones.
                new.insert(Told { settings: Some(settings), agents });
                return Ok(());
            }
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
        };
        if told.settings.as_ref() != Some(&settings) {
            tell(&self.engines, id, Input::Configured(settings.clone())).await?;
            told.settings = Some(settings);
        }
        for (agent, profile) in &agents {
            if told.agents.get(agent) != Some(profile) {
                tell(&self.engines, id, Input::AgentSet(profile.clone())).await?;
            }
        }
        for agent in told.agents.keys().filter(|agent| !agents.contains_key(agent)) {
            tell(&self.engines, id, Input::AgentRemoved(*agent)).await?;
        }
        told.agents = agents;
        Ok(())
    }
}

/// A refusal is final; an engine that is away is tried again.
async fn tell(engines: &Engines, business: BusinessId, input: Input) -> Result<(), SetupError> {
    match engines.input(business, input).await {
        Ok(()) => Ok(()),
        Err(EngineError::Refused(refusal)) => {
            tracing::warn!(%business, %refusal, "a change of the setup was refused");
            Ok(())
        }
        Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
            Err(SetupError::Engine(error))
        }
    }
}

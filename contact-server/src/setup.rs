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
    clock::Clock,
    engine::Engines,
    erasure::{Eraser, ErasureError},
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
    clock: Arc<dyn Clock>,
    eraser: Eraser,
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
    #[error("a customer cannot be erased now")]
    Erasure(#[from] ErasureError),
    #[error("an engine cannot take a change now")]
    Engine(#[source] EngineError),
}

impl Setup {
    pub fn new(
        store: Arc<dyn Store>,
        sites: Arc<Sites>,
        prompts: Arc<Prompts>,
        engines: Arc<Engines>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (version, told, eraser) = (None, BTreeMap::new(), Eraser::default());
        Self { store, sites, prompts, engines, clock, eraser, version, told }
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
        self.eraser.work(&self.engines, &*self.store, &*self.clock).await?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contact_core::DialCommand;

    use super::*;
    use crate::{
        clock::SystemClock,
        engine::World,
        erasure::Nobody,
        ports::{Dialer, Snapshots as _},
        sites::tests::business,
    };

    const BUSINESS: BusinessId = BusinessId(1);
    const AGENT: AgentId = AgentId(7);

    #[tokio::test]
    async fn running_server_follows_what_the_operator_changes() {
        let database = store::testing::sqlite().await;
        let store = &database.store;
        let mut stage = Stage::on(store.clone());
        stage.setup.refresh().await.unwrap();
        assert!(stage.sites.all().is_empty());

        store.put_business(&business("first"), &Settings::default()).await.unwrap();
        stage.setup.refresh().await.unwrap();
        assert!(stage.sites.by_key("first").is_some());
        assert_eq!(stage.engines.console(BUSINESS, AGENT).await, Ok(None), "served, without that agent");

        let ada = AgentProfile {
            id: AGENT,
            name: "Ada".into(),
            skills: BTreeSet::new(),
            supervisor: false,
            plays_recordings: false,
        };
        store.put_agent(BUSINESS, &ada, "ada", "hash").await.unwrap();
        let called = Settings { version: 2, regions: ["GB".to_owned()].into(), ..Settings::default() };
        store.put_business(&business("second"), &called).await.unwrap();
        stage.setup.refresh().await.unwrap();
        assert!(stage.engines.console(BUSINESS, AGENT).await.unwrap().is_some());
        assert!(stage.sites.by_key("first").is_none(), "the key was rotated");
        assert_eq!(stage.sites.by_key("second").unwrap().settings, called);
        let kept = store.load(BUSINESS, shared::Timestamp(1)).await.unwrap();
        assert_eq!(kept.settings, called, "the engine took the settings over and keeps them");
    }

    struct Stage {
        setup: Setup,
        sites: Arc<Sites>,
        engines: Arc<Engines>,
    }

    impl Stage {
        fn on(store: Arc<dyn Store>) -> Self {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
            let world = World {
                store: store.clone(),
                clock: clock.clone(),
                directory: Arc::new(Nobody),
                dialer: Arc::new(NoDial),
                witness: Arc::new(()),
                inputs_per_commit: crate::engine::INPUTS_PER_COMMIT,
            };
            let engines = Arc::new(Engines::new(world));
            let sites = Arc::new(Sites::default());
            let prompts = Arc::new(Prompts::built_in().unwrap());
            Self { setup: Setup::new(store, sites.clone(), prompts, engines.clone(), clock), sites, engines }
        }
    }

    /// Whoever is called here is one too many.
    struct NoDial;

    impl Dialer for NoDial {
        fn command(&self, _: BusinessId, command: DialCommand) {
            unreachable!("nobody is called: {command:?}");
        }
    }
}

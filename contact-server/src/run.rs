//! Starts and ends the server. The binary and the tests start it alike.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use shared::Timestamp;
use store::Store;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    app::App,
    clock::{Clock, SystemClock},
    config::Config,
    demo::{self, DemoInfo},
    dialer::{self, Drivers, drivers::Place},
    engine::{Engines, World},
    http,
    hub::Hub,
    listen::{self, Doorkeeper},
    ports::SharedDirectory,
    prompts::Prompts,
    setup::Setup,
    sites::Sites,
    stopping::Stopping,
};

/// How long a shutdown waits for requests and sockets to end.
const CONNECTIONS_LIMIT: Duration = Duration::from_secs(8);
/// How long it then waits for the last commits.
const ENGINES_LIMIT: Duration = Duration::from_secs(20);
/// Expired tokens and keys are swept out this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// A server that runs.
pub struct Running {
    /// Where it really listens.
    pub addr: SocketAddr,
    pub app: App,
    /// How to use the demo, if it is one.
    pub demo: Option<DemoInfo>,
    engines: Arc<Engines>,
    http: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
}

/// Starts everything and returns once requests are taken. Businesses are rebuilt from the store first, and
/// what that decided is on disk.
pub async fn start(mut config: Config) -> anyhow::Result<Running> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("the data folder {} cannot be made", config.data.display()))?;
    let store = store::open(&config.database).await.context("the database cannot be opened")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on: is another server running?", config.listen))?;
    let addr = listener.local_addr()?;
    config.bound(addr);
    let demo = match config.demo {
        true => Some(demo::seed(&*store, &*clock, &config).await?),
        false => None,
    };
    let Parts { app, hub, engines, background } = assemble(config, store, clock).await?;
    let router = http::router(app.clone(), hub);
    let doorkeeper = Doorkeeper::new(&app.config);
    let http = tokio::spawn(listen::serve(listener, router, app.stopping.clone(), doorkeeper));
    tracing::info!(%addr, url = %app.config.public_url, "ready");
    Ok(Running { addr, app, demo, engines, http, background })
}

struct Parts {
    app: App,
    hub: Arc<Hub>,
    engines: Arc<Engines>,
    background: Vec<JoinHandle<()>>,
}

async fn assemble(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> anyhow::Result<Parts> {
    let config = Arc::new(config);
    let hub = Arc::new(Hub::default());
    let directory: SharedDirectory = hub.clone();
    let prompts = Arc::new(Prompts::built_in().context("the built-in prompts cannot be used")?);
    let sites = Arc::new(Sites::default());
    let place = Place { config: &config, directory: &directory, prompts: &prompts, sites: &sites };
    let (drivers, leg_events) = Drivers::start(place).await?;
    let drivers = Arc::new(drivers);
    let world = World {
        store: store.clone(),
        clock: clock.clone(),
        directory: directory.clone(),
        dialer: drivers.clone(),
    };
    let engines = Arc::new(Engines::new(world));
    let mut setup = Setup::new(store.clone(), sites.clone(), prompts, engines.clone(), clock.clone());
    let mut background: Vec<_> =
        leg_events.into_iter().map(|events| tokio::spawn(dialer::forward(events, engines.clone()))).collect();
    setup.refresh().await.context("the businesses cannot be taken over")?;
    background.extend([tokio::spawn(setup.follow()), tokio::spawn(sweep(store.clone(), clock.clone()))]);
    let app = App {
        config,
        clock,
        store,
        engine: engines.clone(),
        snapshots: engines.clone(),
        legs: drivers.clone(),
        lines: drivers,
        directory,
        sites,
        stopping: Stopping::default(),
    };
    Ok(Parts { app, hub, engines, background })
}

async fn sweep(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    loop {
        let now: Timestamp = clock.now();
        if let Err(error) = store.sweep(now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "expired tokens cannot be swept out now"
            );
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

impl Running {
    /// Waits until the server ends by itself, which it never does in good health.
    pub async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.http).await {
            Ok(()) => anyhow::anyhow!("the HTTP server ended"),
            Err(error) => anyhow::Error::new(error).context("the HTTP server panicked"),
        }
    }

    /// Ends in order: connections are told and let go, then what was accepted is brought to disk. Bounded.
    pub async fn shutdown(mut self) -> anyhow::Result<()> {
        let stopping = self.app.stopping.clone();
        stopping.begin();
        let gone = async {
            if !self.http.is_finished() {
                // How it ended matters no more.
                drop((&mut self.http).await);
            }
            stopping.all_gone().await;
        };
        if tokio::time::timeout(CONNECTIONS_LIMIT, gone).await.is_err() {
            tracing::warn!(limit = ?CONNECTIONS_LIMIT, "some connections did not end in time and are cut off");
            self.http.abort();
        }
        self.background.iter().for_each(JoinHandle::abort);
        if tokio::time::timeout(ENGINES_LIMIT, self.engines.stop()).await.is_err() {
            bail!("the engines did not end within {ENGINES_LIMIT:?}; what was answered is on disk");
        }
        tracing::info!("ended cleanly");
        Ok(())
    }
}

//! Starts and ends the server. The binary and the tests start it alike.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use contact_core::Change;
use shared::{BusinessId, Timestamp};
use store::Store;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    app::App,
    archive::{Archive, shelf::Shelf},
    attack::Guard,
    clock::{Clock, SystemClock},
    config::Config,
    demo::{self, DemoInfo},
    dialer::{self, Drivers, drivers::Place},
    engine::{Engines, World},
    erasure::journal,
    health::{Commits, Health},
    http,
    hub::Hub,
    listen::{self, Doorkeeper},
    metrics::Metrics,
    ports::{SharedDirectory, Witness},
    prompts::Prompts,
    retention::Retention,
    setup::Setup,
    sites::Sites,
    stopping::Stopping,
    trace::{self, Traces},
    watch_listen::{self, Watch},
};

/// How long a shutdown waits for requests and sockets to end.
const CONNECTIONS_LIMIT: Duration = Duration::from_secs(8);
/// How long it then waits for the last commits.
const ENGINES_LIMIT: Duration = Duration::from_secs(20);
/// How long it waits for the ends of recordings.
const RECORDINGS_LIMIT: Duration = Duration::from_secs(5);
/// How long it waits for the collector of traces.
const TRACES_LIMIT: Duration = Duration::from_secs(3);
/// Expired tokens and keys are swept out this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// A server that runs.
pub struct Running {
    /// Where it really listens.
    pub addr: SocketAddr,
    /// Where metrics are, if anywhere.
    pub watch_addr: Option<SocketAddr>,
    pub app: App,
    /// How to use the demo, if it is one.
    pub demo: Option<DemoInfo>,
    engines: Arc<Engines>,
    http: JoinHandle<()>,
    exporting: Option<JoinHandle<()>>,
    background: Vec<JoinHandle<()>>,
}

/// Starts everything and returns once requests are taken. Businesses are rebuilt from the store first, and
/// what that decided is on disk.
pub async fn start(mut config: Config) -> anyhow::Result<Running> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("the data folder {} cannot be made", config.data.display()))?;
    let store = store::open(&config.database).await.context("the database cannot be opened")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let listener = listen::bind(config.listen)
        .with_context(|| format!("{} cannot be listened on: is another server running?", config.listen))?;
    let addr = listener.local_addr()?;
    config.bound(addr);
    let demo = match config.demo {
        true => Some(demo::seed(&*store, &*clock, &config).await?),
        false => None,
    };
    let Parts { app, hub, engines, watch, exporting, mut background } =
        assemble(config, store, clock).await?;
    let watch_addr = match app.config.metrics_listen {
        None => None,
        Some(at) => Some(serve_watch(&app.config, at, watch, &mut background)?),
    };
    let router = http::router(app.clone(), hub);
    let doorkeeper = Doorkeeper::new(&app.config);
    let http = tokio::spawn(listen::serve(listener, router, app.stopping.clone(), doorkeeper));
    tracing::info!(%addr, url = %app.config.public_url, "ready");
    Ok(Running { addr, watch_addr, app, demo, engines, http, exporting, background })
}

/// Lives until the end of the shutdown, which those who watch want to see.
fn serve_watch(
    config: &Config,
    at: SocketAddr,
    watch: Watch,
    background: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<SocketAddr> {
    let listener = listen::bind(at).with_context(|| format!("metrics cannot be served on {at}"))?;
    let addr = listener.local_addr()?;
    let router = watch_listen::router(watch);
    // Its connections are none of those that a shutdown waits for.
    let (stopping, doorkeeper) = (Stopping::default(), Doorkeeper::new(config));
    background.push(tokio::spawn(listen::serve(listener, router, stopping, doorkeeper)));
    tracing::info!(%addr, "metrics are served");
    Ok(addr)
}

struct Parts {
    app: App,
    hub: Arc<Hub>,
    engines: Arc<Engines>,
    watch: Watch,
    exporting: Option<JoinHandle<()>>,
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
    let metrics = Arc::new(Metrics::default());
    let guard = Arc::new(Guard::new(&config.attack, metrics.clone()));
    let commits = Arc::new(Commits::default());
    let (traces, exporting) = traces(&config, &metrics);
    let keys = config.recording_keys.clone();
    let archive = Archive::new(store.clone(), clock.clone(), &config.data, keys, metrics.recordings());
    let shelf = archive.shelf().clone();
    let world = World {
        store: store.clone(),
        clock: clock.clone(),
        directory: directory.clone(),
        dialer: drivers.clone(),
        witness: Arc::new(Witnesses(metrics.clone(), traces.clone(), commits.clone(), shelf)),
        inputs_per_commit: config.inputs_per_commit,
    };
    let engines = Arc::new(Engines::new(world));
    let mut setup = Setup::new(store.clone(), sites.clone(), prompts, engines.clone(), clock.clone());
    let mut background: Vec<_> =
        leg_events.into_iter().map(|events| tokio::spawn(dialer::forward(events, engines.clone()))).collect();
    setup.refresh().await.context("the businesses cannot be taken over")?;
    background.push(tokio::spawn(setup.follow()));
    background.extend(keepers(&config, &store, &clock, &engines, &metrics));
    let stopping = Stopping::default();
    let health = Health::new(
        store.clone(),
        clock.clone(),
        engines.clone(),
        stopping.clone(),
        commits,
        config.data.clone(),
    );
    let health = Arc::new(health);
    background.push(tokio::spawn(health.clone().follow()));
    let watch = Watch {
        metrics: metrics.clone(),
        health: health.clone(),
        engines: engines.clone(),
        guard: guard.clone(),
        clock: clock.clone(),
        stopping: stopping.clone(),
    };
    let app = App {
        config,
        clock,
        health,
        metrics,
        guard,
        traces,
        archive,
        store,
        engine: engines.clone(),
        snapshots: engines.clone(),
        legs: drivers.clone(),
        lines: drivers,
        directory,
        sites,
        stopping,
    };
    Ok(Parts { app, hub, engines, watch, exporting, background })
}

/// Those who let go of what is kept.
fn keepers(
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    engines: &Arc<Engines>,
    metrics: &Arc<Metrics>,
) -> [JoinHandle<()>; 2] {
    let retention = Retention {
        store: store.clone(),
        engine: engines.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        keep: config.keep,
        journal: config.data.join(journal::FILE),
        shelf: Shelf::below(&config.data).counted(metrics.recordings()),
    };
    [tokio::spawn(sweep(store.clone(), clock.clone())), tokio::spawn(retention.follow())]
}

/// Where spans go, and the task that sends them.
fn traces(config: &Config, metrics: &Arc<Metrics>) -> (Arc<Traces>, Option<JoinHandle<()>>) {
    let Some(endpoint) = config.otlp.clone() else { return (Arc::new(Traces::off()), None) };
    let (out, spans) = mpsc::channel(trace::WAITING);
    let counted = metrics.clone();
    let traces = Traces::to(out, move |lost| counted.spans("lost", lost));
    (Arc::new(traces), Some(tokio::spawn(trace::export(endpoint, spans, metrics.clone()))))
}

/// All who look on.
struct Witnesses(Arc<Metrics>, Arc<Traces>, Arc<Commits>, Shelf);

impl Witness for Witnesses {
    fn committed(&self, business: BusinessId, changes: &[Change], took: Duration) {
        self.0.committed(business, changes, took);
        self.1.committed(business, changes, took);
        self.2.committed(business, changes, took);
        self.3.committed(business, changes, took);
    }
    fn not_committed(&self, business: BusinessId) {
        self.0.not_committed(business);
        self.2.not_committed(business);
    }
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
        if tokio::time::timeout(RECORDINGS_LIMIT, self.app.archive.stop()).await.is_err() {
            tracing::warn!(limit = ?RECORDINGS_LIMIT, "some recordings did not come to disk in time");
        }
        self.background.iter().for_each(JoinHandle::abort);
        if tokio::time::timeout(ENGINES_LIMIT, self.engines.stop()).await.is_err() {
            bail!("the engines did not end within {ENGINES_LIMIT:?}; what was answered is on disk");
        }
        self.app.traces.end();
        if let Some(exporting) = &mut self.exporting
            && tokio::time::timeout(TRACES_LIMIT, &mut *exporting).await.is_err()
        {
            exporting.abort();
            tracing::warn!(limit = ?TRACES_LIMIT, "the last traces were not sent in time");
        }
        tracing::info!("ended cleanly");
        Ok(())
    }
}

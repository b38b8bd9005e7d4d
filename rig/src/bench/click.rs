//! `click-to-offer`: from a request to the offer at an agent's socket.
//!
//! The server's own path is measured where a sync costs nothing (a file system in memory); the same run on the
//! disk is printed beside it, with a probe of the disk.
use std::{collections::BTreeMap, path::Path, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use shared::ContactId;
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{Figures, Goal};
use crate::{
    World, agent,
    customer::{Wish, post, request},
    http::Http,
    people::{Chance, numbers},
    place::{Database, Place, shortened},
    probe::{self, Spread},
};

const AGENTS: usize = 80;
const PER_SECOND: u32 = 100;
const CONNECTIONS: usize = 32;
/// What comes before is not counted: caches fill.
const WARM_UP: Duration = Duration::from_secs(2);
/// After the last request.
const SETTLE: Duration = Duration::from_secs(5);
const MEMORY: &str = "/dev/shm";
/// Everybody answers and presses 1 at once.
const AT_ONCE: &str = "browsers = 'connected'\ncustomers = { answer = 1, no_answer = 0, busy = 0, rejected = 0, \
    failed = 0, rings_ms = [0, 0], presses_one = 1, presses_nine = 0, presses_nothing = 0, presses_ms = [0, 0], \
    patience_ms = [60000, 60000], talks_ms = [60000, 60000] }\n";

pub async fn run(server: PathBuf, seed: u64, seconds: u64) -> Result<Figures> {
    ensure!(Path::new(MEMORY).is_dir(), "{MEMORY} is not there: this bench needs a file system in memory");
    let load = probe::load();
    let memory = tempfile::Builder::new().prefix("ringside-rig-").tempdir_in(MEMORY)?;
    let path = one(Place::in_folder(server.clone(), Database::Sqlite, memory).await?, seed, seconds).await?;
    let place = Place::new(server, Database::Sqlite).await?;
    let syncs = probe::syncs(place.path("").as_path()).await?;
    let disk = one(place, seed, seconds).await?;
    Ok(Figures {
        bench: "click-to-offer",
        figures: vec![("server_path_p99_ms", path.p99, Goal::AtMost(50.0))],
        context: json!({
            "server_path": path.json(), "on_disk": disk.json(), "fsync_probe": syncs.json(),
            "requests_per_second": PER_SECOND, "seconds": seconds, "agents": AGENTS, "seed": seed,
            "load_before": load,
            "method": "client-side; server_path runs on a file system in memory, on_disk on the disk",
        }),
    })
}

async fn one(place: Place, seed: u64, seconds: u64) -> Result<Spread> {
    let config = place.configure("", AT_ONCE)?;
    let mut settings = shortened();
    settings.wrap_up_limit = Duration::ZERO;
    let agents = place.seed(&settings, AGENTS).await?;
    let cookies = place.sessions(&agents).await?;
    let log = place.path("server.log");
    let mut launch = place.launch(&config, &log);
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    let process = launch.start_well().await?;
    let world = Arc::new(World::new(&place));
    let mut desks = JoinSet::new();
    for (n, cookie) in cookies.into_iter().enumerate() {
        let chance = Chance::new(seed, &format!("agent {n}"));
        desks.spawn(agent::work(world.clone(), cookie, agent::Manner::eager((20, 60)), chance));
    }
    sleep(Duration::from_secs(1)).await;
    let asked = ask(&world, seed, seconds).await?;
    sleep(SETTLE).await;
    world.over.send_replace(true);
    while desks.join_next().await.is_some() {}
    process.stop().await?;

    let mut times = Vec::new();
    for (contact, at) in &asked {
        let offered = world.offered_at(*contact).context("a request came to no offer")?;
        times.push(offered.saturating_duration_since(*at));
    }
    Ok(Spread::of(times))
}

/// Asks at a steady rate, whatever becomes of the requests before: (contact, when it was asked for).
async fn ask(world: &Arc<World>, seed: u64, seconds: u64) -> Result<BTreeMap<ContactId, Instant>> {
    let lines: Arc<Vec<Mutex<Http>>> =
        Arc::new((0..CONNECTIONS).map(|_| Mutex::new(Http::new(world.addr))).collect());
    let mut chance = Chance::new(seed, "customers");
    let (began, every) = (Instant::now(), Duration::from_secs(1) / PER_SECOND);
    let count = usize::try_from((seconds + WARM_UP.as_secs()) * u64::from(PER_SECOND))?;
    let mut asks = JoinSet::new();
    for (n, number) in numbers().take(count).enumerate() {
        let due = began + every * u32::try_from(n)?;
        sleep_until(due).await;
        let (lines, key) = (lines.clone(), chance.key());
        asks.spawn(async move {
            let mut line = lines[n % CONNECTIONS].lock().await;
            let at = Instant::now();
            let body = request(&Wish { number: Some(number), cancels: None });
            let answer = post(&mut line, &key, &body).await?;
            ensure!(answer.status == 201, "refused with {}", answer.status);
            let contact: ContactId = serde_json::from_value(answer.json()?["contact"].clone())?;
            Ok((due >= began + WARM_UP).then_some((contact, at)))
        });
    }
    let mut asked = BTreeMap::new();
    while let Some(done) = asks.join_next().await {
        asked.extend(done??);
    }
    Ok(asked)
}

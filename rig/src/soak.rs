//! Many live contacts with co-browse for a long time: what the server uses at the start and at the end.
use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Result;
use tokio::time::{Instant, sleep};

use crate::{
    cobrowse::{Crowd, Pace, Stage},
    crowd,
    place::{Database, Place},
    probe::{self, Spread, Usage},
};

const PACE: Pace = Pace { per_second: 2, bytes: 200 };
/// What is looked at: the first and the last so many seconds.
const LOOK: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Look {
    /// Seconds since the contacts were live.
    pub at: u64,
    pub usage: Usage,
    /// Of one core, percent, over the look.
    pub cpu_percent: f64,
    pub latency: Spread,
}

#[derive(Debug)]
pub struct Report {
    pub looks: Vec<Look>,
    pub lost_connections: u64,
    pub delivered: u64,
    pub load_before: f64,
}

/// Runs and says each look as it comes.
pub async fn run(
    server: PathBuf,
    seed: u64,
    contacts: usize,
    period: Duration,
    say: impl Fn(&Look),
) -> Result<Report> {
    let load_before = probe::load();
    let place = Place::new(server, Database::Sqlite).await?;
    let config = place.configure("", crowd::STAYS)?;
    let agents = place.seed(&crowd::patient(), contacts).await?;
    let log = place.path("server.log");
    let mut launch = place.launch(&config, &log);
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    let process = launch.start_well().await?;
    let live = crowd::gather(&place, &agents, contacts, 1, seed).await?;
    let (stage, mut pages) = (Arc::new(Stage::default()), Crowd::new());
    live.connect(&stage, 1, &mut pages).await;
    stage.pace.send_replace(PACE);
    // The publishers' pace settles.
    sleep(Duration::from_secs(5)).await;

    let (began, mut looks) = (Instant::now(), Vec::new());
    while began.elapsed() < period {
        stage.take();
        let (since, before) = (Instant::now(), probe::usage(process.pid()?)?);
        sleep(LOOK.min(period)).await;
        let usage = probe::usage(process.pid()?)?;
        let cpu = (usage.cpu_seconds - before.cpu_seconds) / since.elapsed().as_secs_f64();
        let look =
            Look { at: began.elapsed().as_secs(), usage, cpu_percent: cpu * 100.0, latency: stage.take() };
        say(&look);
        looks.push(look);
    }
    let report = Report {
        looks,
        lost_connections: stage.lost.load(Ordering::Relaxed),
        delivered: stage.delivered.load(Ordering::Relaxed),
        load_before,
    };
    live.world.over.send_replace(true);
    pages.shutdown().await;
    process.stop().await?;
    Ok(report)
}

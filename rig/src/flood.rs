//! A neighbour under another one's flood: what its customers and agents wait for alone, and while strangers and
//! another business do all that they can to the same server.
//!
//! Calm, control and storm in turn, in one run of one server; ratios are of the medians. The server has the default
//! limits, asks nobody for a proof of work (so that the other limits are seen), and stands behind a proxy (this
//! program, 127.0.0.1), whose customers have addresses of their own.
//!
//! Real attackers sit at other machines. Here they share the neighbour's core (not the server's), and run when it
//! leaves them time. What that alone costs is the control: the same attackers against another server, which stands
//! on the neighbour's core too.
use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use shared::AgentId;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    place::{Database, NO_PROOFS, Place},
    probe::{self, Cores, Usage},
    process::Process,
};

pub mod attack;
pub mod neighbour;
mod raw;
pub mod report;

use attack::Answers;
use neighbour::{Neighbour, Window};
pub use report::Report;

/// The server lets go of whoever does nothing by then (a head's 30 s are the longest).
const COMES_BACK_WITHIN: Duration = Duration::from_secs(60);
/// Descriptors that are open at one moment by chance.
const SLACK: usize = 40;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The attackers are all at it by then.
const RAMP: Duration = Duration::from_secs(2);
/// Where a sync costs nothing: what the disk does is no attacker's.
const MEMORY: &str = "/dev/shm";
/// Who runs by these runs when nobody else of that core wants to (SCHED_IDLE), or gives way to others.
const WHEN_NOBODY_ELSE: [&str; 3] = ["chrt", "--idle", "0"];
const LAST: [&str; 3] = ["nice", "-n", "19"];

#[derive(Debug, Clone)]
pub struct Size {
    pub turns: u32,
    pub calm: Duration,
    pub storm: Duration,
    /// How many attackers, of those that [`attack`] names.
    pub percent: usize,
    /// Calls that the neighbour's customers ask for in a second, and pages that its agents see all the while.
    pub per_second: u32,
    pub pages: usize,
    /// The server has the first core for itself, and the load the others, where whoever attacks runs when nobody else
    /// wants to; and there is a control.
    pub apart: bool,
    /// One kind of attack alone.
    pub only: Option<String>,
}

impl Size {
    pub fn whole() -> Self {
        Self {
            turns: 5,
            calm: Duration::from_secs(12),
            storm: Duration::from_secs(12),
            percent: 100,
            per_second: 40,
            pages: 50,
            apart: true,
            only: None,
        }
    }

    /// Shows that it works.
    pub fn short() -> Self {
        Self {
            turns: 1,
            calm: Duration::from_secs(1),
            storm: Duration::from_secs(4),
            percent: 5,
            per_second: 5,
            pages: 4,
            apart: false,
            only: None,
        }
    }
}

pub async fn run(server: PathBuf, seed: u64, size: &Size) -> Result<Report> {
    let mut report = Report { load_before: probe::load(), ..Report::default() };
    if size.apart {
        probe::leave_first_core().await?;
    }
    let (place, agents) = stand(&server, size).await?;
    let first: &[&str] = if size.apart { &["taskset", "-c", "0"] } else { &[] };
    let process = start(&place, first).await?;
    let decoy = match size.apart {
        true => Some(Decoy::start(&server, size).await?),
        false => None,
    };
    let mut neighbour = Neighbour::settle(&place, &agents, size, seed).await?;
    // Caches fill.
    neighbour.window(size.calm.min(Duration::from_secs(3))).await?;
    report.before = probe::usage(process.pid()?)?;
    report.peak = report.before;
    for turn in 0..size.turns {
        let seed = seed + u64::from(turn);
        let look = watched(&process, &mut neighbour, size.calm, &mut report.peak).await?;
        report.calm.push(look);
        if let Some(decoy) = &decoy {
            let attackers = attackers(decoy.place.addr, seed, size)?;
            sleep(RAMP).await;
            let look = watched(&process, &mut neighbour, size.storm, &mut report.peak).await?;
            report.control.push(look);
            end(attackers, size).await?;
            decoy.calms_down().await?;
        }
        let attackers = attackers(place.addr, seed, size)?;
        sleep(RAMP.min(size.storm / 2)).await;
        let look = watched(&process, &mut neighbour, size.storm, &mut report.peak).await?;
        report.storm.push(look);
        report.answers.add(end(attackers, size).await?);
        report.back_after = calms_down(&process, &report.before, &mut report.after).await?;
    }
    report.log_bytes = std::fs::metadata(place.path(LOG))?.len();
    neighbour.go_home().await;
    if let Some(decoy) = decoy {
        decoy.process.stop().await?;
    }
    process.stop().await?;
    Ok(report)
}

const LOG: &str = "server.log";

/// A place in memory with both businesses.
async fn stand(server: &std::path::Path, size: &Size) -> Result<(Place, Vec<AgentId>)> {
    let memory = Some(PathBuf::from(MEMORY)).filter(|memory| memory.is_dir());
    let folder = memory.unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("ringside-rig-").tempdir_in(folder)?;
    let place = Place::in_folder(server.to_owned(), Database::Sqlite, folder).await?;
    let agents = place.seed(&neighbour::settings(), size.pages + neighbour::AGENTS).await?;
    attack::seed(&place).await?;
    Ok((place, agents))
}

/// Starts its server by that command.
async fn start(place: &Place, by: &[&str]) -> Result<Process> {
    let config = place.configure_bounded("", NO_PROOFS, neighbour::AT_ONCE)?;
    let log = place.path(LOG);
    let mut launch = place.launch(&config, &log);
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    launch.command.splice(0..0, by.iter().map(|word| (*word).to_owned()));
    launch.start_well().await
}

/// The control's server, which nobody well-behaved asks anything.
struct Decoy {
    place: Place,
    process: Process,
    before: Usage,
}

impl Decoy {
    async fn start(server: &std::path::Path, size: &Size) -> Result<Self> {
        let (place, _) = stand(server, size).await?;
        let process = start(&place, &WHEN_NOBODY_ELSE).await?;
        let before = probe::usage(process.pid()?)?;
        Ok(Self { place, process, before })
    }

    /// Nothing of an attack on it may go on when the next begins.
    async fn calms_down(&self) -> Result<()> {
        let back = calms_down(&self.process, &self.before, &mut Usage::default()).await?;
        ensure!(back.is_some(), "the control's server keeps what attackers held");
        Ok(())
    }
}

/// What happened in one period: what the neighbour waited for, and what was used, in percent of a core.
#[derive(Debug)]
pub struct Look {
    pub window: Window,
    pub server: f64,
    pub cores: Cores,
}

async fn watched(
    process: &Process,
    neighbour: &mut Neighbour,
    period: Duration,
    peak: &mut Usage,
) -> Result<Look> {
    let pid = process.pid()?;
    let (began, before, cores) = (Instant::now(), probe::usage(pid)?, Cores::now()?);
    let look = async {
        loop {
            if let Ok(now) = probe::usage(pid) {
                peak.resident_kb = peak.resident_kb.max(now.resident_kb);
                peak.descriptors = peak.descriptors.max(now.descriptors);
            }
            sleep(LOOK_EVERY).await;
        }
    };
    let window = tokio::select! {
        window = neighbour.window(period) => window?,
        () = look => unreachable!("a loop without an end"),
    };
    let seconds = began.elapsed().as_secs_f64();
    let used = probe::usage(pid)?.cpu_seconds - before.cpu_seconds;
    Ok(Look { window, server: used / seconds * 100.0, cores: Cores::now()?.since(&cores, seconds) })
}

/// A process of their own: their work must not stand in the neighbour's way at this end.
fn attackers(addr: SocketAddr, seed: u64, size: &Size) -> Result<Child> {
    let own = std::env::current_exe()?;
    // Tests stand one folder deeper than the program.
    let folder = own.parent().context("a program stands in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let rig = folder.join("rig");
    ensure!(rig.is_file(), "{} is not there: cargo build --package rig", rig.display());
    let seconds = (size.storm + RAMP + Duration::from_secs(1)).as_secs();
    // Where others want every core, the lowest class would never have its turn.
    let [program, words @ ..] = if size.apart { WHEN_NOBODY_ELSE } else { LAST };
    let mut command = Command::new(program);
    command.args(words).arg(rig).args(["attack", "--addr", &addr.to_string()]);
    command.args(["--seed", &seed.to_string(), "--seconds", &seconds.to_string()]);
    command.args(["--percent", &size.percent.to_string()]);
    if let Some(only) = &size.only {
        command.args(["--only", only]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().context("the attackers do not start")
}

/// They end by themselves.
async fn end(attackers: Child, size: &Size) -> Result<Answers> {
    let limit = size.storm + attack::PATIENCE + Duration::from_secs(30);
    let ended = tokio::time::timeout(limit, attackers.wait_with_output()).await;
    let output = ended.context("the attackers do not end")??;
    ensure!(output.status.success(), "the attackers ended badly: {}", output.status);
    serde_json::from_slice(&output.stdout).context("the attackers say what they were answered")
}

/// Waits until the server holds nothing of the attackers any more. None: it still does.
async fn calms_down(process: &Process, before: &Usage, after: &mut Usage) -> Result<Option<Duration>> {
    let began = Instant::now();
    loop {
        *after = probe::usage(process.pid()?)?;
        if after.descriptors <= before.descriptors + SLACK {
            return Ok(Some(began.elapsed()));
        }
        if began.elapsed() > COMES_BACK_WITHIN {
            return Ok(None);
        }
        sleep(LOOK_EVERY).await;
    }
}

//! A neighbour under another one's flood: what its customers and agents wait for alone, and while strangers and
//! another business do all that they can to the same server.
//!
//! Calm and storm in turn, in one run of one server; ratios are of the medians. The server has the default
//! limits, asks nobody for a proof of work (so that the other limits are seen), and stands behind a proxy (this
//! program, 127.0.0.1), whose customers have addresses of their own.
use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    place::{Database, NO_PROOFS, Place},
    probe::{self, Spread, Usage, median},
    process::Process,
};

pub mod attack;
pub mod neighbour;
mod raw;

use attack::Answers;
use neighbour::{Neighbour, Window};

/// A neighbour's p99 under attack is at most so many times that alone. Printed, never a test.
pub const GOAL: f64 = 1.5;
/// The server lets go of whoever does nothing by then (a head's 30 s are the longest).
const COMES_BACK_WITHIN: Duration = Duration::from_secs(60);
/// Descriptors that are open at one moment by chance.
const SLACK: usize = 40;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The attackers are all at it by then.
const RAMP: Duration = Duration::from_secs(2);
/// Where a sync costs nothing: what the disk does is no attacker's.
const MEMORY: &str = "/dev/shm";

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
    /// The server has the first core for itself, and the load the others.
    pub pinned: bool,
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
            pinned: true,
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
            pinned: false,
            only: None,
        }
    }
}

#[derive(Debug, Default)]
pub struct Report {
    pub calm: Vec<Window>,
    pub storm: Vec<Window>,
    pub answers: Answers,
    pub before: Usage,
    pub peak: Usage,
    pub after: Usage,
    /// Until the descriptors were back where they had been.
    pub back_after: Option<Duration>,
    /// CPU of the server in the calm and in the storm, percent of a core.
    pub cpu: (f64, f64),
    pub log_bytes: u64,
    pub load_before: f64,
}

pub async fn run(server: PathBuf, seed: u64, size: &Size) -> Result<Report> {
    let mut report = Report { load_before: probe::load(), ..Report::default() };
    let memory = Some(PathBuf::from(MEMORY)).filter(|memory| memory.is_dir());
    let folder = memory.unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("ringside-rig-").tempdir_in(folder)?;
    let place = Place::in_folder(server, Database::Sqlite, folder).await?;
    let config = place.configure_bounded("", NO_PROOFS, neighbour::AT_ONCE)?;
    let agents = place.seed(&neighbour::settings(), size.pages + neighbour::AGENTS).await?;
    attack::seed(&place).await?;
    let log = place.path("server.log");
    let mut launch = place.launch(&config, &log);
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    if size.pinned {
        probe::leave_first_core().await?;
        launch.command =
            ["taskset", "-c", "0"].map(str::to_owned).into_iter().chain(launch.command).collect();
    }
    let process = launch.start_well().await?;
    let mut neighbour = Neighbour::settle(&place, &agents, size, seed).await?;
    // Caches fill.
    neighbour.window(size.calm.min(Duration::from_secs(3))).await?;
    report.before = probe::usage(process.pid()?)?;
    report.peak = report.before;
    let (mut calm_cpu, mut storm_cpu) = (Vec::new(), Vec::new());
    for turn in 0..size.turns {
        let (window, cpu) = watched(&process, &mut neighbour, size.calm, &mut report.peak).await?;
        report.calm.push(window);
        calm_cpu.push(cpu);
        let attackers = attackers(&place, seed + u64::from(turn), size)?;
        sleep(RAMP.min(size.storm / 2)).await;
        let (window, cpu) = watched(&process, &mut neighbour, size.storm, &mut report.peak).await?;
        report.storm.push(window);
        storm_cpu.push(cpu);
        report.answers.add(end(attackers, size).await?);
        report.back_after = calms_down(&process, &report.before, &mut report.after).await?;
    }
    report.cpu = (median(calm_cpu), median(storm_cpu));
    report.log_bytes = std::fs::metadata(&log)?.len();
    neighbour.go_home().await;
    process.stop().await?;
    Ok(report)
}

/// A window of the neighbour's, and the server's CPU in it, percent of a core.
async fn watched(
    process: &Process,
    neighbour: &mut Neighbour,
    period: Duration,
    peak: &mut Usage,
) -> Result<(Window, f64)> {
    let pid = process.pid()?;
    let (began, before) = (Instant::now(), probe::usage(pid)?);
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
    let cpu = (probe::usage(pid)?.cpu_seconds - before.cpu_seconds) / began.elapsed().as_secs_f64();
    Ok((window, cpu * 100.0))
}

/// A process of their own: their work must not stand in the neighbour's way at this end.
fn attackers(place: &Place, seed: u64, size: &Size) -> Result<Child> {
    let own = std::env::current_exe()?;
    // Tests stand one folder deeper than the program.
    let folder = own.parent().context("a program stands in a folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let rig = folder.join("rig");
    ensure!(rig.is_file(), "{} is not there: cargo build --package rig", rig.display());
    let seconds = (size.storm + RAMP + Duration::from_secs(1)).as_secs();
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(rig).args(["attack", "--addr", &place.addr.to_string()]);
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

/// One of the times that a neighbour waits for.
type Which = fn(&Window) -> Spread;

const TIMES: [(&str, Which); 4] = [
    ("request_to_201", |window| window.answered),
    ("page_connected", |window| window.joined),
    ("click_to_offer", |window| window.offered),
    ("frame", |window| window.frames),
];

impl Report {
    /// Whether all that is no figure is as it must be: the neighbour was served, attackers were told when to come
    /// back, and what they held came back.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self
            .calm
            .iter()
            .chain(&self.storm)
            .flat_map(|window| {
                window.trouble.iter().map(|(what, count)| format!("neighbour: {what}, {count} times"))
            })
            .collect();
        faults.extend(self.answers.faults());
        if self.back_after.is_none() {
            faults.push(format!(
                "{} descriptors stay, {} were there",
                self.after.descriptors, self.before.descriptors
            ));
        }
        faults
    }

    /// Of the p99 in the storm to that in the calm, by time.
    pub fn ratios(&self) -> BTreeMap<&'static str, f64> {
        let p99 = |windows: &[Window], which: Which| {
            median(windows.iter().map(|window| which(window).p99).collect())
        };
        TIMES
            .iter()
            .map(|(name, which)| (*name, p99(&self.storm, *which) / p99(&self.calm, *which)))
            .collect()
    }

    pub fn json(&self) -> Value {
        let spread = |windows: &[Window], which: Which| {
            let of =
                |pick: fn(Spread) -> f64| median(windows.iter().map(|window| pick(which(window))).collect());
            json!({ "p50_ms": of(|spread| spread.p50), "p99_ms": of(|spread| spread.p99),
                "count": windows.iter().map(|window| which(window).count).sum::<usize>() })
        };
        let times: BTreeMap<&str, Value> = TIMES
            .iter()
            .map(|(name, which)| {
                (
                    *name,
                    json!({ "alone": spread(&self.calm, *which), "attacked": spread(&self.storm, *which) }),
                )
            })
            .collect();
        let usage = |usage: Usage| json!({ "resident_mb": usage.resident_kb / 1024, "descriptors": usage.descriptors });
        json!({
            "p99_ratios": self.ratios(), "goal": GOAL, "times": times,
            "server": { "before": usage(self.before), "peak": usage(self.peak), "after": usage(self.after),
                "back_after_s": self.back_after.map(|after| after.as_secs_f64()),
                "cpu_percent_alone": self.cpu.0, "cpu_percent_attacked": self.cpu.1, "log_bytes": self.log_bytes },
            "answers": self.answers, "load_before": self.load_before, "faults": self.faults(),
        })
    }
}

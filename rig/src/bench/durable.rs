//! `durable`: requests a second when many share a commit, against one commit each; and whether an answer ever
//! left before its data were on disk, seen by strace.
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Figures, Goal};
use crate::{
    customer::{Wish, post, request},
    http::Http,
    people::Chance,
    place::{Database, Place, shortened},
    probe::{self, median},
    process::Launch,
    trace,
};

const CLIENTS: usize = 64;
/// Turns of each side.
const TURNS: usize = 5;
/// Every sync takes at least this longer, in microseconds: a quiet disk must not hide what a sync costs.
const PADDING_US: u32 = 1_000;

/// Both sides in turn, then the trace.
pub async fn run(server: PathBuf, traced: PathBuf, seed: u64, seconds: u64) -> Result<Figures> {
    let load = probe::load();
    let (mut ratios, mut shared, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let mut syncs = None;
    for turn in 0..TURNS {
        let place = Place::new(server.clone(), Database::Sqlite).await?;
        syncs = Some(probe::syncs(place.path("").as_path()).await?);
        let many = rate(&place, 512, seed + turn as u64, seconds).await?;
        let place = Place::new(server.clone(), Database::Sqlite).await?;
        let one = rate(&place, 1, seed + turn as u64, seconds).await?;
        ratios.push(many / one);
        shared.push(many);
        single.push(one);
    }
    let honest = trace::sqlite(traced.clone(), seed, false).await?;
    let control = trace::sqlite(traced, seed, true).await?;
    ensure!(control.early > 0, "the control answers without a sync, and the trace does not see it");
    Ok(Figures {
        bench: "durable",
        figures: vec![
            ("group_to_single_ratio", median(ratios.clone()), Goal::AtLeast(2.5)),
            ("acknowledged_before_sync", f64::from(honest.early), Goal::AtMost(0.0)),
        ],
        context: json!({
            "clients": CLIENTS, "turns": TURNS, "seconds": seconds, "sync_padding_us": PADDING_US,
            "requests_per_second_shared": median(shared), "requests_per_second_single": median(single),
            "ratios": ratios, "fsync_probe": syncs.map(probe::Spread::json), "seed": seed, "load_before": load,
            "traced_answers": honest.answers, "control_answers": control.answers,
            "control_acknowledged_before_sync": control.early,
        }),
    })
}

/// Requests a second that are answered by 201.
async fn rate(place: &Place, inputs_per_commit: u32, seed: u64, seconds: u64) -> Result<f64> {
    let config = place.configure(&format!("inputs_per_commit = '{inputs_per_commit}'"), "")?;
    place.seed(&shortened(), 1).await?;
    let log = place.path("server.log");
    let process = padded(place, &config, &log).start_well().await?;
    ask(place, seed, Duration::from_secs(1)).await?;
    let began = Instant::now();
    let answered = ask(place, seed + 1_000, Duration::from_secs(seconds)).await?;
    let rate = f64::from(answered) / began.elapsed().as_secs_f64();
    process.stop().await.context("the padded server does not end")?;
    Ok(rate)
}

/// A server whose every sync takes longer, by strace; nothing else is traced.
fn padded<'a>(place: &'a Place, config: &'a Path, log: &'a Path) -> Launch<'a> {
    let inject = format!("--inject=fdatasync,fsync:delay_exit={PADDING_US}");
    let trace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=fdatasync,fsync", &inject, "-o", "/dev/null"];
    let mut launch = place.launch(config, log);
    launch.command = trace.iter().map(|word| (*word).to_owned()).chain(launch.command).collect();
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    launch
}

/// Asks for so long with all clients; returns how many 201 came.
pub async fn ask(place: &Place, seed: u64, period: Duration) -> Result<u32> {
    let mut clients = JoinSet::new();
    let until = Instant::now() + period;
    for n in 0..CLIENTS {
        let (mut http, mut chance) = (Http::new(place.addr), Chance::new(seed, &format!("client {n}")));
        clients.spawn(async move {
            let mut answered = 0;
            let body = request(&Wish { number: None, cancels: None });
            while Instant::now() < until {
                let answer = post(&mut http, &chance.key(), &body).await?;
                ensure!(answer.status == 201, "refused with {}", answer.status);
                answered += 1;
            }
            Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(count) = clients.join_next().await {
        answered += count??;
    }
    sleep(Duration::ZERO).await;
    Ok(answered)
}

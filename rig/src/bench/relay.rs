//! `relay`: CPU for each delivery against a bare axum relay, memory of an idle connection, and what a viewer
//! that reads nothing costs the others.
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::sleep,
};

use super::{Figures, Goal};
use crate::{
    World,
    cobrowse::{self, Crowd, Pace, Relay, Stage},
    crowd::{self, Live},
    customer::{Wish, ask},
    people::Chance,
    place::{Database, Place},
    probe::{self, Spread, median},
    process::{Launch, Process},
    socket::Socket,
};

const TURNS: usize = 5;
const VIEWERS: usize = 2;
const PACE: Pace = Pace { per_second: 10, bytes: 200 };
/// Sessions in which one more viewer stalls, and what fills its socket.
const STALLED: usize = 50;
const BURST: Pace = Pace { per_second: 20, bytes: 32_000 };
const BURST_FOR: Duration = Duration::from_secs(3);
const IDLE: usize = 10_000;
const TABS: usize = 16;

pub struct Size {
    pub sessions: usize,
    pub window: Duration,
    pub idle: usize,
}

impl Size {
    pub fn whole() -> Self {
        Self { sessions: 500, window: Duration::from_secs(6), idle: IDLE }
    }

    pub fn short() -> Self {
        Self { sessions: 40, window: Duration::from_secs(1), idle: 320 }
    }
}

pub async fn run(server: PathBuf, seed: u64, size: &Size) -> Result<Figures> {
    let load = probe::load();
    let place = Place::new(server.clone(), Database::Sqlite).await?;
    let (process, live) = open(&place, seed, size.sessions).await?;
    let ours = Arc::new(Stage::default());
    let mut crowd = Crowd::new();
    live.connect(&ours, VIEWERS, &mut crowd).await;

    let (mut bare, addr) = bare().await?;
    let theirs = Arc::new(Stage::default());
    connect_bare(&theirs, addr, size.sessions, &mut crowd).await;

    let (mut ratios, mut our_cpu, mut their_cpu) = (Vec::new(), Vec::new(), Vec::new());
    let (mut calm, mut bare_latency) = (Vec::new(), Spread::default());
    let bare_pid = bare.id().context("the bare relay has ended")?;
    for _ in 0..TURNS {
        let (one, latency) = window(&ours, process.pid()?, size.window).await?;
        calm.push(latency);
        let (other, latency) = window(&theirs, bare_pid, size.window).await?;
        bare_latency = latency;
        ratios.push(one / other);
        our_cpu.push(one);
        their_cpu.push(other);
    }
    bare.kill().await?;
    let lost = ours.lost.load(Ordering::Relaxed);
    ensure!(lost == 0, "{lost} connections were lost while nobody stalled");

    let stalled = stall(&live, &ours, &mut crowd, process.pid()?, size).await?;
    let p99s = |spreads: &[Spread]| median(spreads.iter().map(|spread| spread.p99).collect());
    let waits = ours.waits.load(Ordering::Relaxed);
    live.world.over.send_replace(true);
    crowd.shutdown().await;
    process.stop().await?;
    let idle = idle(server, seed, size.idle).await?;
    Ok(Figures {
        bench: "relay",
        figures: vec![
            ("cpu_ratio_to_bare_axum", median(ratios.clone()), Goal::AtMost(1.3)),
            ("idle_kb_per_connection", idle, Goal::AtMost(9.0)),
            ("stalled_viewer_p99_ratio", p99s(&stalled) / p99s(&calm), Goal::AtMost(1.3)),
            ("publisher_waits_on_viewer", waits as f64, Goal::AtMost(0.0)),
        ],
        context: json!({
            "sessions": size.sessions, "viewers": VIEWERS, "frames_per_second": PACE.per_second,
            "frame_bytes": PACE.bytes, "turns": TURNS, "window_s": size.window.as_secs(), "ratios": ratios,
            "cpu_seconds_per_million_deliveries": median(our_cpu),
            "bare_cpu_seconds_per_million_deliveries": median(their_cpu),
            "p99_ms": p99s(&calm), "stalled_p99_ms": p99s(&stalled), "bare": bare_latency.json(),
            "stalled_viewers": STALLED.min(size.sessions), "idle_connections": size.idle, "load_before": load, "seed": seed,
            "frames": "made by the rig, of the size of recorded patches; the server does not decode them",
        }),
    })
}

async fn open(place: &Place, seed: u64, sessions: usize) -> Result<(Process, Live)> {
    let config = place.configure("", crowd::STAYS)?;
    let agents = place.seed(&crowd::patient(), sessions).await?;
    let log = place.path("server.log");
    let process = pinned(place.launch(&config, &log)).start_well().await?;
    // One more viewer in each, for those that stall.
    let live = crowd::gather(place, &agents, sessions, VIEWERS + 1, seed).await?;
    Ok((process, live))
}

/// On the first core alone; the load has the others.
fn pinned(mut launch: Launch<'_>) -> Launch<'_> {
    launch.command = ["taskset", "-c", "0"].map(str::to_owned).into_iter().chain(launch.command).collect();
    launch.env.push(("RINGSIDE_LOG".into(), "warn".into()));
    launch
}

async fn bare() -> Result<(Child, SocketAddr)> {
    let own = std::env::current_exe()?;
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .arg(own)
        .arg("bare")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the bare relay does not start")?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("standard output is piped")?;
    BufReader::new(stdout).read_line(&mut line).await?;
    Ok((child, line.trim().parse().with_context(|| format!("the bare relay said {line:?}"))?))
}

async fn connect_bare(stage: &Arc<Stage>, addr: SocketAddr, sessions: usize, crowd: &mut Crowd) {
    for n in 0..sessions {
        for _ in 0..VIEWERS {
            crowd.spawn(cobrowse::view(stage.clone(), Relay::Bare { addr }, n, String::new(), false));
        }
        crowd.spawn(cobrowse::publish(stage.clone(), Relay::Bare { addr }, n, String::new()));
        if n % 20 == 19 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    sleep(Duration::from_secs(2)).await;
}

/// CPU-seconds of the relay for a million deliveries, and how long they took.
async fn window(stage: &Stage, pid: u32, period: Duration) -> Result<(f64, Spread)> {
    stage.take();
    let (before, delivered) = (probe::usage(pid)?, stage.delivered.load(Ordering::Relaxed));
    stage.play(PACE, period).await;
    let after = probe::usage(pid)?;
    let count = stage.delivered.load(Ordering::Relaxed) - delivered;
    ensure!(count > 0, "nothing was delivered");
    Ok(((after.cpu_seconds - before.cpu_seconds) * 1e6 / count as f64, stage.take()))
}

/// The others' latencies while some viewers read nothing and their sockets are full.
async fn stall(
    live: &Live,
    stage: &Arc<Stage>,
    crowd: &mut Crowd,
    pid: u32,
    size: &Size,
) -> Result<Vec<Spread>> {
    for (n, tokens) in live.viewer_tokens.iter().enumerate().take(STALLED) {
        let token = tokens[VIEWERS].clone();
        crowd.spawn(cobrowse::view(stage.clone(), live.relay.clone(), n, token, true));
    }
    sleep(Duration::from_secs(1)).await;
    stage.play(BURST, BURST_FOR.min(size.window)).await;
    sleep(Duration::from_secs(2)).await;
    let mut spreads = Vec::new();
    for _ in 0..TURNS {
        spreads.push(window(stage, pid, size.window.min(Duration::from_secs(4))).await?.1);
    }
    Ok(spreads)
}

/// KiB of the server for each connection that says nothing.
async fn idle(server: PathBuf, seed: u64, connections: usize) -> Result<f64> {
    let place = Place::new(server, Database::Sqlite).await?;
    let config = place.configure("", "")?;
    place.seed(&crowd::patient(), 1).await?;
    let log = place.path("server.log");
    let process = pinned(place.launch(&config, &log)).start_well().await?;
    let world = World::new(&place);
    let mut chance = Chance::new(seed, "idle");
    let mut tokens = Vec::new();
    for _ in 0..connections.div_ceil(TABS) {
        let (accepted, _) = ask(&world, &Wish { number: None, cancels: None }, &mut chance).await?;
        tokens.push(accepted.token);
    }
    sleep(Duration::from_secs(2)).await;
    let before = probe::usage(process.pid()?)?;
    let mut sockets = Vec::with_capacity(connections);
    for n in 0..connections {
        let token = &tokens[n / TABS];
        sockets
            .push(page(&world, token).await.map_err(|code| anyhow::anyhow!("page {n}: closed with {code}"))?);
    }
    sleep(Duration::from_secs(3)).await;
    let after = probe::usage(process.pid()?)?;
    drop(sockets);
    process.stop().await?;
    Ok((after.resident_kb.saturating_sub(before.resident_kb)) as f64 / connections as f64)
}

async fn page(world: &World, token: &str) -> Result<Socket, u16> {
    use shared::{
        ProtocolVersion, TabId,
        wire::widget::{Hello, WidgetToServer},
    };
    let mut socket = Socket::connect(world.addr, "/ws/widget", &[("origin", crate::place::SHOP)]).await?;
    let token = token.to_owned();
    let hello = Hello { version: ProtocolVersion::CURRENT, token, tab: TabId(1), voice: false };
    socket.send(WidgetToServer::from(hello).encode()).await?;
    socket.next().await?;
    Ok(socket)
}

//! `rig`: trials and figures of a real server. `cargo xtask` builds what it needs and runs it.
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use rig::{
    bare,
    bench::{click, durable, proof, relay},
    chaos,
    flood::{self, attack},
    place::Database,
    process::built_server,
    soak, trace, trouble,
};

#[derive(Parser)]
#[command(about = "Drives a real server without browsers: trials of faults, and figures")]
struct Cli {
    /// The server to run [default: the one that was built beside this program]
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kill the server again and again in a busy period, then audit what it kept
    Chaos {
        #[arg(long, default_value_t = 100)]
        kills: u32,
        #[arg(long, value_enum, default_value_t = Database::Sqlite)]
        store: Database,
        /// Seconds that the busy period lasts
        #[arg(long, default_value_t = 900)]
        seconds: u64,
        #[arg(long, default_value_t = 20)]
        agents: usize,
        #[arg(long, default_value_t = 200)]
        customers: usize,
    },
    /// Take the server's disk away: full, read-only, and turning read-only
    Disk,
    /// A neighbour's times alone, and while strangers and another business attack
    Flood {
        /// So short that it only shows that it works
        #[arg(long)]
        short: bool,
        /// One kind of attack alone
        #[arg(long)]
        only: Option<String>,
        #[arg(long)]
        turns: Option<u32>,
    },
    /// The attackers of `flood`, which starts them
    #[command(hide = true)]
    Attack {
        #[arg(long)]
        addr: SocketAddr,
        #[arg(long)]
        seconds: u64,
        #[arg(long)]
        percent: usize,
        #[arg(long)]
        only: Option<String>,
    },
    /// Look for answers that left before their data were on disk, with a control that must be caught
    Trace {
        #[arg(long, value_enum, default_value_t = Database::Sqlite)]
        store: Database,
    },
    /// Many live contacts with co-browse for a long time
    Soak {
        #[arg(long, default_value_t = 1_000)]
        contacts: usize,
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// click-to-offer, relay, durable or proof
    Bench {
        name: String,
        #[arg(long)]
        json: bool,
        /// So short that it only shows that it works
        #[arg(long)]
        short: bool,
        /// The debug build of the server, for what is traced
        #[arg(long)]
        traced: Option<PathBuf>,
    },
    /// The bare relay that `bench relay` compares with
    Bare,
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(execute(Cli::parse())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is a command for a terminal")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("rig: {error:#}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "this is a command for a terminal")]
fn say(text: &str) {
    println!("{text}");
}

/// True if nothing was wrong.
async fn execute(cli: Cli) -> Result<bool> {
    if let Command::Bare = cli.command {
        bare::serve(|addr| say(&addr.to_string())).await?;
        return Ok(true);
    }
    let seed = cli.seed;
    if let Command::Attack { addr, seconds, percent, only } = cli.command {
        let plan = attack::Plan { addr, seed, period: Duration::from_secs(seconds), percent, only };
        say(&serde_json::to_string(&attack::run(&plan).await?)?);
        return Ok(true);
    }
    let server = cli.server.map_or_else(built_server, Ok)?;
    match cli.command {
        Command::Chaos { kills, store, seconds, agents, customers } => {
            let period = Duration::from_secs(seconds);
            let plan = chaos::Plan { server, database: store, seed, kills, period, agents, customers };
            say(&format!("chaos: seed {seed}, {kills} kills in {seconds} s on {store:?}"));
            let report = chaos::run(&plan).await?;
            say(&format!("{report:#?}"));
            Ok(report.faults.is_empty())
        }
        Command::Disk => disk(server, seed).await,
        Command::Flood { short, only, turns } => {
            let whole = if short { flood::Size::short() } else { flood::Size::whole() };
            let size = flood::Size { turns: turns.unwrap_or(whole.turns), only, ..whole };
            let report = flood::run(server, seed, &size).await?;
            say(&format!("{:#}", report.json()));
            Ok(report.faults().is_empty())
        }
        Command::Trace { store } => {
            let (honest, control) = match store {
                Database::Sqlite => (
                    trace::sqlite(server.clone(), seed, false).await?,
                    trace::sqlite(server, seed, true).await?,
                ),
                Database::Postgres => (
                    trace::postgres(server.clone(), seed, false).await?,
                    trace::postgres(server, seed, true).await?,
                ),
            };
            say(&format!("{store:?}: {honest:?}; control: {control:?}"));
            Ok(honest.early == 0 && control.early > 0)
        }
        Command::Soak { contacts, seconds } => {
            let period = Duration::from_secs(seconds);
            let report = soak::run(server, seed, contacts, period, |look| say(&format!("{look:?}"))).await?;
            let soak::Report { lost_connections, delivered, faults, load_before, .. } = report;
            say(&format!(
                "lost {lost_connections}, delivered {delivered}, load before {load_before}, faults {faults:?}"
            ));
            Ok(lost_connections == 0 && faults.is_empty())
        }
        Command::Bench { name, json, short, traced } => {
            let traced = traced.unwrap_or_else(|| server.clone());
            let figures = match name.as_str() {
                "click-to-offer" => click::run(server, seed, if short { 2 } else { 20 }).await?,
                "durable" => durable::run(server, traced, seed, if short { 1 } else { 5 }).await?,
                "relay" => {
                    let size = if short { relay::Size::short() } else { relay::Size::whole() };
                    relay::run(server, seed, &size).await?
                }
                "proof" => proof::run(Duration::from_secs(if short { 1 } else { 10 }))?,
                other => bail!("there is no bench `{other}`: click-to-offer, durable, proof, relay"),
            };
            say(&if json { figures.json() } else { figures.table() });
            Ok(true)
        }
        Command::Bare | Command::Attack { .. } => Ok(true),
    }
}

async fn disk(server: PathBuf, seed: u64) -> Result<bool> {
    let mut sound = true;
    for wall in [trouble::Wall::Limit, trouble::Wall::FileSystem] {
        match trouble::full(server.clone(), wall, seed).await {
            Ok(report) => {
                say(&format!("full ({wall:?}): {report:?}"));
                sound &= report.faults.is_empty();
            }
            Err(error) if wall == trouble::Wall::FileSystem => {
                say(&format!("full ({wall:?}): not tried, {error:#}"));
            }
            Err(error) => return Err(error),
        }
    }
    match trouble::turned_read_only(server.clone(), seed).await {
        Ok(report) => {
            say(&format!("turned read-only: {report:?}"));
            sound &= report.faults.is_empty();
        }
        Err(error) => say(&format!("turned read-only: not tried, {error:#}")),
    }
    say(&format!("read-only: {}", trouble::read_only(server).await?.trim()));
    Ok(sound)
}

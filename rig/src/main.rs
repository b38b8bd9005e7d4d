//! `rig`: trials and figures of a real server. `cargo xtask` builds what it needs and runs it.
use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, Subcommand};
use rig::{chaos, place::Database, process::built_server, trouble};

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
    /// Take the server's disk away: full, and read-only
    Disk,
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
    let server = cli.server.map_or_else(built_server, Ok)?;
    let seed = cli.seed;
    match cli.command {
        Command::Chaos { kills, store, seconds, agents, customers } => {
            let period = Duration::from_secs(seconds);
            let plan = chaos::Plan { server, database: store, seed, kills, period, agents, customers };
            say(&format!("chaos: seed {seed}, {kills} kills in {seconds} s on {store:?}"));
            let report = chaos::run(&plan).await?;
            say(&format!("{report:#?}"));
            Ok(report.faults.is_empty())
        }
        Command::Disk => {
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
            say(&format!("read-only: {}", trouble::read_only(server).await?.trim()));
            Ok(sound)
        }
    }
}

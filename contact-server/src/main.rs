//! The `ringside` binary: `serve` runs the contact server, `admin` sets it up.
use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use contact_server::{
    admin::{self, Admin},
    clock::{Clock, SystemClock},
    config::{Config, Source},
    doctor, logs, run,
};

/// With glibc's, 800 MB of a flood of sign-ins stayed for good.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tasks that run between two looks at which sockets are ready. With tokio's 61, frames of pages wait until sixty
/// strangers of a flood had their turn.
const SOCKETS_ASKED_EVERY: u32 = 16;

#[derive(Parser)]
#[command(name = "ringside", version, about = "Call-me widget, contact server and co-browse")]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration is. Flags win over variables, and those over the file.
#[derive(Args)]
struct Place {
    /// Configuration file [default: ringside.toml, if there is one]
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Folder of the files that Ringside keeps [default: data]
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// sqlite:PATH or postgres://USER@HOST/NAME [default: sqlite:DATA/ringside.db]
    #[arg(long, global = true)]
    database: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the contact server
    Serve(Serve),
    /// Businesses, agents, keys, prompts. A running server notices changes within two seconds
    #[command(subcommand)]
    Admin(Admin),
    /// Check this deployment, and say what to mend
    Doctor {
        /// One object of JSON instead of lines for people
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct Serve {
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Set up a business, agents with a known password and a virtual telephone; on loopback only
    #[arg(long)]
    demo: bool,
    /// A site that may use the demo's business; may be repeated
    #[arg(long = "demo-origin")]
    demo_origins: Vec<String>,
    /// Once ready, print one line of JSON on standard output that says where everything is
    #[arg(long)]
    ready_json: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    small_pages();
    let log = match logs::start() {
        Ok(log) => log,
        Err(error) => {
            // Standard error may be gone; the exit code still tells.
            drop(writeln!(std::io::stderr(), "ringside: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let code = execute(cli).unwrap_or_else(|error| {
        log.say(&format!("ringside: {error:#}"));
        ExitCode::FAILURE
    });
    log.end();
    code
}

/// The allocator asks for huge pages where it may. Linux clears one of 2 MiB while a thread waits for it: under a flood
/// that fills memory, 4 ms and more in which nobody was served (docs/reliability.md).
#[cfg(target_os = "linux")]
fn small_pages() {
    // A kernel that does not know of it is only slower.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn small_pages() {}

fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(SOCKETS_ASKED_EVERY)
        .build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => {
                let ready_json = serve.ready_json;
                serve_until_told(load(&cli.place, Some(serve))?, ready_json).await?;
            }
            Command::Admin(command) => administer(&cli.place, command).await?,
            Command::Doctor { json } => {
                let report = doctor::examine(load(&cli.place, None)).await;
                report.print(json, &mut std::io::stdout())?;
                return Ok(if report.is_fit() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn administer(place: &Place, command: Admin) -> anyhow::Result<()> {
    let config = load(place, None)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut out = std::io::stdout();
    if let Admin::Restore { from, journals } = command {
        return admin::restore(from, journals, &config, &clock, &mut out).await;
    }
    let store = store::open(&config.database).await.context("the database cannot be opened")?;
    admin::run(command, &config, &store, &clock, &mut out).await
}

fn load(place: &Place, serve: Option<Serve>) -> anyhow::Result<Config> {
    let mut source = Source::open(place.config.as_deref())?.with_env(std::env::vars());
    let flags = [
        ("data", place.data.as_ref().map(|path| path.display().to_string())),
        ("database", place.database.clone()),
        ("listen", serve.as_ref().and_then(|serve| serve.listen).map(|addr| addr.to_string())),
        ("demo", serve.as_ref().filter(|serve| serve.demo).map(|_| "true".to_owned())),
        ("demo_origins", serve.map(|serve| serve.demo_origins.join(",")).filter(|list| !list.is_empty())),
    ];
    for (key, value) in flags {
        if let Some(value) = value {
            source.set(key, &value);
        }
    }
    Ok(Config::from_source(source)?)
}

async fn serve_until_told(config: Config, ready_json: bool) -> anyhow::Result<()> {
    let told = told_to_end()?;
    let mut running = run::start(config).await?;
    if ready_json {
        say_ready(&running)?;
    }
    tokio::select! {
        () = told => {}
        failed = running.ended() => return Err(failed),
    }
    tracing::info!("told to end");
    running.shutdown().await
}

/// `{"ready":{"url":"http://localhost:8080", ...}}`; in a demo also logins, key and the telephone's link.
fn say_ready(running: &run::Running) -> anyhow::Result<()> {
    let mut ready = match &running.demo {
        Some(demo) => serde_json::to_value(demo)?,
        None => serde_json::json!({}),
    };
    ready["url"] = running.app.config.public_origin().into();
    if let Some(addr) = running.watch_addr {
        ready["metrics"] = addr.to_string().into();
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "ready": ready }))?;
    Ok(out.flush()?)
}

/// Ready at Ctrl-C or SIGTERM. Registered before anything starts, so that no signal is missed.
#[cfg(unix)]
fn told_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

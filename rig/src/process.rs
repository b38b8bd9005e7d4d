//! One life of the server: started, ready, ended or killed.
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{Instant, timeout},
};

/// A server that is not ready by then never will be.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A server that was told to end does so by then.
const ENDS_WITHIN: Duration = Duration::from_secs(45);

pub struct Process {
    child: Child,
    /// From its start until it took requests.
    pub ready_after: Duration,
}

/// How a start went.
pub enum Started {
    Ready(Process),
    /// It ended before it took requests, as a fail point told it to.
    Ended,
}

/// Builds the command that starts a server.
pub struct Launch<'a> {
    /// What is run: the server, or a program that runs it.
    pub command: Vec<String>,
    pub config: &'a Path,
    /// Where its log goes.
    pub log: &'a Path,
    pub env: Vec<(String, String)>,
}

impl Launch<'_> {
    /// Starts it and waits until it takes requests.
    pub async fn start(self) -> Result<Started> {
        let began = Instant::now();
        let log = File::options().append(true).create(true).open(self.log)?;
        let (program, words) = self.command.split_first().context("a command has a program")?;
        let mut child = Command::new(program)
            .args(words)
            .args(["serve", "--ready-json", "--config"])
            .arg(self.config)
            .envs(self.env)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        let stdout = child.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        let read = timeout(READY_WITHIN, BufReader::new(stdout).read_line(&mut line)).await;
        if read.context("the server is not ready in time")?? == 0 {
            child.wait().await?;
            return Ok(Started::Ended);
        }
        ensure!(line.contains("\"ready\""), "the server said {line:?}");
        Ok(Started::Ready(Process { child, ready_after: began.elapsed() }))
    }

    pub async fn start_well(self) -> Result<Process> {
        let log = self.log.to_owned();
        match self.start().await? {
            Started::Ready(process) => Ok(process),
            Started::Ended => bail!("the server ended at once; its log is {}", log.display()),
        }
    }
}

impl Process {
    /// Of the server itself, also where another program runs and watches it.
    pub fn pid(&self) -> Result<u32> {
        let pid = self.child.id().context("the server has ended")?;
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.trim() != "strace" {
            return Ok(pid);
        }
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let first = children.split_whitespace().next().context("strace runs nothing")?;
        Ok(first.parse()?)
    }

    /// Waits until it ended by itself, at most so long. True if it did.
    pub async fn ends_within(&mut self, limit: Duration) -> Result<bool> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => status.map(|_| true).map_err(Into::into),
            Err(_) => Ok(false),
        }
    }

    /// kill -9.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and waits until it ended cleanly.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.pid()?.to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await?;
        ensure!(told.success(), "the server cannot be told to end");
        let status = timeout(ENDS_WITHIN, self.child.wait()).await.context("the server does not end")??;
        ensure!(status.success(), "the server ended badly: {status}");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // strace would leave the server behind.
        if let Ok(pid) = self.pid() {
            drop(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status());
        }
    }
}

/// The server that was built beside this program.
pub fn built_server() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().context("a program stands in a folder")?;
    // Tests stand one folder deeper.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let server = folder.join("ringside");
    ensure!(server.is_file(), "{} is not there: cargo build --package contact-server", server.display());
    Ok(server)
}

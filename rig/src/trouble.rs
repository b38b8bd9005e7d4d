//! Takes the server's disk away: no room, a disk that only reads, and one that turns so while the server runs.
use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;

use crate::{
    World, audit,
    customer::{Wish, post, request},
    http::{Answer, Http},
    people::{Chance, numbers},
    place::{Database, Place, shortened},
    process::{Launch, Started},
};

mod turned;
pub use turned::turned_read_only;

/// Requests after which the disk must be full.
const MOST_REQUESTS: u32 = 20_000;
/// Tries until the server takes requests again.
const RECOVERS_WITHIN: u32 = 200;

/// How the disk gets full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// No file may grow beyond a limit (RLIMIT_FSIZE); every user can do that.
    Limit,
    /// A small file system in memory; for root alone.
    FileSystem,
}

#[derive(Debug)]
pub struct Report {
    pub accepted: u32,
    pub refused: u32,
    pub faults: Vec<String>,
}

/// Fills the disk by requests, checks the refusals, makes room, and checks what is there.
pub async fn full(server: PathBuf, wall: Wall, seed: u64) -> Result<Report> {
    let mut disk = Disk::new(wall).await?;
    let folder = tempfile::Builder::new().prefix("data-").tempdir_in(disk.folder())?;
    let place = Place::in_folder(server, Database::Sqlite, folder).await?;
    let config = place.configure("", "browsers = 'connected'\n")?;
    place.seed(&shortened(), 1).await?;
    let log = disk.log();
    let launch = Launch { command: disk.command(&place), ..place.launch(&config, &log) };
    let process = launch.start_well().await?;
    let world = Arc::new(World::new(&place));
    let mut report = Report { accepted: 0, refused: 0, faults: Vec::new() };

    let mut asks = Asks { http: Http::new(world.addr), chance: Chance::new(seed, "disk"), keys: Vec::new() };
    asks.until_refused(&mut report).await?;
    // Refused now, and again: clearly, at once, and nothing of it stays.
    for _ in 0..20 {
        let (_, answer) = asks.once().await?;
        report.check_refusal(&answer);
    }
    disk.make_room(process.pid()?).await?;
    asks.until_accepted(&mut report).await?;
    asks.all_are_known(&mut report).await?;
    process.stop().await?;
    let (kept, faults) = audit::audit(&place.database, place.business).await?;
    report.faults.extend(faults);
    let rows = u32::try_from(kept.contacts.len())?;
    if rows != report.accepted {
        report.faults.push(format!("{} were answered by 201, and {rows} are on disk", report.accepted));
    }
    disk.give_back().await?;
    Ok(report)
}

/// Starts a server whose data only read. It must say so and not start.
pub async fn read_only(server: PathBuf) -> Result<String> {
    let place = Place::new(server, Database::Sqlite).await?;
    let config = place.configure("", "")?;
    place.seed(&shortened(), 1).await?;
    let (log, data) = (place.path("server.log"), place.path("data").display().to_string());
    let server = place.server.display().to_string();
    let script = if is_root().await? {
        // Permissions do not hold root back: a mount of its own does.
        "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && shift && exec \"$@\""
    } else {
        "chmod -R a-w \"$1\" && shift && exec \"$@\""
    };
    let mut command = match is_root().await? {
        true => vec!["unshare".to_owned(), "--mount".to_owned()],
        false => Vec::new(),
    };
    command.extend(["sh", "-c", script, "sh", &data, &server].map(str::to_owned));
    match (Launch { command, ..place.launch(&config, &log) }).start().await? {
        Started::Ended => Ok(std::fs::read_to_string(&log)?),
        Started::Ready(_) => bail!("it serves although its disk only reads"),
    }
}

struct Asks {
    http: Http,
    chance: Chance,
    /// Of requests that were answered by 201.
    keys: Vec<(String, String, serde_json::Value)>,
}

impl Asks {
    /// Asks once, with a number and key of its own.
    async fn once(&mut self) -> Result<((String, String), Answer)> {
        let number = numbers().nth(self.keys.len() % 1_000);
        let body = request(&Wish { number, cancels: None });
        let key = self.chance.key();
        let answer = post(&mut self.http, &key, &body).await?;
        Ok(((key, body), answer))
    }

    async fn until_refused(&mut self, report: &mut Report) -> Result<()> {
        for _ in 0..MOST_REQUESTS {
            let ((key, body), answer) = self.once().await?;
            if answer.status != 201 {
                report.check_refusal(&answer);
                return Ok(());
            }
            report.accepted += 1;
            self.keys.push((key, body, answer.json()?["contact"].clone()));
        }
        bail!("the disk is not full after {MOST_REQUESTS} requests")
    }

    async fn until_accepted(&mut self, report: &mut Report) -> Result<()> {
        for _ in 0..RECOVERS_WITHIN {
            let ((key, body), answer) = self.once().await?;
            if answer.status == 201 {
                report.accepted += 1;
                self.keys.push((key, body, answer.json()?["contact"].clone()));
                return Ok(());
            }
            report.check_refusal(&answer);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("there is room again, and nothing is taken")
    }

    /// Whatever was answered by 201 is found by its key.
    async fn all_are_known(&mut self, report: &mut Report) -> Result<()> {
        for (key, body, contact) in self.keys.iter().rev().take(200) {
            let answer = post(&mut self.http, key, body).await?;
            if answer.status != 201 || answer.json()?["contact"] != *contact {
                report.faults.push(format!("contact {contact} was accepted and is not known"));
            }
        }
        Ok(())
    }
}

impl Report {
    /// 503, when to come back, and plain words.
    fn check_refusal(&mut self, answer: &Answer) {
        self.refused += 1;
        let said = answer.json().unwrap_or_default();
        let is_clear = answer.status == 503
            && answer.header("retry-after").is_some()
            && said["detail"].as_str().is_some_and(|detail| detail.contains("nothing was stored"));
        if !is_clear {
            self.faults.push(format!("a full disk was answered by {}: {said}", answer.status));
        }
    }
}

/// A disk that can get full.
struct Disk {
    wall: Wall,
    folder: tempfile::TempDir,
}

impl Disk {
    async fn new(wall: Wall) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ringside-disk-").tempdir()?;
        std::fs::create_dir(folder.path().join("disk"))?;
        let disk = Self { wall, folder };
        if wall == Wall::FileSystem {
            let at = disk.folder();
            run("mount", &["-t", "tmpfs", "-o", "size=3m", "tmpfs", &at.display().to_string()]).await?;
        }
        Ok(disk)
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn command(&self, place: &Place) -> Vec<String> {
        let server = place.server.display().to_string();
        // In KiB blocks of 1024 for dash and bash alike. The signal must not end the server.
        let script = "trap '' XFSZ; ulimit -S -f 2048; exec \"$@\"";
        match self.wall {
            Wall::Limit => ["bash", "-c", script, "sh", &server].map(str::to_owned).to_vec(),
            Wall::FileSystem => vec![server],
        }
    }

    async fn make_room(&mut self, pid: u32) -> Result<()> {
        match self.wall {
            Wall::Limit => run("prlimit", &["--pid", &pid.to_string(), "--fsize=unlimited"]).await,
            Wall::FileSystem => {
                run("mount", &["-o", "remount,size=200m", &self.folder().display().to_string()]).await
            }
        }
    }

    async fn give_back(&mut self) -> Result<()> {
        if self.wall == Wall::FileSystem {
            self.wall = Wall::Limit;
            run("umount", &["--lazy", &self.folder().display().to_string()]).await?;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.wall == Wall::FileSystem {
            let at = self.folder();
            // A trial that failed; what stays mounted is named by the folder's removal, which fails.
            drop(std::process::Command::new("umount").arg("--lazy").arg(at).status());
        }
    }
}

async fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().await?;
    Ok(output.stdout.trim_ascii() == b"0")
}

async fn run(program: &str, words: &[&str]) -> Result<()> {
    let output = Command::new(program).args(words).output().await.with_context(|| program.to_owned())?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

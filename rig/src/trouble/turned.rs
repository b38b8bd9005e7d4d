//! A disk that turns read-only while the server runs, as the kernel does it to an ext4 file system that is in
//! error (`errors=remount-ro`). The error is planted by the file system's own switch; root alone can do that.
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::{Asks, Report, run};
use crate::{
    World, audit,
    http::Http,
    people::Chance,
    place::{Database, Place, shortened},
    process::Started,
};

const IMAGE_BYTES: u64 = 64 << 20;
/// Asked and answered before the turn, and refused after it.
const REQUESTS: u32 = 30;

/// An idle server notices by then.
const NOTICED_WITHIN: Duration = Duration::from_secs(40);

/// Lets the disk turn, checks the refusals; mends the disk and checks what is there and that it goes on.
pub async fn turned_read_only(server: PathBuf, seed: u64) -> Result<Report> {
    let mut disk = Disk::new().await?;
    let folder = tempfile::Builder::new().prefix("data-").tempdir_in(disk.at())?;
    let place = Place::in_folder(server, Database::Sqlite, folder).await?;
    let config = place.configure("", "browsers = 'connected'\n")?;
    place.seed(&shortened(), 1).await?;
    let log = disk.folder.path().join("server.log");
    let mut process = place.launch(&config, &log).start_well().await?;
    let world = Arc::new(World::new(&place));
    let mut report = Report { accepted: 0, refused: 0, faults: Vec::new() };
    let mut asks = Asks { http: Http::new(world.addr), chance: Chance::new(seed, "turn"), keys: Vec::new() };
    for _ in 0..REQUESTS {
        asks.until_accepted(&mut report).await?;
    }
    disk.turn().await?;
    if !says_so_within(&log, NOTICED_WITHIN).await {
        report.faults.push("nobody asked it, and it did not say that nothing can be written".to_owned());
    }
    for _ in 0..REQUESTS {
        let (_, answer) = asks.once().await?;
        report.check_refusal(&answer);
    }
    let ready = asks.http.send("GET", "/readyz", &[], String::new()).await?;
    if ready.status != 503 {
        report.faults.push(format!("/readyz says {} while nothing can be written", ready.status));
    }
    process.kill().await?;
    disk.mend().await?;
    // Nobody synced it, and what was not synced may be gone.
    let config = place.configure("", "browsers = 'connected'\n")?;
    let Started::Ready(again) = place.launch(&config, &log).start().await? else {
        report.faults.push("it does not start on the mended disk".to_owned());
        return Ok(report);
    };
    asks.until_accepted(&mut report).await?;
    asks.all_are_known(&mut report).await?;
    again.stop().await?;
    let (kept, faults) = audit::audit(&place.database, place.business).await?;
    report.faults.extend(faults);
    let rows = u32::try_from(kept.contacts.len())?;
    if rows != report.accepted {
        report.faults.push(format!("{} were answered by 201, and {rows} are on disk", report.accepted));
    }
    drop(place);
    disk.give_back().await?;
    Ok(report)
}

async fn says_so_within(log: &Path, limit: Duration) -> bool {
    let says = async {
        while !std::fs::read_to_string(log).is_ok_and(|text| text.contains("the server is not ready")) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(limit, says).await.is_ok()
}

/// A file system in a file.
struct Disk {
    folder: tempfile::TempDir,
    mounted: bool,
}

impl Disk {
    async fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ringside-disk-").tempdir()?;
        std::fs::create_dir(folder.path().join("disk"))?;
        let mut disk = Self { folder, mounted: false };
        std::fs::File::create(disk.image())?.set_len(IMAGE_BYTES)?;
        run("mkfs.ext4", &["-q", &text(&disk.image())]).await?;
        disk.mount().await?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn at(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    async fn mount(&mut self) -> Result<()> {
        let words = ["-o", "loop,errors=remount-ro", &text(&self.image()), &text(&self.at())];
        run("mount", &words).await?;
        self.mounted = true;
        Ok(())
    }

    /// From now on nothing can be written.
    async fn turn(&self) -> Result<()> {
        let (mounts, at) = (std::fs::read_to_string("/proc/mounts")?, text(&self.at()));
        let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let ours = mounts.find(|words| words.get(1) == Some(&at.as_str())).context("it is not mounted")?;
        let device = ours[0].rsplit('/').next().unwrap_or_default();
        tokio::fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1").await?;
        let written = std::fs::write(self.at().join("probe"), "x");
        ensure!(written.is_err(), "the file system can still be written to");
        Ok(())
    }

    /// As an operator would: taken off, checked, put back.
    async fn mend(&mut self) -> Result<()> {
        run("umount", &[&text(&self.at())]).await?;
        self.mounted = false;
        // It ends with 1 where it mended something.
        drop(run("fsck.ext4", &["-p", "-f", &text(&self.image())]).await);
        self.mount().await
    }

    async fn give_back(&mut self) -> Result<()> {
        self.mounted = false;
        run("umount", &["--lazy", &text(&self.at())]).await
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // A trial that failed.
            drop(std::process::Command::new("umount").arg("--lazy").arg(self.at()).status());
        }
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

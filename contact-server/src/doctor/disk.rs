//! The data folder: is it there, is it private, does it keep what it was given, is there room?
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use super::{Finding, broken, fine, shown, warning};
use crate::{clock::Stopwatch, health};

const PROBE: &str = ".doctor";
const SYNCS: usize = 9;
const PROBE_BYTES: usize = 4096;
/// No disk is faster; what answers so has not written. The quickest with a capacitor need some 10 us.
const TOO_FAST: Duration = Duration::from_micros(4);
/// Every request waits for one.
const SLOW: Duration = Duration::from_millis(40);
const LITTLE_ROOM: u64 = 1 << 30;
/// statfs(2)
const TMPFS: i128 = 0x0102_1994;
const RAMFS: i128 = 0x8584_58F6;

pub(super) fn examine(data: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    match fs::metadata(data) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let beside = data.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let found = format!("{} is not there; the first start makes it", shown(data));
            return vec![fine("data folder", found), room(beside)];
        }
        Err(error) => {
            let found = format!("{} cannot be looked at: {error}", shown(data));
            return vec![broken("data folder", found, "let the user who runs Ringside own the folder")];
        }
        Ok(folder) if !folder.is_dir() => {
            let found = format!("{} is no folder", shown(data));
            return vec![broken("data folder", found, "name a folder in `data`")];
        }
        Ok(folder) if folder.permissions().mode() & 0o007 != 0 => findings.push(warning(
            "data folder",
            format!("{} is open to everybody on this machine", shown(data)),
            format!("chmod 700 {}", shown(data)),
        )),
        Ok(_) => findings.push(fine("data folder", shown(data))),
    }
    findings.push(sync(data));
    findings.push(room(data));
    findings
}

fn sync(data: &Path) -> Finding {
    if is_memory(data) {
        return broken(
            "disk sync",
            format!("{} lies in memory: a restart of the machine loses everything", shown(data)),
            "put `data` on a disk",
        );
    }
    match median_sync(data) {
        Err(error) => broken(
            "disk sync",
            format!("nothing can be written to {}: {error}", shown(data)),
            "make room, mount the disk for writing, or let the user who runs Ringside own the folder",
        ),
        Ok(took) if took < TOO_FAST => warning(
            "disk sync",
            format!("{took:?} is faster than any disk: a power cut may lose what was accepted"),
            "switch a write cache without a battery off; in a virtual machine, ask for a disk that honours flushes",
        ),
        Ok(took) if took > SLOW => warning(
            "disk sync",
            format!("{took:?}, and each request waits for one"),
            "use a quicker disk, or one that is not shared",
        ),
        Ok(took) => fine("disk sync", format!("{took:?} for {PROBE_BYTES} bytes")),
    }
}

fn median_sync(data: &Path) -> io::Result<Duration> {
    let path = data.join(PROBE);
    let probe = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            file.write_all(&[0; PROBE_BYTES])?;
            let watch = Stopwatch::start();
            file.sync_data()?;
            times.push(watch.took());
        }
        times.sort_unstable();
        Ok(times[SYNCS / 2])
    };
    let took = probe();
    // Not there if it could not be made.
    drop(fs::remove_file(&path));
    took
}

fn is_memory(place: &Path) -> bool {
    let kind = rustix::fs::statfs(place).map(|disk| i128::from(disk.f_type));
    kind.is_ok_and(|kind| kind == TMPFS || kind == RAMFS)
}

fn room(place: &Path) -> Finding {
    match health::room(place) {
        None => warning("disk room", "nobody can tell how much room there is", "look for yourself: df"),
        Some(bytes) if bytes < health::LEAST_ROOM => {
            broken("disk room", megabytes(bytes), "make room: requests are refused until there is some")
        }
        Some(bytes) if bytes < LITTLE_ROOM => warning("disk room", megabytes(bytes), "make room soon"),
        Some(bytes) => fine("disk room", megabytes(bytes)),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB are free", bytes >> 20)
}

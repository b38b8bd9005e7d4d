//! What a process uses, and how fast the disk is.
use std::{fs, io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use tokio::{process::Command, time::Instant};

/// Ticks of /proc/PID/stat in a second; Linux has told programs 100 for as long as it runs on these machines
/// (man 5 proc, `sysconf(_SC_CLK_TCK)`).
const TICKS: f64 = 100.0;

#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub resident_kb: u64,
    pub descriptors: usize,
}

pub fn usage(pid: u32) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name stands in brackets and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat has a name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident_kb = resident.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
    Ok(Usage {
        cpu_seconds: (ticks(11) + ticks(12)) / TICKS,
        resident_kb: resident_kb.context("/proc/PID/status has VmRSS")?,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
    })
}

/// Seconds that each core worked since the machine began, or percent of a period ([`Cores::since`]).
#[derive(Debug, Clone, Default)]
pub struct Cores {
    busy: Vec<f64>,
    /// What the machine would have used and was not given, of all cores.
    pub stolen: f64,
}

impl Cores {
    pub fn now() -> Result<Self> {
        let mut cores = Self::default();
        for line in fs::read_to_string("/proc/stat")?.lines().filter(|line| line.starts_with("cpu")) {
            let mut words = line.split_whitespace();
            let name = words.next();
            let ticks: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
            // user, nice, system, idle, iowait, irq, softirq, steal (man 5 proc).
            let sum = |of: &[usize]| of.iter().filter_map(|n| ticks.get(*n)).sum::<f64>() / TICKS;
            match name {
                Some("cpu") => cores.stolen = sum(&[7]),
                Some(_) | None => cores.busy.push(sum(&[0, 1, 2, 5, 6])),
            }
        }
        Ok(cores)
    }

    pub fn since(&self, before: &Self, seconds: f64) -> Self {
        let percent = |now: f64, before: f64| (now - before) / seconds * 100.0;
        Self {
            busy: self.busy.iter().zip(&before.busy).map(|(now, before)| percent(*now, *before)).collect(),
            stolen: percent(self.stolen, before.stolen),
        }
    }

    pub fn busy(&self, core: usize) -> f64 {
        self.busy.get(core).copied().unwrap_or(0.0)
    }
}

/// Runnable tasks of the last minute: what else this machine does.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|one| one.parse().ok()).unwrap_or(0.0)
}

/// Leaves the first core to the server: this program and whatever it starts run on the others, if there are any.
pub async fn leave_first_core() -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    if cores == 1 {
        return Ok(());
    }
    let (cores, own) = (format!("1-{}", cores - 1), std::process::id().to_string());
    let mut said = Vec::new();
    // A thread that ends meanwhile is a failure to taskset.
    for _ in 0..10 {
        let output = Command::new("taskset").args(["-a", "-c", "-p", &cores, &own]).output().await?;
        if output.status.success() {
            return Ok(());
        }
        said = output.stderr;
    }
    bail!("taskset: {}", String::from_utf8_lossy(&said).trim())
}

/// Milliseconds that writing and syncing 4 KiB takes in that folder.
pub async fn syncs(folder: &Path) -> Result<Spread> {
    let path = folder.join("probe");
    let times = tokio::task::spawn_blocking(move || -> Result<Vec<Duration>> {
        let mut file = fs::File::create(&path)?;
        let mut times = Vec::new();
        for _ in 0..200 {
            let began = Instant::now();
            file.write_all(&[7; 4_096])?;
            file.sync_data()?;
            times.push(began.elapsed());
        }
        fs::remove_file(path)?;
        Ok(times)
    });
    Ok(Spread::of(times.await??))
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spread {
    pub count: usize,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let ms = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
        let count = times.len();
        Self { count, p50: ms(count / 2), p99: ms(count * 99 / 100), max: ms(count.saturating_sub(1)) }
    }

    pub fn json(self) -> serde_json::Value {
        serde_json::json!({ "count": self.count, "p50_ms": self.p50, "p99_ms": self.p99, "max_ms": self.max })
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_names_the_hundredth_worst() {
        let spread = Spread::of((1..=200).map(Duration::from_millis).collect());
        assert_eq!((spread.count, spread.p50, spread.p99, spread.max), (200, 101.0, 199.0, 200.0));
        assert_eq!(Spread::of(Vec::new()).count, 0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = usage(std::process::id()).unwrap();
        assert!(usage.resident_kb > 0 && usage.descriptors > 0);
    }
}

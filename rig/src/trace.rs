//! Whether an answer left before its data were on disk: strace writes down the server's system calls, and
//! every 201 must have a sync behind its request that ended before the answer was written.
use std::{collections::BTreeMap, path::Path, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::{
    bench::durable,
    customer::{Wish, post, request},
    http::Http,
    people::Chance,
    place::{Database, Place, shortened},
    process::Launch,
};

const CALLS: &str = "trace=read,recvfrom,write,writev,sendto,fdatasync,fsync";
/// Requests one after the other: each has a commit of its own, so its sync can be no other's.
const ALONE: usize = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub answers: u32,
    /// Answers without a sync between request and answer.
    pub early: u32,
}

/// A server on SQLite. `control`: one that does not wait for the disk, which must be caught.
pub async fn sqlite(server: PathBuf, seed: u64, control: bool) -> Result<Seen> {
    let place = Place::new(server, Database::Sqlite).await?;
    traced(&place, seed, control, &[]).await
}

/// A server on Postgres, whose processes are traced with it.
pub async fn postgres(server: PathBuf, seed: u64, control: bool) -> Result<Seen> {
    let place = Place::new(server, Database::Postgres).await?;
    let pids = postmaster(&place.database).await?;
    traced(&place, seed, control, &pids).await
}

async fn traced(place: &Place, seed: u64, control: bool, database: &[u32]) -> Result<Seen> {
    let config = place.configure("", "")?;
    place.seed(&shortened(), 1).await?;
    let (log, folder) = (place.path("server.log"), place.path("trace"));
    std::fs::create_dir(&folder)?;
    let mut beside = match database {
        [] => None,
        pids => Some(follow(&folder, pids).await?),
    };
    let mut launch = place.launch(&config, &log);
    launch.command = strace(&folder.join("server")).into_iter().chain(launch.command).collect();
    if control {
        launch.env.push(("RINGSIDE_TEST_SYNC".into(), "off".into()));
    }
    let process = Launch { ..launch }.start_well().await?;
    alone(place, seed).await?;
    durable::ask(place, seed, Duration::from_secs(2)).await?;
    process.stop().await.context("the traced server does not end")?;
    if let Some(strace) = &mut beside {
        strace.kill().await?;
    }
    judge(&folder)
}

async fn alone(place: &Place, seed: u64) -> Result<()> {
    let (mut http, mut chance) = (Http::new(place.addr), Chance::new(seed, "alone"));
    for _ in 0..ALONE {
        let body = request(&Wish { number: None, cancels: None });
        let answer = post(&mut http, &chance.key(), &body).await?;
        ensure!(answer.status == 201, "refused with {}", answer.status);
    }
    Ok(())
}

/// One file for each thread, so that no call is torn.
fn strace(prefix: &Path) -> Vec<String> {
    let prefix = prefix.display().to_string();
    ["strace", "-ff", "-ttt", "-T", "-s", "24", "-e", CALLS, "-o", &prefix].map(str::to_owned).to_vec()
}

/// The main process of a throw-away cluster and its children.
async fn postmaster(url: &str) -> Result<Vec<u32>> {
    let port = url.rsplit(':').next().and_then(|end| end.split('/').next()).context("a URL has a port")?;
    let listing = Command::new("ps").args(["-eo", "pid=,ppid=,args="]).output().await?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse::<u32>().ok()?, words.next()?.parse::<u32>().ok()?, line.to_owned()))
    };
    let rows: Vec<_> = listing.lines().filter_map(row).collect();
    let main =
        rows.iter().find(|(.., args)| args.contains("/postgres ") && args.contains(&format!("port={port}")));
    let main = main.context("the cluster's process is not found")?.0;
    Ok(rows.iter().filter(|(pid, parent, _)| *pid == main || *parent == main).map(|row| row.0).collect())
}

async fn follow(folder: &Path, pids: &[u32]) -> Result<tokio::process::Child> {
    let words = strace(&folder.join("database"));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(pids.iter().flat_map(|pid| ["-p".to_owned(), pid.to_string()]));
    let strace = command.stderr(std::process::Stdio::null()).kill_on_drop(true).spawn()?;
    // Attached to all once its files are there.
    for _ in 0..100 {
        if std::fs::read_dir(folder)?.count() >= pids.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(strace)
}

/// What one system call of a trace was.
#[derive(Debug, PartialEq)]
enum Call {
    /// A request was read from a descriptor.
    Asked(u32),
    Answered(u32),
    Synced,
}

fn judge(folder: &Path) -> Result<Seen> {
    let mut calls = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let text = String::from_utf8_lossy(&std::fs::read(file?.path())?).into_owned();
        calls.extend(text.lines().filter_map(parse));
    }
    ensure!(!calls.is_empty(), "strace wrote nothing down");
    Ok(count(calls))
}

/// `1700000000.123456 fdatasync(12) = 0 <0.000123>`: begin, end, and what it was.
fn parse(line: &str) -> Option<(f64, f64, Call)> {
    let (begin, call) = line.split_once(' ')?;
    let begin: f64 = begin.parse().ok()?;
    let took: f64 = call.rsplit_once('<')?.1.strip_suffix('>')?.parse().ok()?;
    let (name, words) = call.split_once('(')?;
    let descriptor = || words.split([',', ')']).next()?.trim().parse::<u32>().ok();
    let call = match name {
        "fdatasync" | "fsync" if call.contains("= 0") => Call::Synced,
        "read" | "recvfrom" if words.contains("\"POST /api/v1/requests") => Call::Asked(descriptor()?),
        "write" | "writev" | "sendto" if words.contains("\"HTTP/1.1 201") => Call::Answered(descriptor()?),
        _ => return None,
    };
    Some((begin, begin + took, call))
}

fn count(mut calls: Vec<(f64, f64, Call)>) -> Seen {
    calls.sort_by(|a, b| a.0.total_cmp(&b.0));
    let syncs: Vec<(f64, f64)> = calls
        .iter()
        .filter(|(.., call)| *call == Call::Synced)
        .map(|(begin, end, _)| (*begin, *end))
        .collect();
    let (mut asked, mut seen) = (BTreeMap::new(), Seen::default());
    for (begin, end, call) in &calls {
        match call {
            Call::Asked(descriptor) => drop(asked.insert(*descriptor, *end)),
            Call::Answered(descriptor) => {
                seen.answers += 1;
                let since = asked.get(descriptor).copied().unwrap_or(*begin);
                // Syncs lie in the order of their begin.
                let first = syncs.partition_point(|(from, _)| *from < since);
                let on_disk =
                    syncs[first..].iter().take_while(|(from, _)| from < begin).any(|(_, to)| to <= begin);
                seen.early += u32::from(!on_disk);
            }
            Call::Synced => {}
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_trace_are_understood() {
        let sync = "1700000000.5 fdatasync(12) = 0 <0.25>";
        assert_eq!(parse(sync), Some((1_700_000_000.5, 1_700_000_000.75, Call::Synced)));
        let read = r#"1.0 recvfrom(34, "POST /api/v1/requests HT"..., 8192, 0, NULL, NULL) = 300 <0.5>"#;
        assert_eq!(parse(read), Some((1.0, 1.5, Call::Asked(34))));
        let answer =
            r#"2.0 writev(34, [{iov_base="HTTP/1.1 201 Created\r\nco"..., iov_len=9}], 2) = 9 <0.5>"#;
        assert_eq!(parse(answer), Some((2.0, 2.5, Call::Answered(34))));
        assert_eq!(parse("1.0 fdatasync(12) = -1 EIO (Input/output error) <0.1>"), None);
        assert_eq!(parse("+++ exited with 0 +++"), None);
    }

    #[test]
    fn answer_without_a_sync_of_its_own_is_early() {
        let honest =
            vec![(1.0, 1.1, Call::Asked(3)), (1.2, 1.4, Call::Synced), (1.5, 1.6, Call::Answered(3))];
        assert_eq!(count(honest), Seen { answers: 1, early: 0 });
        let older = vec![(1.0, 1.1, Call::Synced), (1.2, 1.3, Call::Asked(3)), (1.5, 1.6, Call::Answered(3))];
        assert_eq!(count(older), Seen { answers: 1, early: 1 });
        let late = vec![(1.2, 1.3, Call::Asked(3)), (1.4, 1.6, Call::Synced), (1.5, 1.6, Call::Answered(3))];
        assert_eq!(count(late), Seen { answers: 1, early: 1 });
    }
}

//! `cargo xtask mutants`: does the simulation of the contact centre bite? Plants one fault at a time in a copy
//! of the tree, runs the simulation, and counts which it catches. The faults stand in
//! `contact-server/core/mutants.txt`.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, command, complain, read, root, say};

const LIST: &str = "contact-server/core/mutants.txt";
const SOURCES: &str = "contact-server/core/src";
const CLAIM: &str = "a_million_events_differ_nowhere_from_the_model_and_break_no_invariant";
/// A simulation that takes so many times longer than without a mutant hangs, which is a fault that shows.
const HANGS_AFTER: u32 = 5;
/// The simulation without a mutant takes no longer.
const LONGEST: Duration = Duration::from_secs(900);
/// What the list holds at least.
const MUTANTS: usize = 30;

struct Mutant {
    name: String,
    file: String,
    goes: String,
    comes: String,
}

enum Outcome {
    /// With what the simulation said.
    Caught(String),
    Hung,
    Missed,
}

/// All of them, or those whose names contain a word.
pub(crate) fn run(wanted: &[&str]) -> Result<()> {
    let mutants = applying()?;
    let chosen: Vec<&Mutant> = mutants
        .iter()
        .filter(|mutant| wanted.is_empty() || wanted.iter().any(|word| mutant.name.contains(word)))
        .collect();
    ensure!(!chosen.is_empty(), "no mutant's name contains that");
    let tree = copy()?;
    say("the tree as it is ...");
    #[expect(clippy::disallowed_methods, reason = "this measures how long a command takes")]
    let began = Instant::now();
    let control = simulate(&build(&tree)?, LONGEST)?;
    ensure!(matches!(control, Outcome::Missed), "the simulation fails without a mutant");
    let limit = began.elapsed() * HANGS_AFTER;
    let (mut missed, mut broken, mut hung) = (Vec::new(), Vec::new(), 0);
    for (mutant, n) in chosen.iter().zip(1..) {
        let said = match try_out(&tree, mutant, limit) {
            Err(error) => {
                broken.push(format!("{}: {error:#}", mutant.name));
                "BROKEN".to_owned()
            }
            Ok(Outcome::Caught(said)) => format!("caught: {said}"),
            Ok(Outcome::Hung) => {
                hung += 1;
                "caught: it hangs".to_owned()
            }
            Ok(Outcome::Missed) => {
                missed.push(mutant.name.as_str());
                "MISSED".to_owned()
            }
        };
        say(&format!("{n:>3}/{} {:<70} {said}", chosen.len(), mutant.name));
    }
    let caught = chosen.len() - missed.len() - broken.len();
    say(&format!("{caught} of {} caught ({hung} of them hang)", chosen.len()));
    for name in &missed {
        complain(&format!("missed: {name}"));
    }
    for why in &broken {
        complain(&format!("broken: {why}"));
    }
    ensure!(missed.is_empty(), "the simulation misses {} mutants", missed.len());
    ensure!(broken.is_empty(), "{} mutants are no test of it", broken.len());
    Ok(())
}

/// The list, if every text in it still stands in the sources exactly once.
fn applying() -> Result<Vec<Mutant>> {
    let mutants = parse(&fs::read_to_string(root().join(LIST))?)?;
    ensure!(mutants.len() >= MUTANTS, "{} mutants are too few", mutants.len());
    for mutant in &mutants {
        mutated(&root(), mutant)?;
    }
    Ok(mutants)
}

fn parse(list: &str) -> Result<Vec<Mutant>> {
    let mut mutants: Vec<Mutant> = Vec::new();
    for line in list.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            let [file, goes, comes] = [(); 3].map(|()| String::new());
            mutants.push(Mutant { name: name.to_owned(), file, goes, comes });
            continue;
        }
        let words = line.split_once(' ').filter(|(word, _)| matches!(*word, "file" | "-" | "+"));
        match (mutants.last_mut(), words) {
            (Some(mutant), Some(("file", path))) => path.clone_into(&mut mutant.file),
            (Some(mutant), Some(("-", text))) => add(&mut mutant.goes, text),
            (Some(mutant), Some((_, text))) => add(&mut mutant.comes, text),
            _ if line.is_empty() || line.starts_with("# ") => {}
            _ => bail!("{LIST} has a line that says nothing: `{line}`"),
        }
    }
    Ok(mutants)
}

fn add(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

fn mutated(tree: &Path, mutant: &Mutant) -> Result<String> {
    let source = fs::read_to_string(tree.join(SOURCES).join(&mutant.file))
        .with_context(|| format!("`{}` names a file that is not there", mutant.name))?;
    let count = if mutant.goes.is_empty() { 0 } else { source.matches(&mutant.goes).count() };
    ensure!(count == 1, "`{}`: its text stands {count} times in {}, not once", mutant.name, mutant.file);
    ensure!(mutant.goes != mutant.comes, "`{}` changes nothing", mutant.name);
    Ok(source.replacen(&mutant.goes, &mutant.comes, 1))
}

/// What git knows of, in a folder of its own.
fn copy() -> Result<PathBuf> {
    let tree = root().join("target/xtask/mutants/tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    let files = read(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    for file in files.lines() {
        let (from, to) = (root().join(file), tree.join(file));
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::copy(from, to)?;
        }
    }
    Ok(tree)
}

fn try_out(tree: &Path, mutant: &Mutant, limit: Duration) -> Result<Outcome> {
    let path = tree.join(SOURCES).join(&mutant.file);
    let before = fs::read_to_string(&path)?;
    fs::write(&path, mutated(tree, mutant)?)?;
    let built = build(tree);
    fs::write(&path, before)?;
    simulate(&built?, limit)
}

/// Returns the test's executable. Unoptimised: most mutants are caught at once, and building takes longest.
fn build(tree: &Path) -> Result<PathBuf> {
    let built = cargo("test")
        .args(["--no-run", "--quiet", "--package", "contact-core", "--lib"])
        .args(["--message-format=json-render-diagnostics"])
        .args(["--config", "profile.dev.package.contact-core.opt-level=0"])
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", root().join("target/xtask/mutants/target"))
        .output()?;
    let (built, errors) = (String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr));
    let error = errors.lines().skip_while(|line| !line.starts_with("error")).take(12).collect::<Vec<_>>();
    ensure!(error.is_empty(), "it does not build:\n{}", error.join("\n"));
    let artifacts = built.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let executables = artifacts.filter_map(|artifact| Some(artifact["executable"].as_str()?.to_owned()));
    executables.map(PathBuf::from).next_back().context("cargo names no test")
}

fn simulate(executable: &Path, limit: Duration) -> Result<Outcome> {
    let said = root().join("target/xtask/mutants/said.txt");
    let output = fs::File::create(&said)?;
    let mut simulation = Command::new(executable)
        .args([CLAIM, "--nocapture"])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    #[expect(clippy::disallowed_methods, reason = "this bounds how long a command takes")]
    let began = Instant::now();
    let status = loop {
        if let Some(status) = simulation.try_wait()? {
            break status;
        }
        if began.elapsed() > limit {
            simulation.kill()?;
            simulation.wait()?;
            return Ok(Outcome::Hung);
        }
        sleep(Duration::from_millis(50));
    };
    if status.success() {
        return Ok(Outcome::Missed);
    }
    let said = fs::read_to_string(said)?;
    let word = said.lines().find(|line| line.starts_with("SIM_SEED") || line.starts_with("a transition"));
    Ok(Outcome::Caught(word.unwrap_or("it is not all covered").chars().take(100).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_still_applies() {
        assert!(applying().expect("mutants.txt fits the sources").len() >= MUTANTS);
    }
}

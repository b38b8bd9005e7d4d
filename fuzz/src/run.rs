//! Runs a target on what it was given, what was found before, and what comes of bending both.
use std::{
    cell::Cell,
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Once,
};

use crate::{
    Target, meter,
    mutate::{Chance, mutate},
    take_noted,
};

/// Inputs that led somewhere new and are bent further.
const KEPT: usize = 4_096;

/// What a run came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    pub runs: u64,
    /// Ways in which an input ended.
    pub outcomes: usize,
    /// The most memory that one input took, in bytes.
    pub peak: usize,
    /// Panics of libraries that our own code caught, as it must.
    pub contained: u64,
}

/// An input that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    pub input: Vec<u8>,
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// Where findings of a target are kept for ever.
pub fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The target's own examples, and all that was ever found. In an order of their own.
pub fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds = (target.seeds)();
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus(target.name))
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.sort();
    seeds.extend(files.into_iter().filter_map(|file| std::fs::read(file).ok()));
    seeds
}

/// Tries the seeds, then bends them until `goes_on` says no (asked before each try, with their count).
pub fn run(target: &Target, seed: u64, mut goes_on: impl FnMut(u64) -> bool) -> Result<Report, Finding> {
    count_panics();
    let mut report = Report::default();
    let mut pool = seeds(target);
    let mut outcomes = HashSet::new();
    // What is made once (tables of numbers, keys) is no input's.
    drop(catch_unwind(AssertUnwindSafe(|| pool.iter().for_each(|input| (target.run)(input)))));
    for input in pool.clone() {
        outcomes.insert(attempt(target, &input, &mut report)?);
    }
    let mut chance = Chance::new(seed);
    while goes_on(report.runs) {
        let mut input = pool[chance.below(pool.len())].clone();
        mutate(&mut chance, &mut input, &pool, target.words, target.longest);
        // Most of the time what frames the input is made right again, so that what is inside is reached.
        if chance.below(8) > 0 {
            (target.mend)(&mut input);
        }
        if outcomes.insert(attempt(target, &input, &mut report)?) && pool.len() < KEPT {
            pool.push(input);
        }
    }
    report.outcomes = outcomes.len();
    Ok(report)
}

/// Runs one input; returns what came of it.
pub fn attempt(target: &Target, input: &[u8], report: &mut Report) -> Result<u64, Finding> {
    report.runs += 1;
    take_noted();
    let before = PANICS.get();
    let mut survived = true;
    let peak = meter::peak_of(|| {
        survived = catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_ok();
    });
    report.peak = report.peak.max(peak);
    let finding = |what: String| Err(Finding { what, input: input.to_vec() });
    if !survived {
        return finding("it panicked".to_owned());
    }
    let caught = PANICS.get() - before;
    report.contained += caught;
    if caught > 0 && !target.contains_panics {
        return finding("something panicked in it and was caught".to_owned());
    }
    if peak > target.most_memory {
        return finding(format!("it took {peak} bytes of memory, and {} are allowed", target.most_memory));
    }
    Ok(take_noted())
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            // Those of a library that we contain would fill the screen.
            if PANICS.get() <= 3 {
                print(info);
            }
        }));
    });
}

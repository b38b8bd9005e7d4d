//! Thousands of random histories under a fake clock: agents come, go, answer or do not; customers are busy,
//! press keys, hang up; drivers lose, double, delay and reorder events, work slowly, fail or lie; the clock
//! jumps both ways and timers come late; the disk is slow, commits fail, and the process dies at any moment.
//! After every step the product must have done what the [`model`] does, and the [`invariants`] must hold.
//!
//! A failing history prints its seed and its last inputs. `SIM_SEED=n` plays that one alone, `SIM_HISTORIES=n`
//! plays more (or fewer) than a test run does. What it finds is mended, becomes a claim among the
//! tests beside this one, and its seed a test in [`found`].
mod compare;
mod coverage;
mod driver;
mod engine;
mod found;
mod invariants;
mod leads;
mod model;
mod people;
mod shown;
mod transitions;
mod world;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use coverage::Coverage;
use world::World;

/// Enough for a million inputs, timeouts and restarts. `SIM_HISTORIES` plays more, or fewer.
const HISTORIES: u64 = 4_200;
const EVENTS: u64 = 1_000_000;
const STEPS: u32 = 300;

#[test]
fn a_million_events_differ_nowhere_from_the_model_and_break_no_invariant() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("SIM_SEED") {
        return drop(play(seed));
    }
    let histories = number("SIM_HISTORIES").unwrap_or(HISTORIES);
    let (events, cover) = play_many(histories);
    println!("{events} events in {histories} histories");
    for (what, count) in &cover.seen {
        println!("{count:>9} {what}");
    }
    if histories >= HISTORIES {
        assert!(events >= EVENTS, "{events} events only");
        transitions::check(&cover);
    }
}

/// Histories of the first so many seeds, on all cores.
fn play_many(histories: u64) -> (u64, Coverage) {
    let (next_seed, events) = (AtomicU64::new(0), AtomicU64::new(0));
    let all = Mutex::new(Coverage::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _stop = StopAll(&next_seed);
                loop {
                    let seed = next_seed.fetch_add(1, Ordering::Relaxed);
                    if seed >= histories {
                        break;
                    }
                    let (steps, cover) = play(seed);
                    events.fetch_add(steps, Ordering::Relaxed);
                    all.lock().unwrap_or_else(PoisonError::into_inner).add(cover);
                }
            });
        }
    });
    (events.into_inner(), all.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// A history that fails is enough.
struct StopAll<'s>(&'s AtomicU64);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(u64::MAX / 2, Ordering::Relaxed);
        }
    }
}

/// Plays one history to its end; returns how many events it had and what it covered.
fn play(seed: u64) -> (u64, Coverage) {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.happens();
    }
    world.settle();
    (world.steps - world.signs, std::mem::take(&mut world.cover))
}

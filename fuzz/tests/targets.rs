//! Every target, a bounded number of times: what CI runs.
use fuzz::{
    Target, all,
    meter::Meter,
    run::{self, Finding},
};

#[global_allocator]
static METER: Meter = Meter;

/// Tries of each target. Some start a media session each time.
const TRIES: u64 = 20_000;
const SLOW_TRIES: u64 = 1_500;
/// Whole calls take hundredths of a second each.
const CALL_TRIES: u64 = 60;
const SEED: u64 = 0x5EED;

#[test]
fn no_input_breaks_a_decoder() {
    for target in all() {
        let tries = match target.name {
            name if name.starts_with("call-") => CALL_TRIES,
            _ if target.contains_panics => SLOW_TRIES,
            _ => TRIES,
        };
        let report = run::run(&target, SEED, |runs| runs < tries);
        let report = report.unwrap_or_else(|Finding { what, input }| {
            let shown = input.escape_ascii();
            panic!("{}: {what}: {shown}\nKeep it: fuzz/corpus/{0}/", target.name)
        });
        assert!(report.runs >= tries && report.outcomes > 1, "{}: {report:?}", target.name);
    }
}

#[test]
fn good_inputs_come_first_and_are_all_taken() {
    for target in all() {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        assert!(seeds.iter().all(|seed| seed.len() <= target.longest), "{}", target.name);
    }
}

#[test]
fn the_same_seed_tries_the_same_inputs() {
    let target = all()[0];
    let run = |seed| {
        let report = run::run(&target, seed, |runs| runs < 2_000).unwrap();
        (report.runs, report.outcomes)
    };
    assert_eq!(run(1), run(1));
}

#[test]
fn a_panic_and_a_hunger_for_memory_are_found() {
    fn brittle(bytes: &[u8]) {
        assert!(bytes.len() < 40, "too long");
    }
    fn hungry(bytes: &[u8]) {
        drop(std::hint::black_box(vec![1_u8; bytes.len() * 1_000_000]));
    }
    for run_it in [brittle as fn(&[u8]), hungry] {
        let target = Target { run: run_it, ..all()[0] };
        let found = run::run(&target, SEED, |runs| runs < 100_000);
        assert!(found.is_err(), "{found:?}");
    }
}

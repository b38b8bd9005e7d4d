//! Runs targets for a time and prints what came of it: `cargo xtask fuzz`.
use std::{
    io::Write as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use fuzz::{Target, all, meter::Meter, run};

#[global_allocator]
static METER: Meter = Meter;

/// Runs between two looks at the clock.
const ROUND: u64 = 64;

fn main() -> ExitCode {
    match execute() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Standard error may be gone; the exit code still tells.
            drop(writeln!(std::io::stderr(), "fuzz: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// `SECONDS SEED [TARGET]`; false if something was found.
fn execute() -> Result<bool, Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (seconds, seed) = match words.as_slice() {
        [seconds, seed, ..] => (seconds.parse()?, seed.parse()?),
        _ => return Err("say SECONDS SEED [TARGET]".into()),
    };
    let wanted = words.get(2);
    let targets: Vec<Target> =
        all().into_iter().filter(|target| wanted.is_none_or(|name| name == target.name)).collect();
    if targets.is_empty() {
        let names: Vec<_> = all().iter().map(|target| target.name).collect();
        return Err(format!("there is no such target; there are {}", names.join(", ")).into());
    }
    let mut out = std::io::stdout();
    writeln!(out, "seed {seed}, {seconds} s each")?;
    writeln!(
        out,
        "{:<18} {:>12} {:>9} {:>10} {:>10}",
        "target", "inputs", "outcomes", "peak kB", "contained"
    )?;
    let mut clean = true;
    for target in targets {
        match run::run(&target, seed, for_seconds(seconds)) {
            Ok(report) => writeln!(
                out,
                "{:<18} {:>12} {:>9} {:>10} {:>10}",
                target.name,
                report.runs,
                report.outcomes,
                report.peak.div_ceil(1024),
                report.contained
            )?,
            Err(finding) => {
                clean = false;
                let folder = run::corpus(target.name);
                std::fs::create_dir_all(&folder)?;
                let file = folder.join(format!("found-{:016x}", hash(&finding.input)));
                std::fs::write(&file, &finding.input)?;
                writeln!(out, "{:<18} FOUND: {}; kept as {}", target.name, finding.what, file.display())?;
            }
        }
    }
    Ok(clean)
}

fn for_seconds(seconds: u64) -> impl FnMut(u64) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this runs until a time is over")]
    let clock = Instant::now;
    let end = clock() + Duration::from_secs(seconds);
    move |runs| runs % ROUND != 0 || clock() < end
}

fn hash(input: &[u8]) -> u64 {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::hash::DefaultHasher::new();
    input.hash(&mut hasher);
    hasher.finish()
}

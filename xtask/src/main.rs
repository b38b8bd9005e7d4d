//! The project's own commands. `cargo xtask help` lists them.
mod arrows;
mod bench;
mod bindgen;
mod demo;
mod fuzz;
mod mutants;
mod rig;
mod run;
mod setup;
mod slim;
mod test;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask demo [--smoke]     build all, start the contact server and the demo shop, print where they are;
                               --smoke does the main job once with real browsers and exits
cargo xtask test [PART ...]    all that CI runs, or only the parts named (see `cargo xtask test --list`)
cargo xtask build              build what browsers load, into dist/
cargo xtask setup              get what building needs: WASM target, npm tools; as root also Debian packages
cargo xtask chaos [--seed S] [--kills N] [--store sqlite|postgres] [--seconds T]
                               kill the server again and again in a busy period, audit what it kept
cargo xtask chaos disk         take its disk away: full, read-only, and turning so while it runs
cargo xtask chaos flood [--only KIND] [--turns N]
                               what a neighbour waits for alone, and while strangers and another business attack
cargo xtask fuzz [--target T] [--seconds N] [--seed S]
                               bend what strangers send until a decoder breaks, each for N seconds (60)
cargo xtask trace [--store sqlite|postgres]
                               look for answers that left before their data were on disk
cargo xtask soak [--contacts N] [--seconds T]
                               1,000 live contacts with co-browse, which end and begin, for ten minutes: flat?
cargo xtask bench NAME [--json]  page-weight, click-to-offer, relay, durable, proof, mirror
cargo xtask pictures           take the README's pictures anew, from the real thing
cargo xtask mutants [WORD ...] plant faults in the contact centre's rules, one at a time, and count which of
                               them the simulation catches; with words, those whose names have one
cargo xtask help               this text
";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if bindgen::is_asked() {
        return bindgen::run(&words);
    }
    match words.as_slice() {
        ["demo"] => demo::run(),
        ["demo", "--smoke"] => demo::smoke(),
        ["test", parts @ ..] => test::run(parts),
        ["build"] => web::build().map(drop),
        ["setup"] => setup::everything(),
        ["mutants", wanted @ ..] => mutants::run(wanted),
        ["pictures"] => demo::pictures(),
        ["chaos", "disk"] => rig::debug(&["disk"]),
        ["chaos", "flood", rest @ ..] => rig::release(&[&["flood"], rest].concat()),
        ["chaos", rest @ ..] => rig::chaos(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["trace", rest @ ..] => rig::trace(rest),
        ["soak", rest @ ..] => rig::release(&[&["soak"], rest].concat()),
        ["bench", "mirror", rest @ ..] => bench::mirror(false, rest),
        ["bench", name, rest @ ..] => bench::run(name, rest.contains(&"--json")),
        [] | ["help" | "--help" | "-h"] => {
            run::say(HELP);
            Ok(())
        }
        other => bail!("`{}` is not a command.\n\n{HELP}", other.join(" ")),
    }
}

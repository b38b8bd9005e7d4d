//! Trials and figures of a real server: builds it and `rig`, and runs the one against the other.
use anyhow::Result;

use crate::{
    run::{cargo, command, exec, root},
    setup, web,
};

/// Kills need fail points, which debug builds alone have.
pub(crate) fn chaos(words: &[&str]) -> Result<()> {
    if words.contains(&"postgres") {
        setup::debian(&["postgresql"])?;
    }
    debug(&[&["chaos"], words].concat())
}

/// With strace, and a control that the trace must catch; the control is of debug builds alone.
pub(crate) fn trace(words: &[&str]) -> Result<()> {
    setup::debian(&["strace"])?;
    if words.contains(&"postgres") {
        setup::debian(&["postgresql"])?;
    }
    debug(&[&["trace"], words].concat())
}

/// A bench against the release build; what it traces is the debug build's. Its short form only shows that it
/// works, and takes the debug build.
pub(crate) fn bench(name: &str, json: bool, short: bool) -> Result<()> {
    if name == "durable" {
        setup::debian(&["strace"])?;
        exec(cargo("build").args(["--package", "contact-server"]))?;
    }
    let traced = root().join("target/debug/ringside");
    let traced = traced.to_string_lossy();
    let mut words = vec!["bench", name, "--traced", &*traced];
    words.extend(json.then_some("--json"));
    if short {
        words.push("--short");
        return debug(&words);
    }
    release(&words)
}

/// Runs `rig` against a server, both of the release profile.
pub(crate) fn release(words: &[&str]) -> Result<()> {
    if !root().join("dist/widget.js").is_file() {
        web::build()?;
    }
    exec(cargo("build").args(["--release", "--package", "contact-server", "--package", "rig"]))?;
    exec(command(root().join("target/release/rig")).args(words))
}

/// Runs `rig` against a server, both of the dev profile.
pub(crate) fn debug(words: &[&str]) -> Result<()> {
    exec(cargo("build").args(["--package", "contact-server", "--package", "rig"]))?;
    exec(command(root().join("target/debug/rig")).args(words))
}

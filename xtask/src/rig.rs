//! Trials and figures of a real server: builds it and `rig`, and runs the one against the other.
use anyhow::Result;

use crate::{
    run::{cargo, command, exec, root},
    setup,
};

/// Kills need fail points, which debug builds alone have.
pub(crate) fn chaos(words: &[&str]) -> Result<()> {
    if words.contains(&"postgres") {
        setup::debian(&["postgresql"])?;
    }
    debug(&[&["chaos"], words].concat())
}

/// Runs `rig` against a server, both of the dev profile.
pub(crate) fn debug(words: &[&str]) -> Result<()> {
    exec(cargo("build").args(["--package", "contact-server", "--package", "rig"]))?;
    exec(command(root().join("target/debug/rig")).args(words))
}

//! `cargo xtask test`: all that CI runs, in parts that can be run alone.
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::{
    arrows,
    run::{cargo, command, exec, read, root, say, timed},
    setup, web,
};

type Part = (&'static str, &'static str, fn() -> Result<()>);

/// In this order: what is quick and fails often comes first.
const PARTS: [Part; 9] = [
    ("format", "cargo fmt --check", format),
    ("arrows", "which crate may depend on which; pure crates build for WASM", arrows::check),
    ("tidy", "no path of a machine, no registry host, no unfinished marker in the tree", tidy),
    ("web", "build what browsers load", web_build),
    ("clippy", "lints, host and WASM, warnings denied", clippy),
    ("tests", "unit, property, conformance and integration tests", tests),
    ("stories", "browser stories with real Chromium", stories),
    ("benches", "each bench once", benches),
    (
        "trunk",
        "the widget's workbench, the console and the handset build with Trunk; the workbench works",
        trunk,
    ),
];

const WASM_CRATES: [&str; 11] = [
    "widget",
    "line",
    "recorder",
    "hand",
    "sight",
    "frame",
    "call",
    "console",
    "replica",
    "handset",
    "softphone",
];

pub(crate) fn run(wanted: &[&str]) -> Result<()> {
    if wanted == ["--list"] {
        for (name, what, _) in PARTS {
            say(&format!("{name:<8} {what}"));
        }
        return Ok(());
    }
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.iter().any(|part| part.0 == **name)) {
        bail!("There is no part `{unknown}`; `cargo xtask test --list` names them.");
    }
    let mut took = Vec::new();
    for (name, what, part) in PARTS {
        if wanted.is_empty() || wanted.contains(&name) {
            let ((), seconds) = timed(&format!("{name}: {what}"), part)?;
            took.push((name, seconds));
        }
    }
    say("");
    for (name, seconds) in &took {
        say(&format!("{name:<8} {seconds:>7.1} s"));
    }
    say(&format!("{:<8} {:>7.1} s", "all", took.iter().map(|(_, seconds)| seconds).sum::<f64>()));
    Ok(())
}

fn format() -> Result<()> {
    exec(command("cargo").args(["fmt", "--all", "--check"]))
}

/// Nothing in git may name a machine or a registry, or be unfinished.
fn tidy() -> Result<()> {
    // Written in halves, so that this list does not find itself.
    let forbidden = [
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("registry.npm", "js.org"),
        concat!("/ro", "ot/"),
        concat!("#[ig", "nore"),
    ];
    for text in forbidden {
        let found = command("git").args(["grep", "-nIF", "--untracked", text]).output()?;
        if found.status.success() {
            bail!("`{text}` may not stand in the tree:\n{}", String::from_utf8_lossy(&found.stdout));
        }
    }
    Ok(())
}

fn web_build() -> Result<()> {
    web::build().map(drop)
}

fn clippy() -> Result<()> {
    setup::wasm_target()?;
    exec(cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut wasm = cargo("clippy");
    wasm.args(["--target", "wasm32-unknown-unknown"]);
    wasm.args(WASM_CRATES.iter().flat_map(|name| ["--package", name]));
    exec(wasm.args(["--", "-D", "warnings"]))
}

fn tests() -> Result<()> {
    setup::debian(&["postgresql"])?;
    exec(cargo("test").args(["--workspace", "--exclude", "e2e"]))
}

fn stories() -> Result<()> {
    setup::debian(&["chromium"])?;
    setup::npm()?;
    exec(cargo("build").args(["--package", "contact-server", "--package", "demo-site"]))?;
    if !root().join("dist/widget.js").is_file() {
        web_build()?;
    }
    exec(browser_env(&mut cargo("test")).args(["--package", "e2e", "--", "--test-threads=1"]))
}

/// playwright-rs drives the npm package's driver; it must not fetch one of its own.
pub(crate) fn browser_env(command: &mut std::process::Command) -> &mut std::process::Command {
    let driver = root().join("tools/node_modules/playwright-core/cli.js");
    let node = read(crate::run::command("node").args(["-p", "process.execPath"])).unwrap_or_default();
    command
        .env("PLAYWRIGHT_SKIP_DRIVER_DOWNLOAD", "1")
        .env("PLAYWRIGHT_NODE_EXE", node.trim())
        .env("PLAYWRIGHT_CLI_JS", driver)
}

fn benches() -> Result<()> {
    crate::bench::run("page-weight", false)?;
    for name in ["click-to-offer", "relay", "durable"] {
        crate::rig::bench(name, false, true)?;
    }
    crate::bench::mirror(true, &[])?;
    crate::rig::trace(&[])
}

fn trunk() -> Result<()> {
    setup::npm()?;
    let tools = setup::trunk()?;
    let mut path = vec![tools.clone(), root().join("tools/node_modules/.bin")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(path)?;
    for page in ["widget", "console", "handset"] {
        let folder = if page == "widget" { root() } else { root().join(page) };
        let mut build = command(tools.join("trunk"));
        build.args(["build", "--release", "--dist"]).arg(trunk_dist(page));
        exec(build.current_dir(&folder).env("PATH", &path).env_remove("NO_COLOR"))?;
    }
    workbench()
}

/// Where the `trunk` part puts a page.
fn trunk_dist(page: &str) -> PathBuf {
    root().join("target/xtask/trunk").join(page)
}

/// The workbench has all that the widget fetches, and a call is asked for on it against a real server.
fn workbench() -> Result<()> {
    let dist = trunk_dist("widget");
    for name in ["widget", "line", "recorder", "hand", "sight", "frame"] {
        for file in [format!("{name}.js"), format!("{name}_bg.wasm")] {
            ensure!(dist.join(&file).is_file(), "Trunk brought no {file} to the workbench");
        }
    }
    setup::debian(&["chromium"])?;
    exec(cargo("build").args(["--package", "contact-server"]))?;
    let mut visit = cargo("run");
    visit.args(["--quiet", "--package", "e2e", "--bin", "workbench", "--"]).arg(dist);
    exec(browser_env(&mut visit))
}

//! What building and testing need, got by the project's own files.
//!
//! The WASM target by rustup, npm packages by lock file (`tools/`), Trunk by cargo into `target/tools`, and
//! Debian packages by apt when root; otherwise what is missing is named.
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{
    bindgen,
    run::{cargo, command, exec, installed, read, root, say},
};

const WASM: &str = "wasm32-unknown-unknown";
const TRUNK: &str = "0.21.14";
pub(crate) const WASM_BINDGEN: &str = "0.2.130";

/// A program (a path, or a name on PATH) and the Debian package that brings it.
struct Debian {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const DEBIAN: [Debian; 3] = [
    Debian { program: "/usr/bin/chromium", package: "chromium", why: "the browser stories" },
    Debian { program: "/usr/lib/postgresql", package: "postgresql", why: "the store's conformance suite" },
    Debian { program: "/usr/bin/strace", package: "strace", why: "the traces of what reached the disk" },
];

pub(crate) fn everything() -> Result<()> {
    wasm_target()?;
    npm()?;
    debian(&["chromium", "postgresql", "strace"])
}

pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = read(command("rustc").args(["--print", "sysroot"]))?;
    let library = PathBuf::from(sysroot.trim()).join("lib/rustlib").join(WASM);
    if library.is_dir() {
        return Ok(());
    }
    if !installed("rustup") {
        bail!(
            "The Rust target {WASM} is missing, and there is no rustup to get it. Install rustup, or the target by your own means."
        );
    }
    exec(command("rustup").args(["target", "add", WASM]))
}

/// The npm tools at the versions of `tools/package-lock.json`.
pub(crate) fn npm() -> Result<()> {
    let tools = root().join("tools");
    let lock = std::fs::read(tools.join("package-lock.json"))?;
    let stamp = tools.join("node_modules/.ringside-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !installed("npm") {
        bail!("npm is missing: install Node.js 20 or newer with npm.");
    }
    say("   npm ci (tools/)");
    read(command("npm").arg("ci").current_dir(&tools))?;
    Ok(std::fs::write(stamp, lock)?)
}

/// A program that an npm package brought.
pub(crate) fn npm_bin(name: &str) -> PathBuf {
    root().join("tools/node_modules/.bin").join(name)
}

/// Installs the packages that are missing, if root; otherwise names them.
pub(crate) fn debian(packages: &[&str]) -> Result<()> {
    let wanted = DEBIAN.iter().filter(|debian| packages.contains(&debian.package));
    let missing: Vec<_> = wanted.filter(|debian| !std::path::Path::new(debian.program).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|debian| debian.package).collect();
    let is_root = read(command("id").arg("-u"))?.trim() == "0";
    if !is_root || !installed("apt-get") {
        let reasons: Vec<_> =
            missing.iter().map(|debian| format!("{} (for {})", debian.package, debian.why)).collect();
        bail!("Missing: {}.\nInstall with: sudo apt-get install {}", reasons.join(", "), names.join(" "));
    }
    say(&format!("   apt-get install {}", names.join(" ")));
    read(command("apt-get").args(["update", "-q"]))?;
    let install = ["install", "-qy", "--no-install-recommends"];
    read(command("apt-get").args(install).args(&names).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(())
}

/// Trunk of the pinned version in `target/tools`, built once, and this program as `wasm-bindgen` beside it.
pub(crate) fn trunk() -> Result<PathBuf> {
    let tools = root().join("target/tools");
    let programs = tools.join("bin");
    let trunk = programs.join("trunk");
    if !trunk.is_file() || !read(command(&trunk).arg("--version"))?.contains(TRUNK) {
        say(&format!("   cargo install trunk {TRUNK} (some minutes, once)"));
        let mut install = cargo("install");
        // Not optimised: it spends its time in other programs, and builds in half the time.
        install.args(["--quiet", "--debug", "--locked", "--version", TRUNK, "trunk"]);
        install.args(["--no-default-features", "--features", "rustls", "--root"]).arg(&tools);
        install.arg("--target-dir").arg(root().join("target/tools-build"));
        exec(install.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    }
    let bindgen = programs.join(bindgen::NAME);
    if bindgen.exists() {
        // A running program's file can be replaced, but not written over.
        std::fs::remove_file(&bindgen)?;
    }
    std::fs::copy(std::env::current_exe()?, &bindgen)?;
    Ok(programs)
}

//! Arrows point one way: which crate of the workspace may depend on which, and what else a pure crate may
//! use. A new dependency of a pure crate needs a line here, and so a reason.
use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use crate::run::{cargo, exec, read};

/// Pure: no clock, no random source, no I/O, no runtime. (crate, every dependency that it may have)
const PURE: [(&str, &[&str]); 4] = [
    ("shared", &["postcard", "serde", "sha2", "thiserror", "utoipa"]),
    ("page-mirror", &["miniz_oxide", "thiserror"]),
    ("contact-core", &["serde", "sha2", "shared", "thiserror"]),
    ("media", &["hound", "thiserror"]),
];

/// The others: (crate, the workspace's crates that it may depend on)
const ARROWS: [(&str, &[&str]); 19] = [
    ("store", &["contact-core", "shared"]),
    ("switch", &["media", "shared"]),
    ("contact-server", &["contact-core", "media", "shared", "store", "switch"]),
    ("softphone", &["shared"]),
    ("recorder", &["page-mirror", "shared"]),
    ("hand", &["page-mirror", "shared"]),
    ("sight", &["page-mirror", "shared"]),
    ("frame", &["page-mirror", "shared"]),
    ("replica", &["page-mirror", "shared", "softphone"]),
    ("line", &["shared", "softphone"]),
    ("call", &["line", "shared", "softphone"]),
    ("widget", &["shared"]),
    ("console", &["replica", "shared", "softphone"]),
    ("handset", &["shared", "softphone"]),
    ("demo-site", &[]),
    ("e2e", &["contact-server", "demo-site", "media", "page-mirror", "rig", "shared", "store"]),
    ("fuzz", &["contact-server", "media", "page-mirror", "shared", "switch"]),
    ("rig", &["contact-core", "contact-server", "shared", "softphone", "store"]),
    ("xtask", &[]),
];

pub(crate) fn check() -> Result<()> {
    let metadata = read(cargo("metadata").args(["--format-version", "1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let mut dependencies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().context("a package has a name")?;
        let all = package["dependencies"].as_array().context("a package has dependencies")?;
        let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
        dependencies.insert(name, normal.filter_map(|dependency| dependency["name"].as_str()).collect());
    }
    let names: Vec<&str> = dependencies.keys().copied().collect();
    for (name, found) in &dependencies {
        if let Some((_, allowed)) = PURE.iter().find(|(pure, _)| pure == name) {
            let strange: Vec<_> = found.iter().filter(|one| !allowed.contains(*one)).collect();
            ensure!(strange.is_empty(), "{name} is pure and may not depend on {strange:?}");
            continue;
        }
        let row = ARROWS.iter().find(|(other, _)| other == name);
        let (_, allowed) =
            row.with_context(|| format!("{name} is new: give it a row in xtask/src/arrows.rs"))?;
        let strange: Vec<_> =
            found.iter().filter(|one| names.contains(*one) && !allowed.contains(*one)).collect();
        ensure!(strange.is_empty(), "{name} may not depend on {strange:?}");
    }
    crate::setup::wasm_target()?;
    let mut pure = cargo("check");
    pure.args(["--quiet", "--target", "wasm32-unknown-unknown"]);
    exec(pure.args(PURE.iter().flat_map(|(name, _)| ["--package", *name])))
}

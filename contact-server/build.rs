//! Makes the folder that the browser parts are embedded from, so that a clean clone compiles.
use std::{env, fs, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("Cargo sets the manifest directory");
    let dist = Path::new(&manifest).join("../dist");
    if let Err(error) = fs::create_dir_all(&dist) {
        panic!("cannot make {}: {error}", dist.display());
    }
    // Debug builds read the files at run time; building them anew for each change would only cost.
    let watched =
        if env::var("PROFILE").is_ok_and(|profile| profile == "release") { "../dist" } else { "build.rs" };
    println!("cargo::rerun-if-changed={watched}");
}

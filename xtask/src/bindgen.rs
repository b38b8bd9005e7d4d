//! `wasm-bindgen` for Trunk: this very program under that name, with the library that the web build uses. Trunk looks
//! for the program on PATH; building wasm-bindgen's own would take minutes.
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{run::say, setup::WASM_BINDGEN};

/// The name that Trunk looks for.
pub(crate) const NAME: &str = "wasm-bindgen";

/// True if this program was started under that name.
pub(crate) fn is_asked() -> bool {
    let program = std::env::args_os().next().map(PathBuf::from);
    program.is_some_and(|program| program.file_stem().is_some_and(|name| name == NAME))
}

/// Takes what Trunk 0.21 gives: `--target=`, `--out-dir=`, `--out-name=`, `--no-typescript` and the WASM file.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    if words == ["--version"] {
        say(&format!("{NAME} {WASM_BINDGEN}"));
        return Ok(());
    }
    let (mut input, mut folder) = (None, None);
    let mut bindgen = Bindgen::new();
    for word in words {
        match word.split_once('=') {
            Some(("--target", "web")) => drop(bindgen.web(true)?),
            Some(("--out-dir", path)) => folder = Some(path),
            Some(("--out-name", name)) => drop(bindgen.out_name(name)),
            None if *word == "--no-typescript" => drop(bindgen.typescript(false)),
            None if !word.starts_with('-') => input = Some(*word),
            Some(_) | None => bail!("`{word}` is nothing that this stand-in for wasm-bindgen knows"),
        }
    }
    bindgen.input_path(input.context("no WASM file is named")?);
    // As in dist/: pages name the WASM file themselves, or the glue finds it beside itself.
    bindgen.omit_default_module_path(false).generate(folder.context("no --out-dir is named")?)
}

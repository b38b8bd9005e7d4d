//! Builds what browsers load into `dist/`: WASM by cargo, wasm-bindgen (as a library) and wasm-opt; JS by
//! terser; everything also as brotli. A crate whose WASM did not change is not packed again.
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::{
    run::{cargo, command, exec, read, root, say},
    setup, slim,
};

const CRATES: [&str; 9] =
    ["widget", "line", "recorder", "hand", "sight", "frame", "call", "console", "handset"];
/// Loaded by merchants' pages, from a folder that is named by its content.
const APP: [&str; 6] = ["widget", "line", "recorder", "hand", "sight", "frame"];
/// Pages of our own: crate, and where its sources stand.
const PAGES: [(&str, &str); 3] = [("call", "widget/call"), ("console", "console"), ("handset", "handset")];
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW: u32 = 22;

/// Builds all and returns `dist/`.
pub(crate) fn build() -> Result<PathBuf> {
    setup::wasm_target()?;
    setup::npm()?;
    // The recorder by itself: beside the others, it would be given features that only they ask for.
    let (alone, together): (Vec<_>, Vec<_>) = CRATES.into_iter().partition(|name| *name == "recorder");
    for names in [alone, together] {
        let mut build = cargo("build");
        build.args(["--profile", "wasm", "--target", "wasm32-unknown-unknown"]);
        exec(build.args(names.iter().flat_map(|name| ["--package", name])))?;
    }
    for name in CRATES {
        pack(name).with_context(|| format!("packing {name}"))?;
    }
    let dist = root().join("dist");
    let fresh = root().join("target/xtask/dist");
    remove(&fresh)?;
    fs::create_dir_all(&fresh)?;
    let app = app_folder(&fresh)?;
    loader(&fresh, &app)?;
    for (name, source) in PAGES {
        page(&fresh, name, &root().join(source))?;
    }
    compress(&fresh)?;
    remove(&dist)?;
    fs::rename(&fresh, &dist)?;
    Ok(dist)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn packed(name: &str) -> PathBuf {
    root().join("target/xtask/packed").join(name)
}

/// cargo's target folder for the WASM builds.
fn cargo_wasm(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("wasm32-unknown-unknown/wasm").join(format!("{name}.wasm"))
}

/// Where cargo keeps the sources of crates.
fn registry() -> String {
    let home = |name: &str| std::env::var(name).ok();
    let cargo = home("CARGO_HOME").or_else(|| Some(home("HOME")? + "/.cargo")).unwrap_or_default();
    cargo + "/registry/"
}

/// wasm-bindgen, wasm-opt and terser on one crate, unless its WASM is the same as last time.
fn pack(name: &str) -> Result<()> {
    let wasm = cargo_wasm(name);
    let folder = packed(name);
    let stamp = folder.join(".stamp");
    let now = format!("{:016x} {} slim 7", content_hash(&[fs::read(&wasm)?]), setup::WASM_BINDGEN);
    if fs::read_to_string(&stamp).is_ok_and(|then| then == now) {
        return Ok(());
    }
    say(&format!("   packing {name}"));
    remove(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(&wasm).out_name(name).typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true).omit_default_module_path(false);
    // A browser that runs these modules has it.
    bindgen.encode_into(wasm_bindgen_cli_support::EncodeInto::Always);
    let mut output = bindgen.web(true)?.generate_output()?;
    let glue = if APP.contains(&name) {
        slim::silence(output.wasm_mut())?;
        slim::blank_paths(output.wasm_mut(), &registry());
        let glue = slim::unsaid(output.js())?;
        Some(slim::shorten(output.wasm_mut(), &glue)?)
    } else {
        None
    };
    output.emit(&folder)?;
    if let Some(glue) = glue {
        fs::write(folder.join(format!("{name}.js")), glue)?;
    }
    let optimised = folder.join(format!("{name}_bg.wasm"));
    // Thrice: each round leaves what the next can fold. The lowest kilobyte is the far end of the stack. A function with
    // one caller stays one: it packs better, and a browser can compile it well while its caller still runs.
    exec(
        command(setup::npm_bin("wasm-opt"))
            .args(["--low-memory-unused", "--one-caller-inline-max-function-size=0", "-Oz", "-Oz", "-Oz"])
            .arg("--strip-target-features")
            .arg(&optimised)
            .arg("-o")
            .arg(&optimised),
    )?;
    for file in files(&folder)? {
        if file.extension().is_some_and(|end| end == "js") {
            fs::write(&file, minify(&file, true)?)?;
        }
    }
    Ok(fs::write(stamp, now)?)
}

/// Bytes of a crate's own JS, made one script and minified.
pub(crate) fn script_bytes(name: &str) -> Result<usize> {
    let scripts = files(&packed(name).join("snippets"))?;
    ensure!(!scripts.is_empty(), "{name} has no script of its own");
    scripts.iter().map(|file| Ok(fs::read(file)?.len())).sum()
}

/// One JS file through terser.
pub(crate) fn minify(file: &Path, module: bool) -> Result<Vec<u8>> {
    let mut terser = command(setup::npm_bin("terser"));
    terser.arg(file).args([
        "--compress",
        "passes=3,unsafe_arrows=true,ecma=2020",
        "--mangle",
        "--ecma",
        "2020",
    ]);
    if module {
        terser.arg("--module");
    }
    Ok(read(&mut terser)?.trim_end().as_bytes().to_vec())
}

/// `dist/app/HASH` with the modules that merchants' pages load; returns `app/HASH`.
fn app_folder(dist: &Path) -> Result<String> {
    let mut contents = Vec::new();
    for name in APP {
        for file in files(&packed(name))? {
            contents.push(fs::read(file)?);
        }
    }
    let extras = root().join("widget/app");
    let extra_files = if extras.is_dir() { files(&extras)? } else { Vec::new() };
    for file in &extra_files {
        contents.push(fs::read(file)?);
    }
    // 48 bits tell releases apart; each digit is in the loader.
    let name = format!("app/{:012x}", content_hash(&contents) >> 16);
    let folder = dist.join(&name);
    for crate_name in APP {
        copy_folder(&packed(crate_name), &folder)?;
    }
    if extras.is_dir() {
        copy_folder(&extras, &folder)?;
    }
    Ok(name)
}

/// `dist/widget.js`: the loader, which knows the name of its app folder.
fn loader(dist: &Path, app: &str) -> Result<()> {
    let text = String::from_utf8(minify(&root().join("widget/loader/loader.js"), false)?)?;
    ensure!(text.contains("__APP__"), "the loader has no __APP__ to fill in");
    Ok(fs::write(dist.join("widget.js"), text.replace("__APP__", app))?)
}

/// A page of our own, made from its Trunk source: each `data-trunk` link becomes what a browser loads.
fn page(dist: &Path, name: &str, source: &Path) -> Result<()> {
    let folder = dist.join(name);
    copy_folder(&packed(name), &folder)?;
    let mut html = String::new();
    for line in fs::read_to_string(source.join("index.html"))?.lines() {
        if line.contains("data-trunk") {
            html.push_str(&trunk_link(line, source, &folder, name)?);
        } else {
            html.push_str(line);
        }
        html.push('\n');
    }
    fs::write(folder.join("index.html"), html)?;
    let boot = format!("import init from './{name}.js';\ninit({{ module_or_path: './{name}_bg.wasm' }});\n");
    Ok(fs::write(folder.join("boot.js"), boot)?)
}

/// One `<link data-trunk rel=... href=...>` on a line of its own.
fn trunk_link(line: &str, source: &Path, folder: &Path, name: &str) -> Result<String> {
    let attribute = |key: &str| {
        let start = line.find(&format!("{key}=\""))? + key.len() + 2;
        line[start..].split('"').next()
    };
    let kind = attribute("rel").with_context(|| format!("no rel in {line}"))?;
    if kind == "rust" {
        return Ok("<script type=\"module\" src=\"boot.js\"></script>".into());
    }
    let href = attribute("href").with_context(|| format!("{name}: no href in {line}"))?;
    let from = source.join(href);
    let file = from.file_name().with_context(|| format!("no file name in {line}"))?.to_owned();
    if kind == "copy-dir" {
        copy_folder(&from, &folder.join(&file))?;
        return Ok(String::new());
    }
    fs::copy(&from, folder.join(&file)).with_context(|| format!("{}", from.display()))?;
    let file = file.to_string_lossy();
    Ok(match kind {
        "css" => format!("<link rel=\"stylesheet\" href=\"{file}\">"),
        "icon" => format!("<link rel=\"icon\" href=\"{file}\">"),
        _ => String::new(),
    })
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(&file, target)?;
    }
    Ok(())
}

/// Every file below the folder, sorted; names that begin with a dot are ours.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A `.br` beside each file that gains by it.
fn compress(dist: &Path) -> Result<()> {
    for file in files(dist)? {
        let bytes = fs::read(&file)?;
        let small = brotli(&bytes);
        if small.len() < bytes.len() {
            let mut name = file.into_os_string();
            name.push(".br");
            fs::write(name, small)?;
        }
    }
    Ok(())
}

pub(crate) fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams {
        quality: i32::try_from(BROTLI_QUALITY).expect("11 fits"),
        lgwin: i32::try_from(BROTLI_WINDOW).expect("22 fits"),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*bytes, &mut out, &settings).expect("writing to memory cannot fail");
    out
}

/// Names content; not a defence against anybody.
fn content_hash(contents: &[Vec<u8>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

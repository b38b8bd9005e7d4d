//! `cargo xtask bench NAME`: figures, for people or as one JSON line.
use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    rig,
    run::{cargo, exec, root, say},
    setup, test, web,
};

/// Hand-written JS of the project that browsers load; `js_glue_min_bytes` is their sum, with the recorder's script.
const HAND_WRITTEN: [&str; 3] =
    ["widget/loader/loader.js", "widget/src/page.js", "console/replica/src/applier.js"];

pub(crate) fn run(name: &str, json: bool) -> Result<()> {
    match name {
        "page-weight" => page_weight(json),
        "click-to-offer" | "relay" | "durable" | "proof" => rig::bench(name, json, false),
        other => {
            bail!(
                "There is no bench `{other}` yet. Known: page-weight, click-to-offer, relay, durable, proof, mirror."
            )
        }
    }
}

/// Recorder and replica as shipped against rrweb's, in one Chromium. The short form only shows that it works,
/// and takes the debug build of the server.
pub(crate) fn mirror(short: bool, words: &[&str]) -> Result<()> {
    setup::debian(&["chromium"])?;
    setup::npm()?;
    if short {
        exec(cargo("build").args(["--package", "contact-server"]))?;
        if !root().join("dist/widget.js").is_file() {
            web::build()?;
        }
    } else {
        web::build()?;
        exec(cargo("build").args(["--release", "--package", "contact-server"]))?;
    }
    let mut bench = cargo("run");
    bench.args(["--quiet", "--package", "e2e", "--bin", "mirror-bench", "--"]).args(words);
    if short {
        bench.arg("--short");
    } else {
        bench.arg("--server").arg(root().join("target/release/ringside"));
    }
    exec(test::browser_env(&mut bench))
}

/// What a shop's page really downloads, and its goal, in bytes.
fn page_weight(json: bool) -> Result<()> {
    let dist = web::build()?;
    let app = web::files(&dist.join("app"))?;
    let of = |names: &[&str]| -> Result<usize> {
        let mut sum = 0;
        for file in &app {
            let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
            // wasm-bindgen puts a crate's own JS into snippets/CRATE-HASH/.
            let snippets = format!("/snippets/{}-", names[0].trim_end_matches(".js"));
            let in_snippet = file.to_string_lossy().contains(&snippets) && name.ends_with(".js");
            if names.contains(&name.as_str()) || in_snippet {
                sum += web::brotli(&fs::read(file)?).len();
            }
        }
        ensure!(sum > 0, "none of {names:?} was built");
        Ok(sum)
    };
    let mut glue = web::script_bytes("recorder")?;
    for file in HAND_WRITTEN {
        let path = root().join(file);
        ensure!(path.is_file(), "{file} is not there: correct HAND_WRITTEN in xtask/src/bench.rs");
        glue += web::minify(Path::new(&path), true)?.len();
    }
    let figures = [
        ("loader_br_bytes", web::brotli(&fs::read(dist.join("widget.js"))?).len(), 1_300),
        ("js_glue_min_bytes", glue, 20_000),
        ("form_br_bytes", of(&["widget.js", "widget_bg.wasm"])?, 70_000),
        ("recorder_br_bytes", of(&["recorder.js", "recorder_bg.wasm"])?, 40_000),
    ];
    if !json {
        for (figure, bytes, goal) in figures {
            let verdict = if bytes <= goal { "ok" } else { "OVER" };
            say(&format!("{figure:<20} {bytes:>8}   goal <= {goal:>6}   {verdict}"));
        }
        return Ok(());
    }
    let values: serde_json::Map<_, _> =
        figures.iter().map(|(figure, bytes, _)| ((*figure).to_owned(), (*bytes).into())).collect();
    let context = serde_json::json!({ "brotli_quality": 11, "wasm_bindgen": crate::setup::WASM_BINDGEN });
    say(&serde_json::json!({ "bench": "page-weight", "figures": values, "context": context }).to_string());
    Ok(())
}

//! Makes one script of the modules in `src/glue`: browsers fetch one file, and terser shortens names across them all.
//! The modules stand one after the other in one scope, without their `import`s and `export`s.
use std::{env, fs, io, path::Path};

/// In this order: what runs at once comes after what it uses.
const MODULES: [&str; 8] = ["dom", "batch", "rules", "nodes", "sheets", "fields", "flush", "socket"];
const LAST: &str = "run";
/// What is called from Rust; the last module exports it.
const CALLED: &str = "\
    fn run(core: Core, config: &JsValue, on: &Function) -> JsValue;
    /// The id of a node, or of the one around it that the other side knows; 0: none.
    #[wasm_bindgen(js_name = idOf)]
    fn id_of(node: &JsValue) -> u32;
";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/glue");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/glue");
    let mut script = String::new();
    for name in MODULES.iter().chain([&LAST]) {
        let text = fs::read_to_string(folder.join(name).with_extension("js"))?;
        script.push_str(&alone(&text, *name == LAST));
    }
    let written = fs::read_dir(&folder)?.count();
    if written != MODULES.len() + 1 {
        return Err(io::Error::other(format!("build.rs lists {} of {written} modules", MODULES.len() + 1)));
    }
    if script.contains("\"####") {
        return Err(io::Error::other("the script ends the string that holds it"));
    }
    let block = format!("extern \"C\" {{\n{CALLED}}}\n");
    let module = format!("#[wasm_bindgen(inline_js = r####\"{script}\"####)]\n{block}");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("glue.rs"), module)
}

/// A module without what ties it to the others. Statements of both kinds begin at the start of a line.
fn alone(text: &str, exports: bool) -> String {
    let mut out = String::new();
    let mut in_import = false;
    for line in text.lines() {
        if in_import || line.starts_with("import ") {
            in_import = !line.ends_with(';');
            continue;
        }
        // What is exported to be called from Rust stands in a list.
        let stays = exports && line.starts_with("export {");
        let line = if stays { line } else { line.strip_prefix("export ").unwrap_or(line) };
        out.push_str(line);
        out.push('\n');
    }
    out
}

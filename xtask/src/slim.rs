//! Makes what merchants' pages load smaller than the compiler can. A panic there ends the module in any case
//! (`panic = "abort"`); without the words about it, a tenth of the code has nothing left to do. And the names by
//! which WASM and its glue know each other need not say what they are.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use walrus::{
    FunctionId, FunctionKind, Module,
    ir::{self, Instr, Unreachable},
};

/// Functions that only lead to the end, by the beginning of their demangled name. Whoever calls one of them
/// traps at once.
const ENDS: [&str; 12] = [
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "console_error_panic_hook::",
    "core::cell::panic_already",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::index::slice_",
    "core::str::slice_error_fail",
    "std::panicking::panic_with_hook",
];

/// The same, by how the name ends: who prints for programmers prints for a panic.
const PRINTERS: [&str; 3] =
    ["core::fmt::Debug>::fmt", "core::panic::PanicPayload>::get", "core::panic::PanicPayload>::take_box"];

/// Part of the name of all that makes texts of values. A module that makes none has them for its panics alone: tables
/// name them, so that nothing else would take them away.
const FORMATS: &str = "core::fmt::";

/// Lets every panic trap without a word. Needs the names of the functions.
pub(crate) fn silence(module: &mut Module) -> Result<()> {
    let ends = named(module, is_end);
    ensure!(!ends.is_empty(), "no function of a panic was found: are the names gone?");
    trap(module, &ends);
    walrus::passes::gc::run(module);
    let formats = named(module, |name| plain(name).contains(FORMATS));
    if !calls_from_outside(module, &formats) {
        trap(module, &formats);
    }
    Ok(())
}

fn named(module: &Module, fits: impl Fn(&str) -> bool) -> BTreeSet<FunctionId> {
    let functions = module.funcs.iter();
    functions
        .filter(|function| function.name.as_deref().is_some_and(&fits))
        .map(|function| function.id())
        .collect()
}

fn trap(module: &mut Module, functions: &BTreeSet<FunctionId>) {
    for id in functions {
        if let FunctionKind::Local(function) = &mut module.funcs.get_mut(*id).kind {
            let entry = function.entry_block();
            let body = &mut function.block_mut(entry).instrs;
            body.clear();
            body.push((Instr::Unreachable(Unreachable {}), ir::InstrLocId::default()));
        }
    }
}

/// One of these functions is called by another, or leaves the module.
fn calls_from_outside(module: &Module, functions: &BTreeSet<FunctionId>) -> bool {
    struct Calls<'a>(&'a BTreeSet<FunctionId>, bool);
    impl<'i> ir::Visitor<'i> for Calls<'_> {
        fn visit_function_id(&mut self, function: &FunctionId) {
            self.1 |= self.0.contains(function);
        }
    }
    let mut calls = Calls(functions, false);
    for (id, function) in module.funcs.iter_local() {
        if !functions.contains(&id) {
            ir::dfs_in_order(&mut calls, function, function.entry_block());
        }
    }
    let leaves = |export: &walrus::Export| matches!(export.item, walrus::ExportItem::Function(id) if functions.contains(&id));
    calls.1 || module.exports.iter().any(leaves)
}

/// Crates are followed by their hash in brackets: `core[c5930c85a12de822]::panicking::panic_fmt`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    // A legacy name ends with its own hash: `...::fmt::h333a01382d748fc7`.
    if let Some((before, _)) = plain.rsplit_once("::h").filter(|(_, hash)| hash.len() == 16) {
        plain.truncate(before.len());
    }
    plain
}

fn is_end(name: &str) -> bool {
    let plain = plain(name);
    ENDS.iter().any(|end| plain.starts_with(end)) || PRINTERS.iter().any(|end| plain.ends_with(end))
}

/// Blanks the paths of source files, which only panics would say. They name the machine that built the module.
/// `registry` is where cargo keeps the sources of crates.
pub(crate) fn blank_paths(module: &mut Module, registry: &str) {
    let begins = ["/rustc/", registry];
    let ids: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in ids {
        let bytes = &mut module.data.get_mut(id).value;
        let mut at = 0;
        while at < bytes.len() {
            let length = path_length(&bytes[at..], begins);
            bytes[at..at + length].fill(0);
            at += length.max(1);
        }
    }
}

/// Bytes of the path of a Rust file at the front that begins in one of these ways; 0 if there is none.
fn path_length(bytes: &[u8], begins: [&str; 2]) -> usize {
    if !begins.iter().any(|begin| bytes.starts_with(begin.as_bytes())) {
        return 0;
    }
    let is_path = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+".contains(b);
    let run = &bytes[..bytes.iter().position(|b| !is_path(b)).unwrap_or(bytes.len())];
    run.windows(3).position(|end| end == b".rs").map_or(0, |at| at + 3)
}

/// Gives the imports short names, in the module and in its glue, which is returned.
pub(crate) fn shorten(module: &mut Module, glue: &str) -> Result<String> {
    ensure!(!glue.contains("$i"), "the glue uses the short names already");
    let mut short = BTreeMap::new();
    // A function of a crate's own script that needs no glue is imported from there, under its own name.
    for import in module.imports.iter_mut().filter(|import| !import.module.starts_with("./snippets/")) {
        let next = format!("$i{:x}", short.len());
        let name = short.entry(import.name.clone()).or_insert(next);
        import.name.clone_from(name);
    }
    let mut out = String::with_capacity(glue.len());
    let mut rest = glue;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    while let Some(start) = rest.find(is_word) {
        let (before, tail) = rest.split_at(start);
        let (word, after) = tail.split_at(tail.find(|c| !is_word(c)).unwrap_or(tail.len()));
        out.push_str(before);
        out.push_str(short.get(word).map_or(word, String::as_str));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What the glue says to programmers who call it in ways in which nobody does here, by how it begins.
const HINTS: [&str; 2] =
    ["console.warn(\"`WebAssembly.instantiateStreaming` failed", "console.warn('using deprecated parameters"];

/// Takes from the glue what none of our pages calls: starting a module that is there already, and its hints.
pub(crate) fn unsaid(glue: &str) -> Result<String> {
    let mut glue =
        without(glue, "function initSync(", "let __wbg_init_promise;")?.replace("{ initSync, ", "{ ");
    ensure!(!glue.contains("initSync"), "the glue has another way to `initSync`");
    for hint in HINTS {
        glue = without(&glue, hint, "}")?;
    }
    Ok(glue)
}

/// The text without what stands from `first` up to the next `end`.
fn without(text: &str, first: &str, end: &str) -> Result<String> {
    let (before, rest) = text.split_once(first).with_context(|| format!("the glue has no `{first}`"))?;
    let at = rest.find(end).with_context(|| format!("the glue has no `{end}` behind `{first}`"))?;
    Ok([before, &rest[at..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_from_the_glue_ends_where_it_should() {
        assert_eq!(without("a { b(1); } else { c }", "b(", "}").unwrap(), "a { } else { c }");
        assert!(without("a { c }", "b(", "}").is_err());
        assert!(without("a { b(", "b(", "}").is_err());
    }

    #[test]
    fn panics_are_known_by_name_whatever_the_crate_s_hash() {
        assert!(is_end("core[c5930c85a12de822]::panicking::panic_fmt"));
        assert!(is_end("core::panicking::panic_bounds_check"));
        assert!(!is_end("std[a543996e6e7dbf1e]::panicking::set_hook"));
        assert!(!is_end("widget::core::panicking"));
        assert!(is_end("<wasm_bindgen::JsValue as core::fmt::Debug>::fmt::h333a01382d748fc7"));
        assert!(!is_end("<u32 as core[c5930c85a12de822]::fmt::Display>::fmt"));
    }

    #[test]
    fn paths_of_sources_are_found_up_to_their_end() {
        let begins = ["/rustc/", "/home/a/.cargo/registry/"];
        assert_eq!(path_length(b"/home/a/.cargo/registry/src/x-1/yew/src/app.rsmore", begins), 46);
        assert_eq!(path_length(b"/rustc/5980/library/core/src/cell.rs", begins), 36);
        assert_eq!(path_length(b"/api/v1/sites/", begins), 0);
    }
}

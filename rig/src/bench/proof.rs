//! `proof`: what a proof of work costs whoever makes many of them with a program of their own, one core.
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use shared::work::{PIECES, Search};
use tokio::time::Instant;

use super::Figures;
use crate::probe;

/// The easiest and the hardest that a server asks for by default, and what lies between.
const BITS: [u8; 3] = [12, 14, 16];
const TRIES: u32 = 4_096;

pub fn run(period: Duration) -> Result<Figures> {
    let load = probe::load();
    let mut context = Map::new();
    for bits in BITS {
        let (proofs, seconds) = proofs(bits, period)?;
        let hashes = f64::from(PIECES) * f64::from(1_u32 << bits);
        context.insert(
            format!("{bits}_bits"),
            json!({ "hashes_expected": hashes, "proofs_per_second": proofs / seconds,
                "cpu_ms_per_proof": seconds / proofs * 1_000.0,
                "million_hashes_per_second": proofs / seconds * hashes / 1e6 }),
        );
    }
    context.insert("load_before".to_owned(), json!(load));
    Ok(Figures { bench: "proof", figures: Vec::new(), context: Value::Object(context) })
}

/// How many were found, and the CPU seconds that it took.
fn proofs(bits: u8, period: Duration) -> Result<(f64, f64)> {
    let began = Instant::now();
    let before = probe::usage(std::process::id())?.cpu_seconds;
    let mut found = 0_u32;
    while began.elapsed() < period {
        let challenge = format!("a challenge of this bench, number {found}");
        let mut search = Search::new(&challenge, bits).context("a server may ask for so many bits")?;
        while search.go_on(TRIES).is_none() {}
        found += 1;
    }
    Ok((found.into(), probe::usage(std::process::id())?.cpu_seconds - before))
}

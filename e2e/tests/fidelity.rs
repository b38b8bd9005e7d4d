//! What the agent sees is what the customer sees: fixture pages, each with its steps, compared by their documents and by
//! their pixels. A page put into `fixtures/fidelity` is played like the others; `RINGSIDE_TEST_FIXTURE=name` plays one alone.
use std::{fmt::Write as _, path::Path};

use anyhow::{Context, Result, ensure};
use e2e::mirrored::Mirrored;

/// Played on a narrow screen of twice as many dots: first with an agent who has fewer, then with one who has as many.
const PHONE: &str = "phone.html";

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_reads_and_looks_the_same_at_the_agent() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fidelity");
    let alone = std::env::var("RINGSIDE_TEST_FIXTURE").ok();
    let mut fixtures = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name().into_string().ok().context("fixtures have plain names")?;
        let asked = alone.as_ref().is_none_or(|alone| name.strip_suffix(".html") == Some(alone));
        if name.ends_with(".html") && name != "start.html" && asked {
            fixtures.push(name);
        }
    }
    fixtures.sort();
    ensure!(!fixtures.is_empty(), "there is no fixture");
    let mirrored = Mirrored::assemble(&folder).await?;
    let mut table =
        String::from("| fixture | steps | nodes | document | pixels that differ |\n|---|---|---|---|---|\n");
    let mut failures = Vec::new();
    // The customer's other screen comes last.
    let (on_phones, others): (Vec<_>, Vec<_>) = fixtures.into_iter().partition(|name| name == PHONE);
    let on_phones = on_phones.iter().flat_map(|name| [format!("{name}?documents"), name.clone()]);
    for fixture in others.into_iter().chain(on_phones) {
        match fixture.strip_prefix(PHONE) {
            Some("") => mirrored.agent_has_such_a_screen().await?,
            Some(_) => mirrored.takes_a_phone().await?,
            None => {}
        }
        match mirrored.play(&fixture).await {
            Ok(seen) => {
                let share = f64::from(seen.differing) * 100.0 / f64::from(seen.pixels);
                writeln!(
                    table,
                    "| {} | {} | {} | equal | {share:.3} % |",
                    seen.name, seen.steps, seen.lines
                )?;
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    // The table of docs/co-browse.md is this one.
    eprintln!("{table}");
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

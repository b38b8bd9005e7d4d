//! What the simulated network saw, whatever became of the server.
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Legs that were placed, in all lives of the server, and what was wrong.
#[derive(Debug, Default)]
pub struct Journal {
    pub lives: u32,
    pub placed: BTreeSet<String>,
    pub faults: Vec<String>,
}

impl Journal {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context("the journal cannot be read")?;
        Self::of(text.lines())
    }

    /// A life ends with everything that was up in it: the network dies with the process.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut journal = Self::default();
        let mut up: BTreeMap<String, String> = BTreeMap::new();
        for line in lines {
            let line: Value = serde_json::from_str(line).context("a line of the journal is no JSON")?;
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let (leg, to) = (text("leg"), text("to"));
            match line["what"].as_str() {
                Some("started") => {
                    journal.lives += 1;
                    up.clear();
                }
                Some("placed") => {
                    if let Some(other) = up.insert(to.clone(), leg.clone()) {
                        journal.faults.push(format!("two live legs to {to}: {other} and {leg}"));
                    }
                    if !journal.placed.insert(leg.clone()) {
                        journal.faults.push(format!("leg {leg} was placed twice"));
                    }
                }
                Some("down" | "crashed") => {
                    up.retain(|_, live| *live != leg);
                }
                Some(_) | None => {}
            }
        }
        Ok(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_leg_to_a_number_is_found_and_a_life_ends_all() {
        let line = |what: &str, leg: &str| format!(r#"{{"what":"{what}","leg":"{leg}","to":"+1"}}"#);
        let good = [line("started", ""), line("placed", "a"), line("down", "a"), line("placed", "b")];
        let good = [good.as_slice(), &[line("started", ""), line("placed", "c")]].concat();
        let journal = Journal::of(good.iter().map(String::as_str)).unwrap();
        assert_eq!((journal.lives, journal.placed.len(), journal.faults.len()), (2, 3, 0));
        let bad = [line("started", ""), line("placed", "a"), line("placed", "b")];
        assert_eq!(Journal::of(bad.iter().map(String::as_str)).unwrap().faults.len(), 1);
    }
}

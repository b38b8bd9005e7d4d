//! `cargo xtask fuzz`: every decoder (or one) for a time, with a seed.
use anyhow::{Context as _, Result, bail};

use crate::run::{cargo, exec};

const SECONDS: &str = "60";
const SEED: &str = "1";

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (mut seconds, mut seed, mut target) = (SECONDS, SEED, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("`{word}` needs a value"))?;
        match *word {
            "--seconds" => seconds = value,
            "--seed" => seed = value,
            "--target" => target = Some(*value),
            other => bail!("`{other}` is no option of fuzz: --target, --seconds, --seed"),
        }
    }
    let mut fuzz = cargo("run");
    fuzz.args(["--quiet", "--profile", "fuzz", "--package", "fuzz", "--", seconds, seed]).args(target);
    exec(&mut fuzz)
}

//! Copies of the database, and the way back.
use std::{io::Write, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};

use super::Desk;
use crate::{archive::shelf::Shelf, backup, clock::Clock, config::Config, erasure::journal};

/// Restores a copy; the database must not be there, so this is the one command that opens none.
pub async fn restore(
    from: PathBuf,
    mut journals: Vec<PathBuf>,
    config: &Config,
    clock: &Arc<dyn Clock>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let to = backup::file_of(&config.database).context(
        "only a SQLite file is restored like this. For Postgres use pg_restore, and then `ringside admin customer \
         replay --journal FILE` before a server starts",
    )?;
    if journals.is_empty() {
        let beside = from.with_file_name(journal::FILE);
        journals =
            [beside, config.data.join(journal::FILE)].into_iter().filter(|path| path.exists()).collect();
        if journals.is_empty() {
            bail!(
                "there is no journal of erasures beside the copy or in {}: name one with --journal, or an empty file \
                 if nobody was ever erased",
                config.data.display()
            );
        }
    }
    let erased = backup::restore(&from, &to, &journals, clock, &Shelf::below(&config.data)).await?;
    writeln!(out, "{} was restored from {}, with {erased} erasures.", to.display(), from.display())?;
    Ok(())
}

impl Desk<'_> {
    pub(super) async fn backup(
        &mut self,
        config: &Config,
        to: PathBuf,
        keep_days: u32,
    ) -> anyhow::Result<()> {
        let known_days = config.keep.erasures_days;
        ensure!(
            known_days == 0 || keep_days < known_days,
            "a copy that is kept for {keep_days} days outlives the journal of erasures, so that a restore would bring \
             erased customers back: set `erasures_days` in [keep], which is {known_days} now, to more"
        );
        let keep = Duration::from_secs(u64::from(keep_days) * 24 * 3600);
        let complete_since = config.keep.ends(self.clock.now()).erasures.unwrap_or_default();
        let made = backup::make(&**self.store, &**self.clock, &to, keep, complete_since).await?;
        writeln!(self.out, "{}\t{} bytes\t{} expired", made.file.display(), made.bytes, made.expired.len())?;
        Ok(())
    }
}

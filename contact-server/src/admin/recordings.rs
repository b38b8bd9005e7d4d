//! The keys of recordings.
use anyhow::Context as _;
use clap::Subcommand;
use store::Recording;

use super::Desk;
use crate::{
    archive::keys::{self, KeyRing, Of},
    config::Config,
};

#[derive(Subcommand, Debug)]
pub enum RecordingCommand {
    /// Put a new key first into the file that `recording_keys` names: from then on it locks what is recorded
    NewKey {
        /// A name that was never used, such as 2026-11
        #[arg(long)]
        id: String,
    },
    /// Lock all recordings with the first key, so that the others can be taken out of the file
    Relock,
}

/// Recordings that are read at once.
const BATCH: u32 = 200;

pub(super) async fn recording(
    desk: &mut Desk<'_>,
    config: &Config,
    command: RecordingCommand,
) -> anyhow::Result<()> {
    let path = config.recording_keys.as_deref().context(
        "`recording_keys` is not set: name a file for the keys in the configuration, outside of the data folder",
    )?;
    match command {
        RecordingCommand::NewKey { id } => {
            keys::add(path, &id).with_context(|| format!("{} cannot take a new key", path.display()))?;
            writeln!(
                desk.out,
                "{} locks what is recorded from now on. Keep a copy of {} where no backup of the data lies: \
                 without it no recording can ever be played.",
                id,
                path.display()
            )?;
        }
        RecordingCommand::Relock => {
            let ring = KeyRing::read(path)?;
            let mut count = 0;
            loop {
                let locked = desk.store.records().recordings_otherwise_locked(ring.current(), BATCH).await?;
                if locked.is_empty() {
                    break;
                }
                for old in locked {
                    let key = ring.open(&old).with_context(|| format!("recording {}", old.id))?;
                    let (lock, locked) = ring.lock(Of::from(&old), &key)?;
                    let new = Recording { lock, locked, ..old };
                    desk.store.records().lock_recording_anew(new.business, &new).await?;
                    count += 1;
                }
            }
            desk.store.records().scrub().await?;
            writeln!(
                desk.out,
                "{count} recordings were locked with {}; no other key is used.",
                ring.current()
            )?;
        }
    }
    Ok(())
}

//! Commits what has gathered, then lets it out.
use std::time::Duration;

use contact_core::{Change, DialCommand, Effect, Input, Notice};
use shared::BusinessId;
use store::{OwnerEpoch, StoreError};
use tokio::sync::mpsc;

use super::{Answer, World};
use crate::clock::Stopwatch;

/// A commit that takes longer has failed.
const COMMIT_LIMIT: Duration = Duration::from_secs(15);

/// What one input (or timeout, or view) caused. Dropped uncommitted, it answers `Unavailable`.
pub(super) struct Batch {
    pub(super) effects: Vec<Effect>,
    pub(super) answer: Option<Answer>,
    pub(super) posted: Option<Posted>,
}

/// An input that nobody waits for: whoever said it does not say it again when it was not committed.
pub(super) struct Posted {
    pub(super) input: Input,
    /// Commits that failed with it.
    pub(super) failed: u32,
}

/// A commit failed, and with it whatever waited behind it.
pub(super) struct NotCommitted {
    pub(super) error: StoreError,
    /// Of all those batches, in order.
    pub(super) posted: Vec<Posted>,
}

/// What leaves after the commit.
enum Outward {
    Dial(DialCommand),
    Tell(Notice),
    Answer(Answer),
}

/// Writes until the queue is closed and empty, or a commit fails.
pub(super) async fn run(
    world: World,
    business: BusinessId,
    epoch: OwnerEpoch,
    mut queue: mpsc::Receiver<Batch>,
) -> Result<(), NotCommitted> {
    let most = world.inputs_per_commit;
    let mut gathered = Vec::with_capacity(most);
    while queue.recv_many(&mut gathered, most).await > 0 {
        let mut batches = std::mem::take(&mut gathered);
        let mut posted: Vec<Posted> = batches.iter_mut().filter_map(|batch| batch.posted.take()).collect();
        if let Err(error) = commit(&world, business, epoch, batches).await {
            queue.close();
            while let Some(batch) = queue.recv().await {
                posted.extend(batch.posted);
            }
            return Err(NotCommitted { error, posted });
        }
    }
    Ok(())
}

/// Writes all batches in one transaction, then carries out their outward effects in order.
pub(super) async fn commit(
    world: &World,
    business: BusinessId,
    epoch: OwnerEpoch,
    batches: Vec<Batch>,
) -> Result<(), StoreError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut outward = Vec::new();
    for batch in batches {
        for effect in batch.effects {
            match effect {
                Effect::Store(change) => changes.push(change),
                Effect::Dial(command) => outward.push(Outward::Dial(command)),
                Effect::Tell(notice) => outward.push(Outward::Tell(notice)),
            }
        }
        outward.extend(batch.answer.map(Outward::Answer));
    }
    trial("before", &changes);
    if !changes.is_empty() {
        let watch = Stopwatch::start();
        let commit = tokio::time::timeout(COMMIT_LIMIT, world.store.commit(business, epoch, &changes)).await;
        let committed = commit.unwrap_or_else(|late| Err(StoreError::Database(Box::new(late))));
        match committed {
            Ok(_) => world.witness.committed(business, &changes, watch.took()),
            Err(error) => {
                world.witness.not_committed(business);
                if !is_spared(&error, &changes) {
                    return Err(error);
                }
                tracing::warn!(%business, error = &error as &dyn std::error::Error, "a sign of life was not stored");
            }
        }
    }
    trial("stored", &changes);
    for effect in outward {
        match effect {
            Outward::Dial(command) => world.dialer.command(business, command),
            Outward::Tell(notice) => world.directory.tell(business, notice),
            Outward::Answer(answer) => answer(),
        }
    }
    trial("told", &changes);
    Ok(())
}

/// Nothing was decided upon a sign of life, and the next comes soon: a business is not rebuilt, and its calls are not
/// cut off, because a disk was full for a moment in which nobody needed it.
fn is_spared(error: &StoreError, changes: &[Change]) -> bool {
    let alone = changes.iter().all(|change| matches!(change, Change::Alive(_)));
    alone && !matches!(error, StoreError::Fenced)
}

/// A place at which a trial may end the process; nothing in a release build.
fn trial(stage: &str, changes: &[Change]) {
    #[cfg(debug_assertions)]
    store::fail_point::reached(stage, || {
        let name = |change: &Change| {
            let Change::Event(_, event) = change else { return None };
            serde_json::to_value(event).ok()?["event"].as_str().map(str::to_owned)
        };
        changes.iter().filter_map(name).collect()
    });
    #[cfg(not(debug_assertions))]
    let _ = (stage, changes);
}

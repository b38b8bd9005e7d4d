//! The task that owns one business's `Center`.
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use contact_core::{Center, Effect};
use shared::{BusinessId, Timestamp};
use store::{OwnerEpoch, StoreError};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Request, World,
    writer::{self, Batch},
};
use crate::{clock::Clock, ids};

/// Batches that may wait for the writer. Past it the owner stops applying inputs, and its inbox fills.
const PENDING_BATCHES: usize = 1_024;
/// The owner looks at the clock at least this often while it waits, because a wall clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// Pause before the first new try to rebuild a `Center`; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Owner {
    pub(super) business: BusinessId,
    pub(super) world: World,
    /// Told whoever asks without waiting in line.
    pub(super) filled: Arc<AtomicU8>,
}

/// A `Center` with the epoch under which its decisions may be committed.
pub(super) struct Generation {
    center: Center,
    epoch: OwnerEpoch,
}

/// Why a generation ended.
enum Ended {
    /// Everybody who could ask has gone: a shutdown. All is on disk.
    Stopped,
    /// Another process owns the business.
    Fenced,
    /// A commit failed or the `Center` panicked: what it holds in memory is worth nothing.
    Broken,
}

impl Owner {
    /// Rebuilds the `Center` from the store; what the rebuilding decided is committed before this returns.
    pub(super) async fn restore(&self) -> Result<Generation, StoreError> {
        let World { store, clock, .. } = &self.world;
        let epoch = store.claim(self.business).await?;
        let snapshot = store.load(self.business, clock.now()).await?;
        clock.not_before(snapshot.last_at);
        let now = clock.now();
        let restored = catch_unwind(AssertUnwindSafe(|| {
            let mut center = Center::restore(now, snapshot, ids::seed());
            let effects = drain(&mut center);
            (center, effects)
        }));
        let Ok((center, effects)) = restored else { return Err(StoreError::Corrupt("the business's state")) };
        writer::commit(&self.world, self.business, epoch, vec![Batch { effects, answer: None }]).await?;
        Ok(Generation { center, epoch })
    }

    /// Serves until the inbox is closed or the business is taken away.
    pub(super) async fn run(self, first: Generation, mut inbox: mpsc::Receiver<Request>) {
        let business = self.business;
        let mut generation = first;
        loop {
            match self.serve(generation, &mut inbox).await {
                Ended::Stopped => return,
                Ended::Fenced => {
                    tracing::error!(%business, "another process took this business over; it is not served here any more");
                    return;
                }
                Ended::Broken => {
                    let Some(rebuilt) = self.rebuild(&mut inbox).await else { return };
                    generation = rebuilt;
                    // Their sockets never broke, and the agents would be offline after the grace.
                    self.world.directory.rebuilt(business);
                    tracing::info!(%business, "the business is served again");
                }
            }
        }
    }

    async fn serve(&self, generation: Generation, inbox: &mut mpsc::Receiver<Request>) -> Ended {
        let Generation { mut center, epoch } = generation;
        let (batches, queue) = mpsc::channel(PENDING_BATCHES);
        let mut writer = tokio::spawn(writer::run(self.world.clone(), self.business, epoch, queue));
        loop {
            self.filled.store(center.filled(), Ordering::Relaxed);
            let due = center.poll_timeout().map(|(at, _why)| at);
            let step = tokio::select! {
                biased;
                ended = &mut writer => return self.writer_ended(ended),
                now = due_or_recheck(&*self.world.clock, due) => {
                    match now {
                        Some(now) => guard(|| time_out(&mut center, now)),
                        None => continue,
                    }
                }
                request = inbox.recv() => {
                    let Some(request) = request else { return self.finish(batches, writer).await };
                    let now = self.world.clock.now();
                    guard(|| apply(&mut center, now, request))
                }
            };
            let Some(batch) = step else {
                // What was decided before is sound and is committed; the rest is rebuilt.
                return match self.finish(batches, writer).await {
                    Ended::Stopped => Ended::Broken,
                    ended @ (Ended::Fenced | Ended::Broken) => ended,
                };
            };
            if batches.send(batch).await.is_err() {
                tracing::debug!(business = %self.business, "the writer ended before a batch reached it");
            }
        }
    }

    /// Lets the writer commit what it has.
    async fn finish(
        &self,
        batches: mpsc::Sender<Batch>,
        writer: JoinHandle<Result<(), StoreError>>,
    ) -> Ended {
        drop(batches);
        self.writer_ended(writer.await)
    }

    fn writer_ended(&self, ended: Result<Result<(), StoreError>, tokio::task::JoinError>) -> Ended {
        let business = self.business;
        match ended {
            Ok(Ok(())) => Ended::Stopped,
            Ok(Err(StoreError::Fenced)) => Ended::Fenced,
            Ok(Err(error)) => {
                tracing::error!(%business, error = &error as &dyn std::error::Error, "a commit failed");
                Ended::Broken
            }
            Err(error) => {
                tracing::error!(%business, %error, "the writer panicked");
                Ended::Broken
            }
        }
    }

    /// Tries until the `Center` is rebuilt; whoever asks meanwhile is told `Unavailable`. None: nobody can
    /// ask any more.
    async fn rebuild(&self, inbox: &mut mpsc::Receiver<Request>) -> Option<Generation> {
        let mut pause = Duration::ZERO;
        loop {
            let this_pause = pause;
            let mut attempt = pin!(async move {
                tokio::time::sleep(this_pause).await;
                self.restore().await
            });
            let restored = loop {
                tokio::select! {
                    biased;
                    restored = &mut attempt => break restored,
                    // Dropping a request answers it.
                    request = inbox.recv() => drop(request?),
                }
            };
            match restored {
                Ok(generation) => return Some(generation),
                Err(error) => {
                    let business = self.business;
                    tracing::error!(%business, error = &error as &dyn std::error::Error, "the business cannot be rebuilt yet");
                }
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }
}

/// Waits until `due`, for ever if there is none. None: the clock should be looked at again.
async fn due_or_recheck(clock: &dyn Clock, due: Option<Timestamp>) -> Option<Timestamp> {
    let Some(due) = due else { return std::future::pending().await };
    let wait = due.since(clock.now());
    if !wait.is_zero() {
        tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
    }
    let now = clock.now();
    (now >= due).then_some(now)
}

/// Runs one step of the `Center`. None: it panicked, and nothing that it holds can be trusted.
fn guard(step: impl FnOnce() -> Batch) -> Option<Batch> {
    let batch = catch_unwind(AssertUnwindSafe(step));
    if batch.is_err() {
        tracing::error!("the center panicked; it is rebuilt from the store");
    }
    batch.ok()
}

fn time_out(center: &mut Center, now: Timestamp) -> Batch {
    center.handle_timeout(now);
    Batch { effects: drain(center), answer: None }
}

fn apply(center: &mut Center, now: Timestamp, request: Request) -> Batch {
    match request {
        Request::Input { input, answer } => {
            let verdict = center.handle(now, input);
            if let Err(refusal) = &verdict {
                tracing::debug!(%refusal, "an input was refused");
            }
            let effects = drain(center);
            let answer = answer.map(|sender| -> super::Answer {
                // A caller that left does not want its answer.
                Box::new(move || drop(sender.send(verdict.map_err(Into::into))))
            });
            Batch { effects, answer }
        }
        Request::View(read) => Batch { effects: Vec::new(), answer: Some(read(center)) },
    }
}

fn drain(center: &mut Center) -> Vec<Effect> {
    std::iter::from_fn(|| center.poll_effect()).collect()
}

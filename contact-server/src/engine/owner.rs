//! The task that owns one business's `Center`.
use std::{
    collections::VecDeque,
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
    INBOX, Request, World,
    writer::{self, Batch, NotCommitted, Posted},
};
use crate::{clock::Clock, ids};

/// Batches that may wait for the writer. Past it the owner stops applying inputs, and its inbox fills.
const PENDING_BATCHES: usize = 1_024;
/// The owner looks at the clock at least this often while it waits, because a wall clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// Pause before the first new try to rebuild a `Center`; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What was said, and not asked, while a business cannot be served. Past it, what comes is lost, as `core` expects of
/// drivers; what was under way when it broke comes on top.
const UNHEARD: usize = INBOX;
/// Commits that may fail with the same thing that was said: with these pauses, for a minute and a half. It may be what
/// the store can't take, and would keep everybody else out.
pub(super) const TRIES: u32 = 24;

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
        writer::commit(
            &self.world,
            self.business,
            epoch,
            vec![Batch { effects, answer: None, posted: None }],
        )
        .await?;
        Ok(Generation { center, epoch })
    }

    /// Serves until the inbox is closed or the business is taken away.
    pub(super) async fn run(self, first: Generation, mut inbox: mpsc::Receiver<Request>) {
        let business = self.business;
        let mut generation = first;
        let mut unheard = VecDeque::new();
        loop {
            match self.serve(generation, &mut inbox, &mut unheard).await {
                Ended::Stopped => return,
                Ended::Fenced => {
                    tracing::error!(%business, "another process took this business over; it is not served here any more");
                    return;
                }
                Ended::Broken => {
                    let Some(rebuilt) = self.rebuild(&mut inbox, &mut unheard).await else { return };
                    generation = rebuilt;
                    // Their sockets never broke, and the agents would be offline after the grace.
                    self.world.directory.rebuilt(business);
                    tracing::info!(%business, "the business is served again");
                }
            }
        }
    }

    /// `unheard` comes before the inbox; when a commit fails, what was said and is not on disk is there again.
    async fn serve(
        &self,
        generation: Generation,
        inbox: &mut mpsc::Receiver<Request>,
        unheard: &mut VecDeque<Posted>,
    ) -> Ended {
        let Generation { mut center, epoch } = generation;
        let (batches, queue) = mpsc::channel(PENDING_BATCHES);
        let mut writer = tokio::spawn(writer::run(self.world.clone(), self.business, epoch, queue));
        loop {
            self.filled.store(center.filled(), Ordering::Relaxed);
            let due = center.poll_timeout().map(|(at, _why)| at);
            let step = tokio::select! {
                biased;
                ended = &mut writer => return self.writer_ended(ended, unheard),
                now = due_or_recheck(&*self.world.clock, due) => {
                    match now {
                        Some(now) => guard(|| time_out(&mut center, now)),
                        None => continue,
                    }
                }
                request = next(unheard, inbox) => {
                    let Some((request, failed)) = request else { return self.finish(batches, writer, unheard).await };
                    let now = self.world.clock.now();
                    guard(|| apply(&mut center, now, request, failed))
                }
            };
            let Some(batch) = step else {
                // What was decided before is sound and is committed; the rest is rebuilt.
                return match self.finish(batches, writer, unheard).await {
                    Ended::Stopped => Ended::Broken,
                    ended @ (Ended::Fenced | Ended::Broken) => ended,
                };
            };
            if let Err(mpsc::error::SendError(batch)) = batches.send(batch).await {
                tracing::debug!(business = %self.business, "the writer ended before a batch reached it");
                batch.posted.into_iter().for_each(|posted| unheard.push_front(posted));
            }
        }
    }

    /// Lets the writer commit what it has.
    async fn finish(
        &self,
        batches: mpsc::Sender<Batch>,
        writer: JoinHandle<Result<(), NotCommitted>>,
        unheard: &mut VecDeque<Posted>,
    ) -> Ended {
        drop(batches);
        self.writer_ended(writer.await, unheard)
    }

    fn writer_ended(
        &self,
        ended: Result<Result<(), NotCommitted>, tokio::task::JoinError>,
        unheard: &mut VecDeque<Posted>,
    ) -> Ended {
        let business = self.business;
        match ended {
            Ok(Ok(())) => Ended::Stopped,
            Ok(Err(NotCommitted { error: StoreError::Fenced, .. })) => Ended::Fenced,
            Ok(Err(NotCommitted { error, posted })) => {
                tracing::error!(%business, error = &error as &dyn std::error::Error, "a commit failed");
                for Posted { input, failed } in posted.into_iter().rev() {
                    if failed + 1 < TRIES {
                        unheard.push_front(Posted { input, failed: failed + 1 });
                    } else {
                        tracing::error!(%business, "what was said could not be stored again and again, and is lost");
                    }
                }
                Ended::Broken
            }
            Err(error) => {
                tracing::error!(%business, %error, "the writer panicked");
                Ended::Broken
            }
        }
    }

    /// Tries until the `Center` is rebuilt; whoever asks meanwhile is told `Unavailable`, and what is said meanwhile is
    /// kept: a number stays taken until its driver was heard. None: nobody can ask any more.
    async fn rebuild(
        &self,
        inbox: &mut mpsc::Receiver<Request>,
        unheard: &mut VecDeque<Posted>,
    ) -> Option<Generation> {
        let failed = unheard.iter().map(|posted| posted.failed).max().unwrap_or_default();
        // The first time at once.
        let mut pause = (1..failed).fold(Duration::ZERO, |pause, _| longer(pause));
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
                    request = inbox.recv() => match request? {
                        Request::Input { input, answer: None } if unheard.len() < UNHEARD => {
                            unheard.push_back(Posted { input, failed: 0 });
                        }
                        // Dropping a request answers it.
                        request @ (Request::Input { .. } | Request::View(_)) => drop(request),
                    },
                }
            };
            match restored {
                Ok(generation) => return Some(generation),
                Err(error) => {
                    let business = self.business;
                    tracing::error!(%business, error = &error as &dyn std::error::Error, "the business cannot be rebuilt yet");
                }
            }
            pause = longer(pause);
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

fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// What was said before comes first, with how often it failed. Loses nothing when it is not waited for.
async fn next(unheard: &mut VecDeque<Posted>, inbox: &mut mpsc::Receiver<Request>) -> Option<(Request, u32)> {
    match unheard.pop_front() {
        Some(Posted { input, failed }) => Some((Request::Input { input, answer: None }, failed)),
        None => Some((inbox.recv().await?, 0)),
    }
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
    Batch { effects: drain(center), answer: None, posted: None }
}

fn apply(center: &mut Center, now: Timestamp, request: Request, failed: u32) -> Batch {
    match request {
        Request::Input { input, answer } => {
            let posted = answer.is_none().then(|| Posted { input: input.clone(), failed });
            let verdict = center.handle(now, input);
            if let Err(refusal) = &verdict {
                tracing::debug!(%refusal, "an input was refused");
            }
            let effects = drain(center);
            let answer = answer.map(|sender| -> super::Answer {
                // A caller that left does not want its answer.
                Box::new(move || drop(sender.send(verdict.map_err(Into::into))))
            });
            Batch { effects, answer, posted }
        }
        Request::View(read) => Batch { effects: Vec::new(), answer: Some(read(center)), posted: None },
    }
}

fn drain(center: &mut Center) -> Vec<Effect> {
    std::iter::from_fn(|| center.poll_effect()).collect()
}

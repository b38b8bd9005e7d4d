//! Where passwords are verified: beside everything else. Whoever floods the server with them must not slow down those
//! who are signed in.
use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{Semaphore, oneshot};

use super::Memory;
use crate::limits::{PASSWORDS_AT_ONCE, PASSWORDS_WAITING};

/// Some thirtieth of the weight that the threads of requests and sockets have (sched(7)).
const NICENESS: i32 = 16;

#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// [`PASSWORDS_WAITING`] wait already.
    #[error("too many passwords wait to be verified")]
    Crowded,
    #[error("no thread verified the password: {0}")]
    Thread(#[from] io::Error),
}

/// Runs such work on threads of its own, which the system lets run when others leave it time. A thread counts until it
/// ends, also if nobody waits for it any more.
#[derive(Debug)]
pub struct Aside {
    waiting: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    kept: Kept,
}

/// Memory that the next may use, as long as somebody waits: as much as all turns take at most.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Memory>>>);

impl Kept {
    fn take(&self) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, memory: Memory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Kept")
    }
}

impl Default for Aside {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(PASSWORDS_AT_ONCE));
        let waiting = Arc::new(Semaphore::new(PASSWORDS_WAITING));
        Self { waiting, turns, kept: Kept::default() }
    }
}

impl Aside {
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, AsideError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| AsideError::Crowded)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (done, result) = oneshot::channel();
        let (kept, waiting) = (self.kept.clone(), self.waiting.clone());
        thread::Builder::new().name("password".to_owned()).spawn(move || {
            // Of this thread alone (Linux).
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "a password is verified at the common priority");
            }
            let mut memory = kept.take();
            let value = work(&mut memory);
            // Given back to the system here, not by a thread that serves others.
            if !is_last(&waiting) {
                kept.put(memory);
            }
            drop(turn);
            drop(done.send(value));
        })?;
        let result = result.await;
        // Of two that ended at once.
        if is_last(&self.waiting) {
            self.kept.clear();
        }
        Ok(result.map_err(io::Error::other)?)
    }
}

/// Nobody waits but whoever asks, if they still do.
fn is_last(waiting: &Semaphore) -> bool {
    waiting.available_permits() + 1 >= PASSWORDS_WAITING
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_does_not_make_room_for_more_threads() {
        let aside = Aside::default();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        for free in (0..PASSWORDS_AT_ONCE).rev() {
            let held = held.clone();
            let begun = aside.run(move |_| held.lock().unwrap().recv());
            tokio::select! {
                biased;
                _ = begun => unreachable!("it is held"),
                () = tokio::task::yield_now() => {}
            }
            assert_eq!(aside.turns.available_permits(), free);
        }
        assert_eq!(aside.waiting.available_permits(), PASSWORDS_WAITING);
        drop(release);
        assert_eq!(aside.run(|_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn memory_is_kept_as_long_as_somebody_waits() {
        let aside = Aside::default();
        let phc = Arc::new(super::super::hash("correct horse").unwrap());
        let verify = || {
            let phc = phc.clone();
            aside.run(move |memory| super::super::verify_in(memory, "correct horse", &phc))
        };
        let (one, two, three) = tokio::join!(verify(), verify(), verify());
        assert!(one.unwrap() && two.unwrap() && three.unwrap());
        assert_eq!(aside.kept.0.lock().unwrap().len(), 0);
        let other = aside.waiting.acquire().await;
        assert!(verify().await.unwrap() && verify().await.unwrap());
        assert_eq!(aside.kept.0.lock().unwrap().len(), 1);
        drop(other);
        assert!(verify().await.unwrap());
        assert_eq!(aside.kept.0.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let aside = Aside::default();
        let all = aside.waiting.acquire_many(u32::try_from(PASSWORDS_WAITING).unwrap()).await;
        assert!(matches!(aside.run(|_| ()).await, Err(AsideError::Crowded)));
        drop(all);
        aside.run(|_| ()).await.unwrap();
    }
}

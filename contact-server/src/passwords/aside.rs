//! Where passwords are verified: beside everything else. Whoever floods the server with them must not slow down those
//! who are signed in.
use std::{io, sync::Arc, thread};

use tokio::sync::{Semaphore, oneshot};

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
    waiting: Semaphore,
    turns: Arc<Semaphore>,
}

impl Default for Aside {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(PASSWORDS_AT_ONCE));
        Self { waiting: Semaphore::new(PASSWORDS_WAITING), turns }
    }
}

impl Aside {
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AsideError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| AsideError::Crowded)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (done, result) = oneshot::channel();
        thread::Builder::new().name("password".to_owned()).spawn(move || {
            // Of this thread alone (Linux).
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "a password is verified at the common priority");
            }
            let value = work();
            drop(turn);
            drop(done.send(value));
        })?;
        Ok(result.await.map_err(io::Error::other)?)
    }
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
            let begun = aside.run(move || held.lock().unwrap().recv());
            tokio::select! {
                biased;
                _ = begun => unreachable!("it is held"),
                () = tokio::task::yield_now() => {}
            }
            assert_eq!(aside.turns.available_permits(), free);
        }
        assert_eq!(aside.waiting.available_permits(), PASSWORDS_WAITING);
        drop(release);
        assert_eq!(aside.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let aside = Aside::default();
        let all = aside.waiting.acquire_many(u32::try_from(PASSWORDS_WAITING).unwrap()).await;
        assert!(matches!(aside.run(|| ()).await, Err(AsideError::Crowded)));
        drop(all);
        aside.run(|| ()).await.unwrap();
    }
}

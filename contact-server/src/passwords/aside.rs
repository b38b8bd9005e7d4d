//! Where passwords are verified: beside everything else. Whoever floods the server with them must not slow down those
//! who are signed in.
use std::{io, sync::Arc, thread};

use tokio::sync::{Semaphore, oneshot};

use crate::limits::{PASSWORDS_AT_ONCE, PASSWORDS_CROWD, PASSWORDS_WAITING};

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
        let is_crowded = self.is_crowded();
        let (done, result) = oneshot::channel();
        thread::Builder::new().name("password".to_owned()).spawn(move || {
            stand_back(is_crowded);
            let value = work();
            drop(turn);
            drop(done.send(value));
        })?;
        Ok(result.await.map_err(io::Error::other)?)
    }

    /// More wait than people who sign in.
    fn is_crowded(&self) -> bool {
        PASSWORDS_WAITING - self.waiting.available_permits() > PASSWORDS_CROWD
    }
}

/// Lets others go first, this thread alone (Linux). A nice thread keeps its core for its turn of some milliseconds,
/// whoever wakes meanwhile; an idle one never does, and never gets far on a machine that others keep busy. So the ones
/// of a crowd are idle.
fn stand_back(is_crowded: bool) {
    #[cfg(target_os = "linux")]
    if is_crowded {
        use thread_priority::{
            NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy::Normal,
            set_thread_priority_and_policy, thread_native_id,
        };
        let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, Normal(Idle));
        if let Err(error) = set {
            tracing::debug!(?error, "a password of a crowd is verified at another priority");
        }
        return;
    }
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, is_crowded, "a password is verified at the common priority");
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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn those_of_a_crowd_run_when_nobody_else_wants_to() {
        let idle = || {
            use thread_priority::{NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy::Normal};
            thread_priority::thread_schedule_policy().map(|policy| policy == Normal(Idle))
        };
        let aside = Aside::default();
        assert!(!aside.run(idle).await.unwrap().unwrap());
        let others = aside.waiting.acquire_many(u32::try_from(PASSWORDS_CROWD).unwrap()).await;
        assert!(aside.run(idle).await.unwrap().unwrap());
        drop(others);
        assert!(!aside.run(idle).await.unwrap().unwrap());
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

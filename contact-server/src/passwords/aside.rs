//! Where passwords are verified: beside everything else. Whoever floods the server with them must not slow down those
//! who are signed in.
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvError, Sender, channel},
    },
    thread,
};

use tokio::sync::{Semaphore, oneshot};

use super::Memory;
use crate::limits::PASSWORDS_WAITING;

/// The least: a seventieth of the weight that the threads of requests and sockets have (sched(7)).
const NICENESS: i32 = 19;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Whose passwords are verified one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Those of people who come to work. Its thread is nice: now and then it keeps its core for some milliseconds,
    /// whoever wakes meanwhile, and it gets somewhere also on a machine that others keep busy.
    People,
    /// More than people are. Its thread runs when nobody else wants to.
    Crowd,
}

#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// [`PASSWORDS_WAITING`] wait already.
    #[error("too many passwords wait to be verified")]
    Crowded,
    #[error("no thread verified the password: {0}")]
    Thread(#[from] io::Error),
}

/// Runs such work on threads of its own, one a lane, which the system lets run when others leave it time. They begin
/// with the first work and stay: a thread begins at the common priority, so that one for each password held others up
/// for up to 6 ms.
#[derive(Debug)]
pub struct Aside {
    /// Also of those whom nobody waits for any more.
    waiting: Arc<Semaphore>,
    people: Mutex<Option<Sender<Job>>>,
    crowd: Mutex<Option<Sender<Job>>>,
}

impl Default for Aside {
    fn default() -> Self {
        let waiting = Arc::new(Semaphore::new(PASSWORDS_WAITING));
        Self { waiting, people: Mutex::new(None), crowd: Mutex::new(None) }
    }
}

impl Aside {
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, AsideError> {
        let waiting = self.waiting.clone().try_acquire_owned().map_err(|_| AsideError::Crowded)?;
        let (done, result) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            if !done.is_closed() {
                let value = work(memory);
                drop(waiting);
                drop(done.send(value));
            }
        };
        // Work that nobody takes is dropped, and `result` says so.
        drop(self.jobs(lane)?.send(Box::new(job)));
        Ok(result.await.map_err(io::Error::other)?)
    }

    fn jobs(&self, lane: Lane) -> io::Result<Sender<Job>> {
        let begun = match lane {
            Lane::People => &self.people,
            Lane::Crowd => &self.crowd,
        };
        let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = &*begun {
            return Ok(jobs.clone());
        }
        let (jobs, queue) = channel();
        thread::Builder::new().name("password".to_owned()).spawn(move || work_off(lane, &queue))?;
        *begun = Some(jobs.clone());
        Ok(jobs)
    }
}

/// Until nobody can ask any more.
fn work_off(lane: Lane, jobs: &Receiver<Job>) {
    stand_back(lane);
    let mut memory = Memory::default();
    while let Ok(job) = next(jobs, &mut memory) {
        if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
            memory = Memory::default();
        }
    }
}

/// Lets others go first, this thread alone (Linux).
fn stand_back(lane: Lane) {
    #[cfg(target_os = "linux")]
    if lane == Lane::Crowd {
        use thread_priority::{
            NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy::Normal,
            set_thread_priority_and_policy, thread_native_id,
        };
        match set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, Normal(Idle)) {
            Ok(()) => return,
            Err(error) => tracing::warn!(?error, "passwords of a crowd are verified at another priority"),
        }
    }
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, ?lane, "passwords are verified at the common priority");
    }
}

/// Memory is kept for who waits already, and else given back to the system here, not by a thread that serves others.
fn next(jobs: &Receiver<Job>, memory: &mut Memory) -> Result<Job, RecvError> {
    jobs.try_recv().or_else(|_| {
        *memory = Memory::default();
        jobs.recv()
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// Takes the time of the thread for people until what is returned is dropped.
    async fn hold(aside: &Arc<Aside>) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel::<()>();
        let (begin, begun) = oneshot::channel();
        let aside = aside.clone();
        tokio::spawn(async move {
            let held = aside.run(Lane::People, move |_| {
                begin.send(()).unwrap();
                let _ = held.recv();
            });
            held.await
        });
        begun.await.unwrap();
        release
    }

    #[tokio::test]
    async fn who_hangs_up_is_passed_over_and_counts_until_then() {
        let aside = Arc::new(Aside::default());
        let held = hold(&aside).await;
        let ran = Arc::new(Mutex::new(Vec::new()));
        let says = |name: &'static str| {
            let ran = ran.clone();
            aside.run(Lane::People, move |_| ran.lock().unwrap().push(name))
        };
        tokio::select! {
            biased;
            _ = says("gone") => unreachable!("the thread is held"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(aside.waiting.available_permits(), PASSWORDS_WAITING - 2);
        drop(held);
        says("stays").await.unwrap();
        assert_eq!(*ran.lock().unwrap(), ["stays"]);
    }

    #[tokio::test]
    async fn people_do_not_wait_for_a_crowd() {
        let aside = Arc::new(Aside::default());
        let held = hold(&aside).await;
        assert_eq!(aside.run(Lane::Crowd, |_| 7).await.unwrap(), 7);
        drop(held);
    }

    #[tokio::test]
    async fn memory_is_kept_for_who_waits_already() {
        let aside = Arc::new(Aside::default());
        let held = hold(&aside).await;
        let phc = Arc::new(super::super::hash("correct horse").unwrap());
        let verify = || {
            let phc = phc.clone();
            aside.run(Lane::People, move |memory| {
                let had = memory.0.len();
                assert!(super::super::verify_in(memory, "correct horse", &phc));
                had
            })
        };
        let both = async { tokio::join!(verify(), verify()) };
        let ((first, second), ()) = tokio::join!(both, async { drop(held) });
        assert_eq!(first.unwrap(), 0);
        assert!(second.unwrap() > 0, "the memory of the first");
        // A thread that has answered takes a moment to see that nobody waits.
        let given_back = async {
            while verify().await.unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), given_back).await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_crowd_runs_when_nobody_else_wants_to() {
        use thread_priority::{NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy::Normal};
        let aside = Aside::default();
        let is_idle = |_: &mut Memory| thread_priority::thread_schedule_policy().unwrap() == Normal(Idle);
        assert!(aside.run(Lane::Crowd, is_idle).await.unwrap());
        assert!(!aside.run(Lane::People, is_idle).await.unwrap());
    }

    #[tokio::test]
    async fn a_panic_is_the_end_of_its_work_alone() {
        let aside = Aside::default();
        let planted = aside.run(Lane::People, |_| panic!("planted")).await;
        assert!(matches!(planted, Err::<(), _>(AsideError::Thread(_))));
        assert_eq!(aside.run(Lane::People, |_| 7).await.unwrap(), 7);
        drop(aside.waiting.acquire_many(u32::try_from(PASSWORDS_WAITING).unwrap()).await);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let aside = Aside::default();
        let all = aside.waiting.acquire_many(u32::try_from(PASSWORDS_WAITING).unwrap()).await;
        assert!(matches!(aside.run(Lane::People, |_| ()).await, Err(AsideError::Crowded)));
        drop(all);
        aside.run(Lane::People, |_| ()).await.unwrap();
    }
}

//! Places at which a trial may kill the process (SIGKILL, by its own hand). Debug builds alone have them.
//!
//! `RINGSIDE_TEST_ABORT=STAGE:NAME:COUNT` kills the process when the stage is reached with that name for the
//! `COUNT`th time. Stages: `before` (the transaction is not committed), `stored` (committed, nobody told),
//! `told`. Names: those of events (`requested`, `dialed`, ...), and `migration`.
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

const VARIABLE: &str = "RINGSIDE_TEST_ABORT";

struct Plan {
    stage: String,
    name: String,
    left: AtomicU32,
}

fn plan() -> Option<&'static Plan> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let read = || {
        let text = std::env::var(VARIABLE).ok()?;
        let mut words = text.splitn(3, ':').map(str::to_owned);
        let (stage, name) = (words.next()?, words.next()?);
        let left = words.next()?.parse().ok()?;
        Some(Plan { stage, name, left: AtomicU32::new(left) })
    };
    PLAN.get_or_init(read).as_ref()
}

/// The control of a trial that looks for syncs: `RINGSIDE_TEST_SYNC=off` answers before data are on disk.
pub(crate) fn sync_is_off() -> bool {
    std::env::var("RINGSIDE_TEST_SYNC").is_ok_and(|value| value == "off")
}

/// Kills the process if this is the place. `names` are asked for only where a plan is.
pub fn reached<S: AsRef<str>>(stage: &str, names: impl FnOnce() -> Vec<S>) {
    let Some(plan) = plan().filter(|plan| plan.stage == stage) else { return };
    for name in names() {
        if name.as_ref() == plan.name && plan.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // No handler, no unwinding, no flush: what kill -9 leaves behind.
            let killed =
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            unreachable!("the system does not let this process kill itself: {killed:?}");
        }
    }
}

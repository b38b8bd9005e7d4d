//! The only place that reads the operating system's clock.
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use shared::Timestamp;

/// How long something took, for those who watch. Nothing is decided by it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    pub fn took(self) -> Duration {
        self.0.elapsed()
    }
}

pub trait Clock: Send + Sync + 'static {
    /// Returns the current time. Never less than it returned before.
    fn now(&self) -> Timestamp;
    /// From now on never returns less than `floor`: what is stored must not lie in the future.
    fn not_before(&self, floor: Timestamp);
}

#[derive(Debug, Default)]
pub struct SystemClock {
    latest_ms: AtomicU64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.latest_ms.fetch_max(ms, Ordering::AcqRel).max(ms))
    }

    fn not_before(&self, floor: Timestamp) {
        self.latest_ms.fetch_max(floor.0, Ordering::AcqRel);
    }
}

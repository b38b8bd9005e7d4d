//! The only place that reads the operating system's clocks.
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
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

/// The wall clock, as long as it does not fall behind: a clock that was ahead and is set right must not stop
/// every timer until it is where it was.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    pace: Mutex<Pace>,
}

/// What was read, and when by the monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    ms: u64,
    at: Duration,
}

impl Pace {
    /// The later of the wall clock and of what was read before, moved on by the monotonic clock.
    fn read(&mut self, wall_ms: u64, monotonic: Duration) -> u64 {
        let passed = monotonic.saturating_sub(self.at).as_millis();
        let moved_on = self.ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
        if wall_ms > moved_on {
            *self = Self { ms: wall_ms, at: monotonic };
        }
        moved_on.max(wall_ms)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let started = Instant::now();
        Self { started, pace: Mutex::default() }
    }
}

impl SystemClock {
    fn read(&self, wall_ms: u64) -> Timestamp {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp(pace.read(wall_ms, self.started.elapsed()))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.read(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    fn not_before(&self, floor: Timestamp) {
        self.read(floor.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_when_the_wall_clock_is_set_back_and_never_backwards() {
        let (mut pace, ms) = (Pace::default(), Duration::from_millis);
        assert_eq!(pace.read(1_000_000, ms(0)), 1_000_000);
        assert_eq!(pace.read(4_600_000, ms(10)), 4_600_000, "an hour ahead");
        assert_eq!(
            pace.read(1_000_020, ms(20)),
            4_600_010,
            "set right: as far ahead, and not standing still"
        );
        assert_eq!(pace.read(1_060_000, ms(60_000)), 4_659_990);
        assert_eq!(pace.read(9_000_000, ms(60_000)), 9_000_000);
    }

    #[test]
    fn readings_in_one_millisecond_do_not_slow_it_down() {
        let mut pace = Pace { ms: 5_000, at: Duration::ZERO };
        for us in 0..10_000 {
            pace.read(0, Duration::from_micros(us));
        }
        assert_eq!(pace.read(0, Duration::from_millis(10)), 5_010);
    }

    #[test]
    fn what_is_stored_is_never_in_the_future() {
        let clock = SystemClock::default();
        let tomorrow = Timestamp(clock.now().0 + 86_400_000);
        clock.not_before(tomorrow);
        assert!(clock.now() >= tomorrow);
    }
}

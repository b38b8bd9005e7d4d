//! The switch's monotonic clock, and the ticks that are due by it.
use std::time::{Duration, Instant};

use crate::limits::{TICK, TICKS_BEHIND};

/// The only place of this crate that reads the operating system's clock.
#[expect(clippy::disallowed_methods, reason = "media time is the switch's own; nothing outside sees it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// One beat of the mixer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Counts every 20 ms since the switch began, also those that were passed over.
    pub(crate) number: u64,
}

impl Tick {
    /// When it was due, in milliseconds since the switch began: strictly regular, however late it runs.
    pub(crate) fn due_ms(self) -> u64 {
        self.number * 20
    }
}

/// Hands out each tick once it is due.
#[derive(Debug)]
pub(crate) struct Ticks {
    start: Instant,
    next: Instant,
    number: u64,
}

impl Ticks {
    pub(crate) fn starting(start: Instant) -> Self {
        Self { start, next: start, number: 0 }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// `at` on the scale of [`Tick::due_ms`].
    pub(crate) fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// The next tick if it is due. After a long pause of the whole process, what nobody can hear any more is
    /// passed over, so that no burst of stale frames follows.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Tick> {
        let late = now.checked_duration_since(self.next)?;
        if late >= TICK * TICKS_BEHIND {
            let missed = late.as_nanos() / TICK.as_nanos();
            let missed = u32::try_from(missed).unwrap_or(u32::MAX);
            self.number += u64::from(missed);
            self.next += Duration::from_millis(20) * missed;
        }
        let tick = Tick { number: self.number };
        self.number += 1;
        self.next += TICK;
        Some(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_keeps_the_beat_and_the_next_follows_at_once() {
        let start = now();
        let mut ticks = Ticks::starting(start);
        assert_eq!(ticks.take(start), Some(Tick { number: 0 }));
        assert_eq!(ticks.take(start), None);
        let late = start + TICK * 3 + Duration::from_millis(5);
        let due: Vec<u64> = std::iter::from_fn(|| ticks.take(late)).map(|tick| tick.number).collect();
        assert_eq!(due, [1, 2, 3]);
        assert_eq!(ticks.next(), start + TICK * 4);
    }

    #[test]
    fn after_a_pause_the_missed_ticks_are_passed_over_but_counted() {
        let start = now();
        let mut ticks = Ticks::starting(start);
        ticks.take(start);
        let awake = start + TICK * 1_000;
        assert_eq!(ticks.take(awake), Some(Tick { number: 1_000 }));
        assert_eq!(ticks.take(awake), None);
        assert_eq!(ticks.ms(awake), 20_000);
    }
}

//! Whether a leg has media, and what changes of that the world is told. Pure.
use std::time::{Duration, Instant};

/// Where a leg stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has offered yet; whoever rang it counts that time.
    Quiet,
    /// Offered, and not up yet.
    Starting {
        since: Instant,
    },
    Up,
    /// Was up; may come back within the grace.
    Away {
        since: Instant,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Connected,
    Suspended,
    Resumed,
    /// The grace is over.
    Lost,
}

impl Standing {
    pub(crate) fn is_up(self) -> bool {
        self == Self::Up
    }

    /// An offer was taken.
    pub(crate) fn offered(&mut self, now: Instant) {
        if *self == Self::Quiet {
            *self = Self::Starting { since: now };
        }
    }

    /// Looks at the leg: `media` says whether a session is up and heard of.
    pub(crate) fn look(&mut self, now: Instant, media: bool, grace: Duration) -> Option<Change> {
        let over = |since: Instant| now.saturating_duration_since(since) >= grace;
        let (next, change) = match (*self, media) {
            (Self::Quiet | Self::Starting { .. }, true) => (Self::Up, Change::Connected),
            (Self::Up, false) => (Self::Away { since: now }, Change::Suspended),
            (Self::Away { .. }, true) => (Self::Up, Change::Resumed),
            (Self::Starting { since } | Self::Away { since }, false) if over(since) => (*self, Change::Lost),
            (Self::Quiet | Self::Starting { .. } | Self::Away { .. }, false) | (Self::Up, true) => {
                return None;
            }
        };
        *self = next;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const GRACE: Duration = Duration::from_secs(15);

    #[test]
    fn a_leg_that_comes_back_within_the_grace_is_resumed() {
        let now = clock::now();
        let mut standing = Standing::Quiet;
        standing.offered(now);
        assert_eq!(standing.look(now, false, GRACE), None);
        assert_eq!(standing.look(now, true, GRACE), Some(Change::Connected));
        assert_eq!(standing.look(now, false, GRACE), Some(Change::Suspended));
        assert_eq!(standing.look(now + GRACE / 2, false, GRACE), None);
        assert_eq!(standing.look(now + GRACE / 2, true, GRACE), Some(Change::Resumed));
        assert!(standing.is_up());
    }

    #[test]
    fn a_leg_that_stays_away_is_lost_once_the_grace_is_over() {
        let now = clock::now();
        let mut standing = Standing::Up;
        standing.look(now, false, GRACE);
        assert_eq!(standing.look(now + GRACE, false, GRACE), Some(Change::Lost));
    }

    #[test]
    fn a_leg_that_offers_and_never_comes_up_is_lost_but_one_that_only_rings_is_not() {
        let now = clock::now();
        let mut ringing = Standing::Quiet;
        assert_eq!(ringing.look(now + GRACE * 9, false, GRACE), None);
        let mut starting = Standing::Quiet;
        starting.offered(now);
        starting.offered(now + GRACE);
        assert_eq!(starting.look(now + GRACE, false, GRACE), Some(Change::Lost));
    }
}

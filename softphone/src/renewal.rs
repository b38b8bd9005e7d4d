//! When a leg without media asks for a new session. Pure.

/// A session that was up and is "disconnected" gets so long to mend itself, in milliseconds.
pub(crate) const MEND_MS: u32 = 2_500;
/// A new session gets so long to come up, in milliseconds.
pub(crate) const COME_UP_MS: u32 = 8_000;
/// Sessions in a row that may fail before the leg is given up. The server waits about 15 s.
pub(crate) const SESSIONS: u32 = 3;

/// What the browser says of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Up,
    Shaken,
    Failed,
    /// The time given by the last [`Step`] is over.
    TimeUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Connected,
    /// Media are away; wait so long for them.
    Disconnected(u32),
    /// Offer again, and wait so long for it.
    Renew(u32),
    GiveUp,
    Nothing,
}

/// Counts the sessions that failed since media were last up.
#[derive(Debug, Default)]
pub(crate) struct Renewal {
    failed: u32,
    up: bool,
}

impl Renewal {
    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    pub(crate) fn see(&mut self, seen: Seen) -> Step {
        match seen {
            Seen::Up if self.up => Step::Nothing,
            Seen::Up => {
                *self = Self { failed: 0, up: true };
                Step::Connected
            }
            Seen::Shaken if self.up => {
                self.up = false;
                Step::Disconnected(MEND_MS)
            }
            Seen::Shaken => Step::Nothing,
            Seen::Failed | Seen::TimeUp => {
                self.up = false;
                self.failed += 1;
                if self.failed >= SESSIONS { Step::GiveUp } else { Step::Renew(COME_UP_MS) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_shake_mends_itself_without_a_new_offer() {
        let mut renewal = Renewal::default();
        assert_eq!(renewal.see(Seen::Up), Step::Connected);
        assert_eq!(renewal.see(Seen::Shaken), Step::Disconnected(MEND_MS));
        assert_eq!(renewal.see(Seen::Up), Step::Connected);
    }

    #[test]
    fn lost_media_are_offered_again_and_given_up_in_the_end() {
        let mut renewal = Renewal::default();
        renewal.see(Seen::Up);
        renewal.see(Seen::Shaken);
        for _ in 1..SESSIONS {
            assert_eq!(renewal.see(Seen::TimeUp), Step::Renew(COME_UP_MS));
        }
        assert_eq!(renewal.see(Seen::TimeUp), Step::GiveUp);
    }

    #[test]
    fn a_session_that_came_up_clears_the_count() {
        let mut renewal = Renewal::default();
        renewal.see(Seen::Failed);
        assert_eq!(renewal.see(Seen::Up), Step::Connected);
        assert_eq!(renewal.see(Seen::Up), Step::Nothing);
        assert_eq!(renewal.see(Seen::Failed), Step::Renew(COME_UP_MS));
    }
}

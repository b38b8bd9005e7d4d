//! How long a client waits before it connects again. Pure: the caller brings the random number.
use shared::close;

/// Longest first wait after a lost connection, in milliseconds.
pub const FIRST_WAIT_MS: u32 = 500;
/// No wait is longer, in milliseconds.
pub const LONGEST_WAIT_MS: u32 = 15_000;
/// Spread of those who are sent away at once (a restart, a move), in milliseconds.
pub const MOVE_SPREAD_MS: u32 = 1_000;
/// Least wait where the server said that it has too much to do, in milliseconds.
pub const CROWDED_WAIT_MS: u32 = 5_000;

/// What to do after a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Connect again after so many milliseconds.
    Wait(u32),
    /// Never again: the server said so.
    Stop,
}

/// Decides from the close code, from how many attempts failed before this one (0 if the connection had
/// worked), and from `random` in 0..1. Waits double and are spread over their upper half, so that the
/// clients of a server that restarts do not come back as one.
pub fn after_close(code: u16, failed: u32, random: f64) -> Next {
    if !close::should_reconnect(code) {
        return Next::Stop;
    }
    if code == close::GOING_AWAY && failed == 0 {
        return Next::Wait(spread(0, MOVE_SPREAD_MS, random));
    }
    let longest = FIRST_WAIT_MS.saturating_mul(1 << failed.min(16)).min(LONGEST_WAIT_MS);
    let floor = if code == close::TOO_MANY { CROWDED_WAIT_MS } else { 0 };
    Next::Wait(spread(longest / 2, longest, random).max(floor))
}

fn spread(from: u32, to: u32, random: f64) -> u32 {
    let span = f64::from(to.saturating_sub(from));
    from + (span * random.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_are_spread_and_have_a_ceiling() {
        assert_eq!(after_close(1006, 0, 0.0), Next::Wait(250));
        assert_eq!(after_close(1006, 0, 1.0), Next::Wait(500));
        assert_eq!(after_close(1006, 3, 0.0), Next::Wait(2_000));
        assert_eq!(after_close(1006, 400, 1.0), Next::Wait(LONGEST_WAIT_MS));
    }

    #[test]
    fn a_moving_server_is_followed_at_once_but_not_by_all_together() {
        assert_eq!(after_close(close::GOING_AWAY, 0, 0.0), Next::Wait(0));
        assert_eq!(after_close(close::GOING_AWAY, 0, 1.0), Next::Wait(MOVE_SPREAD_MS));
        assert_eq!(after_close(close::GOING_AWAY, 2, 0.0), Next::Wait(1_000), "it did not come back yet");
    }

    #[test]
    fn who_is_sent_away_for_good_stays_away() {
        for code in [close::UNAUTHORIZED, close::DISPLACED, close::FINISHED, close::VERSION] {
            assert_eq!(after_close(code, 0, 0.5), Next::Stop, "{code}");
        }
    }

    #[test]
    fn a_crowded_server_gets_time() {
        assert_eq!(after_close(close::TOO_MANY, 0, 0.0), Next::Wait(CROWDED_WAIT_MS));
    }
}

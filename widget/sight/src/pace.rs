//! How often something is looked at, and how much is sent: decided without a clock of its own. Times are milliseconds.

/// Between looks at one thing that changes, and at one that does not.
const SOONEST_MS: f64 = 350.0;
const LATEST_MS: f64 = 1_600.0;
/// A look that took a while is followed by a rest of so many times as long: a twentieth of the page's time at most.
const REST: f64 = 20.0;
/// Bytes of pictures a second, and how many may gather while nothing changes.
const BYTES_PER_MS: f64 = 96.0;
const GATHERED_BYTES: f64 = 384.0 * 1024.0;

/// When one thing is looked at again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    due: f64,
    wait: f64,
}

impl Pace {
    pub(crate) fn is_due(self, now: f64) -> bool {
        now >= self.due
    }

    /// It was looked at, which took `cost`.
    pub(crate) fn looked(&mut self, now: f64, cost: f64, changed: bool) {
        self.wait = if changed { SOONEST_MS } else { (self.wait * 2.0).clamp(SOONEST_MS, LATEST_MS) };
        self.due = now + self.wait.max(cost * REST);
    }

    pub(crate) fn rests(&mut self, now: f64, ms: f64) {
        self.due = self.due.max(now + ms);
    }
}

/// What may still be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    bytes: f64,
    at: f64,
}

impl Budget {
    pub(crate) fn new(now: f64) -> Self {
        Self { bytes: GATHERED_BYTES, at: now }
    }

    /// A picture may be sent, of whatever size: the next ones wait for it.
    pub(crate) fn has_room(&mut self, now: f64) -> bool {
        let gathered = self.bytes + (now - self.at).max(0.0) * BYTES_PER_MS;
        (self.bytes, self.at) = (gathered.min(GATHERED_BYTES), now);
        self.bytes > 0.0
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes -= bytes as f64;
    }
}

/// The size in which a picture is read: at most so many pixels, in its own shape.
pub(crate) fn fitting(width: u32, height: u32, most: u32) -> (u32, u32) {
    let pixels = f64::from(width) * f64::from(height);
    if pixels <= f64::from(most) {
        return (width, height);
    }
    let scale = (f64::from(most) / pixels).sqrt();
    let side = |side: u32| ((f64::from(side) * scale) as u32).clamp(1, most);
    (side(width), side(height))
}

/// Names content; no defence against anybody: it comes from the page that would suffer.
pub(crate) fn hash(words: &[u32]) -> u64 {
    words.iter().fold(words.len() as u64, |hash, word| {
        (hash.rotate_left(5) ^ u64::from(*word)).wrapping_mul(0x517C_C1B7_2722_0A95)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_change_is_looked_at_less_often_and_what_costs_much_as_well() {
        let mut pace = Pace::default();
        assert!(pace.is_due(0.0));
        pace.looked(0.0, 1.0, true);
        assert!(!pace.is_due(300.0) && pace.is_due(400.0));
        for _ in 0..5 {
            pace.looked(1_000.0, 1.0, false);
        }
        assert!(!pace.is_due(2_500.0) && pace.is_due(2_600.0));
        pace.looked(3_000.0, 100.0, true);
        assert!(!pace.is_due(4_900.0) && pace.is_due(5_000.0));
    }

    #[test]
    fn no_more_is_sent_than_the_rate_allows() {
        let mut budget = Budget::new(0.0);
        let mut sent = 0;
        for now in 0..10_000 {
            if budget.has_room(f64::from(now)) {
                budget.sent(50_000);
                sent += 50_000;
            }
        }
        assert!(sent <= 384 * 1024 + 96 * 10_000 + 50_000, "{sent}");
        assert!(sent > 900_000, "{sent}");
    }

    #[test]
    fn large_pictures_are_read_smaller_in_their_own_shape() {
        assert_eq!(fitting(300, 150, 1_000_000), (300, 150));
        assert_eq!(fitting(4_000, 1_000, 1_000_000), (2_000, 500));
        let (width, height) = fitting(u32::MAX, 1, 1_000_000);
        assert!(width <= 1_000_000 && height == 1);
    }

    #[test]
    fn other_pixels_have_another_hash() {
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
        assert_ne!(hash(&[0]), hash(&[0, 0]));
    }
}

//! How long a leg's packets must wait so that the slow ones still arrive in time.
//!
//! The transit of a packet (arrival less timestamp) has an unknown offset; the fastest recent packet is its
//! zero. The wait is a high quantile of how much later than that the others came.
use super::{JitterConfig, samples};

/// Packets whose transit is remembered: about five seconds, so that a path that calmed down is trusted again
/// soon, and clock drift (100 ppm) moves the zero by half a millisecond at most.
const WINDOW: usize = 256;
/// Packets between two computations of the quantile.
const EVERY: usize = 5;
/// Share of the packets that may come later than the wait. One packet of 64 is lost to the ear anyway when
/// the network loses as many; waiting for the very slowest would cost all the others delay.
const LATE_SHARE: usize = 64;
/// Added to the quantile, in milliseconds: what the window did not show yet, and the tick's own unsteadiness.
const MARGIN_MS: u64 = 5;

/// All times in samples.
#[derive(Debug, Clone)]
pub(super) struct DelayEstimator {
    config: JitterConfig,
    transits: Vec<i64>,
    next: usize,
    since_computed: usize,
    fastest: i64,
    target: i64,
}

impl DelayEstimator {
    pub(super) fn new(config: JitterConfig, first_transit: i64) -> Self {
        Self {
            config,
            transits: vec![first_transit],
            next: 1,
            since_computed: 0,
            fastest: first_transit,
            target: samples(config.initial_delay_ms),
        }
    }

    /// Transit of the fastest recent packet.
    pub(super) const fn fastest(&self) -> i64 {
        self.fastest
    }

    /// How long after the fastest possible arrival a sample is to be played.
    pub(super) const fn target(&self) -> i64 {
        self.target
    }

    pub(super) fn observe(&mut self, transit: i64) {
        if self.transits.len() < WINDOW {
            self.transits.push(transit);
        } else {
            self.transits[self.next % WINDOW] = transit;
        }
        self.next = (self.next + 1) % WINDOW;
        self.fastest = self.fastest.min(transit);
        self.since_computed += 1;
        if self.since_computed >= EVERY {
            self.compute();
        }
    }

    fn compute(&mut self) {
        self.since_computed = 0;
        let mut sorted = [0; WINDOW];
        let sorted = &mut sorted[..self.transits.len()];
        sorted.copy_from_slice(&self.transits);
        let rank = sorted.len() - 1 - sorted.len() / LATE_SHARE;
        let (faster, &mut slow, _) = sorted.select_nth_unstable(rank);
        self.fastest = faster.iter().copied().min().unwrap_or(slow);
        let wanted = slow - self.fastest + samples(MARGIN_MS);
        let (low, high) = (samples(self.config.min_delay_ms), samples(self.config.max_delay_ms));
        let wanted = wanted.clamp(low, high.max(low));
        // Little evidence may lengthen the first guess; it takes more to shorten it.
        if wanted > self.target || self.transits.len() >= WINDOW / 4 {
            self.target = wanted;
        }
    }
}

//! Repeatable chance: the same seed and label give the same answers in every version and on every machine.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// A sequence of its own for each label and turn.
    pub(super) fn new(seed: u64, label: &str, turn: u32) -> Self {
        // FNV-1a
        let hash = label.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        });
        let mut chance = Self(seed ^ hash ^ (u64::from(turn) << 32));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `end` - 1; 0 if there is nothing to choose from.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True in `per_mille` of a thousand cases.
    pub(super) fn happens(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.below(1_000) < u64::from(per_mille)
    }

    /// An index, as often as its weight says. 0 if all weights are zero.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut rest = self.below(weights.iter().map(|weight| u64::from(*weight)).sum());
        for (index, weight) in weights.iter().enumerate() {
            match rest.checked_sub(u64::from(*weight)) {
                Some(less) => rest = less,
                None => return index,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_says_the_same_for_ever() {
        let mut chance = Chance::new(7, "+442079460123", 1);
        let drawn: Vec<u64> = (0..4).map(|_| chance.below(1_000)).collect();
        let mut again = Chance::new(7, "+442079460123", 1);
        assert_eq!(drawn, (0..4).map(|_| again.below(1_000)).collect::<Vec<_>>());
        let mut other = Chance::new(7, "+442079460123", 2);
        assert_ne!(drawn, (0..4).map(|_| other.below(1_000)).collect::<Vec<_>>());
    }

    #[test]
    fn weights_are_kept() {
        let mut chance = Chance::new(1, "", 0);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[chance.weighted(&[70, 0, 30])] += 1;
        }
        assert!(counts[0].abs_diff(7_000) < 300 && counts[1] == 0, "{counts:?}");
        assert_eq!(chance.weighted(&[0, 0]), 0);
        assert!((0..1_000).all(|_| !chance.happens(0) && chance.happens(1_000)));
    }
}

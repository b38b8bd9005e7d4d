//! Leg and effect ids from the shell's seed, so that this crate needs no random source.
use shared::{EffectId, LegId};

/// xoshiro256** 1.0 (Blackman and Vigna, 2018). The ids need to be unique, not secret: whoever acts on a leg
/// is checked against the endpoint that it was sent to.
#[derive(Debug)]
pub(super) struct Ids([u64; 4]);

impl Ids {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        let (words, _) = seed.as_chunks::<8>();
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(words) {
            *word = u64::from_le_bytes(*bytes);
        }
        if state == [0; 4] {
            state[0] = 1; // the one state that the generator never leaves
        }
        Self(state)
    }

    pub(super) fn leg(&mut self) -> LegId {
        LegId(self.next_u128())
    }

    pub(super) fn effect(&mut self) -> EffectId {
        EffectId(self.next_u128())
    }

    fn next_u128(&mut self) -> u128 {
        (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64())
    }

    fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_repeat_for_a_seed_and_never_within_it() {
        for seed in [[0; 32], [7; 32]] {
            let (mut one, mut other) = (Ids::new(seed), Ids::new(seed));
            let ids: BTreeSet<LegId> = (0..10_000).map(|_| one.leg()).collect();
            assert_eq!(ids.len(), 10_000);
            assert!((0..10_000).all(|_| ids.contains(&other.leg())));
        }
    }

    #[test]
    fn another_seed_gives_other_ids() {
        assert_ne!(Ids::new([1; 32]).effect(), Ids::new([2; 32]).effect());
    }
}

//! What was lately done, so that a duplicate does nothing.
use std::collections::{HashSet, VecDeque};

/// Effects that are remembered. Duplicates come within seconds, and this is many minutes of a busy centre.
const REMEMBERED: usize = 65_536;

/// A set that forgets the oldest.
#[derive(Debug)]
pub(super) struct Recent<T> {
    order: VecDeque<T>,
    set: HashSet<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { order: VecDeque::new(), set: HashSet::new() }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Recent<T> {
    /// False if it was there.
    pub(super) fn insert(&mut self, item: T) -> bool {
        if !self.set.insert(item) {
            return false;
        }
        self.order.push_back(item);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_remembered_in_bounded_memory() {
        let mut recent = Recent::default();
        let count = REMEMBERED + 10;
        assert!((0..count).all(|n| recent.insert(n)));
        assert!(!recent.insert(count - 1), "a late duplicate");
        assert!(recent.insert(0), "long forgotten");
        assert_eq!((recent.order.len(), recent.set.len()), (REMEMBERED, REMEMBERED));
    }
}

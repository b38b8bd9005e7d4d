//! What the `embedded` driver remembers: the legs that are up, and what was lately done.
use std::collections::{BTreeMap, HashSet, VecDeque};

use contact_core::{Endpoint, effect::JoinMode};
use shared::{BusinessId, ContactId, EffectId, LegId};
use tokio::task::AbortHandle;

/// Effects that are remembered. Duplicates come within seconds, and this is many minutes of a busy centre.
const REMEMBERED: usize = 65_536;

/// How far a leg is. It rings until the endpoint offers, connects until its media are up, and is away while
/// they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Ringing,
    Connecting,
    Up,
    Away,
}

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) business: BusinessId,
    pub(super) to: Endpoint,
    pub(super) stage: Stage,
    /// Ends the stage when it lasts too long; stopped when the leg is dropped.
    pub(super) limit: Option<Limit>,
    pub(super) room: Option<(ContactId, JoinMode)>,
}

/// A running time limit.
#[derive(Debug)]
pub(super) struct Limit(pub(super) AbortHandle);

impl Drop for Limit {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug, Default)]
pub(super) struct Legs {
    up: BTreeMap<LegId, Leg>,
    effects: Recent<EffectId>,
}

impl Legs {
    /// False if that effect was carried out before.
    pub(super) fn is_new(&mut self, effect: EffectId) -> bool {
        self.effects.insert(effect)
    }

    pub(super) fn insert(&mut self, id: LegId, leg: Leg) {
        self.up.insert(id, leg);
    }

    pub(super) fn len(&self) -> usize {
        self.up.len()
    }

    /// A leg of any business.
    pub(super) fn any(&mut self, id: LegId) -> Option<&mut Leg> {
        self.up.get_mut(&id)
    }

    /// A leg of that business.
    pub(super) fn of(&mut self, business: BusinessId, id: LegId) -> Option<&mut Leg> {
        self.up.get_mut(&id).filter(|leg| leg.business == business)
    }

    /// A leg that was sent to that endpoint.
    pub(super) fn at(&mut self, business: BusinessId, id: LegId, from: &Endpoint) -> Option<&mut Leg> {
        self.of(business, id).filter(|leg| leg.to == *from)
    }

    /// The console's leg in a room: whom a whisper is for.
    pub(super) fn console_in(&self, room: ContactId) -> Option<LegId> {
        self.up.iter().find_map(|(id, leg)| {
            let talks_here = leg.room == Some((room, JoinMode::Talk));
            (talks_here && matches!(leg.to, Endpoint::Console(_))).then_some(*id)
        })
    }

    pub(super) fn remove(&mut self, id: LegId) -> Option<Leg> {
        self.up.remove(&id)
    }
}

/// A set that forgets the oldest.
#[derive(Debug)]
struct Recent<T> {
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
    fn insert(&mut self, item: T) -> bool {
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

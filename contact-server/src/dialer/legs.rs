//! What the `embedded` driver remembers: the legs that are up, and what was lately done.
use std::collections::BTreeMap;

use contact_core::{Endpoint, effect::JoinMode};
use shared::{BusinessId, ContactId, EffectId, LegId};
use tokio::task::AbortHandle;

use super::recent::Recent;

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

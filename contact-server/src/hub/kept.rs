//! What all pages of a server keep of their frames, counted in bytes.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::limits::MIRROR_BYTES;

/// What a frame that is kept costs beside its bytes.
pub(super) const FRAME_COST: usize = 64;

/// Bytes of frames that all pages of a server keep. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<AtomicUsize>);

impl Kept {
    /// No page that nobody looks at may keep more.
    pub fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= MIRROR_BYTES
    }

    #[cfg(test)]
    pub fn full() -> Self {
        Self(Arc::new(AtomicUsize::new(MIRROR_BYTES)))
    }
}

/// What one log has of it.
#[derive(Debug)]
pub(super) struct Share {
    of: Kept,
    bytes: usize,
}

impl Share {
    pub(super) fn of(kept: Kept) -> Self {
        Self { of: kept, bytes: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn set(&mut self, bytes: usize) {
        self.of.0.fetch_add(bytes, Ordering::Relaxed);
        self.of.0.fetch_sub(std::mem::replace(&mut self.bytes, bytes), Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted_and_given_back() {
        let kept = Kept::default();
        let (mut one, mut other) = (Share::of(kept.clone()), Share::of(kept.clone()));
        one.set(MIRROR_BYTES - 1);
        assert!(!kept.is_full());
        other.set(1);
        assert!(kept.is_full() && Kept::full().is_full());
        one.set(10);
        assert!(!kept.is_full());
        drop((one, other));
        assert_eq!(kept.0.load(Ordering::Relaxed), 0);
    }
}

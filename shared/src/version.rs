//! The protocol revision, and what each revision brought.
use serde::{Deserialize, Serialize};

/// The revision that a peer announced in its hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    pub const CURRENT: Self = Self(1);
    pub const OLDEST_SERVED: Self = Self(1);

    /// This build can talk to a peer of that revision. A newer peer must step down to ours.
    pub fn is_served(self) -> bool {
        self >= Self::OLDEST_SERVED
    }
}

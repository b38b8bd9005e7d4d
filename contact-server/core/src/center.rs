//! One business.
use serde::{Deserialize, Serialize};
use shared::Timestamp;

use crate::{Effect, Input, Refusal, Snapshot};

#[derive(Debug)]
pub struct Center {}

/// Where a contact stands; the state carries its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ContactState {
    Waiting,
}

impl Center {
    /// `seed` is fresh random bytes from the shell: leg and effect ids derive from it.
    pub fn restore(_now: Timestamp, _snapshot: Snapshot, _seed: [u8; 32]) -> Self {
        Self {}
    }
    pub fn handle(&mut self, _now: Timestamp, _input: Input) -> Result<(), Refusal> {
        Ok(())
    }
    pub fn handle_timeout(&mut self, _now: Timestamp) {}
    pub fn poll_effect(&mut self) -> Option<Effect> {
        None
    }
    pub fn poll_timeout(&self) -> Option<(Timestamp, &'static str)> {
        None
    }
}

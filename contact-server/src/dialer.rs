//! Dialer drivers: they place legs and tell what became of them.
//!
//! A driver takes [`contact_core::DialCommand`]s through [`crate::ports::Dialer`] and gives back
//! [`LegEvent`]s through a channel that it hands out when it is made; [`forward`] carries them to the engine.
//! It knows legs and endpoints, and nothing of queues and agents' states. Hold, transfer and records are
//! built above it, in `core`.
//!
//! What every driver promises stands in `conformance.rs`, as tests that run against each:
//! - a command with an effect id that was seen before does nothing;
//! - a leg ends with exactly one of `Failed` and `Ended`, and hanging up twice is hanging up once;
//! - a leg that it knows nothing of is answered by `Unknown`.
use std::sync::Arc;

use contact_core::{DialEvent, Input};
use shared::{BusinessId, LegId};
use tokio::sync::mpsc;

use crate::ports::Engine;

mod code;
pub mod drivers;
pub mod embedded;
mod legs;
mod recent;
pub mod simulated;

pub use drivers::{Driver, Drivers};
pub use embedded::Embedded;
pub use simulated::Simulated;

/// Events that may wait for the engines. Past it they are lost, which `core` expects: its limits end the leg.
pub const EVENTS: usize = 65_536;

/// What became of a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegEvent {
    pub business: BusinessId,
    pub leg: LegId,
    pub event: DialEvent,
}

/// Carries a driver's events to the engines, in order, until the driver is gone.
pub async fn forward(mut events: mpsc::Receiver<LegEvent>, engine: Arc<dyn Engine>) {
    while let Some(LegEvent { business, leg, event }) = events.recv().await {
        engine.post(business, Input::Dialer(leg, event)).await;
    }
}

//! Legs on the network. Knows no agent and no queue; media time is its own monotonic clock.
//!
//! A [`Switch`] is a handle to one media task: one UDP socket for all browser legs (ICE-lite, DTLS-SRTP,
//! PCMU), a mixer tick every 20 ms, rooms with a (listener, speaker) matrix, prompts. A leg outlives its
//! media session: it may offer again within the grace.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use shared::{ContactId, EffectId, LegId};
use tokio::sync::mpsc;

#[derive(Debug, Clone)]
pub struct SwitchConfig {
    /// UDP address to bind; port 0 picks one.
    pub bind: SocketAddr,
    /// What browsers are told; the bound one if None.
    pub advertise: Option<SocketAddr>,
    /// How long a leg lives without media.
    pub media_grace: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SwitchEvent {
    /// First media session of the leg is up.
    Connected { leg: LegId },
    /// Its media went away; it has `media_grace` to offer again.
    Suspended { leg: LegId },
    Resumed { leg: LegId },
    /// The grace is over. The leg is gone.
    Lost { leg: LegId },
    PlayEnded { leg: LegId, effect: EffectId },
    /// RFC 4733 telephone event, if the peer sends them.
    Digit { leg: LegId, digit: char },
}

#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("the offer cannot be read: {0}")]
    Offer(String),
    #[error("no audio in the offer that we can carry")]
    NoAudio,
    #[error("there is no such leg")]
    NoSuchLeg,
    #[error("the media task is gone")]
    Gone,
    #[error("the media socket cannot be bound")]
    Bind(#[source] std::io::Error),
}

/// 8 kHz mono samples, ready to mix.
pub type Samples = Arc<[i16]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Talk,
    Listen,
    /// Heard only by the legs named `whisper_to`; see `Switch::join`.
    Whisper { to: LegId },
}

#[derive(Clone)]
pub struct Switch {}

impl Switch {
    pub async fn bind(_config: SwitchConfig) -> Result<(Self, mpsc::Receiver<SwitchEvent>), SwitchError> {
        Err(SwitchError::Gone)
    }
    pub fn local_addr(&self) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0], 0))
    }
    /// Makes the leg known. Offers for unknown legs are refused.
    pub fn open(&self, _leg: LegId) {}
    /// Starts or replaces the media session of the leg; returns the SDP answer.
    pub async fn offer(&self, _leg: LegId, _sdp: String) -> Result<String, SwitchError> {
        Err(SwitchError::Gone)
    }
    /// Replaces what the leg hears until the prompt ends or `stop`.
    pub fn play(&self, _leg: LegId, _effect: EffectId, _samples: Samples, _repeat: bool) {}
    pub fn stop(&self, _leg: LegId) {}
    pub fn join(&self, _room: ContactId, _leg: LegId, _mode: Mode) {}
    pub fn leave(&self, _room: ContactId, _leg: LegId) {}
    /// Idempotent.
    pub fn close(&self, _leg: LegId) {}
}

//! A leg's receiving side whole: jitter buffer, then concealment.
use crate::{
    Frame,
    jitter::{JitterBuffer, JitterConfig, JitterStats, Packet, Pushed},
    plc::Plc,
};

/// Packets in, one frame out per tick, with never a gap in it.
#[derive(Debug, Clone, Default)]
pub struct Playout {
    jitter: JitterBuffer,
    plc: Plc,
}

impl Playout {
    pub fn new(config: JitterConfig) -> Self {
        Self { jitter: JitterBuffer::new(config), plc: Plc::default() }
    }

    /// Takes a decoded packet; `arrival_ms` and [`Playout::pull`]'s `now_ms` are of one clock.
    pub fn push(&mut self, packet: Packet<'_>, arrival_ms: u64) -> Pushed {
        self.jitter.push(packet, arrival_ms)
    }

    /// Call once every 20 ms. Silence until the first packet and after the sender stopped.
    pub fn pull(&mut self, now_ms: u64) -> Frame {
        let pulled = self.jitter.pull(now_ms);
        self.plc.apply(pulled)
    }

    /// A new media session or SSRC: numbering, timestamps and delays of the old one mean nothing now.
    pub fn restart(&mut self) {
        self.jitter.restart();
    }

    pub fn stats(&self) -> JitterStats {
        self.jitter.stats()
    }
}

//! Whom the rig plays: numbers of films, and chance that a seed repeats.
use std::time::Duration;

use contact_server::numbers;
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::SmallRng};

/// Numbers that no telephone has, which a demo server calls: `+1 NPA 555 01xx`.
pub fn numbers() -> impl Iterator<Item = String> + Clone {
    // Canada and the Caribbean have the same country code, and the rig's business calls neither.
    let areas = (201..=989).filter(|area| {
        numbers::parse(&format!("+1{area}5550100"), None, true).is_ok_and(|number| number.region == "US")
    });
    areas.flat_map(|area| (0..100).map(move |last| format!("+1{area}55501{last:02}")))
}

/// The same for the same seed and name.
#[derive(Debug, Clone)]
pub struct Chance(SmallRng);

impl Chance {
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a
        let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        });
        Self(SmallRng::seed_from_u64(seed ^ hash))
    }

    /// From the first to the second.
    pub fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.0.random_range(from..=to))
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub fn percent(&mut self, share: u32) -> bool {
        self.0.random_range(0..100) < share
    }

    /// 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// A random key, 32 hexadecimal digits.
    pub fn key(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }
}

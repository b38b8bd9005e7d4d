//! How loud: root mean square, dBFS, and a meter for a running leg.

/// RMS of a full-scale square wave; 0 dBFS.
pub const FULL_SCALE: f64 = 32_768.0;
/// What silence reads; a true 0 would be minus infinity.
pub const FLOOR_DBFS: f64 = -120.0;

/// How much of its reading a [`Meter`] keeps from one frame to the next while the level falls.
const RELEASE: f64 = 0.8;

/// Root mean square of the samples, 0 to 32768. No samples are silent.
pub fn rms(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let energy: i64 = samples.iter().map(|&s| i64::from(s) * i64::from(s)).sum();
    (energy as f64 / samples.len() as f64).sqrt()
}

/// Decibels below full scale, at least [`FLOOR_DBFS`].
pub fn dbfs(rms: f64) -> f64 {
    (20.0 * (rms / FULL_SCALE).log10()).max(FLOOR_DBFS)
}

/// The RMS that reads so many dBFS.
pub fn from_dbfs(dbfs: f64) -> f64 {
    FULL_SCALE * 10f64.powf(dbfs / 20.0)
}

/// Follows a leg's level: up at once, down softly, as an eye expects of a meter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    rms: f64,
}

impl Meter {
    /// Takes a frame's samples; returns the reading in dBFS.
    pub fn update(&mut self, samples: &[i16]) -> f64 {
        self.rms = rms(samples).max(self.rms * RELEASE);
        self.dbfs()
    }

    pub fn dbfs(&self) -> f64 {
        dbfs(self.rms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_square_wave_reads_zero_and_silence_reads_the_floor() {
        assert_eq!(dbfs(rms(&[i16::MIN; 160])), 0.0);
        assert_eq!(dbfs(rms(&[0; 160])), FLOOR_DBFS);
        assert_eq!(dbfs(rms(&[])), FLOOR_DBFS);
        assert!((dbfs(from_dbfs(-20.0)) + 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_meter_rises_at_once_and_falls_softly() {
        let mut meter = Meter::default();
        let loud = meter.update(&[10_000; 160]);
        let after = meter.update(&[0; 160]);
        assert!((loud - dbfs(10_000.0)).abs() < 1e-9);
        assert!(after < loud && after > loud - 3.0);
    }
}

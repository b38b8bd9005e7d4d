//! The promise about voice: a tone keeps a signal-to-noise ratio of 20 dB through 5% loss and 60 ms jitter,
//! over the whole way of a sample: PCMU, jitter buffer, concealment, mixer, PCMU again.
use media::{
    FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE,
    jitter::{JitterConfig, JitterStats, Packet},
    mixer::{Mixer, Mode},
    pcmu,
    playout::Playout,
    tone,
};

const SECONDS: usize = 20;
const PACKETS: usize = SECONDS * 50;
/// What is measured begins here: the delay has settled by then.
const SETTLED: usize = 2 * SAMPLE_RATE as usize;
/// 100 ms.
const BLOCK: usize = 800;

#[test]
fn a_tone_keeps_20_db_through_5_percent_loss_and_60_ms_jitter() {
    let mut worst = [f64::MAX; 3];
    for frequency in [300.0, 440.0, 697.0, 1_000.0, 1_606.0, 2_397.0] {
        for seed in 1..=8 {
            let (heard, stats) = carry(frequency, seed, Network { loss: 0.05, jitter_ms: 60 });
            // As one tone; as a tone whose phase may step; and from the very start, when the delay is learnt.
            let readings = [
                tone::measure(&heard[SETTLED..], SAMPLE_RATE, frequency),
                tone::measure_blocks(&heard[SETTLED..], SAMPLE_RATE, frequency, BLOCK),
                tone::measure_blocks(&heard, SAMPLE_RATE, frequency, BLOCK),
            ]
            .map(|reading| reading.snr_db);
            println!("{frequency:6} Hz seed {seed}: {readings:.1?} dB, {stats:?}");
            worst = [0, 1, 2].map(|i| worst[i].min(readings[i]));
        }
    }
    println!("worst: {worst:.1?} dB");
    assert!(worst.iter().all(|&snr_db| snr_db >= 20.0), "{worst:?}");
}

#[test]
fn without_loss_and_jitter_only_the_codec_is_heard() {
    let (heard, stats) = carry(1_000.0, 1, Network { loss: 0.0, jitter_ms: 0 });
    let whole = tone::measure(&heard[SETTLED..], SAMPLE_RATE, 1_000.0);
    assert!(whole.snr_db > 33.0, "{whole:?}");
    assert_eq!(stats.late, 0);
    assert_eq!(stats.target_ms, JitterConfig::default().min_delay_ms);
    assert!(stats.delay_ms <= 30, "{stats:?}");
}

#[derive(Clone, Copy)]
struct Network {
    loss: f64,
    jitter_ms: u64,
}

/// Sends a tone through the network to a leg; returns what a listener in its room hears.
fn carry(frequency: f64, seed: u64, network: Network) -> (Vec<i16>, JitterStats) {
    let spoken = tone::sine(SAMPLE_RATE, frequency, -12.0, PACKETS * FRAME_SAMPLES);
    let mut random = Random(seed);
    let mut arrivals: Vec<(u64, usize)> = (0..PACKETS)
        .filter_map(|i| {
            let lost = random.unit() < network.loss;
            let late = (random.unit() * network.jitter_ms as f64) as u64;
            (!lost).then_some((1_000 + i as u64 * FRAME_MS + late, i))
        })
        .collect();
    arrivals.sort_unstable();

    let (speaker, listener) = (1, 2);
    let mut mixer = Mixer::new();
    mixer.join("room", speaker, Mode::Talk).expect("the room has place");
    mixer.join("room", listener, Mode::Talk).expect("the room has place");
    let mut playout = Playout::default();
    let mut heard = Vec::new();
    let mut due = arrivals.into_iter().peekable();
    // The tick has a phase of its own against the sender's.
    for now in (1_007..1_000 + SECONDS as u64 * 1_000).step_by(FRAME_MS as usize) {
        while let Some((arrival, i)) = due.next_if(|&(arrival, _)| arrival <= now) {
            let payload = pcmu::encode(&spoken[i * FRAME_SAMPLES..][..FRAME_SAMPLES]);
            let packet = Packet {
                sequence: (65_000 + i) as u16,
                timestamp: (u32::MAX - 50_000).wrapping_add((i * FRAME_SAMPLES) as u32),
                sample_rate: SAMPLE_RATE,
                samples: &pcmu::decode(&payload),
            };
            playout.push(packet, arrival);
        }
        let said = [(speaker, playout.pull(now)), (listener, Frame::SILENCE)].into();
        let mixed = mixer.mix(&said)[&listener];
        heard.extend(pcmu::decode(&pcmu::encode(mixed.samples())));
    }
    (heard, playout.stats())
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
}

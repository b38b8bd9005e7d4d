//! How many legs one core carries: `cargo run --release -p switch --example legs_per_core`.
//!
//! Every leg decodes a packet, buffers it, is concealed, hears its room's mix and encodes that: all of a tick
//! but the network and the encryption. Prints CPU time a leg and how many fit into 20 ms.
#![expect(clippy::print_stdout, reason = "it is what it is for")]
use std::{hint::black_box, time::Instant};

use media::{
    FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE,
    jitter::Packet,
    mixer::{Mixer, Mode},
    pcmu,
    playout::Playout,
    tone,
};

const LEGS: usize = 800;
const TICKS: u64 = 500;
const REPETITIONS: usize = 5;

fn main() {
    println!("{:34} {:>10} {:>14}", "", "us a leg", "legs in 20 ms");
    for (name, rooms_of, lost_of_100) in [
        ("two to a room, no loss", 2, 0),
        ("two to a room, 5% loss", 2, 5),
        ("three to a room, 1% loss", 3, 1),
        ("ten to a room, 1% loss", 10, 1),
    ] {
        let mut runs: Vec<f64> = (0..REPETITIONS).map(|_| run(rooms_of, lost_of_100)).collect();
        runs.sort_by(f64::total_cmp);
        let median = runs[REPETITIONS / 2];
        println!("{name:34} {median:10.2} {:14.0}", FRAME_MS as f64 * 1_000.0 / median);
    }
}

/// Microseconds a leg and tick.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn run(legs_a_room: usize, lost_of_100: usize) -> f64 {
    let voice = pcmu::encode(&tone::Bursts::new(440.0).samples(SAMPLE_RATE, 10_000));
    let mut mixer = Mixer::new();
    for leg in 0..LEGS {
        mixer.join(leg / legs_a_room, leg, Mode::Talk).expect("the room has place");
    }
    let mut playouts = vec![Playout::default(); LEGS];
    let mut said = vec![Frame::SILENCE; LEGS];
    let (mut decoded, mut payload) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for tick in 0..TICKS {
        let now = 1_000 + tick * FRAME_MS;
        for (leg, playout) in playouts.iter_mut().enumerate() {
            if (tick as usize * 37 + leg * 61) % 100 >= lost_of_100 {
                let from = (tick as usize + leg) * FRAME_SAMPLES % (voice.len() - FRAME_SAMPLES);
                decoded.clear();
                pcmu::decode_into(&voice[from..from + FRAME_SAMPLES], &mut decoded);
                let packet = Packet {
                    sequence: tick as u16,
                    timestamp: tick as u32 * FRAME_SAMPLES as u32,
                    sample_rate: SAMPLE_RATE,
                    samples: &decoded,
                };
                playout.push(packet, now);
            }
            said[leg] = playout.pull(now);
        }
        for leg in 0..LEGS {
            let heard = mixer.mix_for(leg, |speaker| said.get(speaker));
            payload.clear();
            pcmu::encode_into(heard.samples(), &mut payload);
            black_box(&payload);
        }
    }
    began.elapsed().as_secs_f64() * 1e6 / (LEGS as f64 * TICKS as f64)
}

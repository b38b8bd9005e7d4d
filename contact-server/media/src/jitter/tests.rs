use super::*;

#[test]
fn packets_in_order_come_out_whole_and_in_order() {
    let mut line = Line::default();
    for i in 0..200 {
        line.send(i, 0);
        line.tick();
    }
    line.assert_heard(0..line.heard.len());
    assert!(line.heard.len() > 195 * FRAME_SAMPLES);
    assert_eq!(line.buffer.stats().concealed_samples, 0);
}

#[test]
fn silence_before_the_first_packet_and_long_after_the_last() {
    let mut line = Line::default();
    assert_eq!(line.tick(), Kind::Silence);
    for i in 0..20 {
        line.send(i, 0);
        line.tick();
    }
    let after: Vec<Kind> = (0..40).map(|_| line.tick()).collect();
    assert!(after.contains(&Kind::Conceal), "a sender that stops may only be late");
    assert!(after[20..].iter().all(|&kind| kind == Kind::Silence));
}

#[test]
fn a_lost_packet_is_concealed_for_as_long_as_it_was_and_costs_nothing_else() {
    let mut line = Line::default();
    for i in 0..100 {
        if i != 50 {
            line.send(i, 0);
        }
        line.tick();
    }
    assert_eq!(line.buffer.stats().concealed_samples, FRAME_SAMPLES as u64);
    let gap = 50 * FRAME_SAMPLES;
    line.assert_heard((0..gap).chain(gap + FRAME_SAMPLES..line.heard.len() + FRAME_SAMPLES));
}

#[test]
fn packets_in_the_wrong_order_come_out_in_the_right_one() {
    let mut line = Line::default();
    for i in 0..100 {
        line.send(i ^ 1, 0);
        line.tick();
    }
    line.assert_heard(0..line.heard.len());
    assert_eq!(line.buffer.stats().concealed_samples, 0);
}

#[test]
fn a_packet_that_comes_twice_is_heard_once() {
    let mut line = Line::default();
    for i in 0..100 {
        line.send(i, 0);
        assert_eq!(line.send(i, 0), Pushed::Duplicate);
        line.tick();
    }
    line.assert_heard(0..line.heard.len());
    assert_eq!(line.buffer.stats().duplicate, 100);
}

#[test]
fn sequence_numbers_and_timestamps_wrap_unheard() {
    let mut line = Line { first_sequence: 65_530, first_timestamp: u32::MAX - 1_000, ..Line::default() };
    for i in 0..100 {
        line.send(i, 0);
        line.tick();
    }
    line.assert_heard(0..line.heard.len());
    assert_eq!(line.buffer.stats().sessions, 1);
}

#[test]
fn a_new_numbering_begins_a_session_with_its_second_packet() {
    let mut line = Line::default();
    for i in 0..50 {
        line.send(i, 0);
        line.tick();
    }
    (line.first_sequence, line.first_timestamp) = (40_000, 3_000_000_000);
    assert_eq!(line.send(50, 0), Pushed::Suspect);
    line.tick();
    assert_eq!(line.send(51, 0), Pushed::Started);
    for i in 52..100 {
        line.tick();
        assert_eq!(line.send(i, 0), Pushed::Queued);
    }
    assert_eq!(line.heard.last(), line.stamped(0..97 * FRAME_SAMPLES).last());
}

#[test]
fn one_stray_packet_changes_nothing() {
    let mut line = Line::default();
    for i in 0..100 {
        line.send(i, 0);
        if i == 50 {
            let stray =
                Packet { sequence: 30_000, timestamp: 1 << 30, sample_rate: SAMPLE_RATE, samples: &[1; 160] };
            assert_eq!(line.buffer.push(stray, line.now), Pushed::Suspect);
        }
        line.tick();
    }
    line.assert_heard(0..line.heard.len());
}

#[test]
fn a_pause_of_the_sender_is_silence_and_not_loss() {
    let mut line = Line::default();
    for i in 0..100 {
        // Sequence numbers go on; timestamps leave the pause out.
        if !(40..60).contains(&i) {
            let sequence = if i < 60 { i } else { i - 20 };
            line.send_as(sequence, i, 0);
        }
        line.tick();
    }
    let first_loss_noticed = line.kinds.iter().filter(|&&kind| kind == Kind::Conceal).count();
    assert!(first_loss_noticed <= MAX_CONCEALED_FRAMES, "{first_loss_noticed}");
    assert!(line.kinds[55..60].iter().all(|&kind| kind == Kind::Silence));
    assert_eq!(line.heard.last(), line.stamped(0..98 * FRAME_SAMPLES).last());
}

#[test]
fn a_short_pause_whose_end_is_known_is_silence_from_the_start() {
    let mut line = Line { lead: 6, ..Line::default() };
    for i in (0..40).chain(42..100) {
        line.send_as(if i < 40 { i } else { i - 2 }, i, 0);
        line.tick();
    }
    assert_eq!(line.buffer.stats().concealed_samples, 0);
}

#[test]
fn a_sender_whose_timestamps_stood_still_while_it_paused_is_heard_again() {
    let mut line = Line::default();
    for i in 0..50 {
        line.send(i, 0);
        line.tick();
    }
    for _ in 0..40 {
        line.tick();
    }
    for i in 50..120 {
        line.send(i, 0);
        line.tick();
    }
    assert_eq!(line.kinds[line.kinds.len() - 20..], [Kind::Voice; 20]);
}

#[test]
fn a_burst_after_an_outage_does_not_leave_a_lasting_delay() {
    let mut line = Line::adaptive();
    for i in 0..100 {
        line.send(i, 0);
        line.tick();
    }
    for _ in 100..125 {
        line.tick();
    }
    for i in 100..125 {
        line.send(i, 0);
    }
    for i in 125..600 {
        line.send(i, 0);
        line.tick();
    }
    let stats = line.buffer.stats();
    assert!(stats.delay_ms <= 60, "{stats:?}");
    assert_eq!(line.kinds[line.kinds.len() - 100..], [Kind::Voice; 100]);
}

#[test]
fn a_path_that_becomes_slower_is_waited_for_and_one_that_becomes_faster_is_followed() {
    let mut line = Line::adaptive();
    let mut settle = |delay: u64, from: u32| {
        for i in from..from + 800 {
            line.send(i, delay);
            line.tick();
        }
        assert_eq!(line.kinds[line.kinds.len() - 200..], [Kind::Voice; 200], "after {delay} ms");
        assert!(line.buffer.stats().delay_ms <= 45, "after {delay} ms: {:?}", line.buffer.stats());
    };
    settle(20, 0);
    settle(150, 800);
    settle(0, 1_600);
}

#[test]
fn clock_drift_is_followed_without_loss() {
    for ppm in [-300.0, 300.0] {
        let mut buffer = JitterBuffer::default();
        let mut sent = 0u32;
        for tick in 0..15_000u64 {
            let now = 10_000 + tick * FRAME_MS;
            while f64::from(sent) * 20.0 * (1.0 + ppm / 1e6) <= (tick * FRAME_MS) as f64 {
                push(&mut buffer, sent as u16, sent * 160, &[1_000; 160], now);
                sent += 1;
            }
            buffer.pull(now);
        }
        let stats = buffer.stats();
        // 90 ms drifted apart in five minutes: at the worst a frame is caught out now and then.
        assert!(stats.delay_ms <= 50 && stats.late <= 5, "{ppm} ppm: {stats:?}");
        assert!(stats.concealed_samples <= 10 * FRAME_SAMPLES as u64, "{ppm} ppm: {stats:?}");
    }
}

#[test]
fn the_target_follows_the_jitter_up_and_down_within_its_bounds() {
    let mut line = Line::adaptive();
    let mut steps = [0, 55, 10, 40, 25].into_iter().cycle();
    for i in 0..400 {
        line.send(i, steps.next().unwrap_or(0));
        line.tick();
    }
    let rough = line.buffer.stats().target_ms;
    assert!((50..=65).contains(&rough), "{rough}");
    for i in 400..1_000 {
        line.send(i, 0);
        line.tick();
    }
    assert_eq!(line.buffer.stats().target_ms, JitterConfig::default().min_delay_ms);
    for i in 1_000..1_400 {
        line.send(i, u64::from(i % 5) * 150);
        line.tick();
    }
    assert_eq!(line.buffer.stats().target_ms, JitterConfig::default().max_delay_ms);
}

#[test]
fn packets_of_other_lengths_are_cut_into_frames() {
    for length in [80u32, 240, 320, 480] {
        let mut buffer = JitterBuffer::default();
        let mut concealed_late = 0;
        let mut sent = 0;
        for tick in 0..500u64 {
            while u64::from(sent * length) < (tick + 1) * 160 {
                let samples = vec![1_000; length as usize];
                push(&mut buffer, sent as u16, sent * length, &samples, 1_000 + tick * FRAME_MS);
                sent += 1;
            }
            if buffer.pull(1_000 + tick * FRAME_MS).kind() == Kind::Conceal && tick > 50 {
                concealed_late += 1;
            }
        }
        assert_eq!(concealed_late, 0, "packets of {length}: {:?}", buffer.stats());
    }
}

#[test]
fn packets_that_are_not_20_ms_of_voice_are_refused() {
    let mut buffer = JitterBuffer::default();
    assert_eq!(push(&mut buffer, 0, 0, &[], 0), Pushed::Refused);
    assert_eq!(push(&mut buffer, 0, 0, &[0; MAX_PACKET_SAMPLES + 1], 0), Pushed::Refused);
    let wideband = Packet { sequence: 0, timestamp: 0, sample_rate: 48_000, samples: &[0; 960] };
    assert_eq!(buffer.push(wideband, 0), Pushed::Refused);
    assert_eq!(buffer.buffered_samples(), 0);
}

#[test]
fn a_leg_that_nobody_listens_to_keeps_only_the_newest_second() {
    let mut line = Line::adaptive();
    for i in 0..1_000 {
        line.send(i, 0);
        line.now += FRAME_MS;
    }
    assert!(line.buffer.buffered_samples() <= MAX_BUFFERED_SAMPLES);
    line.tick();
    line.tick();
    assert!(line.buffer.stats().delay_ms <= 60, "{:?}", line.buffer.stats());
}

#[test]
fn restart_forgets_the_session_and_takes_the_next_packet_at_once() {
    let mut line = Line::default();
    line.send(0, 0);
    line.buffer.restart();
    assert_eq!(line.buffer.buffered_samples(), 0);
    line.first_timestamp = 1 << 31;
    assert_eq!(line.send(7_000, 0), Pushed::Started);
}

/// What a pause may be taken for loss: until it is known for one.
const MAX_CONCEALED_FRAMES: usize = 11;

pub(super) fn push(
    buffer: &mut JitterBuffer,
    sequence: u16,
    timestamp: u32,
    samples: &[i16],
    arrival_ms: u64,
) -> Pushed {
    buffer.push(Packet { sequence, timestamp, sample_rate: SAMPLE_RATE, samples }, arrival_ms)
}

/// A sender, a network and a tick. Every sample says which one it is, in a slow sawtooth.
struct Line {
    buffer: JitterBuffer,
    first_sequence: u16,
    first_timestamp: u32,
    now: u64,
    /// Packets by which the network hurries ahead of the tick.
    lead: u64,
    in_flight: Vec<(u64, u16, u32)>,
    heard: Vec<i16>,
    kinds: Vec<Kind>,
}

impl Default for Line {
    /// With a target that stays: voice is not stretched, so that it can be told sample by sample.
    fn default() -> Self {
        Self {
            buffer: JitterBuffer::new(JitterConfig { min_delay_ms: 40, ..JitterConfig::default() }),
            first_sequence: 0,
            first_timestamp: 0,
            now: 10_000,
            lead: 0,
            in_flight: Vec::new(),
            heard: Vec::new(),
            kinds: Vec::new(),
        }
    }
}

impl Line {
    fn adaptive() -> Self {
        Self { buffer: JitterBuffer::default(), ..Self::default() }
    }

    /// Sends packet `i`, to arrive `delay` ms from now.
    fn send(&mut self, i: u32, delay: u64) -> Pushed {
        self.send_as(i, i, delay)
    }

    fn send_as(&mut self, sequence: u32, i: u32, delay: u64) -> Pushed {
        self.in_flight.push((self.now + delay, sequence as u16, i));
        self.deliver()
    }

    fn deliver(&mut self) -> Pushed {
        self.in_flight.sort_unstable();
        let mut last = Pushed::Queued;
        while self.in_flight.first().is_some_and(|&(at, ..)| at <= self.now) {
            let (at, sequence, i) = self.in_flight.remove(0);
            let samples = self.stamped(i as usize * FRAME_SAMPLES..(i as usize + 1) * FRAME_SAMPLES);
            let sequence = self.first_sequence.wrapping_add(sequence);
            let timestamp = self.first_timestamp.wrapping_add(i * FRAME_SAMPLES as u32);
            last = push(&mut self.buffer, sequence, timestamp, &samples, at);
        }
        last
    }

    /// Pulls a frame at 3 ms past the arrivals.
    fn tick(&mut self) -> Kind {
        self.deliver();
        let pulled = self.buffer.pull(self.now + 3 - self.lead.min(3));
        for (kind, range) in pulled.runs() {
            if kind == Kind::Voice {
                self.heard.extend(&pulled.frame().samples()[range]);
            }
        }
        self.kinds.push(pulled.kind());
        self.now += FRAME_MS;
        pulled.kind()
    }

    /// The voice that was heard is these samples of what was sent.
    fn assert_heard(&self, sent: impl IntoIterator<Item = usize>) {
        let sent = sent.into_iter().map(stamp);
        let wrong = self.heard.iter().zip(sent).position(|(&heard, sent)| heard != sent);
        assert_eq!(wrong, None, "first sample that is wrong");
    }

    fn stamped(&self, range: Range<usize>) -> Vec<i16> {
        range.map(stamp).collect()
    }
}

/// What sample `i` of the sender says.
fn stamp(i: usize) -> i16 {
    (i % 30_000) as i16
}

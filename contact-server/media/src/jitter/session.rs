//! One media session of a leg: its numbering, its packets, where it is played.
use std::collections::BTreeMap;

use super::{
    JitterConfig, Kind, MAX_BUFFERED_SAMPLES, MAX_PACKETS, Packet, Pulled, Pushed, delay::DelayEstimator,
    samples,
};
use crate::{FRAME_SAMPLES, stretch};

/// Sequence numbers that a packet may lead or trail its neighbours by (RFC 3550, appendix A.1).
const MAX_DROPOUT: i64 = 3_000;
const MAX_MISORDER: i64 = 100;
/// Milliseconds by which arrival and timestamp may disagree before the timestamps are a new numbering.
const MAX_TRANSIT_JUMP_MS: u64 = 2_000;
/// Packets in a row that come too late before we see that it is us who are ahead (a sender whose timestamps
/// stood still while it was silent).
const MAX_LATE_RUN: u32 = 10;
/// Ticks without any packet after which the leg is silent, not lossy.
const MAX_CONCEALED_TICKS: u32 = 10;
/// Milliseconds beyond the target that must be left after voice was shortened by a packet: hysteresis.
const SLACK_MS: u64 = 5;
/// Milliseconds by which the slack may fall short of the target before it is widened: the target's own margin,
/// so that a quantile that wavers moves nothing.
const LACK_MS: u64 = 5;
/// Milliseconds of delay that are worth a cut.
const MIN_SPARE_MS: u64 = 4;
/// Milliseconds past the target at which the slack is cut by a splice instead of gently.
const MAX_EXCESS_MS: u64 = 200;
/// Ticks for which the slack must be wrong before it is changed, so that an unsteady tick changes nothing.
const MIN_PATIENCE: u32 = 5;
/// Ticks for which the gentle way may find no place to cut before any place will do.
const MAX_PATIENCE: u32 = 50;

#[derive(Debug, Clone)]
pub(super) struct Session {
    delay: DelayEstimator,
    /// By extended timestamp of the first sample.
    packets: BTreeMap<i64, Held>,
    held_samples: usize,
    /// The newest packet's, without wrap.
    sequence: i64,
    timestamp: i64,
    /// Length of the newest packet, in samples.
    packet_samples: i64,
    /// Extended timestamp of the next sample to be played; None before the first tick.
    position: Option<i64>,
    /// Extended sequence number of the packet that was played last.
    played: Option<i64>,
    late_run: u32,
    empty_ticks: u32,
    /// Ticks for which the delay has been wrong.
    wrong_ticks: u32,
}

#[derive(Debug, Clone)]
struct Held {
    sequence: i64,
    samples: Box<[i16]>,
}

impl Session {
    pub(super) fn begin(config: JitterConfig, packet: Packet<'_>, arrival: i64) -> Self {
        let (sequence, timestamp) = (i64::from(packet.sequence), i64::from(packet.timestamp));
        let held = Held { sequence, samples: packet.samples.into() };
        Self {
            delay: DelayEstimator::new(config, arrival - timestamp),
            held_samples: held.samples.len(),
            packets: BTreeMap::from([(timestamp, held)]),
            sequence,
            timestamp,
            packet_samples: packet.samples.len() as i64,
            position: None,
            played: None,
            late_run: 0,
            empty_ticks: 0,
            wrong_ticks: 0,
        }
    }

    /// The packet's (sequence number, timestamp) without wrap: the nearest to the newest packet's.
    fn extend(&self, packet: Packet<'_>) -> (i64, i64) {
        let sequence = packet.sequence.wrapping_sub(self.sequence as u16) as i16;
        let timestamp = packet.timestamp.wrapping_sub(self.timestamp as u32) as i32;
        (self.sequence + i64::from(sequence), self.timestamp + i64::from(timestamp))
    }

    pub(super) fn target(&self) -> i64 {
        self.delay.target()
    }

    #[cfg(test)]
    pub(super) fn position(&self) -> Option<i64> {
        self.position
    }

    pub(super) fn held_samples(&self) -> usize {
        self.held_samples
    }

    /// False if the packet seems to be of another numbering.
    pub(super) fn fits(&self, packet: Packet<'_>, arrival: i64) -> bool {
        let (sequence, timestamp) = self.extend(packet);
        let transit = arrival - timestamp;
        self.late_run < MAX_LATE_RUN
            && (-MAX_MISORDER..=MAX_DROPOUT).contains(&(sequence - self.sequence))
            && (transit - self.delay.fastest()).abs() <= samples(MAX_TRANSIT_JUMP_MS)
    }

    /// Also says how many packets had to go to make room.
    pub(super) fn push(&mut self, packet: Packet<'_>, arrival: i64) -> (Pushed, u64) {
        let (sequence, timestamp) = self.extend(packet);
        if self.packets.contains_key(&timestamp) {
            return (Pushed::Duplicate, 0);
        }
        // A copy of what was played already says nothing about the network's delay.
        let copy_of_played = self.played.is_some_and(|played| sequence == played);
        if !copy_of_played {
            self.delay.observe(arrival - timestamp);
        }
        if sequence > self.sequence {
            (self.sequence, self.timestamp) = (sequence, timestamp);
            self.packet_samples = packet.samples.len() as i64;
        }
        if self.position.is_some_and(|position| timestamp + packet.samples.len() as i64 <= position) {
            self.late_run += u32::from(!copy_of_played);
            return (if copy_of_played { Pushed::Duplicate } else { Pushed::Late }, 0);
        }
        self.late_run = 0;
        self.held_samples += packet.samples.len();
        self.packets.insert(timestamp, Held { sequence, samples: packet.samples.into() });
        let mut overflowed = 0;
        while self.packets.len() > MAX_PACKETS || self.held_samples > MAX_BUFFERED_SAMPLES {
            let Some((_, oldest)) = self.packets.pop_first() else { break };
            self.held_samples -= oldest.samples.len();
            overflowed += 1;
        }
        (Pushed::Queued, overflowed)
    }

    /// Takes the next frame out; returns the delay with which it is played, in samples.
    pub(super) fn pull(&mut self, now: i64, pulled: &mut Pulled) -> i64 {
        let earliest = now - self.delay.fastest();
        let mut position = self.position.unwrap_or(i64::MIN);
        let idle = self.played.is_none() || self.empty_ticks > MAX_CONCEALED_TICKS;
        if idle && !self.reaches(position) {
            position = self.aligned(earliest, position);
        }
        if self.excess(earliest, position) > samples(MAX_EXCESS_MS) {
            position = self.aligned(earliest, position);
            pulled.spliced = true;
        }
        let excess = self.excess(earliest, position);
        if self.packets.is_empty() {
            self.wait(position, excess, idle, pulled);
        } else if !self.change_delay(position, excess, pulled) {
            self.play(position, excess, pulled);
        }
        self.forget_played();
        earliest - position
    }

    /// True if a packet holds the sample at `position`.
    fn reaches(&self, position: i64) -> bool {
        self.packets
            .range(..=position)
            .next_back()
            .is_some_and(|(&start, held)| position < start + held.samples.len() as i64)
    }

    /// Packets begin at every `grid`th sample, seen from the frames: the pattern in which the two meet.
    fn grid(&self) -> i64 {
        gcd(self.packet_samples, FRAME_SAMPLES as i64)
    }

    /// How far behind `position` the grid's next line is.
    fn phase(&self, position: i64) -> i64 {
        (self.timestamp.wrapping_sub(position)).rem_euclid(self.grid())
    }

    /// How much longer than the target a packet may take and still be played, in samples: the last one that a
    /// frame at `position` may need begins up to a frame, less one line of the grid, after the first line.
    fn excess(&self, earliest: i64, position: i64) -> i64 {
        let last_begins = position.saturating_add(self.phase(position) + FRAME_SAMPLES as i64 - self.grid());
        earliest.saturating_sub(last_begins).saturating_sub(self.delay.target())
    }

    /// The latest place on the grid that has the target's slack, and no earlier than `not_before`.
    fn aligned(&self, earliest: i64, not_before: i64) -> i64 {
        let latest = earliest - self.delay.target() - (FRAME_SAMPLES as i64 - self.grid());
        let back = (latest - self.timestamp).rem_euclid(self.grid());
        let place = latest - back;
        if place >= not_before { place } else { not_before + self.phase(not_before) }
    }

    /// Nothing is there. Stands still while the slack is short: the packet may yet come.
    fn wait(&mut self, position: i64, excess: i64, idle: bool, pulled: &mut Pulled) {
        self.empty_ticks = self.empty_ticks.saturating_add(1);
        pulled.kinds = [if idle { Kind::Silence } else { Kind::Conceal }; FRAME_SAMPLES];
        self.position = Some(position + past_missing(FRAME_SAMPLES, excess));
    }

    /// Shortens or lengthens the voice at `position` if the slack asks for it and the voice allows it.
    fn change_delay(&mut self, position: i64, excess: i64, pulled: &mut Pulled) -> bool {
        // To the grid costs no slack; a line further costs a line's worth.
        let lines = (excess - samples(SLACK_MS)).max(0) / self.grid();
        let spare = self.phase(position) + lines * self.grid();
        let too_long = spare >= samples(MIN_SPARE_MS);
        if !too_long && excess >= -samples(LACK_MS) {
            self.wrong_ticks = 0;
            return false;
        }
        self.wrong_ticks = self.wrong_ticks.saturating_add(1);
        if self.wrong_ticks < MIN_PATIENCE {
            return false;
        }
        let force = self.wrong_ticks > MAX_PATIENCE;
        let lengthen = excess < -samples(LACK_MS);
        let longest = if lengthen { 0 } else { stretch::MAX_LAG.min(spare as usize) };
        let mut input = [0; FRAME_SAMPLES + stretch::MAX_LAG];
        let input = &mut input[..FRAME_SAMPLES + longest];
        if !self.copy_voice(position, input) {
            return false;
        }
        let out = pulled.frame.samples_mut();
        let used =
            if lengthen { stretch::lengthen(input, force, out) } else { stretch::shorten(input, force, out) };
        let Some(used) = used else { return false };
        pulled.kinds = [Kind::Voice; FRAME_SAMPLES];
        self.wrong_ticks = 0;
        self.empty_ticks = 0;
        self.position = Some(position + used as i64);
        true
    }

    /// Copies the samples from `position` on; false if not every one is there.
    fn copy_voice(&self, position: i64, out: &mut [i16]) -> bool {
        let mut kinds = [Kind::Silence; FRAME_SAMPLES + stretch::MAX_LAG];
        let kinds = &mut kinds[..out.len()];
        self.fill(position, out, kinds);
        kinds.iter().all(|&kind| kind == Kind::Voice)
    }

    fn play(&mut self, position: i64, excess: i64, pulled: &mut Pulled) {
        let missing = self.fill(position, pulled.frame.samples_mut(), &mut pulled.kinds);
        if pulled.kinds.contains(&Kind::Voice) {
            self.empty_ticks = 0;
        }
        self.position = Some(position + (FRAME_SAMPLES - missing) as i64 + past_missing(missing, excess));
    }

    /// Writes the samples from `position` on and their kinds; returns how many at the end are not there yet.
    fn fill(&self, position: i64, out: &mut [i16], kinds: &mut [Kind]) -> usize {
        let end = position + out.len() as i64;
        let mut filled = 0;
        let mut before = self.played;
        for (&start, held) in self.packets.range(..end) {
            let (from, to) =
                (start.max(position + filled as i64), (start + held.samples.len() as i64).min(end));
            if from < to {
                let (at, until) = ((from - position) as usize, (to - position) as usize);
                kinds[filled..at].fill(gap_kind(before, held.sequence));
                out[at..until].copy_from_slice(&held.samples[(from - start) as usize..(to - start) as usize]);
                kinds[at..until].fill(Kind::Voice);
                filled = until;
            }
            before = Some(held.sequence);
        }
        let next = self.packets.range(end..).next().map(|(_, held)| held.sequence);
        kinds[filled..].fill(match (before, next) {
            (None, _) => Kind::Silence,
            (before, Some(next)) => gap_kind(before, next),
            (Some(_), None) => Kind::Conceal,
        });
        if next.is_none() { kinds.len() - filled } else { 0 }
    }

    fn forget_played(&mut self) {
        let Some(position) = self.position else { return };
        while let Some(entry) = self.packets.first_entry() {
            let began = *entry.key();
            if began + entry.get().samples.len() as i64 > position {
                // Being played: a gap behind it is judged from it on.
                break;
            }
            let held = entry.remove();
            self.held_samples -= held.samples.len();
            self.played = Some(held.sequence);
        }
    }
}

/// What a gap between two packets is: voice is lost if packets are, otherwise the sender was silent.
fn gap_kind(before: Option<i64>, after: i64) -> Kind {
    match before {
        Some(before) if after - before != 1 => Kind::Conceal,
        _ => Kind::Silence,
    }
}

/// How far to go on past samples that are not there yet: past all of them, unless the slack is short. Then
/// standing still lengthens it, and they may yet come.
fn past_missing(missing: usize, excess: i64) -> i64 {
    if excess >= -samples(LACK_MS) { missing as i64 } else { 0 }
}

const fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

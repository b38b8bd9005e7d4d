//! One leg: it outlives its media sessions.
//!
//! A new offer does not end the session that still works: the new one takes over once it is up.
use std::time::{Duration, Instant};

use media::{Frame, jitter::Packet, level::Meter, pcmu, playout::Playout, prompt::PromptPlayer};
use shared::EffectId;

use crate::{
    LegStats, Samples,
    clock::{Tick, Ticks},
    demux::{Demux, SessionId},
    digits::Digits,
    session::{Heard, Session},
    socket::MediaSocket,
    standing::{Change, Standing},
};

pub(crate) struct Leg {
    current: Option<Session>,
    /// Offered while `current` was still up.
    coming: Option<Session>,
    standing: Standing,
    playout: Playout,
    digits: Digits,
    prompt: Option<Playing>,
    /// What it said in this tick, if it is up.
    said: Option<Frame>,
    level_in: Meter,
    level_out: Meter,
    /// Of sessions that are over.
    past: Past,
}

struct Playing {
    effect: EffectId,
    player: PromptPlayer,
}

#[derive(Default)]
struct Past {
    packets_in: u64,
    packets_out: u64,
    lost: u64,
}

/// What the world hears of one tick of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Changed(Change),
    Digit(char),
    PlayEnded(EffectId),
}

impl Leg {
    pub(crate) fn new() -> Self {
        Self {
            current: None,
            coming: None,
            standing: Standing::Quiet,
            playout: Playout::default(),
            digits: Digits::default(),
            prompt: None,
            said: None,
            level_in: Meter::default(),
            level_out: Meter::default(),
            past: Past::default(),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.standing.is_up()
    }

    pub(crate) fn said(&self) -> Option<&Frame> {
        self.said.as_ref()
    }

    /// Takes a session whose offer was answered.
    pub(crate) fn offered(&mut self, session: Session, now: Instant, demux: &mut Demux) {
        self.standing.offered(now);
        let replaced = if self.current.as_ref().is_some_and(|current| current.is_up(now)) {
            self.coming.replace(session)
        } else {
            self.current.replace(session)
        };
        if let Some(replaced) = replaced {
            self.retire(replaced, demux);
        }
    }

    pub(crate) fn proves(&self, session: SessionId, check: impl FnOnce(&Session) -> bool) -> bool {
        self.sessions().find(|one| one.id == session).is_some_and(check)
    }

    /// Lets the named session work, and takes what it brought.
    pub(crate) fn receive(
        &mut self,
        session: SessionId,
        now: Instant,
        ticks: &Ticks,
        work: impl FnOnce(&mut Session) -> Vec<Heard>,
        told: &mut Vec<Told>,
    ) {
        let is_current = self.current.as_ref().is_some_and(|one| one.id == session);
        let slot = if is_current { &mut self.current } else { &mut self.coming };
        let Some(one) = slot.as_mut().filter(|one| one.id == session) else { return };
        let heard = work(one);
        if is_current {
            self.take(heard, now, ticks, told);
        }
    }

    fn take(&mut self, heard: Vec<Heard>, now: Instant, ticks: &Ticks, told: &mut Vec<Told>) {
        for heard in heard {
            match heard {
                Heard::Voice(packet) => {
                    let samples = pcmu::decode(&packet.payload);
                    let packet = Packet {
                        sequence: packet.header.sequence_number,
                        timestamp: packet.header.timestamp,
                        sample_rate: media::SAMPLE_RATE,
                        samples: &samples,
                    };
                    self.playout.push(packet, ticks.ms(now));
                }
                Heard::Event(packet) => {
                    told.extend(self.digits.read(packet.header.timestamp, &packet.payload).map(Told::Digit));
                }
            }
        }
    }

    /// First half of a tick: sessions do what is due, the better one carries the leg, and what it said is
    /// taken out of its buffer.
    pub(crate) fn listen(&mut self, beat: &mut Beat<'_>, told: &mut Vec<Told>) {
        let now = beat.now;
        if let Some(coming) = &mut self.coming {
            coming.beat(now, beat.socket);
        }
        if self.coming.as_ref().is_some_and(|coming| coming.is_up(now)) {
            self.take_over(beat.demux);
        }
        if let Some(current) = &mut self.current {
            let heard = current.beat(now, beat.socket);
            self.take(heard, now, beat.ticks, told);
        }
        let media = self.current.as_ref().is_some_and(|current| current.is_up(now));
        told.extend(self.standing.look(now, media, beat.grace).map(Told::Changed));
        self.said = self.is_up().then(|| self.playout.pull(beat.tick.due_ms()));
        if let Some(said) = &self.said {
            self.level_in.update(said.samples());
        }
    }

    /// Second half: the prompt, or else what the mixer made, goes out.
    pub(crate) fn speak(&mut self, mixed: Frame, beat: &Beat<'_>, told: &mut Vec<Told>) {
        let frame = match self.prompt.as_mut().map(|playing| (playing.player.next_frame(), playing.effect)) {
            None => mixed,
            Some((Some(frame), _)) => frame,
            Some((None, effect)) => {
                self.prompt = None;
                told.push(Told::PlayEnded(effect));
                mixed
            }
        };
        self.level_out.update(frame.samples());
        if let Some(current) = &mut self.current {
            let payload = pcmu::encode(frame.samples());
            let heard = current.say(beat.tick.number, &payload, beat.now, beat.socket);
            self.take(heard, beat.now, beat.ticks, told);
        }
    }

    pub(crate) fn play(&mut self, effect: EffectId, samples: Samples, repeat: bool) {
        self.prompt = Some(Playing { effect, player: PromptPlayer::new(samples, repeat) });
    }

    pub(crate) fn stop(&mut self) {
        self.prompt = None;
    }

    pub(crate) fn close(&mut self, now: Instant, socket: &MediaSocket, demux: &mut Demux) {
        for mut session in self.current.take().into_iter().chain(self.coming.take()) {
            session.close(now, socket);
            demux.forget(session.id);
        }
    }

    pub(crate) fn stats(&self) -> LegStats {
        let (mut packets_in, mut packets_out, mut lost) =
            (self.past.packets_in, self.past.packets_out, self.past.lost);
        for counters in self.sessions().map(Session::counters) {
            packets_in += counters.packets_in;
            packets_out += counters.packets_out;
            lost += counters.lost();
        }
        let jitter = self.playout.stats();
        LegStats {
            packets_in,
            packets_out,
            lost,
            late: jitter.late,
            concealed: Duration::from_millis(jitter.concealed_samples / media::SAMPLES_PER_MS as u64),
            delay: Duration::from_millis(jitter.delay_ms),
            level_in_dbfs: self.level_in.dbfs() as f32,
            level_out_dbfs: self.level_out.dbfs() as f32,
        }
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.current.iter().chain(&self.coming)
    }

    fn take_over(&mut self, demux: &mut Demux) {
        let Some(coming) = self.coming.take() else { return };
        if let Some(before) = self.current.replace(coming) {
            self.retire(before, demux);
        }
        // Another numbering begins.
        self.playout.restart();
        self.digits = Digits::default();
    }

    fn retire(&mut self, session: Session, demux: &mut Demux) {
        demux.forget(session.id);
        let counters = session.counters();
        self.past.packets_in += counters.packets_in;
        self.past.packets_out += counters.packets_out;
        self.past.lost += counters.lost();
    }
}

/// What a leg needs of its surroundings in one tick.
pub(crate) struct Beat<'a> {
    pub(crate) tick: Tick,
    pub(crate) now: Instant,
    pub(crate) grace: Duration,
    pub(crate) ticks: &'a Ticks,
    pub(crate) socket: &'a MediaSocket,
    pub(crate) demux: &'a mut Demux,
}

//! The media task: owns the socket, the legs and the rooms, and beats every 20 ms.
use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::Duration,
};

use media::{
    Frame,
    mixer::{self, Mixer},
};
use shared::{ContactId, EffectId, LegId};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::{
    LegStats, Mode, Samples, SwitchError, SwitchEvent, Totals,
    clock::{self, Tick, Ticks},
    demux::{Demux, Route, SessionId},
    leg::{Beat, Leg, Told},
    limits::{COMMANDS_PER_ROUND, DATAGRAM_BYTES, DATAGRAMS_PER_ROUND, EVENT_BACKLOG, LEGS},
    session::{Session, Setting},
    socket::MediaSocket,
    standing::Change,
};

pub(crate) enum Command {
    Open { leg: LegId },
    Offer { leg: LegId, sdp: String, reply: oneshot::Sender<Result<String, SwitchError>> },
    Play { leg: LegId, effect: EffectId, samples: Samples, repeat: bool },
    Stop { leg: LegId },
    Join { room: ContactId, leg: LegId, mode: Mode },
    Leave { room: ContactId, leg: LegId },
    Close { leg: LegId },
    Stats { leg: LegId, reply: oneshot::Sender<Option<LegStats>> },
    Totals { reply: oneshot::Sender<Totals> },
}

pub(crate) struct Task {
    socket: MediaSocket,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<SwitchEvent>,
    /// Behind a full channel.
    backlog: VecDeque<SwitchEvent>,
    setting: Setting,
    grace: Duration,
    ticks: Ticks,
    demux: Demux,
    legs: BTreeMap<LegId, Leg>,
    rooms: Mixer<ContactId, LegId>,
    sessions: u64,
    strays: u64,
}

impl Task {
    pub(crate) fn new(
        socket: MediaSocket,
        setting: Setting,
        grace: Duration,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<SwitchEvent>,
    ) -> Self {
        Self {
            socket,
            commands,
            events,
            backlog: VecDeque::new(),
            setting,
            grace,
            ticks: Ticks::starting(clock::now()),
            demux: Demux::default(),
            legs: BTreeMap::new(),
            rooms: Mixer::new(),
            sessions: 0,
            strays: 0,
        }
    }

    /// Runs until the last handle is dropped. Time goes first: neither commands nor a flood hold up a tick
    /// for longer than one round of them.
    pub(crate) async fn run(mut self) {
        let mut buffer = vec![0; DATAGRAM_BYTES + 1];
        loop {
            let next = tokio::time::Instant::from_std(self.ticks.next());
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(next) => self.catch_up(),
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                ready = self.socket.readable() => match ready {
                    Ok(()) => self.read(&mut buffer),
                    Err(error) => {
                        tracing::error!(%error, "the media socket failed");
                        break;
                    }
                },
            }
        }
        for leg in self.legs.values_mut() {
            leg.close(clock::now(), &self.socket, &mut self.demux);
        }
    }

    fn obey(&mut self, first: Command) {
        self.perform(first);
        for _ in 1..COMMANDS_PER_ROUND {
            match self.commands.try_recv() {
                Ok(command) => self.perform(command),
                Err(_) => break,
            }
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Open { leg } => self.open(leg),
            Command::Offer { leg, sdp, reply } => {
                // Whoever asked may have gone; the session is there for the next offer to replace.
                let _ = reply.send(self.offer(leg, &sdp));
            }
            Command::Play { leg, effect, samples, repeat } => {
                self.with(leg, |leg| leg.play(effect, samples, repeat));
            }
            Command::Stop { leg } => self.with(leg, Leg::stop),
            Command::Join { room, leg, mode } => self.join(room, leg, mode),
            Command::Leave { room, leg } => self.rooms.leave(room, leg),
            Command::Close { leg } => self.close(leg),
            Command::Stats { leg, reply } => {
                let _ = reply.send(self.legs.get(&leg).map(Leg::stats));
            }
            Command::Totals { reply } => {
                let (legs, unsent) = (self.legs.len(), self.socket.unsent());
                let _ = reply.send(Totals { legs, strays: self.strays, unsent });
            }
        }
    }

    fn with(&mut self, leg: LegId, work: impl FnOnce(&mut Leg)) {
        match self.legs.get_mut(&leg) {
            Some(leg) => work(leg),
            // It was lost or closed while the command was on its way.
            None => tracing::debug!(%leg, "command for a leg that is gone"),
        }
    }

    fn open(&mut self, leg: LegId) {
        if self.legs.len() >= LEGS {
            tracing::error!(%leg, limit = LEGS, "no more legs");
            return;
        }
        self.legs.entry(leg).or_insert_with(Leg::new);
    }

    fn offer(&mut self, id: LegId, sdp: &str) -> Result<String, SwitchError> {
        let leg = self.legs.get_mut(&id).ok_or(SwitchError::NoSuchLeg)?;
        let now = clock::now();
        self.sessions += 1;
        let session = SessionId { leg: id, number: self.sessions };
        let (mut session, answer) = Session::accept(session, &self.setting, sdp, now)?;
        let ufrag = session.ufrag();
        if self.demux.knows_ufrag(&ufrag) {
            return Err(SwitchError::Offer("try again".into()));
        }
        self.demux.register(ufrag, session.id);
        leg.offered(session, now, &mut self.demux);
        Ok(answer)
    }

    fn join(&mut self, room: ContactId, leg: LegId, mode: Mode) {
        if !self.legs.contains_key(&leg) {
            tracing::debug!(%leg, "a leg that is gone cannot join");
            return;
        }
        let mode = match mode {
            Mode::Talk => mixer::Mode::Talk,
            Mode::Listen => mixer::Mode::Listen,
            Mode::Whisper { to } => mixer::Mode::Whisper { to },
        };
        if let Err(error) = self.rooms.join(room, leg, mode) {
            tracing::error!(%leg, %error, "cannot join");
        }
    }

    fn close(&mut self, id: LegId) {
        self.rooms.remove(id);
        if let Some(mut leg) = self.legs.remove(&id) {
            leg.close(clock::now(), &self.socket, &mut self.demux);
        }
    }

    fn read(&mut self, buffer: &mut [u8]) {
        for _ in 0..DATAGRAMS_PER_ROUND {
            match self.socket.receive(buffer) {
                None => return,
                Some(Ok((length, from))) if length <= DATAGRAM_BYTES => {
                    self.datagram(from, &buffer[..length])
                }
                Some(Ok(_)) => self.strays += 1,
                // The answer to an earlier send, "port unreachable": that peer's silence says it as well.
                Some(Err(error)) => tracing::trace!(%error, "media socket"),
            }
        }
    }

    fn datagram(&mut self, from: SocketAddr, datagram: &[u8]) {
        let now = clock::now();
        let (id, is_check) = match self.demux.route(from, datagram) {
            Some(Route::Check(id)) => (id, true),
            Some(Route::Media(id)) => (id, false),
            None => {
                self.strays += 1;
                return;
            }
        };
        let Some(leg) = self.legs.get_mut(&id.leg) else { return };
        if is_check {
            let proved = leg.proves(id, |session| session.proves(from, datagram, now));
            if !proved || !self.demux.prove(now, from, id) {
                self.strays += 1;
                return;
            }
        }
        let (socket, mut told) = (&self.socket, Vec::new());
        let work = |session: &mut Session| session.receive(from, datagram, is_check, now, socket);
        leg.receive(id, now, &self.ticks, work, &mut told);
        self.report(id.leg, told);
    }

    fn catch_up(&mut self) {
        while let Some(tick) = self.ticks.take(clock::now()) {
            self.tick(tick);
        }
        while let Some(event) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_front(event);
                break;
            }
        }
    }

    fn tick(&mut self, tick: Tick) {
        let mut reports: Vec<(LegId, Vec<Told>)> = Vec::new();
        let mut beat = Beat {
            tick,
            now: clock::now(),
            grace: self.grace,
            ticks: &self.ticks,
            socket: &self.socket,
            demux: &mut self.demux,
        };
        let mut note = |id: LegId, told: Vec<Told>| {
            if !told.is_empty() {
                reports.push((id, told));
            }
        };
        for (&id, leg) in &mut self.legs {
            let mut told = Vec::new();
            leg.listen(&mut beat, &mut told);
            note(id, told);
        }
        let said = |id: LegId| self.legs.get(&id).and_then(Leg::said);
        let up = self.legs.iter().filter(|(_, leg)| leg.is_up());
        let mixed: Vec<Frame> = up.map(|(&id, _)| self.rooms.mix_for(id, said)).collect();
        let up = self.legs.iter_mut().filter(|(_, leg)| leg.is_up());
        for ((&id, leg), frame) in up.zip(mixed) {
            let mut told = Vec::new();
            leg.speak(frame, &beat, &mut told);
            note(id, told);
        }
        for (id, told) in reports {
            self.report(id, told);
        }
    }

    fn report(&mut self, leg: LegId, told: Vec<Told>) {
        for told in told {
            let event = match told {
                Told::Changed(Change::Connected) => SwitchEvent::Connected { leg },
                Told::Changed(Change::Suspended) => SwitchEvent::Suspended { leg },
                Told::Changed(Change::Resumed) => SwitchEvent::Resumed { leg },
                Told::Changed(Change::Lost) => {
                    self.close(leg);
                    SwitchEvent::Lost { leg }
                }
                Told::Digit(digit) => SwitchEvent::Digit { leg, digit },
                Told::PlayEnded(effect) => SwitchEvent::PlayEnded { leg, effect },
            };
            self.send(event);
        }
    }

    fn send(&mut self, event: SwitchEvent) {
        if self.backlog.len() >= EVENT_BACKLOG {
            tracing::error!(?event, "nobody reads the events");
            return;
        }
        self.backlog.push_back(event);
        while let Some(event) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_front(event);
                break;
            }
        }
    }
}

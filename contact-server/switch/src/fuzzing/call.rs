//! A whole call between a leg and a peer of the same library, whose datagrams a script bends on their way, and
//! whose time it lets pass.
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use media::Frame;
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::RtpWrite,
};

use super::{PEER, SESSION, SETTING, clear, with_socket};
use crate::{
    clock::{self, Ticks},
    demux::{Demux, Route, SessionId},
    leg::{Beat, Leg, Told},
    limits::{TICK, TICK_SAMPLES},
    session::Session,
    socket::MediaSocket,
};

/// Beats in which a call should be up: more than retransmissions of an honest handshake take.
const SETTLE_BEATS: u32 = 60;
/// Beats of voice once it is up.
const VOICE_BEATS: u32 = 6;
/// Later beats are longer, so that timers of whole seconds are met.
const QUICK_BEATS: u32 = 12;
const LONG_BEAT: Duration = Duration::from_millis(260);
const GRACE: Duration = Duration::from_secs(15);
/// The section of every call.
pub const MID: &str = "0";
/// The most that a script may say.
const STEPS: usize = 400;
/// Datagrams of the past that may be repeated.
const REMEMBERED: usize = 32;

/// What became of a call: whether it came up, what it told, packets that counted, keys heard.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Outcome {
    pub up: bool,
    pub told: Vec<String>,
    pub packets: u64,
    pub answered: usize,
}

/// A real handshake and voice behind it, every datagram of the peer's at the script's mercy.
pub fn handshake(script: &[u8]) -> Outcome {
    let Some(mut call) = Call::begin(false) else { return Outcome::default() };
    call.script = script.iter().copied().collect();
    let mut voiced = 0;
    for _ in 0..SETTLE_BEATS {
        with_socket(|socket| call.beat(socket, true));
        if call.up && call.script.is_empty() {
            voiced += 1;
            if voiced > VOICE_BEATS {
                break;
            }
        }
    }
    call.outcome()
}

/// Packets of a peer that has passed DTLS, in plain bytes: how, then two bytes of length, then the packet.
/// How: RTP, RTCP, a datagram as it is, or time that passes (in the upper five bits, in beats).
pub fn media(script: &[u8]) -> Outcome {
    let Some(mut call) = Call::begin(true) else { return Outcome::default() };
    with_socket(|socket| {
        for _ in 0..QUICK_BEATS {
            if call.up {
                break;
            }
            call.beat(socket, false);
        }
        let mut rest = script;
        for index in 0..STEPS {
            let Some((&how, tail)) = rest.split_first() else { break };
            rest = tail;
            if how & 7 == 7 {
                (0..=how >> 3).for_each(|_| call.beat(socket, false));
                continue;
            }
            let Some((head, tail)) = rest.split_first_chunk::<2>() else { break };
            let (packet, after) = tail.split_at(usize::from(u16::from_le_bytes(*head)).min(tail.len()));
            rest = after;
            let mut datagram = packet.to_vec();
            match how & 7 {
                0..=2 => datagram.extend([0; clear::TAG_BYTES]),
                3..=5 => {
                    datagram.extend([0; clear::TAG_BYTES]);
                    let index = u32::try_from(index).unwrap_or_default();
                    datagram.extend((0x8000_0000 | index).to_be_bytes());
                }
                _ => {}
            }
            call.arrive(&datagram, socket);
        }
        call.beat(socket, false);
    });
    call.outcome()
}

/// The same description with another name for its one section: the library draws them.
fn renamed(sdp: &str, from: &str, to: &str) -> String {
    let lines = sdp.lines().map(|line| match line {
        line if line == format!("a=mid:{from}") => format!("a=mid:{to}"),
        line if line == format!("a=group:BUNDLE {from}") => format!("a=group:BUNDLE {to}"),
        line => line.to_owned(),
    });
    lines.map(|line| line + "\r\n").collect()
}

struct Call {
    leg: Leg,
    demux: Demux,
    ticks: Ticks,
    peer: Rtc,
    mid: Mid,
    now: Instant,
    beats: u32,
    up: bool,
    said: u64,
    told: Vec<String>,
    answered: usize,
    script: VecDeque<u8>,
    past: Vec<Vec<u8>>,
}

impl Call {
    fn begin(is_clear: bool) -> Option<Self> {
        super::set_clear(is_clear);
        let now = clock::now();
        let config = RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_pcmu(true, false);
        let config = config.set_dtls_cert(super::PEER_CERTIFICATE.clone());
        let mut peer = super::with_crypto(config).build(now);
        peer.add_local_candidate(Candidate::host(PEER, "udp").ok()?);
        let mut changes = peer.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply()?;
        let offer = renamed(&offer.to_sdp_string(), &mid.to_string(), MID);
        let (mut session, answer) = Session::accept(SESSION, &SETTING, &offer, now).ok()?;
        let answer = renamed(&answer, MID, &mid.to_string());
        peer.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).ok()?).ok()?;
        let mut demux = Demux::default();
        demux.register(session.ufrag(), SESSION);
        let mut leg = Leg::new();
        leg.offered(session, now, &mut demux);
        Some(Self {
            leg,
            demux,
            ticks: Ticks::starting(now),
            peer,
            mid,
            now,
            beats: 0,
            up: false,
            said: 0,
            told: Vec::new(),
            answered: 0,
            script: VecDeque::new(),
            past: Vec::new(),
        })
    }

    /// As the media task does it with a datagram from the network.
    fn arrive(&mut self, datagram: &[u8], socket: &MediaSocket) {
        let now = self.now;
        let (id, is_check): (SessionId, bool) = match self.demux.route(PEER, datagram) {
            Some(Route::Check(id)) => (id, true),
            Some(Route::Media(id)) => (id, false),
            None => return,
        };
        if is_check {
            let proved = self.leg.proves(id, |session| session.proves(PEER, datagram, now));
            if !proved || !self.demux.prove(now, PEER, id) {
                return;
            }
        }
        let mut told = Vec::new();
        let work = |session: &mut Session| session.receive(PEER, datagram, is_check, now, socket);
        self.leg.receive(id, now, &self.ticks, work, &mut told);
        self.hear(told);
    }

    fn hear(&mut self, told: Vec<Told>) {
        for told in told {
            if self.told.len() < STEPS {
                self.told.push(format!("{told:?}"));
            }
        }
        self.up = self.leg.is_up();
    }

    /// Time passes for both sides, and what each sends reaches the other.
    fn beat(&mut self, socket: &MediaSocket, is_bent: bool) {
        self.beats += 1;
        self.now += if self.beats > QUICK_BEATS && is_bent { LONG_BEAT } else { TICK };
        while let Some(tick) = self.ticks.take(self.now) {
            let mut told = Vec::new();
            let mut beat = Beat {
                tick,
                now: self.now,
                grace: GRACE,
                ticks: &self.ticks,
                socket,
                demux: &mut self.demux,
            };
            self.leg.listen(&mut beat, &mut told);
            if self.leg.is_up() {
                self.leg.speak(Frame::SILENCE, &beat, &mut told);
            }
            self.hear(told);
        }
        if is_bent && self.up {
            self.say();
        }
        for datagram in self.ask_peer(Input::Timeout(self.now)) {
            self.carry(datagram, socket, is_bent);
        }
        // Answers to answers, within one beat.
        for _ in 0..4 {
            let answers = socket.take_sent();
            if answers.is_empty() {
                return;
            }
            self.answered += answers.len();
            for (_, answer) in answers {
                let Ok(receive) = Receive::new(Protocol::Udp, SETTING.advertised, PEER, &answer) else {
                    continue;
                };
                for datagram in self.ask_peer(Input::Receive(self.now, receive)) {
                    self.carry(datagram, socket, is_bent);
                }
            }
        }
    }

    fn say(&mut self) {
        let Some(voice) = self.peer.codec_config().params().iter().find(|p| p.spec().codec == Codec::PCMU)
        else {
            return;
        };
        let (voice, number) = (voice.pt(), self.said);
        self.said += 1;
        let time = (number as u32).wrapping_mul(TICK_SAMPLES);
        if let Some(stream) = self.peer.direct_api().stream_tx_by_mid(self.mid, None) {
            stream.write_rtp(RtpWrite::new(voice, number.into(), time, self.now, vec![0xFF; 160]));
        }
    }

    /// One input of the honest peer's, and what it sends then. It may give up: that is the script's doing.
    fn ask_peer(&mut self, input: Input<'_>) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        if self.peer.handle_input(input).is_err() {
            return sent;
        }
        while let Ok(output) = self.peer.poll_output() {
            match output {
                Output::Timeout(_) => break,
                Output::Transmit(datagram) => sent.push(datagram.contents.to_vec()),
                Output::Event(Event::Closed) => break,
                Output::Event(_) => {}
            }
        }
        sent
    }

    /// What the script wants to become of one datagram; all that follows passes once it is over.
    fn carry(&mut self, mut datagram: Vec<u8>, socket: &MediaSocket, is_bent: bool) {
        let fate = if is_bent { self.script.pop_front().unwrap_or_default() } else { 0 };
        if self.past.len() < REMEMBERED {
            self.past.push(datagram.clone());
        }
        let mut number = || {
            usize::from(u16::from_le_bytes([0; 2].map(|_: u8| self.script.pop_front().unwrap_or_default())))
        };
        match fate >> 4 {
            9 => return,
            10 => self.arrive(&datagram.clone(), socket),
            11 => {
                let (at, with) = (number() % datagram.len().max(1), number() as u8 | 1);
                datagram[at] ^= with;
            }
            12 => {
                let length = number() % (datagram.len() + 1);
                datagram.truncate(length);
            }
            13 => {
                let which = number() % self.past.len().max(1);
                let earlier = self.past.get(which).cloned().unwrap_or_default();
                self.arrive(&earlier, socket);
            }
            14 => {
                let length = usize::from(fate & 15) * 4;
                let piece: Vec<u8> = self.script.drain(..length.min(self.script.len())).collect();
                let at = datagram.len().min(13);
                datagram.splice(at..at, piece);
            }
            15 => {
                let length = usize::from(fate & 15) * 8;
                datagram = self.script.drain(..length.min(self.script.len())).collect();
            }
            _ => {}
        }
        self.arrive(&datagram, socket);
    }

    fn outcome(self) -> Outcome {
        let stats = self.leg.stats();
        Outcome { up: self.up, told: self.told, packets: stats.packets_in, answered: self.answered }
    }
}

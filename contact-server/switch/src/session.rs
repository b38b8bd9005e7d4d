//! One media session: a str0m instance, the keys to it, and what it brought.
//!
//! str0m is driven by its own contract: one input, then all its outputs. A panic in there (it parses what
//! strangers send) ends this session and no other.
use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::SdpOffer,
    config::DtlsCert,
    format::{Codec, FormatParams},
    media::{Frequency, Mid, Pt},
    net::{Protocol, Receive},
    rtp::{Extension, RtpPacket, RtpWrite},
};

use crate::{
    SwitchError,
    demux::SessionId,
    limits::{CONSENT, SESSION_DATAGRAMS_PER_TICK, TICK_SAMPLES, VOICE_SILENCE},
    offer,
    socket::MediaSocket,
};

/// Payload type that we propose for telephone events; the browser's own number wins.
const DIGITS_PT: u8 = 126;
/// Highest telephone event: `D`.
const DIGITS_MAX: u8 = 15;
/// Extension that names the media section (RFC 8843); the only one that is of use here.
const MID_EXTENSION: u8 = 4;

/// What a session brought, in order.
#[derive(Debug)]
pub(crate) enum Heard {
    Voice(RtpPacket),
    /// RFC 4733, undecoded.
    Event(RtpPacket),
}

/// RTP packets of one session. Those lost are the gaps in the numbering.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) packets_in: u64,
    pub(crate) packets_out: u64,
    /// The least and the greatest number. Those before the first packet's zero are below zero: a peer may
    /// begin with 0 and go on with 65,535, which the library counts down to from there.
    numbering: Option<(i64, i64)>,
}

impl Counters {
    fn count(&mut self, number: u64) {
        self.packets_in += 1;
        let number = number.cast_signed();
        let (first, last) = self.numbering.unwrap_or((number, number));
        self.numbering = Some((first.min(number), last.max(number)));
    }

    pub(crate) fn lost(&self) -> u64 {
        let sent = self.numbering.map_or(0, |(first, last)| last.abs_diff(first).saturating_add(1));
        sent.saturating_sub(self.packets_in)
    }
}

pub(crate) struct Session {
    pub(crate) id: SessionId,
    rtc: Rtc,
    mid: Mid,
    voice: Pt,
    digits: Option<Pt>,
    /// Where the peer sends to, as it was told.
    advertised: SocketAddr,
    deadline: Instant,
    sequence: u64,
    connected: bool,
    dead: bool,
    /// When a check or a packet last proved that somebody is there.
    checked: Instant,
    voiced: Option<Instant>,
    /// Datagrams that may still come in this tick.
    budget: u32,
    counters: Counters,
}

/// What every session of a switch shares.
pub(crate) struct Setting {
    pub(crate) certificate: DtlsCert,
    pub(crate) advertised: SocketAddr,
}

impl Session {
    /// Takes an offer; returns the session and the SDP answer.
    pub(crate) fn accept(
        id: SessionId,
        setting: &Setting,
        sdp: &str,
        now: Instant,
    ) -> Result<(Self, String), SwitchError> {
        offer::screen(sdp)?;
        guarded(|| Self::negotiate(id, setting, sdp, now))
            .unwrap_or_else(|| Err(SwitchError::Offer("it cannot be understood".into())))
    }

    fn negotiate(
        id: SessionId,
        setting: &Setting,
        sdp: &str,
        now: Instant,
    ) -> Result<(Self, String), SwitchError> {
        let refused = |error: &dyn std::fmt::Display| SwitchError::Offer(error.to_string());
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|error| refused(&error))?;
        let mut rtc = config(setting).build(now);
        let candidate =
            Candidate::host(setting.advertised, Protocol::Udp).map_err(|error| refused(&error))?;
        rtc.add_local_candidate(candidate);
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| refused(&error))?;
        // `MediaAdded` would tell, but not before media flow.
        let mid = offer::mid(sdp).map(Mid::from).ok_or(SwitchError::NoAudio)?;
        let (Some(voice), digits) =
            (payload_type(&rtc, mid, Codec::PCMU), payload_type(&rtc, mid, Codec::Tele))
        else {
            return Err(SwitchError::NoAudio);
        };
        let session = Self {
            id,
            rtc,
            mid,
            voice,
            digits,
            advertised: setting.advertised,
            deadline: now,
            sequence: 0,
            connected: false,
            dead: false,
            checked: now,
            voiced: None,
            budget: SESSION_DATAGRAMS_PER_TICK,
            counters: Counters::default(),
        };
        Ok((session, answer.to_sdp_string()))
    }

    /// The name by which STUN checks ask for this session.
    pub(crate) fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// A STUN check names this session: does it know the password?
    pub(crate) fn proves(&self, from: SocketAddr, datagram: &[u8], now: Instant) -> bool {
        guarded(|| {
            let receive = Receive::new(Protocol::Udp, from, self.advertised, datagram).ok()?;
            Some(self.rtc.accepts(&Input::Receive(now, receive)))
        })
        .flatten()
        .unwrap_or(false)
    }

    /// Takes a datagram that is ours. A check has been proved.
    pub(crate) fn receive(
        &mut self,
        from: SocketAddr,
        datagram: &[u8],
        is_check: bool,
        now: Instant,
        socket: &MediaSocket,
    ) -> Vec<Heard> {
        if self.dead || self.budget == 0 {
            return Vec::new();
        }
        self.budget -= 1;
        if is_check {
            self.checked = now;
        }
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.advertised, datagram) else {
            return Vec::new();
        };
        self.drive(Input::Receive(now, receive), now, socket)
    }

    /// Once a tick: what str0m wants done by now.
    pub(crate) fn beat(&mut self, now: Instant, socket: &MediaSocket) -> Vec<Heard> {
        self.budget = SESSION_DATAGRAMS_PER_TICK;
        if self.dead || now < self.deadline {
            return Vec::new();
        }
        self.drive(Input::Timeout(now), now, socket)
    }

    /// Sends one tick of PCMU.
    pub(crate) fn say(
        &mut self,
        tick: u64,
        payload: &[u8],
        now: Instant,
        socket: &MediaSocket,
    ) -> Vec<Heard> {
        if self.dead {
            return Vec::new();
        }
        let (mid, voice, sequence) = (self.mid, self.voice, self.sequence);
        // The RTP clock wraps by design.
        let time = (tick as u32).wrapping_mul(TICK_SAMPLES);
        let written = guarded(|| {
            let mut api = self.rtc.direct_api();
            let stream = api.stream_tx_by_mid(mid, None)?;
            stream.write_rtp(RtpWrite::new(voice, sequence.into(), time, now, payload).marker(sequence == 0));
            Some(())
        });
        match written {
            Some(Some(())) => {
                self.sequence += 1;
                self.counters.packets_out += 1;
                self.drive(Input::Timeout(now), now, socket)
            }
            // The offer wants to hear nothing.
            Some(None) => Vec::new(),
            None => {
                self.dead = true;
                Vec::new()
            }
        }
    }

    /// Says goodbye to the peer.
    pub(crate) fn close(&mut self, now: Instant, socket: &MediaSocket) {
        if guarded(|| self.rtc.close().is_ok()) == Some(true) {
            self.drive(Input::Timeout(now), now, socket);
        }
        self.dead = true;
    }

    /// DTLS is up, and somebody is there: voice came within [`VOICE_SILENCE`] (if it ever came), and a
    /// check within [`CONSENT`].
    pub(crate) fn is_up(&self, now: Instant) -> bool {
        let within = |at: Instant, limit| now.saturating_duration_since(at) < limit;
        self.connected
            && !self.dead
            && within(self.checked, CONSENT)
            && self.voiced.is_none_or(|at| within(at, VOICE_SILENCE))
    }

    #[cfg(feature = "fuzzing")]
    pub(crate) fn is_dead(&self) -> bool {
        self.dead
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    fn drive(&mut self, input: Input<'_>, now: Instant, socket: &MediaSocket) -> Vec<Heard> {
        let mut heard = Vec::new();
        let done = guarded(|| -> Result<(), str0m::RtcError> {
            match self.rtc.handle_input(input) {
                // A forged datagram must not end a session that is up: what counts is whether it goes on.
                Err(error) if self.connected => tracing::trace!(%error, "datagram refused"),
                taken => taken?,
            }
            loop {
                match self.rtc.poll_output()? {
                    Output::Timeout(at) => {
                        self.deadline = at;
                        return Ok(());
                    }
                    Output::Transmit(datagram) => socket.send(&datagram.contents, datagram.destination),
                    Output::Event(event) => self.take(event, now, &mut heard),
                }
            }
        });
        match done {
            Some(Ok(())) => self.dead |= !self.rtc.is_alive(),
            Some(Err(error)) => {
                tracing::debug!(leg = %self.id.leg, %error, "media session ended");
                self.dead = true;
            }
            None => self.dead = true,
        }
        heard
    }

    fn take(&mut self, event: Event, now: Instant, heard: &mut Vec<Heard>) {
        if let Event::Connected = event {
            self.connected = true;
        } else if let Event::Closed = event {
            self.dead = true;
        } else if let Event::RtpPacket(packet) = event {
            // It passed SRTP: nobody but the peer made it.
            self.checked = now;
            self.voiced = Some(now);
            self.counters.count(*packet.seq_no);
            let payload_type = packet.header.payload_type;
            if payload_type == self.voice {
                heard.push(Heard::Voice(packet));
            } else if Some(payload_type) == self.digits {
                heard.push(Heard::Event(packet));
            }
        }
    }
}

fn config(setting: &Setting) -> RtcConfig {
    let config = RtcConfig::new()
        .set_dtls_cert(setting.certificate.clone())
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_pcmu(true, false)
        .clear_extension_map()
        .set_extension(MID_EXTENSION, Extension::RtpMid);
    #[cfg(feature = "fuzzing")]
    let config = crate::fuzzing::with_crypto(config);
    let mut config = config;
    let digits = FormatParams { telephone_event_max: Some(DIGITS_MAX), ..FormatParams::default() };
    config.codec_config().add_config(DIGITS_PT.into(), None, Codec::Tele, Frequency::EIGHT_KHZ, None, digits);
    config
}

/// The number that the two sides agreed on for a codec at 8 kHz.
fn payload_type(rtc: &Rtc, mid: Mid, codec: Codec) -> Option<Pt> {
    let agreed = rtc.media(mid)?.remote_pts();
    let is_it =
        |spec: str0m::format::CodecSpec| spec.codec == codec && spec.clock_rate == Frequency::EIGHT_KHZ;
    rtc.codec_config().params().iter().find(|p| is_it(p.spec()) && agreed.contains(&p.pt())).map(|p| p.pt())
}

/// None if it panicked: the library met something that it does not expect.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What was being changed is a session that is thrown away then.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Only what a log may show.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

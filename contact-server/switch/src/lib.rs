//! Legs on the network. Knows no agent and no queue; media time is its own monotonic clock.
//!
//! A [`Switch`] is a handle to one media task: one UDP socket for all browser legs (ICE-lite, DTLS-SRTP,
//! PCMU), a mixer tick every 20 ms, rooms with a (listener, speaker) matrix, prompts. A leg outlives its
//! media session: it may offer again within the grace.
//!
//! # A leg's life
//! `open`, then `offer` (any number of times; a later one takes over once its media are up), then `Connected`.
//! Without media it is `Suspended`, and `Resumed` when they are back. `close` ends it, or `Lost` after the
//! grace, which also runs from the first offer: a session that never comes up is lost as well.
//!
//! # Invariants
//! * A leg that is up is sent a packet every 20 ms, silence if nobody speaks.
//! * Nothing is sent to a browser that stopped asking for consent, or went silent.
//! * A datagram changes nothing unless its sender has proved to know the session's password.
//! * What one session brings, also a panic of the library below, ends at most that session.
//! * Every queue has a limit in [`limits`].
use std::{
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use shared::{ContactId, EffectId, LegId};
use str0m::crypto::from_feature_flags;
use tokio::sync::{mpsc, oneshot};

mod clock;
mod demux;
mod digits;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod leg;
pub mod limits;
mod offer;
mod session;
mod socket;
mod standing;
mod task;

use session::Setting;
use task::{Command, Task};

#[derive(Debug, Clone)]
pub struct SwitchConfig {
    /// UDP address to bind; port 0 picks one.
    pub bind: SocketAddr,
    /// What browsers are told; the bound one if None. Port 0 stands for the bound port.
    pub advertise: Option<SocketAddr>,
    /// How long a leg lives without media.
    pub media_grace: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SwitchEvent {
    /// First media session of the leg is up: DTLS is done.
    Connected {
        leg: LegId,
    },
    /// Its media went away; it has `media_grace` to come back or to offer again.
    Suspended {
        leg: LegId,
    },
    Resumed {
        leg: LegId,
    },
    /// The grace is over. The leg is gone.
    Lost {
        leg: LegId,
    },
    /// A prompt that does not repeat was sent to its end. Not told of one that was stopped or replaced.
    PlayEnded {
        leg: LegId,
        effect: EffectId,
    },
    /// RFC 4733 telephone event, if the peer sends them.
    Digit {
        leg: LegId,
        digit: char,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("the offer cannot be read: {0}")]
    Offer(String),
    #[error("no audio in the offer that we can carry")]
    NoAudio,
    #[error("there is no such leg")]
    NoSuchLeg,
    #[error("the media task is gone")]
    Gone,
    #[error("the media socket cannot be bound")]
    Bind(#[source] std::io::Error),
    /// No browser could send there: 0.0.0.0 must be advertised as something else.
    #[error("{0} cannot be advertised to browsers")]
    Advertise(SocketAddr),
}

/// 8 kHz mono samples, ready to mix.
pub type Samples = Arc<[i16]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Talk,
    Listen,
    /// Heard only by the leg `to`.
    Whisper {
        to: LegId,
    },
}

/// What one leg carried so far, over all its sessions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegStats {
    /// RTP packets.
    pub packets_in: u64,
    pub packets_out: u64,
    /// Gaps in the numbering of what came in.
    pub lost: u64,
    /// Came too late to be heard.
    pub late: u64,
    /// Voice that was made up for what was missing.
    pub concealed: Duration,
    /// Between arrival and mixing, now.
    pub delay: Duration,
    /// RMS of what it says and hears now, in dBFS; -120 is silence.
    pub level_in_dbfs: f32,
    pub level_out_dbfs: f32,
}

/// Of the whole switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub legs: usize,
    /// Datagrams that were nobody's.
    pub strays: u64,
    /// Datagrams that the operating system had no room for.
    pub unsent: u64,
}

/// A handle; cheap to clone. The media task ends with the last one.
#[derive(Debug, Clone)]
pub struct Switch {
    commands: mpsc::Sender<Command>,
    local: SocketAddr,
}

impl Switch {
    /// Binds the socket and starts the media task on a thread of its own, so that whatever else keeps the
    /// process busy does not delay voice. Events must be read.
    pub async fn bind(config: SwitchConfig) -> Result<(Self, mpsc::Receiver<SwitchEvent>), SwitchError> {
        let udp = UdpSocket::bind(config.bind).map_err(SwitchError::Bind)?;
        udp.set_nonblocking(true).map_err(SwitchError::Bind)?;
        let local = udp.local_addr().map_err(SwitchError::Bind)?;
        let advertised = match config.advertise {
            None => local,
            Some(address) if address.port() == 0 => SocketAddr::new(address.ip(), local.port()),
            Some(address) => address,
        };
        if advertised.ip().is_unspecified() {
            return Err(SwitchError::Advertise(advertised));
        }
        let (commands, orders) = mpsc::channel(limits::COMMAND_QUEUE);
        let (events, heard) = mpsc::channel(limits::EVENT_QUEUE);
        let (started, start) = oneshot::channel();
        let work = move || media_thread(udp, advertised, config.media_grace, orders, events, started);
        std::thread::Builder::new().name("media".into()).spawn(work).map_err(SwitchError::Bind)?;
        start.await.map_err(|_| SwitchError::Gone)??;
        Ok((Self { commands, local }, heard))
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Makes the leg known. Offers for unknown legs are refused. Idempotent.
    pub fn open(&self, leg: LegId) {
        self.command(Command::Open { leg });
    }

    /// Starts or replaces the media session of the leg; returns the SDP answer.
    pub async fn offer(&self, leg: LegId, sdp: String) -> Result<String, SwitchError> {
        self.ask(|reply| Command::Offer { leg, sdp, reply }).await?
    }

    /// Replaces what the leg hears until the prompt ends or `stop`. It waits for media: nothing of it is
    /// played to a leg that is not up.
    pub fn play(&self, leg: LegId, effect: EffectId, samples: Samples, repeat: bool) {
        self.command(Command::Play { leg, effect, samples, repeat });
    }

    pub fn stop(&self, leg: LegId) {
        self.command(Command::Stop { leg });
    }

    /// Puts the leg into the room, or changes its mode there.
    pub fn join(&self, room: ContactId, leg: LegId, mode: Mode) {
        self.command(Command::Join { room, leg, mode });
    }

    pub fn leave(&self, room: ContactId, leg: LegId) {
        self.command(Command::Leave { room, leg });
    }

    /// Idempotent.
    pub fn close(&self, leg: LegId) {
        self.command(Command::Close { leg });
    }

    /// None if there is no such leg.
    pub async fn stats(&self, leg: LegId) -> Option<LegStats> {
        self.ask(|reply| Command::Stats { leg, reply }).await.ok().flatten()
    }

    /// None if the media task is gone.
    pub async fn totals(&self) -> Option<Totals> {
        self.ask(|reply| Command::Totals { reply }).await.ok()
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, SwitchError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| SwitchError::Gone)?;
        answer.await.map_err(|_| SwitchError::Gone)
    }

    fn command(&self, command: Command) {
        if self.commands.try_send(command).is_err() {
            tracing::error!(limit = limits::COMMAND_QUEUE, "the media task does not keep up, or is gone");
        }
    }
}

/// Everything of the media task lives and dies in here.
fn media_thread(
    udp: UdpSocket,
    advertised: SocketAddr,
    grace: Duration,
    orders: mpsc::Receiver<Command>,
    events: mpsc::Sender<SwitchEvent>,
    started: oneshot::Sender<Result<(), SwitchError>>,
) {
    let begin = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let udp = tokio::net::UdpSocket::from_std(udp)?;
        let certificate = from_feature_flags().dtls_provider.generate_certificate();
        let certificate = certificate.ok_or_else(|| std::io::Error::other("no certificate can be made"))?;
        drop(entered);
        Ok((runtime, udp, certificate))
    };
    match begin() {
        Ok((runtime, udp, certificate)) => {
            let setting = Setting { certificate, advertised };
            // If the caller gave up, its end of the commands is closed, and the task ends at once.
            let _ = started.send(Ok(()));
            let task = Task::new(socket::MediaSocket::new(udp), setting, grace, orders, events);
            runtime.block_on(task.run());
        }
        Err(error) => {
            let _ = started.send(Err(SwitchError::Bind(error)));
        }
    }
}

//! A telephone network that is not there: legs behave by seeded chance ([`Behaviour`]), and nobody is called.
//!
//! For demos, capacity studies and this project's own trials of faults. Which legs are up, and what becomes of
//! them, is decided by [`exchange`], which knows no clock; this is its shell. There is no voice: a browser
//! that offers is answered by an SDP without media.
use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use contact_core::{DialCommand, Endpoint};
use futures_util::future::BoxFuture;
use serde_json::json;
use shared::{BusinessId, LegId, wire::LegTrouble};
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use super::{
    EVENTS, LegEvent,
    drivers::{Driver, Place, Started},
};
use crate::ports::{BrowserLegs, Dialer, LegRefused, SharedDirectory};

mod behaviour;
mod chance;
mod exchange;

pub use behaviour::{Agents, Behaviour, Browsers, Customers, Faults, SpanMs};
use exchange::{Exchange, Out};

/// The answer to any offer: a session without media (RFC 4566).
const NO_VOICE: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

/// Cheap to clone.
#[derive(Clone)]
pub struct Simulated(Arc<Network>);

struct Network {
    /// Held while the directory is told, so that it hears of a leg in order.
    exchange: Mutex<Exchange>,
    directory: SharedDirectory,
    events: mpsc::Sender<LegEvent>,
    journal: Option<File>,
    began: Instant,
    /// Something is due earlier than before.
    wake: Arc<Notify>,
}

/// Starts the driver as it is configured.
pub(super) fn open(place: Place<'_>) -> BoxFuture<'_, anyhow::Result<Started>> {
    Box::pin(async move {
        let (driver, events) = Simulated::start(place.config.simulated.clone(), place.directory.clone())?;
        Ok(Started { driver: Arc::new(driver), events })
    })
}

impl Simulated {
    /// Ends when the last clone is dropped.
    pub fn start(
        behaviour: Behaviour,
        directory: SharedDirectory,
    ) -> anyhow::Result<(Self, mpsc::Receiver<LegEvent>)> {
        let journal = match &behaviour.journal {
            Some(path) => Some(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(path)
                    .with_context(|| format!("the journal {} cannot be written", path.display()))?,
            ),
            None => None,
        };
        let (events, receiver) = mpsc::channel(EVENTS);
        let network = Arc::new(Network {
            exchange: Mutex::new(Exchange::new(behaviour)),
            directory,
            events,
            journal,
            began: Instant::now(),
            wake: Arc::default(),
        });
        network.write(&json!({ "what": "started", "pid": std::process::id() }));
        tokio::spawn(keep_time(Arc::downgrade(&network), network.wake.clone()));
        Ok((Self(network), receiver))
    }

    /// Whom a leg would hear, if there were voice.
    pub fn heard_by(&self, listener: LegId) -> Vec<LegId> {
        self.0.exchange.lock().unwrap_or_else(PoisonError::into_inner).heard_by(listener)
    }
}

async fn keep_time(network: Weak<Network>, wake: Arc<Notify>) {
    loop {
        let Some(due) = network.upgrade().map(|network| network.due()) else { return };
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(|| Instant::now() + IDLE)) => {}
        }
        let Some(network) = network.upgrade() else { return };
        network.act(Exchange::handle_timeout);
    }
}

/// How often a driver with nothing to do looks whether it is still wanted.
const IDLE: Duration = Duration::from_secs(60);

impl Network {
    fn due(&self) -> Option<Instant> {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.poll_timeout().map(|due| self.began + due)
    }

    /// Lets the exchange do one thing, then carries out what follows, in order.
    fn act<T>(&self, step: impl FnOnce(&mut Exchange, Duration) -> T) -> T {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.began.elapsed();
        let due = exchange.poll_timeout();
        let done = step(&mut exchange, now);
        while let Some(out) = exchange.poll() {
            match out {
                Out::Event(event) => self.tell(event),
                Out::Invite { business, to, leg, caller_name } => {
                    if self.directory.invite(business, &to, leg, &caller_name) {
                        exchange.rung(now, business, leg);
                    }
                }
                Out::Gone { business, to, leg } => self.directory.leg_gone(business, &to, leg),
                Out::Note { leg, to, what } => self.note(leg, &to, what),
            }
        }
        if exchange.poll_timeout() != due {
            self.wake.notify_one();
        }
        done
    }

    fn tell(&self, event: LegEvent) {
        let leg = event.leg;
        if self.events.try_send(event).is_err() {
            tracing::error!(%leg, limit = EVENTS, "a leg's event is lost: the engines do not keep up, or have ended");
        }
    }

    fn note(&self, leg: LegId, to: &Endpoint, what: &str) {
        let to = match to {
            Endpoint::Telephone(number) => number.clone(),
            Endpoint::Page(contact) => format!("page {contact}"),
            Endpoint::Console(agent) => format!("console {agent}"),
        };
        self.write(&json!({ "what": what, "leg": leg.to_string(), "to": to }));
    }

    /// One write a line, so that a crash leaves whole lines.
    fn write(&self, line: &serde_json::Value) {
        let Some(mut journal) = self.journal.as_ref() else { return };
        if let Err(error) = journal.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "the journal cannot be written");
        }
    }
}

impl Dialer for Simulated {
    fn command(&self, business: BusinessId, command: DialCommand) {
        self.0.act(|exchange, now| exchange.command(now, business, command));
    }
}

impl Driver for Simulated {
    fn has(&self, business: BusinessId, leg: LegId) -> bool {
        self.0.exchange.lock().unwrap_or_else(PoisonError::into_inner).has(business, leg)
    }

    /// Nobody is called, so that any number will do.
    fn carries(&self, _: &str) -> bool {
        true
    }

    fn has_telephones(&self) -> bool {
        true
    }
}

#[async_trait]
impl BrowserLegs for Simulated {
    async fn offer(
        &self,
        business: BusinessId,
        from: &Endpoint,
        leg: LegId,
        sdp: String,
    ) -> Result<String, LegRefused> {
        if !sdp.starts_with("v=0") {
            return Err(LegRefused::Offer("it is no session description".to_owned()));
        }
        let is_theirs = self.0.act(|exchange, now| exchange.offered(now, business, leg, from));
        if is_theirs { Ok(NO_VOICE.to_owned()) } else { Err(LegRefused::NotYours) }
    }

    fn trouble(&self, business: BusinessId, from: &Endpoint, leg: LegId, why: LegTrouble) {
        self.0.act(|exchange, now| exchange.in_trouble(now, business, leg, from, why));
    }

    fn reject(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.0.act(|exchange, now| exchange.ended(now, business, leg, from));
    }

    fn digit(&self, business: BusinessId, from: &Endpoint, leg: LegId, digit: char) {
        self.0.act(|exchange, now| exchange.pressed(now, business, leg, from, digit));
    }

    fn hang_up(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.0.act(|exchange, now| exchange.ended(now, business, leg, from));
    }
}

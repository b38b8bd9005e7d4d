//! The driver that is built in: browser legs on our own [`Switch`].
//!
//! A page, a console or (in the demo) a virtual handset is invited through the [`Directory`] and answers with
//! an SDP offer. There is no trunk in this version: a telephone number rings only if it is a fictitious one
//! with a virtual handset, and every other one is refused with [`LegCause::NotAllowed`].
//!
//! [`Directory`]: crate::ports::Directory
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use contact_core::{
    DialCommand, DialEvent, Endpoint, Settings,
    effect::{Action, JoinMode},
};
use futures_util::future::BoxFuture;
use shared::{BusinessId, ContactId, LegId, contact::LegCause, wire::LegTrouble};
use switch::{Mode, Switch, SwitchConfig, SwitchError, SwitchEvent};
use tokio::sync::mpsc;

use super::{
    EVENTS, LegEvent, code,
    drivers::{self, Place, Started},
    legs::{Leg, Legs, Limit, Stage},
};
use crate::{
    numbers,
    ports::{BrowserLegs, Dialer, LegRefused, SharedDirectory},
    prompts::Prompts,
    sites::Sites,
};

/// Without media no leg lives longer than this; the driver ends it sooner, by its business's `media_grace`.
const LONGEST_MEDIA_GRACE: Duration = Duration::from_secs(120);
/// From an endpoint's offer until its media is up.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// Legs at once, in all businesses.
const LEGS: usize = 20_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Embedded(Arc<Driver>);

/// What the driver finds around it.
pub struct Surroundings {
    pub directory: SharedDirectory,
    pub prompts: Arc<Prompts>,
    /// For each business's `media_grace`.
    pub sites: Arc<Sites>,
    /// Fictitious numbers have virtual handsets.
    pub demo: bool,
}

struct Driver {
    switch: Switch,
    around: Surroundings,
    events: mpsc::Sender<LegEvent>,
    /// Held while the directory and the switch are told, so that they hear of a leg in order.
    legs: Mutex<Legs>,
}

/// Starts the switch and the driver on it.
pub(super) fn open(place: Place<'_>) -> BoxFuture<'_, anyhow::Result<Started>> {
    Box::pin(async move {
        let config = place.config;
        let media = SwitchConfig {
            bind: config.media_bind,
            advertise: config.media_advertise,
            media_grace: LONGEST_MEDIA_GRACE,
        };
        let (switch, switch_events) = Switch::bind(media)
            .await
            .with_context(|| format!("voice cannot use UDP {}", config.media_bind))?;
        let around = Surroundings {
            directory: place.directory.clone(),
            prompts: place.prompts.clone(),
            sites: place.sites.clone(),
            demo: config.demo,
        };
        let (driver, events) = Embedded::start(switch, switch_events, around);
        Ok(Started { driver: Arc::new(driver), events })
    })
}

impl drivers::Driver for Embedded {
    fn has(&self, business: BusinessId, leg: LegId) -> bool {
        self.0.legs().of(business, leg).is_some()
    }

    fn carries(&self, e164: &str) -> bool {
        self.has_telephones() && numbers::is_fictitious(e164)
    }

    /// The demo's virtual ones.
    fn has_telephones(&self) -> bool {
        self.0.around.demo
    }
}

impl Embedded {
    /// Starts the driver on a switch and its events. Ends when the switch does.
    pub fn start(
        switch: Switch,
        switch_events: mpsc::Receiver<SwitchEvent>,
        around: Surroundings,
    ) -> (Self, mpsc::Receiver<LegEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS);
        let legs = Mutex::default();
        let driver = Arc::new(Driver { switch, around, events, legs });
        tokio::spawn(listen(driver.clone(), switch_events));
        (Self(driver), receiver)
    }
}

async fn listen(driver: Arc<Driver>, mut events: mpsc::Receiver<SwitchEvent>) {
    while let Some(event) = events.recv().await {
        driver.heard(event);
    }
    tracing::debug!("the switch has ended");
}

impl Dialer for Embedded {
    fn command(&self, business: BusinessId, command: DialCommand) {
        let driver = &self.0;
        let mut legs = driver.legs();
        if !legs.is_new(command.effect) {
            tracing::debug!(effect = %command.effect, "a dialer command came twice");
            return;
        }
        let DialCommand { effect, leg, action } = command;
        if let Action::Originate { to, caller_name, ring } = action {
            driver.originate(&mut legs, business, leg, &to, &caller_name, ring);
            return;
        }
        if legs.of(business, leg).is_none() {
            // It ended, or was placed before a restart: either way it is down, and whoever asks must hear so.
            driver.tell(business, leg, DialEvent::Unknown);
            return;
        }
        match action {
            Action::Originate { .. } => {}
            Action::Play { prompt, repeat } => {
                driver.switch.play(leg, effect, driver.around.prompts.samples(business, prompt), repeat);
            }
            Action::Stop => driver.switch.stop(leg),
            Action::Join { room, mode } => driver.join(&mut legs, business, leg, room, mode),
            Action::Leave { room } => driver.leave(&mut legs, business, leg, room),
            Action::HangUp { cause } => driver.finish(&mut legs, leg, |_| DialEvent::Ended { cause }),
        }
    }
}

#[async_trait]
impl BrowserLegs for Embedded {
    async fn offer(
        &self,
        business: BusinessId,
        from: &Endpoint,
        leg: LegId,
        sdp: String,
    ) -> Result<String, LegRefused> {
        let driver = &self.0;
        driver.legs().at(business, leg, from).ok_or(LegRefused::NotYours)?;
        let answer = driver.switch.offer(leg, sdp).await.map_err(|error| match error {
            SwitchError::NoSuchLeg => LegRefused::NotYours,
            error @ (SwitchError::Offer(_)
            | SwitchError::NoAudio
            | SwitchError::Gone
            | SwitchError::Bind(_)
            | SwitchError::Advertise(_)) => LegRefused::Offer(error.to_string()),
        })?;
        // The media may be up by now, or the leg hung up.
        if let Some(ringing) = driver.legs().at(business, leg, from).filter(|leg| leg.stage == Stage::Ringing)
        {
            ringing.stage = Stage::Connecting;
            ringing.limit = Some(driver.limit(leg, Stage::Connecting, CONNECT_WITHIN));
        }
        Ok(answer)
    }

    fn trouble(&self, business: BusinessId, from: &Endpoint, leg: LegId, why: LegTrouble) {
        let (before, after) = match why {
            LegTrouble::MicrophoneDenied | LegTrouble::NoMicrophone => {
                (LegCause::NoMicrophone, LegCause::NoMicrophone)
            }
            LegTrouble::MediaFailed => (LegCause::Failed, LegCause::MediaLost),
        };
        self.0.ended_by_endpoint(business, from, leg, |stage| match stage {
            Stage::Ringing | Stage::Connecting => {
                DialEvent::Failed { cause: before, code: code::NOT_ACCEPTABLE }
            }
            Stage::Up | Stage::Away => DialEvent::Ended { cause: after },
        });
    }

    fn reject(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.0.ended_by_endpoint(business, from, leg, refused_or_hung_up);
    }

    fn digit(&self, business: BusinessId, from: &Endpoint, leg: LegId, digit: char) {
        if !matches!(digit, '0'..='9' | '*' | '#') {
            return;
        }
        let is_up = self.0.legs().at(business, leg, from).is_some_and(|leg| leg.stage == Stage::Up);
        if is_up {
            self.0.tell(business, leg, DialEvent::Digit(digit));
        }
    }

    fn hang_up(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.0.ended_by_endpoint(business, from, leg, refused_or_hung_up);
    }
}

fn refused_or_hung_up(stage: Stage) -> DialEvent {
    match stage {
        Stage::Ringing | Stage::Connecting => {
            DialEvent::Failed { cause: LegCause::Rejected, code: code::REJECTED }
        }
        Stage::Up | Stage::Away => DialEvent::Ended { cause: LegCause::HungUp },
    }
}

fn out_of_time(stage: Stage) -> DialEvent {
    match stage {
        Stage::Ringing => DialEvent::Failed { cause: LegCause::NoAnswer, code: code::NO_ANSWER },
        Stage::Connecting => DialEvent::Failed { cause: LegCause::Failed, code: code::NOT_CONNECTED },
        Stage::Up | Stage::Away => DialEvent::Ended { cause: LegCause::MediaLost },
    }
}

impl Driver {
    fn legs(&self) -> MutexGuard<'_, Legs> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, business: BusinessId, leg: LegId, event: DialEvent) {
        if self.events.try_send(LegEvent { business, leg, event }).is_err() {
            tracing::error!(%leg, limit = EVENTS, "a leg's event is lost: the engines do not keep up, or have ended");
        }
    }

    fn originate(
        self: &Arc<Self>,
        legs: &mut Legs,
        business: BusinessId,
        leg: LegId,
        to: &Endpoint,
        caller_name: &str,
        ring: Duration,
    ) {
        if legs.any(leg).is_some() {
            tracing::warn!(%leg, "a leg was to be placed twice");
            return;
        }
        let refusal = match to {
            Endpoint::Telephone(e164) if !(self.around.demo && numbers::is_fictitious(e164)) => {
                tracing::warn!(
                    %leg,
                    "a telephone number was not called: no trunk is configured, and this version has none; \
                     only the demo's virtual handsets ring"
                );
                Some((LegCause::NotAllowed, code::NOT_ALLOWED))
            }
            _ if legs.len() >= LEGS => {
                tracing::error!(limit = LEGS, "too many legs at once");
                Some((LegCause::Failed, code::OVERLOADED))
            }
            Endpoint::Telephone(_) | Endpoint::Page(_) | Endpoint::Console(_) => None,
        };
        if let Some((cause, code)) = refusal {
            self.tell(business, leg, DialEvent::Failed { cause, code });
            return;
        }
        self.switch.open(leg);
        let limit = Some(self.limit(leg, Stage::Ringing, ring));
        legs.insert(leg, Leg { business, to: to.clone(), stage: Stage::Ringing, limit, room: None });
        let is_there = self.around.directory.invite(business, to, leg, caller_name);
        match to {
            _ if is_there => self.tell(business, leg, DialEvent::Ringing),
            // A telephone that is not connected is switched off.
            Endpoint::Telephone(_) => self.finish(legs, leg, |_| DialEvent::Failed {
                cause: LegCause::Unreachable,
                code: code::UNREACHABLE,
            }),
            // A page that is not connected may be between two pages: it stays invited while it would ring.
            Endpoint::Page(_) | Endpoint::Console(_) => {}
        }
    }

    /// Ends the leg when `stage` lasts longer than `limit`.
    fn limit(self: &Arc<Self>, leg: LegId, stage: Stage, limit: Duration) -> Limit {
        let driver = self.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            driver.lasted_too_long(leg, stage);
        });
        Limit(task.abort_handle())
    }

    fn lasted_too_long(&self, leg: LegId, stage: Stage) {
        let mut legs = self.legs();
        if legs.any(leg).is_some_and(|leg| leg.stage == stage) {
            self.finish(&mut legs, leg, out_of_time);
        }
    }

    fn join(&self, legs: &mut Legs, business: BusinessId, leg: LegId, room: ContactId, mode: JoinMode) {
        let switch_mode = match (mode, legs.console_in(room)) {
            (JoinMode::Talk, _) => Mode::Talk,
            (JoinMode::Whisper, Some(to)) => Mode::Whisper { to },
            // Without anybody to whisper to, nobody is to hear it.
            (JoinMode::Listen, _) | (JoinMode::Whisper, None) => Mode::Listen,
        };
        self.switch.join(room, leg, switch_mode);
        if let Some(leg) = legs.any(leg) {
            leg.room = Some((room, mode));
        }
        self.tell(business, leg, DialEvent::Joined);
    }

    fn leave(&self, legs: &mut Legs, business: BusinessId, leg: LegId, room: ContactId) {
        self.switch.leave(room, leg);
        if let Some(leg) = legs.any(leg) {
            leg.room = None;
        }
        self.tell(business, leg, DialEvent::Left);
    }

    fn ended_by_endpoint(
        &self,
        business: BusinessId,
        from: &Endpoint,
        leg: LegId,
        event: impl FnOnce(Stage) -> DialEvent,
    ) {
        let mut legs = self.legs();
        if legs.at(business, leg, from).is_some() {
            self.finish(&mut legs, leg, event);
        }
    }

    /// Takes the leg down everywhere and tells why. Does nothing if it is down.
    fn finish(&self, legs: &mut Legs, id: LegId, event: impl FnOnce(Stage) -> DialEvent) {
        let Some(leg) = legs.remove(id) else { return };
        self.switch.close(id);
        self.around.directory.leg_gone(leg.business, &leg.to, id);
        self.tell(leg.business, id, event(leg.stage));
    }

    fn heard(self: &Arc<Self>, event: SwitchEvent) {
        let mut legs = self.legs();
        match event {
            SwitchEvent::Connected { leg } => self.is_up(&mut legs, leg, DialEvent::Answered),
            SwitchEvent::Resumed { leg } => self.is_up(&mut legs, leg, DialEvent::Resumed),
            SwitchEvent::Suspended { leg } => self.is_away(&mut legs, leg),
            SwitchEvent::Lost { leg } => self.finish(&mut legs, leg, out_of_time),
            SwitchEvent::PlayEnded { leg, effect } => {
                self.pass_on(&mut legs, leg, DialEvent::PlayEnded { effect });
            }
            SwitchEvent::Digit { leg, digit } => self.pass_on(&mut legs, leg, DialEvent::Digit(digit)),
        }
    }

    fn is_up(&self, legs: &mut Legs, id: LegId, event: DialEvent) {
        let Some(leg) = legs.any(id).filter(|leg| leg.stage != Stage::Up) else { return };
        leg.stage = Stage::Up;
        leg.limit = None;
        self.tell(leg.business, id, event);
    }

    /// The page navigates, or is gone: the business says how long to wait for it.
    fn is_away(self: &Arc<Self>, legs: &mut Legs, id: LegId) {
        let Some(leg) = legs.any(id).filter(|leg| leg.stage == Stage::Up) else { return };
        let site = self.around.sites.by_id(leg.business);
        let grace = site.map_or_else(|| Settings::default().media_grace, |site| site.settings.media_grace);
        leg.stage = Stage::Away;
        leg.limit = Some(self.limit(id, Stage::Away, grace));
        self.tell(leg.business, id, DialEvent::Suspended);
    }

    fn pass_on(&self, legs: &mut Legs, id: LegId, event: DialEvent) {
        if let Some(leg) = legs.any(id) {
            self.tell(leg.business, id, event);
        }
    }
}

//! The drivers that there are, and which of them carries what.
//!
//! The configuration names the driver of the server (`dialer`), and a business may name another one. A leg
//! stays with the driver that placed it, whatever is set meanwhile.
use std::sync::Arc;

use async_trait::async_trait;
use contact_core::{DialCommand, DialEvent, Endpoint, effect::Action};
use futures_util::future::BoxFuture;
use shared::{BusinessId, LegId, contact::LegCause, wire::LegTrouble};
use tokio::sync::mpsc;

use super::{EVENTS, LegEvent, code, embedded, simulated};
use crate::{
    config::Config,
    numbers,
    ports::{BrowserLegs, Dialer, LegRefused, Lines, SharedDirectory},
    prompts::Prompts,
    sites::Sites,
};

/// Every driver by its name. A new one gets a line here, and nothing else of the server changes.
const DRIVERS: [(&str, Start); 2] = [("embedded", embedded::open), ("simulated", simulated::open)];

/// The driver where nobody set one.
pub const STANDARD: &str = DRIVERS[0].0;

type Start = for<'a> fn(Place<'a>) -> BoxFuture<'a, anyhow::Result<Started>>;

/// What a driver finds around it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub config: &'a Config,
    pub directory: &'a SharedDirectory,
    pub prompts: &'a Arc<Prompts>,
    pub sites: &'a Arc<Sites>,
}

pub struct Started {
    pub driver: Arc<dyn Driver>,
    pub events: mpsc::Receiver<LegEvent>,
}

pub trait Driver: Dialer + BrowserLegs {
    /// It placed that leg, and the leg is not down.
    fn has(&self, business: BusinessId, leg: LegId) -> bool;
    /// It has a line on which that telephone number (E.164) can be called.
    fn carries(&self, e164: &str) -> bool;
    /// It has a line to telephones at all.
    fn has_telephones(&self) -> bool;
}

/// The names that a configuration or a business may give.
pub fn names() -> impl Iterator<Item = &'static str> {
    DRIVERS.iter().map(|(name, _)| *name)
}

/// All drivers as one.
pub struct Drivers {
    drivers: Vec<(&'static str, Arc<dyn Driver>)>,
    standard: String,
    sites: Arc<Sites>,
    demo: bool,
    /// Of calls that no driver is given.
    refused: mpsc::Sender<LegEvent>,
}

impl Drivers {
    /// Starts every driver. Their events come from as many receivers.
    pub async fn start(place: Place<'_>) -> anyhow::Result<(Self, Vec<mpsc::Receiver<LegEvent>>)> {
        let (refused, refusals) = mpsc::channel(EVENTS);
        let (mut drivers, mut events) = (Vec::new(), vec![refusals]);
        for (name, start) in DRIVERS {
            let started = start(place).await?;
            drivers.push((name, started.driver));
            events.push(started.events);
        }
        let standard = place.config.dialer.clone();
        let (sites, demo) = (place.sites.clone(), place.config.demo);
        Ok((Self { drivers, standard, sites, demo, refused }, events))
    }

    /// Who has the leg, or else who would place it.
    fn of(&self, business: BusinessId, leg: LegId) -> &dyn Driver {
        let owner = self.drivers.iter().find(|(_, driver)| driver.has(business, leg));
        owner.map_or_else(|| self.chosen(business), |(_, driver)| &**driver)
    }

    /// Who places the calls of a business.
    fn chosen(&self, business: BusinessId) -> &dyn Driver {
        let site = self.sites.by_id(business);
        let named = site.as_ref().and_then(|site| site.business.dialer.as_deref()).unwrap_or(&self.standard);
        let driver = self.drivers.iter().find(|(name, _)| *name == named);
        // A business may name a driver of a newer version: the first one knows what it cannot do.
        &*driver.unwrap_or(&self.drivers[0]).1
    }

    /// Asked once more at the dial, whatever was asked before: a premium, short or foreign number, or one that
    /// no line carries, never reaches a driver.
    fn may_be_called(&self, business: BusinessId, to: &Endpoint) -> bool {
        match to {
            Endpoint::Telephone(e164) => {
                numbers::parse(e164, None, self.demo).is_ok_and(|number| number.e164 == *e164)
                    && self.carries(business, e164)
            }
            Endpoint::Page(_) | Endpoint::Console(_) => true,
        }
    }
}

impl Lines for Drivers {
    fn carries(&self, business: BusinessId, e164: &str) -> bool {
        self.chosen(business).carries(e164)
    }

    fn has_telephones(&self, business: BusinessId) -> bool {
        self.chosen(business).has_telephones()
    }
}

impl Dialer for Drivers {
    fn command(&self, business: BusinessId, command: DialCommand) {
        let leg = command.leg;
        if let Action::Originate { to, .. } = &command.action
            && !self.may_be_called(business, to)
        {
            tracing::warn!(%leg, "a telephone number was not called: it may not be, or no line carries it");
            let event = DialEvent::Failed { cause: LegCause::NotAllowed, code: code::NOT_ALLOWED };
            if self.refused.try_send(LegEvent { business, leg, event }).is_err() {
                tracing::error!(%leg, limit = EVENTS, "a refusal is lost: the engines do not keep up, or have ended");
            }
            return;
        }
        self.of(business, command.leg).command(business, command);
    }
}

#[async_trait]
impl BrowserLegs for Drivers {
    async fn offer(
        &self,
        business: BusinessId,
        from: &Endpoint,
        leg: LegId,
        sdp: String,
    ) -> Result<String, LegRefused> {
        self.of(business, leg).offer(business, from, leg, sdp).await
    }

    fn trouble(&self, business: BusinessId, from: &Endpoint, leg: LegId, why: LegTrouble) {
        self.of(business, leg).trouble(business, from, leg, why);
    }

    fn reject(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.of(business, leg).reject(business, from, leg);
    }

    fn digit(&self, business: BusinessId, from: &Endpoint, leg: LegId, digit: char) {
        self.of(business, leg).digit(business, from, leg, digit);
    }

    fn hang_up(&self, business: BusinessId, from: &Endpoint, leg: LegId) {
        self.of(business, leg).hang_up(business, from, leg);
    }
}

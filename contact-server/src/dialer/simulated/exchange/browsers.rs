//! What browsers that are connected say of their legs.
use std::time::Duration;

use contact_core::{DialEvent, Endpoint};
use shared::{BusinessId, LegId, contact::LegCause, wire::LegTrouble};

use super::{Exchange, code};

impl Exchange {
    /// The browser was there to be invited.
    pub(in crate::dialer::simulated) fn rung(&mut self, now: Duration, business: BusinessId, leg: LegId) {
        if self.has(business, leg) {
            self.tell(now, business, leg, DialEvent::Ringing);
        }
    }

    /// A leg that was sent to that endpoint, and whether it is up.
    pub(in crate::dialer::simulated) fn at(
        &self,
        business: BusinessId,
        leg: LegId,
        from: &Endpoint,
    ) -> Option<bool> {
        self.legs
            .get(&leg)
            .filter(|leg| leg.business == business && leg.to == *from && leg.plan.is_none())
            .map(|leg| leg.up)
    }

    /// True if the leg is up now.
    pub(in crate::dialer::simulated) fn offered(
        &mut self,
        now: Duration,
        business: BusinessId,
        leg: LegId,
        from: &Endpoint,
    ) -> bool {
        let is_theirs = self.at(business, leg, from).is_some();
        if is_theirs {
            self.is_up(now, leg);
        }
        is_theirs
    }

    pub(in crate::dialer::simulated) fn ended(
        &mut self,
        now: Duration,
        business: BusinessId,
        leg: LegId,
        from: &Endpoint,
    ) {
        match self.at(business, leg, from) {
            Some(true) => self.hangs_up(now, leg),
            Some(false) => {
                self.finish(now, leg, DialEvent::Failed { cause: LegCause::Rejected, code: code::REJECTED });
            }
            None => {}
        }
    }

    pub(in crate::dialer::simulated) fn in_trouble(
        &mut self,
        now: Duration,
        business: BusinessId,
        leg: LegId,
        from: &Endpoint,
        why: LegTrouble,
    ) {
        let Some(up) = self.at(business, leg, from) else { return };
        let cause = match why {
            LegTrouble::MicrophoneDenied | LegTrouble::NoMicrophone => LegCause::NoMicrophone,
            LegTrouble::MediaFailed if up => LegCause::MediaLost,
            LegTrouble::MediaFailed => LegCause::Failed,
        };
        let event = match up {
            true => DialEvent::Ended { cause },
            false => DialEvent::Failed { cause, code: code::NOT_ACCEPTABLE },
        };
        self.finish(now, leg, event);
    }

    pub(in crate::dialer::simulated) fn pressed(
        &mut self,
        now: Duration,
        business: BusinessId,
        leg: LegId,
        from: &Endpoint,
        digit: char,
    ) {
        if matches!(digit, '0'..='9' | '*' | '#') && self.at(business, leg, from) == Some(true) {
            self.tell(now, business, leg, DialEvent::Digit(digit));
        }
    }
}

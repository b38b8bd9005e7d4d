//! What a restart makes of what is on disk: nobody knows what became of the legs.
use shared::{
    AgentId, ContactId, LegId, Timestamp,
    contact::{EndReason, LegCause, Presence},
};
use std::{collections::BTreeSet, time::Duration};

use super::{At, Console, DAY, Model, Names};
use crate::{effect::Action, record::Event};

impl Model {
    pub(in super::super) fn restart(&mut self, now: Timestamp, names: Names) {
        let last_at = self.last_at;
        self.now = Timestamp(0);
        self.begin(now.max(last_at), names);
        let phases = self.phases();
        self.recent.clear();
        self.hanging.clear();
        self.mean_handling_ms = self.learned();
        let until = self.now + self.settings.console_grace;
        for worker in self.agents.values_mut() {
            worker.idle_since = worker.since;
            let offline = worker.presence == Presence::Offline;
            worker.console = if offline { Console::Gone } else { Console::Lost { until } };
        }
        self.legs_are_cut_off(now.min(last_at), last_at);
        let ids: Vec<ContactId> = self.requests.keys().copied().collect();
        for id in ids {
            self.request(id).away = false;
            self.is_cut_off(id, last_at);
        }
        self.route();
        self.end(&phases);
    }

    /// Every leg that may be up is told to hang up: those not known to be down, and those whose end may have
    /// been decided by one whose last words were lost.
    fn legs_are_cut_off(&mut self, counted_from: Timestamp, last_at: Timestamp) {
        let open: BTreeSet<ContactId> = self.requests.keys().copied().collect();
        let legs: Vec<LegId> = self.legs.keys().copied().collect();
        for leg in legs {
            let record = self.legs.get_mut(&leg).expect("it was listed");
            let known = record.started_at + DAY >= counted_from || open.contains(&record.contact);
            match record.ended_at {
                None => {
                    record.ended_at = Some(last_at.max(record.started_at));
                    record.cause = Some(LegCause::Interrupted);
                    let contact = record.contact;
                    self.touched_legs.insert(leg);
                    self.log(Event::LegEnded { contact, leg, cause: LegCause::Interrupted });
                }
                Some(ended_at) => {
                    let lately = ended_at + Duration::from_mins(10) > last_at;
                    if !known || !(lately || record.cause == Some(LegCause::Interrupted)) {
                        continue;
                    }
                }
            }
            self.command(leg, Action::HangUp { cause: LegCause::Interrupted });
            self.number_stays_taken(leg);
        }
    }

    fn is_cut_off(&mut self, id: ContactId, last_at: Timestamp) {
        match self.request(id).at.clone() {
            // Nobody pays for the time of the crash.
            At::Talks { since, .. } => self.call_is_over(id, last_at.since(since), EndReason::Interrupted),
            At::Farewell { reason, .. } => self.attempt_failed(id, reason),
            At::Rings { .. } | At::Asked { .. } | At::Held { .. } | At::Accepted { .. } => {
                self.attempt_failed(id, EndReason::Interrupted);
            }
            At::Offered { .. } => {
                let agent = self.request(id).agent.expect("an offer is to somebody");
                self.log(Event::OfferLapsed { contact: id, agent, declined: false });
                self.attempt_failed(id, EndReason::Interrupted);
            }
            // Nobody knows whether its page is still there.
            At::Shown { .. } => {
                let now = self.now;
                if let At::Shown { away_since, .. } = &mut self.request(id).at {
                    *away_since = Some(now);
                }
            }
            At::Scheduled(_) | At::InLine { .. } | At::Feigned { .. } | At::WrapUp { .. } | At::Closed => {}
        }
    }

    /// The mean talk time of today's calls, until better is known.
    fn learned(&self) -> u64 {
        let today = || self.calls.iter().filter(|(_, at, _)| same_day(*at, self.now));
        let calls = today().count() as u64;
        let seconds: u64 = today().map(|(.., seconds)| seconds).sum();
        (seconds * 1000).checked_div(calls).unwrap_or(180_000)
    }

    /// Calls that an agent finished today, their seconds, and the end of the last.
    pub(in super::super) fn today(&self, agent: AgentId) -> (u64, u64) {
        let today = self.calls.iter().filter(|(of, at, _)| *of == agent && same_day(*at, self.now));
        today.fold((0, 0), |(calls, sum), (.., seconds)| (calls + 1, sum + seconds))
    }
}

/// By UTC.
fn same_day(one: Timestamp, other: Timestamp) -> bool {
    let day_ms = 24 * 60 * 60 * 1000;
    one.0 / day_ms == other.0 / day_ms
}

//! Who may do what in a page: agents ask, customers answer and stop.
use std::time::Duration;

use shared::{AgentId, ContactId, wire::lead::Power};

use super::world::World;
use crate::{Input, record::WatchBy};

impl World {
    /// Answers a question, whether there is one or not, or takes a power back.
    pub(super) fn customer_allows(&mut self, some: ContactId) {
        if self.rng.one_in(2) {
            let power = self.rng.pick(&[Power::Point, Power::Control, Power::Control]);
            let _ = self.input(Input::PowerStopped(some, power));
            return;
        }
        let open = self.model.requests.get(&some).map(|request| request.lead.questions());
        let number = open.filter(|open| !open.is_empty()).map_or(1, |open| self.rng.pick(&open));
        let consent = (!self.rng.one_in(3)).then(|| "control-1".to_owned());
        if number > 0 {
            // A page that shows an older question, or none that there was.
            let (number, consent) = (number - 1, consent.clone());
            let _ = self.input(Input::PowerAnswered { contact: some, number, consent });
        }
        let _ = self.input(Input::PowerAnswered { contact: some, number, consent });
    }

    /// Looks on, by role or by a code.
    pub(super) fn agent_watches(&mut self, agent: AgentId, contact: ContactId) {
        let by = self.rng.pick(&[WatchBy::Supervisor, WatchBy::Supervisor, WatchBy::Code]);
        if self.input(Input::WatchAsked { agent, contact, by }).is_ok() {
            self.saw("looked on");
        }
    }

    /// Asks for powers, mostly in the page that he is shown, and gives them back.
    pub(super) fn agent_leads(&mut self, agent: AgentId) {
        let (_, shown, _) = self.model.doing(agent);
        let open = self.open_contacts();
        let any = if open.is_empty() { ContactId(0) } else { self.rng.pick(&open) };
        let contact = shown.filter(|_| !self.rng.one_in(4)).unwrap_or(any);
        let power = self.rng.pick(&[Power::Point, Power::Control]);
        let quiet_until = self.model.requests.get(&contact).map(|request| request.lead.quiet_until());
        let rest = quiet_until.map_or(Duration::ZERO, |until| until.since(self.clock()));
        if !rest.is_zero() && self.rng.one_in(2) {
            // Just too early, and then in the very moment.
            let early = Duration::from_millis(1);
            self.pass(rest.saturating_sub(early));
            let _ = self.input(Input::PowerAsked { agent, contact, power });
            self.pass(early);
            self.saw("the end of a quiet time");
        }
        if self.rng.one_in(4) {
            // He may have asked for both: what he does not give back stays.
            for power in [Power::Point, Power::Control] {
                let _ = self.input(Input::PowerAsked { agent, contact, power });
            }
            let _ = self.input(Input::PowerDropped { agent, contact, power });
        } else if self.input(Input::PowerAsked { agent, contact, power }).is_ok() {
            self.saw("a power asked for");
            let open = self.model.requests[&contact].lead.questions();
            if let Some(number) = open.first().filter(|_| self.rng.one_in(8)) {
                let (number, consent) = (number - 1, Some("control-1".to_owned()));
                let _ = self.input(Input::PowerAnswered { contact, number, consent });
            }
            if let Some(&number) = open.last().filter(|_| self.rng.one_in(2)) {
                let consent = (!self.rng.one_in(4)).then(|| "control-1".to_owned());
                self.input(Input::PowerAnswered { contact, number, consent }).unwrap();
                self.saw("a power answered");
            }
        }
    }
}

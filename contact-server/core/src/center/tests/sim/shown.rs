//! Pages that are shown without a call: customers show one, agents come by a code and go, tabs are opened and closed.
use std::time::Duration;

use shared::{AgentId, ContactId, api::Channel, wire::lead::Power};

use super::{model::At, world::World};
use crate::{
    Input,
    center::ContactState,
    record::{ContactRow, WatchBy},
};

impl World {
    /// Something happens to a page that is shown, or somebody shows one.
    pub(super) fn pages_are_shown(&mut self) {
        let is_shown = |id: &ContactId| matches!(self.model.requests[id].at, At::Shown { .. });
        let shown: Vec<ContactId> = self.model.open().filter(is_shown).collect();
        if shown.is_empty() || self.rng.one_in(6) {
            return self.customer_shows();
        }
        let id = self.rng.pick(&shown);
        match self.rng.below(12) {
            0..=2 => self.pages_come_and_go(id),
            3 => drop(self.input(Input::CodeMade(id))),
            4..=6 => self.somebody_has_the_code(id),
            7 => self.somebody_leaves(id),
            8 => self.the_reader_leads(id),
            9 => self.almost_over(id),
            10 => self.customer_acts(id),
            _ => {
                if let Some(agent) = self.some_agent() {
                    self.agent_says_anything_of(agent, id);
                }
            }
        }
    }

    fn customer_shows(&mut self) {
        let mut request = self.random_request();
        request.channel = Channel::Page;
        if !self.rng.one_in(8) {
            (request.person.e164, request.due) = (None, None);
        }
        self.asks(request);
    }

    pub(super) fn pages_come_and_go(&mut self, id: ContactId) {
        let open = self.rng.one_in(2);
        let _ = self.input(Input::PagesOpen(id, open));
    }

    fn some_agent(&mut self) -> Option<AgentId> {
        let agents: Vec<AgentId> = self.model.agents.keys().copied().collect();
        (!agents.is_empty()).then(|| self.rng.pick(&agents))
    }

    fn somebody_has_the_code(&mut self, contact: ContactId) {
        let Some(agent) = self.some_agent() else { return };
        let by = self.rng.pick(&[WatchBy::Code, WatchBy::Code, WatchBy::Supervisor]);
        if self.input(Input::WatchAsked { agent, contact, by }).is_ok() {
            self.saw("saw a page without a call");
        }
    }

    fn somebody_leaves(&mut self, contact: ContactId) {
        let watchers: Vec<AgentId> = self.model.requests[&contact].watch.iter().map(|w| w.agent).collect();
        if watchers.is_empty() {
            return;
        }
        let agent = self.rng.pick(&watchers);
        self.input(Input::WatchLeft { agent, contact }).unwrap();
    }

    /// Asks for control, is mostly given it, and at times goes home with it.
    fn the_reader_leads(&mut self, contact: ContactId) {
        let Some(agent) = self.model.viewing(contact).0 else { return };
        let asked = self.input(Input::PowerAsked { agent, contact, power: Power::Control });
        let open = self.model.requests[&contact].lead.questions();
        if let (Ok(()), Some(&number)) = (asked, open.last()) {
            let consent = (!self.rng.one_in(4)).then(|| "control-1".to_owned());
            self.input(Input::PowerAnswered { contact, number, consent }).unwrap();
            self.saw("led in a page without a call");
        }
        if self.rng.one_in(3) {
            let station = self.station_of(agent);
            let _ = self.input(Input::SignedOut { agent, station });
        }
    }

    /// Just before it would end, and in the very moment.
    fn almost_over(&mut self, id: ContactId) {
        let Some(until) = self.model.requests[&id].shown_until() else { return };
        let rest = until.since(self.clock());
        let early = Duration::from_millis(1);
        self.pass(rest.saturating_sub(early));
        match self.rng.below(4) {
            0 => drop(self.input(Input::CodeMade(id))),
            1 => drop(self.input(Input::PagesOpen(id, true))),
            2 if self.model.requests.contains_key(&id) => self.somebody_has_the_code(id),
            _ => {}
        }
        self.pass(early);
        self.saw("the end of a page without a call");
    }

    /// By the stored row alone: it has no leg and nobody's time, and ends.
    pub(super) fn check_shown(&self, row: &ContactRow) {
        let shown = matches!(row.state, ContactState::Showing { .. });
        self.must(
            shown == (row.channel == Channel::Page && !row.closed),
            "a page is called, or a call is shown",
        );
        if let ContactState::Showing { until, .. } = row.state {
            let settings = &self.ledger.settings[&row.settings];
            self.must(until <= row.requested_at + settings.show_limit, "a page is shown for too long");
            self.must(settings.show_page, "a page is shown that its business does not want");
        }
    }
}

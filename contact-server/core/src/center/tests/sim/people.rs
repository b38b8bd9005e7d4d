//! Customers at their pages, agents at their consoles.
use std::{collections::BTreeSet, time::Duration};

use shared::{
    AgentId, ContactId, LegId, StationId, Timestamp,
    api::{Channel, PageView, WrapUp},
    contact::{LegCause, Presence},
};

use super::{
    super::stage::{number, request},
    driver::Temper,
    model::{At, Console},
    world::{Rng, World},
};
use crate::{DialEvent, Input, Refusal, input::Requested, record::AgentProfile};

const SKILLS: [&str; 3] = ["", "german", "french"];
/// At once; whoever leaves never comes back under the same id.
const AGENTS: usize = 5;

pub(super) struct People {
    hired: u128,
    stations: u128,
    requests: u128,
    pub(super) well_behaved: bool,
}

impl People {
    pub(super) fn new() -> Self {
        Self { hired: 0, stations: 0, requests: 0, well_behaved: false }
    }
}

fn profile(rng: &mut Rng, id: AgentId) -> AgentProfile {
    let skills = SKILLS[1..].iter().filter(|_| rng.one_in(2)).map(|skill| (*skill).to_owned());
    let skills = skills.collect::<BTreeSet<String>>();
    AgentProfile {
        id,
        name: format!("Agent {}", id.0),
        skills,
        supervisor: rng.one_in(2),
        plays_recordings: false,
    }
}

impl World {
    pub(super) fn hire(&mut self) {
        self.people.hired += 1;
        let profile = profile(&mut self.rng, AgentId(self.people.hired));
        self.input(Input::AgentSet(profile)).unwrap();
    }

    /// After a restart most consoles come back by themselves, some later than others.
    pub(super) fn consoles_reconnect(&mut self) {
        let here: Vec<AgentId> = self.agents();
        for agent in here {
            if self.model.agents[&agent].presence != Presence::Offline && !self.rng.one_in(4) {
                if self.rng.one_in(4) {
                    let time = self.rng.ms(15_000);
                    self.pass(time);
                }
                self.sign_in(agent);
            }
        }
    }

    fn agents(&self) -> Vec<AgentId> {
        self.model.agents.keys().copied().collect()
    }

    pub(super) fn random_request(&mut self) -> Requested {
        self.people.requests += 1;
        let mut request = request(self.people.requests);
        // A few numbers, so that requests meet.
        request.person.e164 = Some(number(u128::from(self.rng.below(6))));
        request.person.region =
            Some(self.rng.pick(&["DE", "DE", "DE", "DE", "DE", "DE", "DE", "FR", "FR", "GB"]).to_owned());
        if self.rng.one_in(3) {
            request.person.name = None;
            request.person.trail = vec![self.page()];
        }
        request.skill = self.rng.pick(&SKILLS).to_owned();
        if self.rng.one_in(30) {
            request.skill = "dutch".to_owned();
        }
        if self.rng.one_in(4) {
            request.channel = Channel::Browser;
        }
        if self.rng.one_in(5) {
            let from = self.model.now + self.rng.ms(30_000);
            request.due = Some((from, from + self.rng.ms(90_000)));
            if self.rng.one_in(8) {
                // No window at all: it ends as it begins, or before, or now.
                let ends = self.rng.pick(&[from, self.model.now, Timestamp(from.0 - 1)]);
                request.due = Some((from, ends));
            }
        }
        if self.rng.one_in(12) && self.people.requests > 1 {
            let earlier = super::super::stage::request(self.people.requests - 1);
            request.idempotency.key = earlier.idempotency.key;
            if self.rng.one_in(2) {
                request.idempotency.body = earlier.idempotency.body;
            }
        }
        if self.rng.one_in(40)
            && let Some(open) = self.model.open().next()
        {
            request.contact = open;
        }
        request
    }

    fn page(&mut self) -> PageView {
        let n = self.rng.below(3);
        PageView { url: format!("https://shop/{n}"), title: format!("Page {n}"), at: self.now }
    }

    /// A request that stands where few ever stand, if there is one.
    fn in_a_rare_state(&mut self) -> Option<ContactId> {
        let state_of = |id: &ContactId| super::coverage::state_of(&self.model.requests[id]);
        let mut rare = ["asked, nobody meant", "held, page away", "on hold"];
        if self.rng.one_in(2) {
            rare.reverse();
        }
        rare.iter().find_map(|state| self.model.open().find(|id| state_of(id) == *state))
    }

    /// Whatever can happen to a request happens to one that stands where few ever stand.
    pub(super) fn the_rare_meets_all(&mut self) {
        let alone = |id: &AgentId| {
            let worker = &self.model.agents[id];
            worker.presence == Presence::Talking && worker.console == Console::Gone
        };
        if let Some(contact) = self.agents().into_iter().find(alone).and_then(|id| self.model.doing(id).1)
            && self.rng.one_in(6)
        {
            return self.erase(vec![contact]);
        }
        let Some(id) = self.in_a_rare_state() else { return };
        let of = |leg: &&shared::api::LegRecord| leg.contact == id && leg.ended_at.is_none();
        let legs: Vec<LegId> = self.model.legs.values().filter(of).map(|leg| leg.leg).collect();
        let agents = self.agents();
        match self.rng.below(8) {
            0..=3 if self.driver.temper == Temper::Wild && !legs.is_empty() => {
                let leg = self.rng.pick(&legs);
                self.is_said_of(leg);
            }
            4 => self.customer_acts(id),
            5 if !agents.is_empty() => {
                let agent = self.rng.pick(&agents);
                self.agent_says_anything_of(agent, id);
            }
            _ => {}
        }
    }

    pub(super) fn customers_act(&mut self) {
        let open = self.open_contacts();
        let some = if open.is_empty() { ContactId(0) } else { self.rng.pick(&open) };
        self.customer_acts(some);
    }

    pub(super) fn customer_asks(&mut self) {
        let request = self.random_request();
        self.asks(request);
    }

    pub(super) fn asks(&mut self, request: Requested) {
        let known = self.model.requests.contains_key(&request.contact);
        match self.input(Input::Requested(Box::new(request))) {
            Err(Refusal::BudgetSpent { .. }) => self.saw("budget refused"),
            Err(Refusal::KeyReused) => self.saw("key reused"),
            Err(Refusal::AcceptedBefore(_)) => self.saw("asked twice"),
            Err(Refusal::TooManyOpen) => self.saw("too many open"),
            Err(Refusal::SkillUnknown) => self.saw("skill unknown"),
            Err(Refusal::WindowPassed) => self.saw("window passed"),
            Err(Refusal::NumberNotCalled) => self.saw("number not called"),
            Err(Refusal::RegionDenied) => self.saw("region denied"),
            Err(Refusal::ShowingOff) => self.saw("pages are not shown"),
            Ok(()) => self.must(!known, "a contact was begun twice"),
            Err(_) => {}
        }
    }

    pub(super) fn customer_acts(&mut self, some: ContactId) {
        match self.rng.below(20) {
            19 => self.pages_come_and_go(some),
            18 => drop(self.input(Input::CodeMade(some))),
            16 | 17 => self.customer_allows(some),
            0..=9 => self.customer_asks(),
            10 => {
                self.input(Input::Cancelled(some)).unwrap();
            }
            11 if self.rng.one_in(3) => {
                let mut erased = vec![some];
                if self.rng.one_in(3) {
                    erased.push(ContactId(u128::from(self.rng.below(64)))); // closed, or nobody's
                }
                self.erase(erased);
            }
            11..=13 => {
                let page = self.page();
                let _ = self.input(Input::PageViewed(some, page));
            }
            14 => {
                let context = format!("{{\"n\":{}}}", self.rng.below(3));
                let _ = self.input(Input::ContextSet(some, context));
            }
            _ => {
                let on = self.rng.one_in(2);
                let _ = self.input(Input::SharingSet(some, on));
            }
        }
    }

    fn erase(&mut self, contacts: Vec<ContactId>) {
        self.saw("erased");
        self.watch.erased.extend(&contacts);
        self.input(Input::Erased(contacts)).unwrap();
    }

    pub(super) fn agents_act(&mut self) {
        let agents = self.agents();
        if agents.is_empty() || (!self.people.well_behaved && self.rng.one_in(40)) {
            return self.staff_changes(&agents);
        }
        if self.people.well_behaved {
            for agent in agents {
                self.agent_works(agent);
            }
            return;
        }
        let rings = agents.iter().find(|agent| self.model.doing(**agent).0 == Presence::Ringing).copied();
        let agent = rings.filter(|_| self.rng.one_in(3)).unwrap_or_else(|| self.rng.pick(&agents));
        match self.rng.below(50) {
            46..=49 => self.agent_leads(agent),
            0..=29 => self.agent_works(agent),
            30 => {
                let station = self.station_of(agent);
                let _ = self.input(Input::ConsoleLost { agent, station });
            }
            31 => {
                let station = self.station_of(agent);
                let _ = self.input(Input::SignedOut { agent, station });
            }
            32 => self.sign_in(agent), // elsewhere
            33 => {
                let station = self.station_of(agent);
                let _ = self.input(Input::SignedIn { agent, station }); // again
            }
            34 => {
                let result = self.input(Input::ConsoleLost { agent, station: StationId(u128::MAX) });
                self.must(result == Err(Refusal::Displaced), "an old console is heard");
                let result = self.input(Input::SignedOut { agent, station: StationId(u128::MAX) });
                self.must(result == Err(Refusal::Displaced), "an old console is heard");
            }
            35 => drop(self.input(Input::Away(agent, "Lunch".to_owned()))),
            36 => drop(self.input(Input::Ready(agent))),
            _ => self.agent_says_anything(agent),
        }
    }

    fn staff_changes(&mut self, agents: &[AgentId]) {
        if agents.len() < AGENTS && (agents.is_empty() || self.rng.one_in(3)) {
            return self.hire();
        }
        let busy = |id: &&AgentId| self.model.doing(**id).1.is_some();
        let busy: Vec<AgentId> = agents.iter().filter(busy).copied().collect();
        let id =
            if busy.is_empty() || self.rng.one_in(2) { self.rng.pick(agents) } else { self.rng.pick(&busy) };
        if self.rng.one_in(3) {
            self.input(Input::AgentRemoved(id)).unwrap();
            let gone = self.input(Input::Ready(id));
            self.must(gone == Err(Refusal::NoSuchAgent), "one who was removed is heard");
        } else {
            let profile = profile(&mut self.rng, id);
            self.input(Input::AgentSet(profile)).unwrap();
        }
    }

    /// What does not apply must be refused, and harm nobody.
    fn agent_says_anything(&mut self, agent: AgentId) {
        let open = self.open_contacts();
        let mut contact = if open.is_empty() { ContactId(0) } else { self.rng.pick(&open) };
        if self.rng.one_in(3) {
            contact = self.model.doing(agent).1.unwrap_or(contact);
        }
        if self.rng.one_in(8) {
            contact = ContactId(u128::from(self.rng.below(64)));
        }
        self.agent_says_anything_of(agent, contact);
    }

    pub(super) fn agent_says_anything_of(&mut self, agent: AgentId, contact: ContactId) {
        let wrap_up = WrapUp::default();
        let on = self.rng.one_in(2);
        let input = match self.rng.below(7) {
            5 => return self.agent_watches(agent, contact),
            6 => Input::WatchLeft { agent, contact },
            0 => Input::Accepted(agent, contact),
            1 => Input::Declined(agent, contact),
            2 => Input::HungUp(agent, contact),
            3 => Input::HoldSet(agent, contact, on),
            _ => Input::WrapUpSaved { agent, contact, wrap_up, done: on },
        };
        let _ = self.input(input);
    }

    /// Does what the console shows.
    fn agent_works(&mut self, agent: AgentId) {
        if !matches!(self.model.agents[&agent].console, Console::Here(_)) {
            return self.sign_in(agent);
        }
        let (presence, contact, until) = self.model.doing(agent);
        let contact = contact.unwrap_or(ContactId(0));
        let wild = !self.people.well_behaved;
        match presence {
            Presence::Away => self.input(Input::Ready(agent)).unwrap(),
            Presence::Ringing if until.is_some() => {
                if wild && self.rng.one_in(6) {
                    return self.input(Input::Declined(agent, contact)).unwrap();
                }
                if wild && self.rng.one_in(6) {
                    return; // does not hear it
                }
                if wild && self.rng.one_in(4) {
                    return self.voice_comes_up(agent); // answers the leg before he presses Accept
                }
                self.input(Input::Accepted(agent, contact)).unwrap();
                self.voice_comes_up(agent);
            }
            Presence::Talking if self.rng.one_in(3) => match self.rng.below(4) {
                0 => {
                    self.input(Input::HoldSet(agent, contact, true)).unwrap();
                    self.saw("held");
                }
                1 => self.input(Input::HoldSet(agent, contact, false)).unwrap(),
                2 => self.input(Input::HungUp(agent, contact)).unwrap(),
                _ => self.voice_fails(agent),
            },
            Presence::WrapUp => {
                let done = self.rng.one_in(2);
                let wrap_up = WrapUp { notes: format!("note {}", self.rng.below(9)), ..WrapUp::default() };
                self.input(Input::WrapUpSaved { agent, contact, wrap_up, done }).unwrap();
            }
            Presence::Offline
            | Presence::Ready
            | Presence::Reserved
            | Presence::Ringing
            | Presence::Talking => {}
        }
    }

    fn voice_comes_up(&mut self, agent: AgentId) {
        let Some(leg) = self.agents_leg(agent) else { return };
        let event = match self.rng.below(8) {
            0 if !self.people.well_behaved => {
                let causes = [LegCause::NoMicrophone, LegCause::NoAnswer, LegCause::Rejected];
                DialEvent::Failed { cause: self.rng.pick(&causes), code: 0 }
            }
            1 if !self.people.well_behaved => return, // never
            2 if !self.people.well_behaved => DialEvent::Suspended,
            _ => DialEvent::Answered,
        };
        self.driver.agent_leg(&mut self.rng, self.now, leg, &event);
    }

    fn voice_fails(&mut self, agent: AgentId) {
        let Some(leg) = self.agents_leg(agent) else { return };
        let cause = self.rng.pick(&[LegCause::MediaLost, LegCause::HungUp]);
        self.driver.agent_leg(&mut self.rng, self.now, leg, &DialEvent::Ended { cause });
    }

    fn agents_leg(&self, agent: AgentId) -> Option<LegId> {
        let contact = self.model.doing(agent).1?;
        match self.model.requests[&contact].at {
            At::Offered { agent_leg, .. } | At::Accepted { agent_leg, .. } | At::Talks { agent_leg, .. } => {
                Some(agent_leg)
            }
            _ => None,
        }
    }

    fn sign_in(&mut self, agent: AgentId) {
        self.people.stations += 1;
        let station = StationId(self.people.stations);
        let _ = self.input(Input::SignedIn { agent, station });
        self.pass(Duration::from_millis(1));
    }

    pub(super) fn station_of(&self, agent: AgentId) -> StationId {
        match self.model.agents[&agent].console {
            Console::Here(station) => station,
            Console::Lost { .. } | Console::Gone => StationId(0),
        }
    }
}

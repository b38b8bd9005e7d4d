//! Customers at their pages, agents at their consoles.
use std::{collections::BTreeSet, time::Duration};

use shared::{
    AgentId, ContactId, StationId,
    api::{Channel, PageView, Party, WrapUp},
    contact::{LegCause, Presence},
};

use super::{
    super::stage::{number, request},
    world::{Rng, World},
};
use crate::{DialEvent, Endpoint, Input, Refusal, input::Requested, record::AgentProfile};

const SKILLS: [&str; 3] = ["", "german", "french"];

pub(super) struct People {
    agents: Vec<AgentProfile>,
    stations: u128,
    requests: u128,
    pub(super) well_behaved: bool,
}

impl People {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let count = 1 + rng.below(4);
        let agents = (1..=count).map(|n| profile(rng, AgentId(u128::from(n)))).collect();
        Self { agents, stations: 0, requests: 0, well_behaved: false }
    }
}

fn profile(rng: &mut Rng, id: AgentId) -> AgentProfile {
    let skills = SKILLS[1..].iter().filter(|_| rng.one_in(2)).map(|skill| (*skill).to_owned());
    AgentProfile { id, name: format!("Agent {}", id.0), skills: skills.collect::<BTreeSet<String>>() }
}

impl World {
    pub(super) fn hire(&mut self) {
        for profile in self.people.agents.clone() {
            self.input(Input::AgentSet(profile)).unwrap();
        }
    }

    /// After a restart most consoles come back by themselves.
    pub(super) fn consoles_reconnect(&mut self) {
        for (agent, row) in self.ledger.agents.clone() {
            if row.presence != Presence::Offline && !self.rng.one_in(4) {
                self.sign_in(agent);
            }
        }
    }

    pub(super) fn random_request(&mut self) -> Requested {
        self.people.requests += 1;
        let mut request = request(self.people.requests);
        // A few numbers, so that requests meet.
        request.person.e164 = Some(number(u128::from(self.rng.below(6))));
        request.person.region = Some(self.rng.pick(&["DE", "DE", "DE", "FR", "GB"]).to_owned());
        request.skill = self.rng.pick(&SKILLS).to_owned();
        if self.rng.one_in(4) {
            request.channel = Channel::Browser;
        }
        if self.rng.one_in(5) {
            let from = self.now + self.rng.ms(30_000);
            request.due = Some((from, from + self.rng.ms(90_000)));
        }
        if self.rng.one_in(12) && self.people.requests > 1 {
            let earlier = super::super::stage::request(self.people.requests - 1);
            request.idempotency.key = earlier.idempotency.key;
            if self.rng.one_in(2) {
                request.idempotency.body = earlier.idempotency.body;
            }
        }
        request
    }

    pub(super) fn customers_act(&mut self) {
        let open = self.open_contacts();
        let some = if open.is_empty() { ContactId(0) } else { self.rng.pick(&open) };
        match self.rng.below(16) {
            0..=9 => {
                let request = self.random_request();
                match self.input(Input::Requested(Box::new(request))) {
                    Err(Refusal::BudgetSpent { .. }) => self.saw("budget refused"),
                    Err(Refusal::KeyReused) => self.saw("key reused"),
                    Ok(()) | Err(_) => {}
                }
            }
            10..=11 => {
                self.input(Input::Cancelled(some)).unwrap();
            }
            12..=13 => {
                let page =
                    PageView { url: "https://shop/1".to_owned(), title: "One".to_owned(), at: self.now };
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

    pub(super) fn agents_act(&mut self) {
        let agents: Vec<AgentId> = self.center.agents.keys().copied().collect();
        if agents.is_empty() || (!self.people.well_behaved && self.rng.one_in(60)) {
            return self.staff_changes();
        }
        if self.people.well_behaved {
            for agent in agents {
                self.agent_works(agent);
            }
            return;
        }
        let agent = self.rng.pick(&agents);
        match self.rng.below(24) {
            0..=15 => self.agent_works(agent),
            16 => {
                let station = self.station_of(agent);
                let _ = self.input(Input::ConsoleLost { agent, station });
            }
            17 => {
                let station = self.station_of(agent);
                let _ = self.input(Input::SignedOut { agent, station });
            }
            18 => self.sign_in(agent), // elsewhere, or again
            19 => {
                let result = self.input(Input::ConsoleLost { agent, station: StationId(0) });
                self.must(result == Err(Refusal::Displaced), "an old console is heard");
            }
            20 => drop(self.input(Input::Away(agent, "Lunch".to_owned()))),
            21 => drop(self.input(Input::Ready(agent))),
            _ => self.agent_says_anything(agent),
        }
    }

    fn staff_changes(&mut self) {
        let id = AgentId(u128::from(1 + self.rng.below(5)));
        if self.rng.one_in(3) && self.center.agents.len() > 1 {
            let _ = self.input(Input::AgentRemoved(id));
        } else {
            let profile = profile(&mut self.rng, id);
            self.input(Input::AgentSet(profile)).unwrap();
        }
    }

    /// What does not apply must be refused, and harm nobody.
    fn agent_says_anything(&mut self, agent: AgentId) {
        let open = self.open_contacts();
        let contact = if open.is_empty() { ContactId(0) } else { self.rng.pick(&open) };
        let wrap_up = WrapUp::default();
        let on = self.rng.one_in(2);
        let input = match self.rng.below(5) {
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
        let Some((state, ..)) = self.center.agent_view(agent) else { return };
        let lost = self.ledger.agents.get(&agent).is_none_or(|row| row.station.is_none());
        if lost {
            return self.sign_in(agent);
        }
        let contact = state.contact.unwrap_or(ContactId(0));
        let wild = !self.people.well_behaved;
        match state.presence {
            Presence::Away => self.input(Input::Ready(agent)).unwrap(),
            Presence::Ringing if state.until.is_some() => {
                if wild && self.rng.one_in(6) {
                    return self.input(Input::Declined(agent, contact)).unwrap();
                }
                if wild && self.rng.one_in(6) {
                    return; // does not hear it
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
            0 if !self.people.well_behaved => DialEvent::Failed { cause: LegCause::NoMicrophone, code: 0 },
            1 if !self.people.well_behaved => return, // never
            _ => DialEvent::Answered,
        };
        self.driver.agent_leg(&mut self.rng, self.now, leg, &event);
    }

    fn voice_fails(&mut self, agent: AgentId) {
        let Some(leg) = self.agents_leg(agent) else { return };
        let event = DialEvent::Ended { cause: LegCause::MediaLost };
        self.driver.agent_leg(&mut self.rng, self.now, leg, &event);
    }

    fn agents_leg(&self, agent: AgentId) -> Option<shared::LegId> {
        let legs = self.center.legs.values();
        legs.filter(|leg| leg.party == Party::Agent && leg.agent == Some(agent))
            .map(|leg| leg.leg)
            .find(|leg| self.driver.legs.get(leg).is_some_and(|up| up.to == Endpoint::Console(agent)))
    }

    fn sign_in(&mut self, agent: AgentId) {
        self.people.stations += 1;
        let station = StationId(self.people.stations);
        let _ = self.input(Input::SignedIn { agent, station });
        self.pass(Duration::from_millis(1));
    }

    fn station_of(&self, agent: AgentId) -> StationId {
        self.ledger.agents.get(&agent).and_then(|row| row.station).unwrap_or(StationId(0))
    }
}

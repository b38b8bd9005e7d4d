//! A business on a stage: a fake clock, a [`Ledger`] for a store, and short words for what people do.
use std::{collections::BTreeSet, time::Duration};

use shared::{
    AgentId, ContactId, LegId, StationId, Timestamp,
    api::{Channel, LegRecord, Party, WrapUp},
    contact::{CustomerStatus, EndReason, LegCause, Phase, Presence},
};

use super::ledger::Ledger;
use crate::{
    Center, DialCommand, DialEvent, Effect, Endpoint, Input, Notice, Refusal, Settings,
    center::ContactState,
    effect::Action,
    input::{Idempotency, Requested},
    record::{AgentProfile, Person},
    settings::DialMode,
};

pub(super) const T0: Timestamp = Timestamp(1_800_000_000_000);
pub(super) const ADA: AgentId = AgentId(0xADA);
pub(super) const BOB: AgentId = AgentId(0xB0B);

pub(super) struct Stage {
    pub(super) center: Center,
    pub(super) now: Timestamp,
    pub(super) ledger: Ledger,
    /// Of the last input.
    pub(super) notices: Vec<Notice>,
    pub(super) dials: Vec<DialCommand>,
    restarts: u8,
    requests: u128,
}

pub(super) fn settings() -> Settings {
    Settings {
        regions: BTreeSet::from(["DE".to_owned()]),
        skills: BTreeSet::from(["german".to_owned(), "french".to_owned()]),
        ..Settings::default()
    }
}

pub(super) fn at_answer() -> Settings {
    Settings { dial_mode: DialMode::AgentAtAnswer, ..settings() }
}

pub(super) fn number(n: u128) -> String {
    format!("+4930231250{n:02}")
}

/// A request by telephone, to a number of its own.
pub(super) fn request(n: u128) -> Requested {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&n.to_be_bytes());
    Requested {
        contact: ContactId(n),
        channel: Channel::Telephone,
        person: Person {
            e164: Some(number(n)),
            region: Some("DE".to_owned()),
            name: Some(format!("Customer {n}")),
            ..Person::default()
        },
        skill: String::new(),
        due: None,
        token: key,
        token_expires_at: T0 + Duration::from_hours(48),
        idempotency: Idempotency { key, body: key },
        consent: "v1".to_owned(),
    }
}

impl Stage {
    pub(super) fn new(settings: Settings) -> Self {
        let ledger = Ledger::new(settings);
        let center = Center::restore(T0, ledger.snapshot(T0), [1; 32]);
        let (notices, dials) = (Vec::new(), Vec::new());
        let mut stage = Self { center, now: T0, ledger, notices, dials, restarts: 1, requests: 0 };
        stage.take_effects();
        stage
    }

    /// With Ada signed in and ready.
    pub(super) fn with_ada(settings: Settings) -> Self {
        let mut stage = Self::new(settings);
        stage.ready(ADA, &[]);
        stage
    }

    pub(super) fn input(&mut self, input: Input) -> Result<(), Refusal> {
        let before = self.ledger.clone();
        let result = self.center.handle(self.now, input);
        self.take_effects();
        if result.is_err() {
            assert_eq!(self.ledger, before, "a refused input changed something");
            assert!(self.notices.is_empty() && self.dials.is_empty(), "a refused input had effects");
        }
        result
    }

    pub(super) fn must(&mut self, input: Input) {
        self.input(input).unwrap();
    }

    /// Lets time pass, with every timeout at its time.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let (mut notices, mut dials) = (Vec::new(), Vec::new());
        while let Some((at, why)) = self.center.poll_timeout().filter(|(at, _)| *at <= end) {
            assert!(!why.is_empty());
            self.now = self.now.max(at);
            self.center.handle_timeout(self.now);
            self.take_effects();
            notices.append(&mut self.notices);
            dials.append(&mut self.dials);
        }
        self.now = end;
        (self.notices, self.dials) = (notices, dials);
    }

    /// The process dies and comes back `away` later.
    pub(super) fn restart(&mut self, away: Duration) {
        self.now = self.now + away;
        self.restarts += 1;
        self.center = Center::restore(self.now, self.ledger.snapshot(self.now), [self.restarts; 32]);
        self.take_effects();
    }

    fn take_effects(&mut self) {
        self.notices.clear();
        self.dials.clear();
        while let Some(effect) = self.center.poll_effect() {
            match effect {
                Effect::Store(change) => {
                    assert!(self.notices.is_empty() && self.dials.is_empty(), "stored after told");
                    self.ledger.apply(change);
                }
                Effect::Tell(notice) => self.notices.push(notice),
                Effect::Dial(command) => self.dials.push(command),
            }
        }
    }

    // What people do.

    pub(super) fn ready(&mut self, agent: AgentId, skills: &[&str]) {
        let skills = skills.iter().map(|skill| (*skill).to_owned()).collect();
        let name = if agent == ADA { "Ada Lovelace" } else { "Bob Moog" }.to_owned();
        self.must(Input::AgentSet(AgentProfile {
            id: agent,
            name,
            skills,
            supervisor: false,
            plays_recordings: false,
        }));
        self.must(Input::SignedIn { agent, station: station(agent) });
        self.must(Input::Ready(agent));
    }

    pub(super) fn request(&mut self) -> ContactId {
        self.requests += 1;
        let request = request(self.requests);
        let contact = request.contact;
        self.must(Input::Requested(Box::new(request)));
        contact
    }

    pub(super) fn request_numbered(&mut self, n: u128) -> ContactId {
        self.requests = n;
        self.must(Input::Requested(Box::new(request(n))));
        ContactId(n)
    }

    pub(super) fn shown_to(&self, agent: AgentId, contact: ContactId) -> bool {
        self.notices.iter().any(|notice| match notice {
            Notice::Shown { agent: to, contact: shown } => *to == agent && shown.contact == contact,
            _ => false,
        })
    }

    pub(super) fn customer(&mut self, contact: ContactId, event: DialEvent) {
        let leg = self.customer_leg(contact);
        self.must(Input::Dialer(leg, event));
    }

    pub(super) fn agent(&mut self, contact: ContactId, event: DialEvent) {
        let leg = self.state(contact).agent_leg().expect("an agent's leg");
        self.must(Input::Dialer(leg, event));
    }

    /// Answers and presses 1.
    pub(super) fn reach(&mut self, contact: ContactId) {
        self.customer(contact, DialEvent::Answered);
        self.customer(contact, DialEvent::Digit('1'));
    }

    /// From a dialled contact to the bridge.
    pub(super) fn talk(&mut self, contact: ContactId) {
        self.reach(contact);
        let agent = self.state(contact).agent().expect("an agent");
        self.must(Input::Accepted(agent, contact));
        self.agent(contact, DialEvent::Answered);
    }

    pub(super) fn wrap_up(&mut self, agent: AgentId, contact: ContactId) {
        let wrap_up = WrapUp { disposition: "sold".to_owned(), ..WrapUp::default() };
        self.must(Input::WrapUpSaved { agent, contact, wrap_up, done: true });
    }

    // What there is to see.

    pub(super) fn state(&self, contact: ContactId) -> ContactState {
        self.ledger.contacts[&contact].state.clone()
    }

    pub(super) fn customer_leg(&self, contact: ContactId) -> LegId {
        self.state(contact).customer_leg().expect("a customer's leg")
    }

    pub(super) fn status(&self, contact: ContactId) -> CustomerStatus {
        self.center.status(contact).expect("a status")
    }

    pub(super) fn phase(&self, contact: ContactId) -> Phase {
        self.status(contact).phase
    }

    pub(super) fn reason(&self, contact: ContactId) -> Option<EndReason> {
        self.ledger.contacts[&contact].reason
    }

    pub(super) fn presence(&self, agent: AgentId) -> Presence {
        self.center.agent_view(agent).expect("an agent").0.presence
    }

    pub(super) fn legs(&self, contact: ContactId, party: Party) -> Vec<LegRecord> {
        let of = |leg: &&LegRecord| leg.contact == contact && leg.party == party;
        let mut legs: Vec<LegRecord> = self.ledger.legs.values().filter(of).cloned().collect();
        legs.sort_by_key(|leg| leg.started_at);
        legs
    }

    /// Endpoints that the last input (or [`Self::pass`]) dialled.
    pub(super) fn dialled(&self) -> Vec<Endpoint> {
        self.dials
            .iter()
            .filter_map(|command| match &command.action {
                Action::Originate { to, .. } => Some(to.clone()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn actions(&self, leg: LegId) -> Vec<Action> {
        self.dials.iter().filter(|command| command.leg == leg).map(|command| command.action.clone()).collect()
    }

    pub(super) fn hung_up(&self, leg: LegId) -> Option<LegCause> {
        self.actions(leg).into_iter().find_map(|action| match action {
            Action::HangUp { cause } => Some(cause),
            _ => None,
        })
    }
}

pub(super) fn station(agent: AgentId) -> StationId {
    StationId(agent.0)
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// By the agent of the contact alone.
pub(super) fn seen_by(agent: Option<AgentId>, sharing: bool) -> crate::effect::Viewing {
    crate::effect::Viewing { agent, watchers: Vec::new(), sharing }
}

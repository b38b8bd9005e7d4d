//! Which transitions the histories took, and which stimulus met which state.
use std::collections::BTreeMap;

use shared::{
    AgentId, ContactId, LegId,
    api::Party,
    contact::{EndReason, Presence},
};

use super::{
    model::{At, Console, Model, Request},
    world::Seen,
};
use crate::{DialEvent, Input};

/// (machine, from, to) and (machine, state, stimulus).
pub(super) type Triple = (&'static str, &'static str, &'static str);

#[derive(Default)]
pub(super) struct Coverage {
    requests: BTreeMap<ContactId, &'static str>,
    agents: BTreeMap<AgentId, (&'static str, &'static str)>,
    legs: BTreeMap<LegId, &'static str>,
    pub(super) moves: BTreeMap<Triple, u64>,
    pub(super) meetings: BTreeMap<Triple, u64>,
    pub(super) seen: Seen,
}

/// What a step is about.
#[derive(Clone, Copy)]
pub(super) enum Cause {
    Time,
    Restart,
    On { request: Option<(ContactId, &'static str)>, agent: Option<(AgentId, &'static str)> },
}

impl Coverage {
    pub(super) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (what, count) in other.moves {
            *self.moves.entry(what).or_insert(0) += count;
        }
        for (what, count) in other.meetings {
            *self.meetings.entry(what).or_insert(0) += count;
        }
        for (what, count) in other.seen {
            *self.seen.entry(what).or_insert(0) += count;
        }
    }

    pub(super) fn step(&mut self, model: &Model, cause: Cause, refused: bool) {
        self.meets(cause);
        if refused {
            return;
        }
        for (id, request) in &model.requests {
            let state = state_of(request);
            let before =
                if state == "closed" { self.requests.remove(id) } else { self.requests.insert(*id, state) };
            self.moves("request", before.unwrap_or("new"), state);
        }
        for (id, worker) in &model.agents {
            let state = (duty_of(model, *id), console_of(&worker.console));
            let before = self.agents.insert(*id, state).unwrap_or(("new", "new"));
            self.moves("agent", before.0, state.0);
            self.moves("console", before.1, state.1);
        }
        for id in &model.touched_legs {
            let leg = &model.legs[id];
            let state = match (leg.ended_at, leg.bridged_at, leg.answered_at) {
                (Some(_), ..) => "ended",
                (_, Some(_), _) => "bridged",
                (.., Some(_)) => "answered",
                _ => "placed",
            };
            let machine = if leg.party == Party::Agent { "agent's leg" } else { "customer's leg" };
            let before = self.legs.insert(*id, state).unwrap_or("new");
            self.moves(machine, before, state);
        }
        if let Cause::On { agent: Some((agent, "removed")), .. } = cause
            && let Some((duty, console)) = self.agents.remove(&agent)
        {
            self.moves("agent", duty, "removed");
            self.moves("console", console, "removed");
        }
    }

    fn moves(&mut self, machine: &'static str, from: &'static str, to: &'static str) {
        if from != to {
            *self.moves.entry((machine, from, to)).or_insert(0) += 1;
        }
    }

    fn meets(&mut self, cause: Cause) {
        let mut meet = |machine, state, stimulus| {
            *self.meetings.entry((machine, state, stimulus)).or_insert(0) += 1;
        };
        match cause {
            Cause::Time => {}
            Cause::Restart => {
                for state in self.requests.values() {
                    meet("request", state, "restart");
                }
                for (duty, console) in self.agents.values() {
                    meet("agent", duty, "restart");
                    meet("console", console, "restart");
                }
            }
            Cause::On { request, agent } => {
                if let Some((id, stimulus)) = request {
                    let state = self.requests.get(&id).copied().unwrap_or("closed");
                    meet("request", state, stimulus);
                }
                if let Some((duty, console, stimulus)) = agent.and_then(|(id, what)| {
                    self.agents.get(&id).map(|(duty, console)| (*duty, *console, what))
                }) {
                    meet("agent", duty, stimulus);
                    meet("console", console, stimulus);
                }
            }
        }
    }

    /// A restart undoes what was not stored: states are those of the model from now on.
    pub(super) fn forget(&mut self, model: &Model) {
        self.requests = model.requests.iter().map(|(id, request)| (*id, state_of(request))).collect();
        self.requests.retain(|_, state| *state != "closed");
        self.agents = model
            .agents
            .iter()
            .map(|(id, worker)| (*id, (duty_of(model, *id), console_of(&worker.console))))
            .collect();
    }
}

impl Cause {
    pub(super) fn of(input: &Input, model: &Model) -> Self {
        let on = |contact: &ContactId, what| Self::On { request: Some((*contact, what)), agent: None };
        let by = |agent: &AgentId, what| Self::On { request: None, agent: Some((*agent, what)) };
        let both = |agent: &AgentId, contact: &ContactId, what| Self::On {
            request: Some((*contact, what)),
            agent: Some((*agent, what)),
        };
        match input {
            Input::Erased(contacts) => {
                Self::On { request: contacts.first().map(|id| (*id, "erased")), agent: None }
            }
            // Of contacts that are over, mostly, and nothing changes by it.
            Input::Configured(_) | Input::Requested(_) | Input::RecordingPlayed { .. } => {
                Self::On { request: None, agent: None }
            }
            Input::PagesOpen(contact, true) => on(contact, "page open"),
            Input::PagesOpen(contact, false) => on(contact, "no page open"),
            Input::AgentSet(profile) => by(&profile.id, "changed"),
            Input::AgentRemoved(agent) => by(agent, "removed"),
            Input::Cancelled(contact) => on(contact, "cancelled"),
            Input::PageViewed(contact, _) => on(contact, "page viewed"),
            Input::ContextSet(contact, _) => on(contact, "context set"),
            Input::SharingSet(contact, _) => on(contact, "sharing set"),
            Input::PowerAsked { agent, contact, .. } => both(agent, contact, "power asked"),
            Input::PowerAnswered { contact, .. } => on(contact, "power answered"),
            Input::PowerStopped(contact, _) => on(contact, "power stopped"),
            Input::PowerDropped { agent, contact, .. } => both(agent, contact, "power dropped"),
            Input::WatchAsked { agent, contact, .. } => both(agent, contact, "watch asked"),
            Input::WatchLeft { agent, contact } => both(agent, contact, "watch left"),
            Input::CodeMade(contact) => on(contact, "code wanted"),
            Input::SignedIn { agent, .. } => by(agent, "signed in"),
            Input::SignedOut { agent, .. } => by(agent, "signed out"),
            Input::ConsoleLost { agent, .. } => by(agent, "console lost"),
            Input::Ready(agent) => by(agent, "ready"),
            Input::Away(agent, _) => by(agent, "away"),
            Input::Accepted(agent, contact) => both(agent, contact, "accepted"),
            Input::Declined(agent, contact) => both(agent, contact, "declined"),
            Input::HungUp(agent, contact) => both(agent, contact, "hung up"),
            Input::HoldSet(agent, contact, true) => both(agent, contact, "hold"),
            Input::HoldSet(agent, contact, false) => both(agent, contact, "unhold"),
            Input::WrapUpSaved { agent, contact, done: false, .. } => both(agent, contact, "draft"),
            Input::WrapUpSaved { agent, contact, done: true, .. } => both(agent, contact, "wrapped up"),
            Input::Dialer(leg, event) => {
                let Some(record) = model.legs.get(leg) else {
                    return Self::On { request: None, agent: None };
                };
                on(&record.contact, said(record.party, record.ended_at.is_none(), event))
            }
        }
    }
}

fn said(party: Party, live: bool, event: &DialEvent) -> &'static str {
    macro_rules! names {
        ($($variant:ident $name:literal),*) => {
            match (party, live, event) {
                $(
                    (Party::Customer, true, DialEvent::$variant { .. }) => concat!("customer's leg: ", $name),
                    (Party::Agent, true, DialEvent::$variant { .. }) => concat!("agent's leg: ", $name),
                )*
                (_, false, _) => "a dead leg",
            }
        };
    }
    names!(
        Ringing "ringing", EarlyMedia "early media", Answered "answered", Failed "failed", PlayEnded "play ended",
        Joined "joined", Left "left", Digit "digit", Suspended "suspended", Resumed "resumed", Ended "ended",
        Unknown "unknown"
    )
}

pub(super) fn state_of(request: &Request) -> &'static str {
    let alone = request.agent.is_none();
    match &request.at {
        At::Scheduled(_) => "scheduled",
        At::InLine { not_before: None } => "in line",
        At::InLine { not_before: Some(_) } => "to be tried again",
        At::Feigned { .. } => "feigned",
        At::Rings { .. } if alone => "rings, nobody meant",
        At::Rings { .. } => "rings",
        At::Asked { .. } if alone => "asked, nobody meant",
        At::Asked { .. } => "asked",
        At::Held { .. } if alone => "held",
        At::Held { .. } => "held, page away",
        At::Offered { .. } => "offered",
        At::Accepted { .. } => "accepted",
        At::Talks { on_hold: false, .. } => "talks",
        At::Talks { on_hold: true, .. } => "on hold",
        At::Farewell { reason: EndReason::OptedOut, .. } => "goodbye",
        At::Farewell { .. } => "sorry",
        At::WrapUp { .. } => "wrap-up",
        At::Shown { away_since: Some(_), .. } => "shown, page away",
        At::Shown { .. } if request.watch.is_empty() => "shown to nobody",
        At::Shown { .. } => "shown",
        At::Closed => "closed",
    }
}

fn duty_of(model: &Model, agent: AgentId) -> &'static str {
    match model.doing(agent) {
        (Presence::Offline, None, _) => "offline",
        (Presence::Offline, Some(_), _) => "offline, owes",
        (Presence::Away, ..) => "away",
        (Presence::Ready, ..) if model.requests.values().any(|r| r.agent == Some(agent)) => "counted on",
        (Presence::Ready, ..) => "ready",
        (Presence::Reserved, ..) => "reserved",
        (Presence::Ringing, _, Some(_)) => "rings",
        (Presence::Ringing, _, None) => "connects",
        (Presence::Talking, ..) => "talks",
        (Presence::WrapUp, ..) => "wraps up",
    }
}

fn console_of(console: &Console) -> &'static str {
    match console {
        Console::Here(_) => "here",
        Console::Lost { .. } => "lost",
        Console::Gone => "gone",
    }
}

//! Whose turn it is, and what comes due: every pair of a request and an agent is looked at for every decision.
use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::Channel,
    contact::{EndReason, LegCause, Presence},
};

use super::{At, Console, Model, Request};
use crate::{Endpoint, Prompt, record::Event, settings::DialMode};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Due {
    Request(ContactId),
    Console(AgentId),
    Number(LegId),
}

/// Why a request wants an agent now; the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    OnTheLine,
    LeftAlone,
    InLine,
}

impl Model {
    pub(in super::super) fn deadlines(&self) -> impl Iterator<Item = (Timestamp, Due)> {
        let requests = self.requests.iter().filter_map(|(id, request)| {
            let at = match request.at {
                At::Scheduled(at) => at,
                At::InLine { not_before } => {
                    not_before.map_or(request.closes_at(), |at| at.min(request.closes_at()))
                }
                At::Feigned { until }
                | At::Rings { until }
                | At::Asked { until, .. }
                | At::Held { until }
                | At::Offered { until, .. }
                | At::Accepted { until, .. }
                | At::Farewell { until, .. }
                | At::WrapUp { until: Some(until) } => until,
                At::Shown { .. } => request.shown_until()?,
                At::Talks { .. } | At::WrapUp { until: None } | At::Closed => return None,
            };
            Some((at, Due::Request(*id)))
        });
        let consoles = self.agents.iter().filter_map(|(id, worker)| {
            if let Console::Lost { until } = worker.console { Some((until, Due::Console(*id))) } else { None }
        });
        let numbers = self.hanging.iter().map(|(leg, (until, _))| (*until, Due::Number(*leg)));
        requests.chain(consoles).chain(numbers)
    }

    pub(super) fn comes_due(&mut self, due: Due) {
        match due {
            Due::Request(id) => self.request_due(id),
            Due::Console(agent) => self.console_stays_away(agent),
            Due::Number(leg) => drop(self.hanging.remove(&leg)),
        }
    }

    fn request_due(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        let leg = request.leg;
        match request.at.clone() {
            At::Scheduled(_) => {
                request.at = At::InLine { not_before: None };
                self.line_changed_at = now;
            }
            At::InLine { .. } if request.closes_at() <= now => {
                let window = request.asked.due.is_some();
                self.finish(id, if window { EndReason::WindowClosed } else { EndReason::NoAgent });
            }
            At::InLine { .. } => request.at = At::InLine { not_before: None },
            At::Feigned { .. } => self.attempt_failed(id, EndReason::NoAnswer),
            At::Rings { .. } => {
                self.hang_up(leg.expect("it rings"), LegCause::NoAnswer);
                self.attempt_failed(id, EndReason::NoAnswer);
            }
            At::Asked { .. } => {
                self.hang_up(leg.expect("it is asked"), LegCause::NotConfirmed);
                self.attempt_failed(id, EndReason::NotConfirmed);
            }
            At::Held { .. } if self.next_attempt(id, EndReason::NoAgent).is_some() => {
                self.farewell(id, Prompt::Sorry, EndReason::NoAgent);
            }
            At::Held { .. } => {
                self.hang_up(leg.expect("it is held"), LegCause::OtherSide);
                self.attempt_failed(id, EndReason::NoAgent);
            }
            At::Offered { .. } => self.offer_lapses(id, false, Some("Did not answer")),
            At::Accepted { .. } => self.offer_lapses(id, false, Some("Voice did not connect")),
            At::Farewell { .. } => self.let_go(id),
            At::WrapUp { .. } => self.wrap_up_done(id),
            At::Shown { .. } => self.finish(id, EndReason::Shown),
            At::Talks { .. } | At::Closed => {}
        }
    }

    fn want(&self, request: &Request) -> Option<Want> {
        match request.at {
            At::Held { .. } if request.agent.is_none() && !request.away => Some(Want::OnTheLine),
            At::Rings { .. } | At::Asked { .. } if request.agent.is_none() => Some(Want::LeftAlone),
            At::InLine { not_before: None } => {
                let taken = |number| self.hanging.values().any(|(_, other)| other == number);
                (!request.number().is_some_and(taken)).then_some(Want::InLine)
            }
            _ => None,
        }
    }

    /// Of the agents who could talk at once the one idle longest. `counted`: of those whom a call in progress
    /// counts on, otherwise of the free.
    fn idlest(&self, skill: &str, counted: bool) -> Option<AgentId> {
        let idle = self.agents.iter().filter(|(id, worker)| {
            worker.presence == Presence::Ready
                && matches!(worker.console, Console::Here(_))
                && self.skilled(**id, skill)
                && self.tie(**id).is_some() == counted
        });
        idle.map(|(id, worker)| (worker.idle_since, *id)).min().map(|(_, id)| id)
    }

    pub(super) fn route(&mut self) {
        while let Some((want, id, agent)) = self.next_decision() {
            match want {
                Want::OnTheLine => self.offer(id, agent),
                Want::LeftAlone => self.mean(id, agent),
                Want::InLine => self.turn_comes(id, agent),
            }
        }
    }

    fn next_decision(&self) -> Option<(Want, ContactId, AgentId)> {
        let mut wanting: Vec<(Want, u64, ContactId)> = self
            .requests
            .iter()
            .filter_map(|(id, request)| Some((self.want(request)?, request.place, *id)))
            .collect();
        wanting.sort_unstable();
        wanting.into_iter().find_map(|(want, _, id)| {
            let skill = &self.requests[&id].asked.skill;
            let counted = || if want == Want::OnTheLine { self.idlest(skill, true) } else { None };
            Some((want, id, self.idlest(skill, false).or_else(counted)?))
        })
    }

    fn turn_comes(&mut self, id: ContactId, agent: AgentId) {
        let now = self.now;
        let request = &self.requests[&id];
        if let Some(number) = request.number() {
            if self.opt_outs.contains(number) {
                self.request(id).merged = true;
            } else if self.may_dial(&request.asked.person).is_err() {
                return self.finish(id, EndReason::NotAllowed);
            }
        }
        let request = self.request(id);
        request.attempts += 1;
        let ring = request.settings.ring_customer;
        if request.merged {
            request.at = At::Feigned { until: now + ring };
            return;
        }
        request.at = At::Rings { until: now + ring };
        let to = match (request.asked.channel, request.number().cloned()) {
            (Channel::Browser, _) => Endpoint::Page(id),
            (Channel::Telephone, Some(number)) => Endpoint::Telephone(number),
            (Channel::Telephone, None) => unreachable!("a telephone request has a number"),
            (Channel::Page, _) => unreachable!("a page that is shown has no turn"),
        };
        let number = if let Endpoint::Telephone(number) = &to { Some(number.clone()) } else { None };
        let leg = self.place_leg(id, to, "Acme".to_owned(), ring);
        self.dials.extend(number.map(|number| (now, number, leg)));
        self.request(id).leg = Some(leg);
        self.mean(id, agent);
    }

    fn mean(&mut self, id: ContactId, agent: AgentId) {
        let request = self.request(id);
        request.agent = Some(agent);
        if request.settings.dial_mode == DialMode::AgentReserved {
            request.noted = Some(agent);
            self.log(Event::Reserved { contact: id, agent });
        }
        self.watch(agent);
    }

    /// A customer on the line whose page is there is offered to the agent who is meant, or the best choice.
    pub(super) fn offer_if_there(&mut self, id: ContactId) {
        let request = &self.requests[&id];
        if !matches!(request.at, At::Held { .. }) || request.away {
            return;
        }
        let agent = match request.settings.dial_mode {
            DialMode::AgentReserved => request.agent,
            DialMode::AgentAtAnswer => self.choose(id),
        };
        if let Some(agent) = agent {
            self.offer(id, agent);
        }
    }

    /// Of the one who was counted on and the free the one idle longest; but one who is counted on by another
    /// call and idle even longer, if ours can take his place there. If nobody else is left, the longest idle
    /// of those whom others count on.
    fn choose(&mut self, id: ContactId) -> Option<AgentId> {
        let request = &self.requests[&id];
        let skill = &request.asked.skill;
        let ours = request.agent;
        let idle = |agent: &AgentId| (self.agents[agent].idle_since, *agent);
        let best = ours.into_iter().chain(self.idlest(skill, false)).min_by_key(idle);
        let counted = self.idlest(skill, true);
        let (Some(ours), Some(counted)) = (ours, counted) else { return best.or(counted) };
        let other = self.tie(counted)?;
        let fits = other != id && self.skilled(ours, &self.requests[&other].asked.skill);
        if fits && best.is_none_or(|best| idle(&counted) < idle(&best)) {
            self.part(id);
            self.part(other);
            return Some(counted);
        }
        best
    }

    fn offer(&mut self, id: ContactId, agent: AgentId) {
        if let Some(other) = self.tie(agent).filter(|other| *other != id) {
            self.part(other);
        }
        if self.requests[&id].agent != Some(agent) {
            self.part(id);
        }
        let now = self.now;
        let request = self.request(id);
        let At::Held { until: hold_until } = request.at else { return };
        let ring = request.settings.ring_agent;
        let page = request.asked.person.trail.last().map(|page| page.title.clone());
        let name = request.asked.person.name.clone().or(page).unwrap_or_default();
        let agent_leg = self.place_leg(id, Endpoint::Console(agent), name, ring);
        let request = self.request(id);
        request.at = At::Offered { agent_leg, until: now + ring, hold_until };
        request.agent = Some(agent);
        request.noted = Some(agent);
        self.log(Event::Offered { contact: id, agent });
        self.watch(agent);
    }
}

//! What the model would show and keep: rows, statuses, positions, the waiting list, estimates.
use std::collections::BTreeMap;

use shared::{
    AgentId, ContactId, LegId, Timestamp,
    contact::{CustomerStatus, EndReason, Phase, Presence},
};

use super::{At, Console, Model, Request};
use crate::{
    center::ContactState,
    record::{AgentStateRow, ContactRow},
};

pub(super) fn phase(at: &At) -> Phase {
    match at {
        At::Scheduled(_) => Phase::Scheduled,
        At::InLine { .. } => Phase::Waiting,
        At::Feigned { .. } | At::Rings { .. } => Phase::Calling,
        At::Asked { .. } | At::Farewell { reason: EndReason::OptedOut, .. } => Phase::Confirming,
        At::Held { .. } | At::Offered { .. } | At::Accepted { .. } | At::Farewell { .. } => Phase::Connecting,
        At::Talks { on_hold: false, .. } => Phase::Talking,
        At::Talks { on_hold: true, .. } => Phase::OnHold,
        At::WrapUp { .. } | At::Closed => Phase::Ended,
        At::Shown { .. } => Phase::Showing,
    }
}

impl Request {
    fn state(&self) -> ContactState {
        let leg = self.leg.unwrap_or(LegId(0));
        let agent = self.agent;
        let somebody = agent.unwrap_or(AgentId(0));
        match self.at.clone() {
            At::Scheduled(at) => ContactState::Scheduled { at },
            At::InLine { not_before } => ContactState::Waiting { not_before },
            At::Feigned { until } => ContactState::Feigned { until },
            At::Rings { until } => ContactState::Dialing { leg, agent, until },
            At::Asked { wrong, until } => ContactState::Confirming { leg, agent, wrong, until },
            At::Held { until } => ContactState::Holding { leg, agent, until },
            At::Offered { agent_leg, until, hold_until } => {
                ContactState::Offering { leg, agent: somebody, agent_leg, until, hold_until }
            }
            At::Accepted { agent_leg, until, hold_until } => {
                ContactState::Connecting { leg, agent: somebody, agent_leg, until, hold_until }
            }
            At::Talks { agent_leg, on_hold, since } => {
                ContactState::Talking { leg, agent: somebody, agent_leg, on_hold, since }
            }
            At::Farewell { effect, reason, until } => ContactState::Closing { leg, effect, reason, until },
            At::WrapUp { until } => ContactState::WrapUp { agent: somebody, until },
            At::Shown { away_since, .. } => ContactState::Showing {
                until: self.shown_until().unwrap_or_default(),
                away: away_since.is_some(),
            },
            At::Closed => ContactState::Ended,
        }
    }

    /// The row that a store should hold.
    pub(in super::super) fn row(&self) -> ContactRow {
        ContactRow {
            id: self.asked.contact,
            channel: self.asked.channel,
            skill: self.asked.skill.clone(),
            place: self.place,
            requested_at: self.requested_at,
            due: self.asked.due,
            merged: self.merged,
            attempts: self.attempts,
            consent: self.asked.consent.clone(),
            sharing: self.sharing,
            settings: self.settings.version,
            agent: self.noted,
            bridged_at: self.bridged_at,
            talked_ms: self.talked_ms,
            ended_at: self.ended.map(|(at, _)| at),
            reason: self.ended.map(|(_, reason)| reason),
            closed: self.at == At::Closed,
            state: self.state(),
            phase_since: self.phase_since,
            lead: self.lead.row(),
            watch: self.watch.clone(),
        }
    }
}

impl Model {
    pub(super) fn phases(&self) -> BTreeMap<ContactId, Phase> {
        self.requests.iter().map(|(id, request)| (*id, phase(&request.at))).collect()
    }

    /// Without position and estimate, which are told at most once a second.
    pub(in super::super) fn status(&self, id: ContactId) -> CustomerStatus {
        let request = &self.requests[&id];
        let with = matches!(request.at, At::Offered { .. } | At::Accepted { .. } | At::Talks { .. });
        let agent =
            request.agent.filter(|_| with).or(request.reader()).and_then(|agent| self.agents.get(&agent));
        let first = agent.map(|worker| worker.profile.name.split(' ').next().unwrap_or_default().to_owned());
        CustomerStatus {
            phase: phase(&request.at),
            channel: request.asked.channel,
            since: request.phase_since,
            position: None,
            wait_seconds: None,
            agent: first,
            reason: request.ended.map(|(_, reason)| match reason {
                EndReason::OptedOut => EndReason::NotConfirmed,
                reason => reason,
            }),
            attempts: request.attempts,
            sharing: request.sharing,
        }
    }

    /// Who waits in the line of a skill, first come first.
    pub(in super::super) fn line(&self, skill: &str) -> Vec<ContactId> {
        let waits =
            |request: &&Request| matches!(request.at, At::InLine { .. }) && request.asked.skill == skill;
        let mut line: Vec<&Request> = self.requests.values().filter(waits).collect();
        line.sort_by_key(|request| request.place);
        line.into_iter().map(|request| request.asked.contact).collect()
    }

    /// The list that every console is shown: who waits or is held by place, then who is called later by time.
    pub(in super::super) fn waiting_list(&self) -> Vec<ContactId> {
        let listed = |request: &Request| {
            let at = match request.at {
                At::InLine { .. } => Timestamp(0),
                At::Held { .. } if request.agent.is_none() => Timestamp(0),
                At::Scheduled(at) => at,
                _ => return None,
            };
            (!request.merged).then_some((at, request.place, request.asked.contact))
        };
        let mut list: Vec<_> = self.requests.values().filter_map(listed).collect();
        list.sort_unstable();
        list.into_iter().map(|(.., id)| id).collect()
    }

    /// Estimated seconds for one who asks now.
    pub(in super::super) fn estimate(&self, skill: &str) -> Option<u32> {
        let position = self.line(skill).len() as u64 + 1;
        let here = self.agents.iter().filter(|(id, worker)| {
            self.skilled(**id, skill)
                && worker.console != Console::Gone
                && !matches!(worker.presence, Presence::Away | Presence::Offline)
        });
        let free = here.clone().filter(|(id, worker)| {
            worker.presence == Presence::Ready
                && matches!(worker.console, Console::Here(_))
                && self.tie(**id).is_none()
        });
        let at_work = here.count() as u64;
        match (at_work, free.count() as u64) {
            (0, _) => None,
            (_, free) if position <= free => Some(0),
            (at_work, _) => {
                let seconds = position * self.mean_handling_ms / 1000 / at_work;
                u32::try_from(seconds.div_ceil(10) * 10).ok()
            }
        }
    }

    /// The row that a store should hold.
    pub(in super::super) fn agent_row(&self, agent: AgentId) -> AgentStateRow {
        let worker = &self.agents[&agent];
        let (presence, contact, _) = self.doing(agent);
        let station = if let Console::Here(station) = worker.console { Some(station) } else { None };
        let since = worker.since;
        AgentStateRow { id: agent, presence, since, away_reason: worker.reason.clone(), station, contact }
    }

    /// Who may see the page, and whether its customer allows it.
    pub(in super::super) fn viewing(&self, id: ContactId) -> (Option<AgentId>, bool) {
        let request = &self.requests[&id];
        let shown = request.agent.filter(|agent| self.doing(*agent).1 == Some(id));
        (shown.filter(|_| !request.over()).or(request.reader()), request.sharing)
    }
}

/// What the world around asks.
impl Model {
    pub(in super::super) fn open(&self) -> impl Iterator<Item = ContactId> {
        self.requests.iter().filter(|(_, request)| request.at != At::Closed).map(|(id, _)| *id)
    }

    pub(in super::super) fn live_legs(&self) -> impl Iterator<Item = LegId> {
        self.legs.values().filter(|leg| leg.ended_at.is_none()).map(|leg| leg.leg)
    }

    pub(in super::super) fn opt_outs(&self) -> impl Iterator<Item = &String> {
        self.opt_outs.iter()
    }

    /// How much of the room for open requests is taken, in percent; merged ones and shown pages have rooms of their own.
    pub(in super::super) fn filled(&self) -> u8 {
        let called = |r: &&Request| !r.over() && !r.merged && !matches!(r.at, At::Shown { .. });
        let open = self.requests.values().filter(called).count();
        let most = self.settings.open_contacts.max(1) as usize;
        u8::try_from(open * 100 / most).unwrap_or(u8::MAX)
    }

    pub(in super::super) fn opted_out_elsewhere(&mut self, number: String) {
        self.opt_outs.insert(number);
    }

    /// Of those that count for the budget.
    pub(in super::super) fn first_dial_of_the_day(&self) -> Option<Timestamp> {
        self.dials.iter().map(|(at, ..)| *at).filter(|at| *at + super::DAY > self.now).min()
    }

    pub(in super::super) fn settings_version(&self) -> u32 {
        self.settings.version
    }
}

//! Agents, their consoles and their wrap-ups.
use shared::{
    AgentId, ContactId, StationId, Timestamp,
    api::WrapUp,
    contact::{EndReason, LegCause, Presence},
};

use super::{At, Console, Model, Worker};
use crate::{
    Refusal,
    record::{AgentProfile, Event},
    settings::DialMode,
};

/// What an agent is seen to do: presence, the contact shown, and until when.
pub(in super::super) type Doing = (Presence, Option<ContactId>, Option<Timestamp>);

impl Model {
    /// The request that has this agent, if any.
    pub(super) fn tie(&self, agent: AgentId) -> Option<ContactId> {
        self.requests.iter().find(|(_, request)| request.agent == Some(agent)).map(|(id, _)| *id)
    }

    pub(in super::super) fn doing(&self, agent: AgentId) -> Doing {
        let worker = &self.agents[&agent];
        let gone = worker.console == Console::Gone;
        if let Some(id) = self.tie(agent) {
            let request = &self.requests[&id];
            match request.at {
                At::Talks { .. } => {
                    let until = request.unheard_since.map(|since| since + request.settings.media_grace);
                    return (Presence::Talking, Some(id), until);
                }
                At::Offered { until, .. } => return (Presence::Ringing, Some(id), Some(until)),
                At::Accepted { .. } => return (Presence::Ringing, Some(id), None),
                At::WrapUp { .. } if gone => return (Presence::Offline, Some(id), None),
                At::WrapUp { until } => return (Presence::WrapUp, Some(id), until),
                _ if request.settings.dial_mode == DialMode::AgentReserved => {
                    return (Presence::Reserved, Some(id), None);
                }
                _ => {} // only counted on
            }
        }
        match (gone, worker.ready) {
            (true, _) => (Presence::Offline, None, None),
            (false, true) => (Presence::Ready, None, None),
            (false, false) => (Presence::Away, None, None),
        }
    }

    /// Notes when an agent's presence changes.
    pub(super) fn watch(&mut self, agent: AgentId) {
        if !self.agents.contains_key(&agent) {
            return;
        }
        let presence = self.doing(agent).0;
        let now = self.now;
        let worker = self.worker(agent);
        if worker.presence != presence {
            (worker.presence, worker.since) = (presence, now);
            self.last_at = now;
        }
        self.line_changed_at = now;
    }

    pub(super) fn worker(&mut self, agent: AgentId) -> &mut Worker {
        self.agents.get_mut(&agent).expect("the model knows the agent")
    }

    fn known(&mut self, agent: AgentId) -> Result<&mut Worker, Refusal> {
        self.agents.get_mut(&agent).ok_or(Refusal::NoSuchAgent)
    }

    fn at_station(&mut self, agent: AgentId, station: StationId) -> Result<(), Refusal> {
        let worker = self.known(agent)?;
        if worker.console == Console::Here(station) { Ok(()) } else { Err(Refusal::Displaced) }
    }

    pub(super) fn hired(&mut self, profile: AgentProfile) -> Result<(), Refusal> {
        let id = profile.id;
        let worker = self.agents.entry(id).or_insert_with(|| Worker {
            profile: profile.clone(),
            console: Console::Gone,
            ready: false,
            reason: None,
            presence: Presence::Offline,
            since: Timestamp(0),
            idle_since: Timestamp(0),
        });
        worker.profile = profile;
        self.line_changed_at = self.now;
        // Who is meant for a call whose skill he has no more is meant no more.
        if let Some(contact) = self.tie(id)
            && matches!(self.requests[&contact].at, At::Rings { .. } | At::Asked { .. } | At::Held { .. })
            && !self.skilled(id, &self.requests[&contact].asked.skill)
        {
            self.part(contact);
        }
        Ok(())
    }

    pub(super) fn dismissed(&mut self, agent: AgentId) -> Result<(), Refusal> {
        self.known(agent)?;
        self.leaves(agent);
        if let Some(contact) = self.tie(agent) {
            self.wrap_up_done(contact);
        }
        self.agents.remove(&agent);
        Ok(())
    }

    pub(super) fn signed_in(&mut self, agent: AgentId, station: StationId) -> Result<(), Refusal> {
        let worker = self.known(agent)?;
        let before = worker.console;
        worker.console = Console::Here(station);
        if worker.presence == Presence::Offline {
            worker.ready = false;
        }
        if let Console::Here(old) = before
            && old != station
        {
            self.displaced.push((agent, old));
        }
        self.watch(agent);
        Ok(())
    }

    pub(super) fn console_lost(&mut self, agent: AgentId, station: StationId) -> Result<(), Refusal> {
        self.at_station(agent, station)?;
        self.nothing_for(agent);
        let until = self.now + self.settings.console_grace;
        self.worker(agent).console = Console::Lost { until };
        self.watch(agent);
        Ok(())
    }

    pub(super) fn signed_out(&mut self, agent: AgentId, station: StationId) -> Result<(), Refusal> {
        self.at_station(agent, station)?;
        self.leaves(agent);
        Ok(())
    }

    /// A call ends; a wrap-up is owed; anything else goes to others.
    fn leaves(&mut self, agent: AgentId) {
        self.nothing_for(agent);
        if let Some(contact) = self.tie(agent)
            && let At::Talks { agent_leg, .. } = self.requests[&contact].at
        {
            self.hang_up(agent_leg, LegCause::HungUp);
            self.call_ends(contact, EndReason::Completed);
        }
        let worker = self.worker(agent);
        worker.console = Console::Gone;
        worker.reason = None;
        self.watch(agent);
    }

    /// Whoever is meant for a call, or rings, is not any more.
    fn nothing_for(&mut self, agent: AgentId) {
        let Some(contact) = self.tie(agent) else { return };
        match self.requests[&contact].at {
            At::Offered { .. } | At::Accepted { .. } => self.offer_lapses(contact, false, None),
            _ => self.part(contact),
        }
    }

    pub(super) fn console_stays_away(&mut self, agent: AgentId) {
        let worker = self.worker(agent);
        worker.console = Console::Gone;
        if worker.presence != Presence::Talking {
            worker.reason = None;
        }
        self.watch(agent);
    }

    pub(super) fn says_ready(&mut self, agent: AgentId) -> Result<(), Refusal> {
        let now = self.now;
        let worker = self.known(agent)?;
        if !matches!(worker.console, Console::Here(_)) {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        worker.reason = None;
        if worker.presence == Presence::Away {
            worker.ready = true;
            worker.idle_since = now;
        }
        self.watch(agent);
        Ok(())
    }

    pub(super) fn says_away(&mut self, agent: AgentId, reason: String) -> Result<(), Refusal> {
        let worker = self.known(agent)?;
        if worker.presence == Presence::Offline {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        worker.reason = Some(reason.clone());
        match self.tie(agent).map(|id| (id, self.requests[&id].at.clone())) {
            None => self.worker(agent).ready = false,
            Some((id, At::Offered { .. })) => self.offer_lapses(id, true, Some(&reason)),
            Some((id, At::Rings { .. } | At::Asked { .. } | At::Held { .. })) => self.part(id),
            Some(_) => {} // after the wrap-up
        }
        self.watch(agent);
        Ok(())
    }

    /// Takes the agent from a request that did not come to a call.
    pub(super) fn part(&mut self, id: ContactId) {
        let request = self.request(id);
        let Some(agent) = request.agent else { return };
        match request.at {
            At::Offered { hold_until, .. } | At::Accepted { hold_until, .. } => {
                request.at = At::Held { until: hold_until };
            }
            At::Talks { .. } | At::WrapUp { .. } => return,
            _ => {}
        }
        request.agent = None;
        self.freed(agent);
    }

    fn freed(&mut self, agent: AgentId) {
        if let Some(worker) = self.agents.get_mut(&agent) {
            worker.ready = worker.reason.is_none();
            self.watch(agent);
        }
    }

    /// The request is this agent's.
    pub(super) fn must_have(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        self.known(agent)?;
        match self.requests.get(&id).ok_or(Refusal::NoSuchContact)?.agent {
            Some(other) if other == agent => Ok(()),
            Some(_) => Err(Refusal::NotYours),
            None => Err(Refusal::NotNow { input: "", state: "" }),
        }
    }

    pub(super) fn accepts(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        self.must_have(agent, id)?;
        match self.request(id).at {
            At::Offered { .. } => self.take_up(id),
            At::Accepted { .. } | At::Talks { .. } => {} // said twice
            _ => return Err(Refusal::NotNow { input: "", state: "" }),
        }
        Ok(())
    }

    pub(super) fn declines(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        self.must_have(agent, id)?;
        if !matches!(self.request(id).at, At::Offered { .. } | At::Accepted { .. }) {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        self.offer_lapses(id, true, Some("Declined a call"));
        Ok(())
    }

    pub(super) fn hangs_up(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        self.must_have(agent, id)?;
        match self.request(id).at {
            At::Talks { agent_leg, .. } => {
                self.hang_up(agent_leg, LegCause::HungUp);
                self.call_ends(id, EndReason::Completed);
            }
            At::Offered { .. } | At::Accepted { .. } => {
                self.offer_lapses(id, true, Some("Declined a call"));
            }
            At::WrapUp { .. } => {} // said twice
            _ => return Err(Refusal::NotNow { input: "", state: "" }),
        }
        Ok(())
    }

    pub(super) fn wraps_up(
        &mut self,
        agent: AgentId,
        id: ContactId,
        wrap_up: WrapUp,
        done: bool,
    ) -> Result<(), Refusal> {
        self.known(agent)?;
        if done && self.recent.contains(&id) {
            return Ok(()); // said twice
        }
        self.must_have(agent, id)?;
        match self.request(id).at {
            At::WrapUp { .. } => {}
            At::Talks { .. } if !done => {}
            _ => return Err(Refusal::NotNow { input: "", state: "" }),
        }
        self.request(id).wrap_up = wrap_up;
        if done {
            self.wrap_up_done(id);
        }
        Ok(())
    }

    pub(super) fn wrap_up_done(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        let (At::WrapUp { .. }, Some(agent)) = (&request.at, request.agent) else { return };
        request.at = At::Closed;
        request.agent = None;
        let disposition = request.wrap_up.disposition.clone();
        let took = now.since(request.bridged_at.expect("it was a call")).as_millis();
        let took = u64::try_from(took).expect("calls are not that long").min(3_600_000);
        self.mean_handling_ms = (self.mean_handling_ms * 7 + took) / 8;
        self.log(Event::WrapUpDone { contact: id, agent, disposition });
        if let Some(worker) = self.agents.get_mut(&agent) {
            worker.idle_since = now;
        }
        self.freed(agent);
    }
}

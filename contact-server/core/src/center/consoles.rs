//! What agents do at their consoles, other than with a call.
use shared::{AgentId, ContactId, StationId, api::WrapUp};

use super::{
    Center, ContactState,
    agents::{Duty, Link},
    offers::Lapse,
};
use crate::{
    Notice, Refusal,
    record::{Change, Event},
};

impl Center {
    pub(super) fn signed_in(&mut self, id: AgentId, station: StationId) -> Result<(), Refusal> {
        let now = self.now;
        let agent = self.agents.get_mut(&id).ok_or(Refusal::NoSuchAgent)?;
        // Whoever connects is told everything again.
        agent.told = None;
        self.told_live.0.retain(|other| *other != id);
        let (duty, today) = (agent.duty, agent.tally.today(now));
        if let Link::Here(old) = agent.link
            && old != station
        {
            self.tell(Notice::Displaced { agent: id, station: old });
        }
        self.set_link(id, Link::Here(station));
        match duty {
            Duty::Offline { owes: None } => self.set_duty(id, Duty::Away),
            Duty::Offline { owes: Some(contact) } => {
                let state = self.state_of(contact);
                let until = if let Some(ContactState::WrapUp { until, .. }) = state { until } else { None };
                self.set_duty(id, Duty::WrapUp { contact, until });
            }
            Duty::Away
            | Duty::Ready { .. }
            | Duty::Reserved { .. }
            | Duty::Ringing { .. }
            | Duty::Talking { .. }
            | Duty::WrapUp { .. } => {}
        }
        self.changed_contacts.extend(duty.shown());
        self.tell(Notice::Today { agent: id, today });
        Ok(())
    }

    pub(super) fn console_lost(&mut self, id: AgentId, station: StationId) -> Result<(), Refusal> {
        self.at_station(id, station)?;
        self.drop_offer(id);
        let until = self.now + self.settings.console_grace;
        self.set_link(id, Link::Lost { until });
        Ok(())
    }

    pub(super) fn signed_out(&mut self, id: AgentId, station: StationId) -> Result<(), Refusal> {
        self.at_station(id, station)?;
        self.leave(id);
        Ok(())
    }

    /// The console did not come back.
    pub(super) fn grace_over(&mut self, id: AgentId) {
        self.set_link(id, Link::Gone);
        let Some(agent) = self.agents.get_mut(&id) else { return };
        match agent.duty {
            Duty::Away | Duty::Ready { .. } | Duty::Reserved { .. } | Duty::Ringing { .. } => {
                self.go_offline(id, None);
            }
            Duty::WrapUp { contact, .. } => self.go_offline(id, Some(contact)),
            // The voice leg may live without the console; when it ends, the agent is offline.
            Duty::Talking { .. } | Duty::Offline { .. } => {}
        }
    }

    pub(super) fn remove_agent(&mut self, id: AgentId) -> Result<(), Refusal> {
        if !self.agents.contains_key(&id) {
            return Err(Refusal::NoSuchAgent);
        }
        self.leave(id);
        if let Some(Duty::Offline { owes: Some(contact) }) = self.agents.get(&id).map(|agent| agent.duty) {
            self.close_wrap_up(contact);
        }
        if let Some(mut profile) = self.agents.get(&id).map(|agent| agent.profile.clone()) {
            profile.skills.clear();
            (profile.supervisor, profile.plays_recordings) = (false, false);
            self.enter_profile(profile);
        }
        self.agents.remove(&id);
        self.changed_agents.remove(&id);
        self.watcher_changed(id);
        self.store(Change::AgentRemoved(id));
        Ok(())
    }

    pub(super) fn go_ready(&mut self, id: AgentId) -> Result<(), Refusal> {
        let now = self.now;
        let agent = self.agents.get_mut(&id).ok_or(Refusal::NoSuchAgent)?;
        if !matches!(agent.link, Link::Here(_)) {
            return Err(Refusal::NotNow { input: "ready", state: "offline" });
        }
        agent.away_reason = None;
        if agent.duty == Duty::Away {
            agent.idle_since = now;
            self.set_duty(id, Duty::Ready { counted_by: None });
        }
        self.changed_agents.insert(id);
        Ok(())
    }

    /// At once if the agent is not in a call, otherwise once the wrap-up is done.
    pub(super) fn go_away(&mut self, id: AgentId, reason: String) -> Result<(), Refusal> {
        let agent = self.agents.get_mut(&id).ok_or(Refusal::NoSuchAgent)?;
        if matches!(agent.duty, Duty::Offline { .. }) {
            return Err(Refusal::NotNow { input: "away", state: "offline" });
        }
        agent.away_reason = Some(reason.clone());
        match agent.duty {
            Duty::Ready { counted_by: None } => self.set_duty(id, Duty::Away),
            Duty::Ready { counted_by: Some(contact) } | Duty::Reserved { contact } => self.part(contact),
            Duty::Ringing { contact, until: Some(_) } => self.lapse(contact, Lapse::Away(reason)),
            Duty::Offline { .. }
            | Duty::Away
            | Duty::Ringing { .. }
            | Duty::Talking { .. }
            | Duty::WrapUp { .. } => {}
        }
        self.changed_agents.insert(id);
        Ok(())
    }

    pub(super) fn save_wrap_up(
        &mut self,
        agent: AgentId,
        id: ContactId,
        wrap_up: WrapUp,
        done: bool,
    ) -> Result<(), Refusal> {
        self.known_agent(agent)?;
        if done && self.recent.get(id).is_some() {
            return Ok(()); // said twice
        }
        let contact = self.contacts.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        let state = &contact.row.state;
        let not_now = Refusal::NotNow { input: "wrap-up", state: state.name() };
        if state.agent() != Some(agent) {
            return Err(if state.agent().is_some() { Refusal::NotYours } else { not_now });
        }
        let wraps_up = matches!(state, ContactState::WrapUp { .. });
        if !wraps_up && (done || !matches!(state, ContactState::Talking { .. })) {
            return Err(not_now);
        }
        contact.wrap_up = wrap_up.clone();
        if done {
            self.close_wrap_up(id);
        } else {
            self.changed_contacts.insert(id);
            self.store(Change::WrapUp { contact: id, agent, wrap_up, done });
        }
        Ok(())
    }

    /// The wrap-up is finished, as it stands: nothing is left to do.
    pub(super) fn close_wrap_up(&mut self, id: ContactId) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        let ContactState::WrapUp { agent, .. } = contact.row.state else { return };
        contact.row.closed = true;
        let wrap_up = contact.wrap_up.clone();
        if let Some(began) = contact.row.bridged_at {
            self.handling.learn(self.now.since(began));
        }
        let disposition = wrap_up.disposition.clone();
        self.store(Change::WrapUp { contact: id, agent, wrap_up, done: true });
        self.record(Event::WrapUpDone { contact: id, agent, disposition });
        self.set_state(id, ContactState::Ended);
        if self.agents.get(&agent).is_some_and(|agent| agent.duty.contact() == Some(id)) {
            self.finish_duty(agent);
        }
    }

    /// The agent signs out: whatever he was meant for goes to others, and a call ends.
    fn leave(&mut self, id: AgentId) {
        self.drop_offer(id);
        if let Some(Duty::Talking { contact, .. }) = self.agents.get(&id).map(|agent| agent.duty) {
            self.agent_hangs_up(contact);
        }
        self.set_link(id, Link::Gone);
        let owes = match self.agents.get(&id).map(|agent| agent.duty) {
            Some(Duty::WrapUp { contact, .. }) => Some(contact),
            Some(Duty::Offline { owes }) => owes,
            _ => None,
        };
        self.go_offline(id, owes);
    }

    fn go_offline(&mut self, id: AgentId, owes: Option<ContactId>) {
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.away_reason = None;
        }
        self.set_duty(id, Duty::Offline { owes });
    }

    /// Frees an agent who is not in a call from what he was meant for.
    fn drop_offer(&mut self, id: AgentId) {
        match self.agents.get(&id).map(|agent| agent.duty) {
            Some(Duty::Ready { counted_by: Some(contact) } | Duty::Reserved { contact }) => {
                self.part(contact)
            }
            Some(Duty::Ringing { contact, .. }) => self.lapse(contact, Lapse::Vanished),
            _ => {}
        }
    }

    fn at_station(&self, id: AgentId, station: StationId) -> Result<(), Refusal> {
        let agent = self.agents.get(&id).ok_or(Refusal::NoSuchAgent)?;
        if agent.link == Link::Here(station) { Ok(()) } else { Err(Refusal::Displaced) }
    }

    pub(super) fn known_agent(&self, id: AgentId) -> Result<(), Refusal> {
        if self.agents.contains_key(&id) { Ok(()) } else { Err(Refusal::NoSuchAgent) }
    }
}

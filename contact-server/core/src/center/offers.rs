//! The agent's side: offer, accept, bridge, hold, hang-up.
use shared::{
    AgentId, ContactId, LegId,
    contact::{EndReason, LegCause},
};

use super::{
    Center, ContactState,
    agents::{Duty, Link},
    views::label,
};
use crate::{
    DialEvent, Notice, Refusal,
    effect::{Action, Endpoint, JoinMode, Prompt},
    record::Event,
};

/// Why an offer came to nothing although the customer is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lapse {
    Declined,
    /// RONA: the agent's leg rang out.
    NotAnswered,
    /// Accepted, or tried to, but the voice leg failed.
    NoVoice,
    /// The console is gone.
    Vanished,
    /// The agent went away instead of answering.
    Away(String),
}

/// Away reasons that nobody chose. They stand in the agent's state and the console shows them as they are.
pub const AWAY_NOT_ANSWERED: &str = "Did not answer";
pub const AWAY_DECLINED: &str = "Declined a call";
pub const AWAY_NO_VOICE: &str = "Voice did not connect";

impl Center {
    /// Rings an agent for a customer who is on the line.
    pub(super) fn offer(&mut self, id: ContactId, agent: AgentId) {
        if let Some(Duty::Ready { counted_by: Some(other) }) = self.agents.get(&agent).map(|agent| agent.duty)
            && other != id
        {
            self.part(other);
        }
        let Some(ContactState::Holding { leg, agent: meant, until: hold_until }) = self.state_of(id) else {
            return;
        };
        if meant != Some(agent) {
            self.part(id);
        }
        let Some(contact) = self.contacts.get(&id) else { return };
        let ring = contact.settings.ring_agent;
        let caller = label(contact);
        let agent_leg = self.open_leg(id, Endpoint::Console(agent), caller, ring);
        let until = self.now + ring;
        self.record(Event::Offered { contact: id, agent });
        self.note_agent(id, agent);
        self.set_state(id, ContactState::Offering { leg, agent, agent_leg, until, hold_until });
        self.set_duty(agent, Duty::Ringing { contact: id, until: Some(until) });
    }

    pub(super) fn accepted(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        let state = self.called_by(agent, id, "accept")?;
        if matches!(state, ContactState::Offering { .. }) {
            self.accept(id);
            return Ok(());
        }
        let said_twice = matches!(state, ContactState::Connecting { .. } | ContactState::Talking { .. });
        if said_twice { Ok(()) } else { Err(Refusal::NotNow { input: "accept", state: state.name() }) }
    }

    fn accept(&mut self, id: ContactId) {
        let Some(ContactState::Offering { leg, agent, agent_leg, hold_until, .. }) = self.state_of(id) else {
            return;
        };
        let Some(contact) = self.contacts.get(&id) else { return };
        let until = self.now + contact.settings.connect_agent;
        self.record(Event::Accepted { contact: id, agent });
        self.set_state(id, ContactState::Connecting { leg, agent, agent_leg, until, hold_until });
        self.set_duty(agent, Duty::Ringing { contact: id, until: None });
    }

    pub(super) fn declined(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        let state = self.called_by(agent, id, "decline")?;
        if state.agent_leg().is_none() || matches!(state, ContactState::Talking { .. }) {
            return Err(Refusal::NotNow { input: "decline", state: state.name() });
        }
        self.lapse(id, Lapse::Declined);
        Ok(())
    }

    pub(super) fn agent_hung_up(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        let state = self.called_by(agent, id, "hang up")?;
        if matches!(state, ContactState::Talking { .. }) {
            self.agent_hangs_up(id);
        } else if state.agent_leg().is_some() {
            self.lapse(id, Lapse::Declined);
        } else if !state.is_over() {
            return Err(Refusal::NotNow { input: "hang up", state: state.name() });
        }
        Ok(())
    }

    pub(super) fn agent_hangs_up(&mut self, id: ContactId) {
        let Some(ContactState::Talking { agent_leg, .. }) = self.state_of(id) else { return };
        self.hang_up(agent_leg, LegCause::HungUp);
        self.end_call(id, EndReason::Completed);
    }

    /// The customer goes on hearing the hold prompt, keeps its place and is offered to the next agent.
    pub(super) fn lapse(&mut self, id: ContactId, why: Lapse) {
        let Some(state) = self.state_of(id) else { return };
        let (Some(agent), Some(agent_leg)) = (state.agent(), state.agent_leg()) else { return };
        let cause = match why {
            Lapse::Declined | Lapse::Away(_) => LegCause::Rejected,
            Lapse::NotAnswered => LegCause::NoAnswer,
            Lapse::NoVoice | Lapse::Vanished => LegCause::MediaLost,
        };
        self.hang_up(agent_leg, cause);
        let declined = matches!(why, Lapse::Declined | Lapse::Away(_));
        self.record(Event::OfferLapsed { contact: id, agent, declined });
        let reason = match why {
            Lapse::Declined => Some(AWAY_DECLINED.to_owned()),
            Lapse::NotAnswered => Some(AWAY_NOT_ANSWERED.to_owned()),
            Lapse::NoVoice => Some(AWAY_NO_VOICE.to_owned()),
            Lapse::Away(reason) => Some(reason),
            Lapse::Vanished => None,
        };
        if let Some(agent) = self.agents.get_mut(&agent)
            && (agent.away_reason.is_none() || reason.is_some())
        {
            agent.away_reason = reason;
        }
        self.part(id);
    }

    /// What a driver says of an agent's leg.
    pub(super) fn agent_event(&mut self, id: ContactId, leg: LegId, event: DialEvent) {
        match event {
            DialEvent::Answered => self.agent_answered(id, leg),
            DialEvent::Failed { cause, .. } | DialEvent::Ended { cause } => self.agent_gone(id, leg, cause),
            DialEvent::Unknown => self.agent_gone(id, leg, LegCause::Interrupted),
            DialEvent::Suspended => self.set_agent_away(id, true),
            DialEvent::Resumed => self.set_agent_away(id, false),
            DialEvent::Ringing
            | DialEvent::EarlyMedia
            | DialEvent::PlayEnded { .. }
            | DialEvent::Joined
            | DialEvent::Left
            | DialEvent::Digit(_) => {}
        }
    }

    /// The driver ends the leg when its grace is over; the agent is told until when there is time.
    fn set_agent_away(&mut self, id: ContactId, away: bool) {
        let Some(ContactState::Talking { agent, .. }) = self.state_of(id) else { return };
        let grace = self.contacts.get(&id).map(|contact| contact.settings.media_grace);
        let until = grace.filter(|_| away).map(|grace| self.now + grace);
        self.set_duty(agent, Duty::Talking { contact: id, until });
    }

    /// Both are there: bridge them.
    fn agent_answered(&mut self, id: ContactId, agent_leg: LegId) {
        if let Some(ContactState::Offering { .. }) = self.state_of(id) {
            self.accept(id);
        }
        let Some(ContactState::Connecting { leg, agent, .. }) = self.state_of(id) else { return };
        let now = self.now;
        self.leg_answered(agent_leg);
        self.command(leg, Action::Stop);
        for leg in [leg, agent_leg] {
            self.command(leg, Action::Join { room: id, mode: JoinMode::Talk });
            self.amend_leg(leg, |record| record.bridged_at = Some(now));
        }
        self.record(Event::Bridged { contact: id, agent });
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.row.bridged_at = Some(now);
        }
        self.set_state(id, ContactState::Talking { leg, agent, agent_leg, on_hold: false, since: now });
        self.set_duty(agent, Duty::Talking { contact: id, until: None });
    }

    fn agent_gone(&mut self, id: ContactId, leg: LegId, cause: LegCause) {
        self.leg_ended(leg, cause);
        match self.state_of(id) {
            Some(ContactState::Talking { .. }) => {
                let reason =
                    if cause == LegCause::HungUp { EndReason::Completed } else { EndReason::Interrupted };
                self.end_call(id, reason);
            }
            Some(ContactState::Offering { .. } | ContactState::Connecting { .. }) => {
                let why = match cause {
                    LegCause::Rejected | LegCause::HungUp => Lapse::Declined,
                    LegCause::NoAnswer => Lapse::NotAnswered,
                    LegCause::OtherSide
                    | LegCause::Busy
                    | LegCause::Unreachable
                    | LegCause::NotConfirmed
                    | LegCause::Cancelled
                    | LegCause::MediaLost
                    | LegCause::Interrupted
                    | LegCause::NotAllowed
                    | LegCause::NoMicrophone
                    | LegCause::Failed => Lapse::NoVoice,
                };
                self.lapse(id, why);
            }
            _ => {}
        }
    }

    pub(super) fn set_hold(&mut self, agent: AgentId, id: ContactId, on: bool) -> Result<(), Refusal> {
        let state = self.called_by(agent, id, "hold")?;
        let ContactState::Talking { leg, agent, agent_leg, on_hold, since } = state else {
            return Err(Refusal::NotNow { input: "hold", state: state.name() });
        };
        if on == on_hold {
            return Ok(());
        }
        if on {
            self.command(leg, Action::Leave { room: id });
            self.command(leg, Action::Play { prompt: Prompt::OnHold, repeat: true });
        } else {
            self.command(leg, Action::Stop);
            self.command(leg, Action::Join { room: id, mode: JoinMode::Talk });
        }
        self.record(Event::Held { contact: id, on });
        self.set_state(id, ContactState::Talking { leg, agent, agent_leg, on_hold: on, since });
        Ok(())
    }

    /// The customer's leg is closed already. A page that is closed is how a browser hangs up.
    pub(super) fn customer_left_call(&mut self, id: ContactId, cause: LegCause) {
        let reason = match cause {
            LegCause::Interrupted | LegCause::Failed => EndReason::Interrupted,
            LegCause::HungUp
            | LegCause::OtherSide
            | LegCause::Busy
            | LegCause::NoAnswer
            | LegCause::Rejected
            | LegCause::Unreachable
            | LegCause::NotConfirmed
            | LegCause::Cancelled
            | LegCause::MediaLost
            | LegCause::NotAllowed
            | LegCause::NoMicrophone => EndReason::Completed,
        };
        self.end_call(id, reason);
    }

    /// Ends a bridged call: whichever leg is still up is hung up, and the agent wraps up.
    pub(super) fn end_call(&mut self, id: ContactId, reason: EndReason) {
        let Some(ContactState::Talking { leg, agent, agent_leg, since, .. }) = self.state_of(id) else {
            return;
        };
        for leg in [leg, agent_leg] {
            self.hang_up(leg, LegCause::OtherSide);
        }
        self.call_over(id, agent, self.now.since(since).as_millis(), reason);
    }

    /// The call is over and its legs are closed.
    pub(super) fn call_over(&mut self, id: ContactId, agent: AgentId, talked_ms: u128, reason: EndReason) {
        let now = self.now;
        let talked_ms = u64::try_from(talked_ms).unwrap_or(u64::MAX);
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        contact.row.talked_ms = contact.row.talked_ms.saturating_add(talked_ms);
        contact.row.ended_at = Some(now);
        contact.row.reason = Some(reason);
        let limit = contact.settings.wrap_up_limit;
        let until = (!limit.is_zero()).then(|| now + limit);
        self.record(Event::Ended { contact: id, reason });
        self.set_state(id, ContactState::WrapUp { agent, until });
        let Some(on_call) = self.agents.get_mut(&agent) else { return self.close_wrap_up(id) };
        on_call.tally.count(now, talked_ms);
        let today = on_call.tally.today(now);
        let duty = match on_call.link {
            Link::Gone => Duty::Offline { owes: Some(id) },
            Link::Here(_) | Link::Lost { .. } => Duty::WrapUp { contact: id, until },
        };
        self.tell(Notice::Today { agent, today });
        self.set_duty(agent, duty);
    }

    /// The state of a contact that is this agent's.
    fn called_by(&self, agent: AgentId, id: ContactId, input: &'static str) -> Result<ContactState, Refusal> {
        self.known_agent(agent)?;
        let state = self.state_of(id).ok_or(Refusal::NoSuchContact)?;
        match state.agent() {
            Some(other) if other == agent => Ok(state),
            Some(_) => Err(Refusal::NotYours),
            None => Err(Refusal::NotNow { input, state: state.name() }),
        }
    }
}

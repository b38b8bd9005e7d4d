//! The customer's side: from its turn to the agent's offer, and what follows an attempt that failed.
use std::time::Duration;

use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::Channel,
    contact::{EndReason, LegCause},
};

use super::{Center, ContactState, agents::Duty};
use crate::{
    DialEvent, Refusal,
    effect::{Action, Endpoint, Prompt},
    record::{Change, Event},
    settings::DialMode,
};

/// A last prompt that has not ended by then is cut off.
const LAST_PROMPT_LIMIT: Duration = Duration::from_secs(20);
/// Keys that mean nothing, until the customer is taken for somebody else.
const WRONG_KEYS: u8 = 3;

impl Center {
    /// Its turn has come, and `agent` is free for it.
    pub(super) fn turn_comes(&mut self, id: ContactId, agent: AgentId) {
        let Some(contact) = self.contacts.get(&id) else { return };
        if let Some(number) = contact.number() {
            if self.limits.opted_out(number) {
                // Opted out meanwhile: from now on it only looks alive.
                let number = &self.limits.mark(number);
                self.numbers.remove(number);
                self.merge(id);
            } else if self.limits.may_dial(self.now, &self.settings, &contact.person).is_err() {
                return self.finish(id, EndReason::NotAllowed);
            }
        }
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        contact.row.attempts += 1;
        let ring = contact.settings.ring_customer;
        let until = self.now + ring;
        if contact.row.merged {
            return self.set_state(id, ContactState::Feigned { until });
        }
        let to = match (&contact.row.channel, &contact.person.e164) {
            (Channel::Telephone, Some(number)) => {
                self.limits.count_dial(self.now, number);
                Endpoint::Telephone(number.clone())
            }
            (Channel::Telephone, None) => return self.finish(id, EndReason::NotAllowed),
            (Channel::Browser, _) => Endpoint::Page(id),
            // It is never in line.
            (Channel::Page, _) => return self.finish(id, EndReason::Shown),
        };
        let leg = self.open_leg(id, to, self.business_name.clone(), ring);
        self.set_state(id, ContactState::Dialing { leg, agent: Some(agent), until });
        self.mean(id, agent);
    }

    fn merge(&mut self, id: ContactId) {
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.row.merged = true;
            self.open.called -= 1;
            self.open.merged += 1;
        }
        self.reindex(id);
    }

    /// What a driver says of a customer's leg.
    pub(super) fn customer_event(&mut self, id: ContactId, leg: LegId, event: DialEvent) {
        match event {
            DialEvent::Answered => self.customer_answered(id, leg),
            DialEvent::Digit(digit) => {
                // A key implies the answer, whose event may be lost or late.
                self.customer_answered(id, leg);
                self.key_pressed(id, digit);
            }
            DialEvent::Failed { cause, .. } | DialEvent::Ended { cause } => {
                self.customer_gone(id, leg, cause)
            }
            DialEvent::Unknown => self.customer_gone(id, leg, LegCause::Interrupted),
            DialEvent::PlayEnded { effect } => {
                if let Some(ContactState::Closing { effect: last, .. }) = self.state_of(id)
                    && last == effect
                {
                    self.let_go(id);
                }
            }
            DialEvent::Suspended => self.set_customer_away(id, true),
            DialEvent::Resumed => self.set_customer_away(id, false),
            DialEvent::Ringing | DialEvent::EarlyMedia | DialEvent::Joined | DialEvent::Left => {}
        }
    }

    fn set_customer_away(&mut self, id: ContactId, away: bool) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        contact.away = away;
        self.reindex(id);
        self.offer_meant(id);
    }

    fn customer_answered(&mut self, id: ContactId, leg: LegId) {
        let Some(ContactState::Dialing { agent, .. }) = self.state_of(id) else { return };
        self.leg_answered(leg);
        let Some(contact) = self.contacts.get(&id) else { return };
        if contact.row.channel == Channel::Telephone && contact.settings.press_one {
            let until = self.now + contact.settings.confirm_within;
            self.command(leg, Action::Play { prompt: Prompt::Confirm, repeat: true });
            self.set_state(id, ContactState::Confirming { leg, agent, wrong: 0, until });
        } else {
            self.reached(id, leg, agent);
        }
    }

    fn key_pressed(&mut self, id: ContactId, digit: char) {
        let Some(ContactState::Confirming { leg, agent, wrong, until }) = self.state_of(id) else { return };
        match digit {
            '1' => {
                self.record(Event::Confirmed { contact: id });
                self.reached(id, leg, agent);
            }
            '9' => self.opt_out(id, leg),
            _ if wrong + 1 >= WRONG_KEYS => self.not_confirmed(id),
            _ => self.set_state(id, ContactState::Confirming { leg, agent, wrong: wrong + 1, until }),
        }
    }

    /// The customer is on the line and wants to talk: only now may an agent's leg ring.
    fn reached(&mut self, id: ContactId, leg: LegId, agent: Option<AgentId>) {
        let Some(contact) = self.contacts.get(&id) else { return };
        let until = self.now + contact.settings.hold_limit;
        self.command(leg, Action::Play { prompt: Prompt::Hold, repeat: true });
        self.set_state(id, ContactState::Holding { leg, agent, until });
        self.offer_meant(id);
    }

    /// Offers a customer who is on the line to the agent who is meant for it, or chooses one.
    fn offer_meant(&mut self, id: ContactId) {
        let Some(contact) = self.contacts.get(&id) else { return };
        let ContactState::Holding { agent, .. } = contact.row.state else { return };
        if contact.away {
            return;
        }
        let agent = match contact.settings.dial_mode {
            DialMode::AgentReserved => agent,
            DialMode::AgentAtAnswer => self.choose(id),
        };
        if let Some(agent) = agent {
            self.offer(id, agent);
        }
    }

    fn opt_out(&mut self, id: ContactId, leg: LegId) {
        let Some(contact) = self.contacts.get(&id) else { return };
        if let Some(number) = contact.person.e164.clone() {
            self.limits.opt_out(&number);
            self.store(Change::OptOut { e164: number, at: self.now });
        }
        self.record(Event::OptedOut { contact: id });
        self.close_with(id, leg, Prompt::OptedOut, EndReason::OptedOut);
    }

    /// Plays a last prompt, after which the customer is let go.
    fn close_with(&mut self, id: ContactId, leg: LegId, prompt: Prompt, reason: EndReason) {
        self.part(id);
        let effect = self.command(leg, Action::Play { prompt, repeat: false });
        let until = self.now + LAST_PROMPT_LIMIT;
        self.set_state(id, ContactState::Closing { leg, effect, reason, until });
    }

    /// The last prompt is over.
    pub(super) fn let_go(&mut self, id: ContactId) {
        let Some(ContactState::Closing { leg, reason, .. }) = self.state_of(id) else { return };
        self.hang_up(leg, LegCause::OtherSide);
        self.attempt_failed(id, reason);
    }

    pub(super) fn not_confirmed(&mut self, id: ContactId) {
        let Some(ContactState::Confirming { leg, .. }) = self.state_of(id) else { return };
        self.hang_up(leg, LegCause::NotConfirmed);
        self.note_lost(id, LegCause::NotConfirmed);
        self.attempt_failed(id, EndReason::NotConfirmed);
    }

    pub(super) fn not_answered(&mut self, id: ContactId) {
        if let Some(leg) = self.state_of(id).and_then(|state| state.customer_leg()) {
            self.hang_up(leg, LegCause::NoAnswer);
            self.note_lost(id, LegCause::NoAnswer);
        }
        self.attempt_failed(id, EndReason::NoAnswer);
    }

    /// Held too long: apologise if another attempt will follow, as the prompt promises; hang up otherwise.
    pub(super) fn held_too_long(&mut self, id: ContactId) {
        let Some(ContactState::Holding { leg, .. }) = self.state_of(id) else { return };
        if self.next_attempt(id, EndReason::NoAgent).is_some() {
            self.close_with(id, leg, Prompt::Sorry, EndReason::NoAgent);
        } else {
            self.hang_up(leg, LegCause::OtherSide);
            self.attempt_failed(id, EndReason::NoAgent);
        }
    }

    /// The customer's leg went away by itself.
    fn customer_gone(&mut self, id: ContactId, leg: LegId, cause: LegCause) {
        self.leg_ended(leg, cause);
        let Some(state) = self.state_of(id) else { return };
        match state {
            ContactState::Talking { .. } => self.customer_left_call(id, cause),
            ContactState::Closing { reason, .. } => self.attempt_failed(id, reason),
            ContactState::Dialing { .. }
            | ContactState::Confirming { .. }
            | ContactState::Holding { .. }
            | ContactState::Offering { .. }
            | ContactState::Connecting { .. } => {
                self.note_lost(id, cause);
                if let Some(agent_leg) = state.agent_leg() {
                    self.hang_up(agent_leg, LegCause::OtherSide);
                }
                self.attempt_failed(id, reason_of(cause));
            }
            ContactState::Scheduled { .. }
            | ContactState::Waiting { .. }
            | ContactState::Feigned { .. }
            | ContactState::WrapUp { .. }
            | ContactState::Showing { .. }
            | ContactState::Ended => {}
        }
    }

    fn note_lost(&mut self, id: ContactId, cause: LegCause) {
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.lost = Some(cause);
        }
    }

    /// No leg is left; the policy decides whether there will be another attempt. Its place stays its own.
    pub(super) fn attempt_failed(&mut self, id: ContactId, reason: EndReason) {
        self.part(id);
        match self.next_attempt(id, reason) {
            Some(at) => {
                if let Some(contact) = self.contacts.get_mut(&id) {
                    contact.away = false;
                }
                self.record(Event::Queued { contact: id, not_before: Some(at) });
                self.set_state(id, ContactState::Waiting { not_before: Some(at) });
            }
            None => self.finish(id, reason),
        }
    }

    fn next_attempt(&self, id: ContactId, reason: EndReason) -> Option<Timestamp> {
        let contact = self.contacts.get(&id)?;
        let retry = &contact.settings.retry;
        // A customer who answered and found no agent is called again: the fault was ours.
        let ours = (reason == EndReason::NoAgent).then_some(retry.after_failure);
        let at = self.now + ours.or_else(|| retry.delay(reason))?;
        (contact.row.attempts < retry.attempts && at < contact.served_until().0).then_some(at)
    }

    /// Ends a contact that never was bridged. Its legs are closed already.
    pub(super) fn finish(&mut self, id: ContactId, reason: EndReason) {
        self.part(id);
        let now = self.now;
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        contact.row.ended_at = Some(now);
        contact.row.reason = Some(reason);
        contact.row.closed = true;
        self.record(Event::Ended { contact: id, reason });
        self.set_state(id, ContactState::Ended);
    }

    /// The customer cancels, or hangs up. On an ended contact it does nothing.
    pub(super) fn cancelled(&mut self, id: ContactId) -> Result<(), Refusal> {
        let Some(state) = self.state_of(id) else { return Ok(()) };
        if state.is_over() {
            return Ok(());
        }
        if let ContactState::Talking { leg, .. } = state {
            self.hang_up(leg, LegCause::HungUp);
            self.customer_left_call(id, LegCause::HungUp);
            return Ok(());
        }
        if let ContactState::Showing { .. } = state {
            self.finish(id, EndReason::Shown);
            return Ok(());
        }
        if let Some(leg) = state.customer_leg() {
            self.hang_up(leg, LegCause::Cancelled);
        }
        if let Some(leg) = state.agent_leg() {
            self.hang_up(leg, LegCause::OtherSide);
        }
        self.note_lost(id, LegCause::Cancelled);
        let opted_out = matches!(state, ContactState::Closing { reason: EndReason::OptedOut, .. });
        self.finish(id, if opted_out { EndReason::OptedOut } else { EndReason::Cancelled });
        Ok(())
    }

    /// Parts a contact from the agent who was meant for it or whose leg rang (and is closed already).
    pub(super) fn part(&mut self, id: ContactId) {
        use ContactState as S;
        let Some(state) = self.state_of(id) else { return };
        let Some(agent) = state.agent() else { return };
        if let Some(Duty::Ready { .. } | Duty::Reserved { .. } | Duty::Ringing { .. }) =
            self.agents.get(&agent).filter(|agent| agent.duty.contact() == Some(id)).map(|agent| agent.duty)
        {
            self.free_agent(agent);
        }
        let state = match state {
            S::Dialing { leg, until, .. } => S::Dialing { leg, agent: None, until },
            S::Confirming { leg, wrong, until, .. } => S::Confirming { leg, agent: None, wrong, until },
            S::Holding { leg, until, .. } => S::Holding { leg, agent: None, until },
            S::Offering { leg, hold_until: until, .. } | S::Connecting { leg, hold_until: until, .. } => {
                S::Holding { leg, agent: None, until }
            }
            state @ (S::Scheduled { .. }
            | S::Waiting { .. }
            | S::Feigned { .. }
            | S::Talking { .. }
            | S::Closing { .. }
            | S::WrapUp { .. }
            | S::Showing { .. }
            | S::Ended) => state,
        };
        self.set_state(id, state);
    }

    pub(super) fn state_of(&self, id: ContactId) -> Option<ContactState> {
        self.contacts.get(&id).map(|contact| contact.row.state.clone())
    }
}

/// What a customer's leg that ended before the bridge makes of the attempt.
fn reason_of(cause: LegCause) -> EndReason {
    match cause {
        LegCause::Busy => EndReason::Busy,
        LegCause::NoAnswer => EndReason::NoAnswer,
        LegCause::Rejected => EndReason::Rejected,
        LegCause::Unreachable | LegCause::Failed => EndReason::Unreachable,
        LegCause::NotConfirmed => EndReason::NotConfirmed,
        LegCause::Interrupted => EndReason::Interrupted,
        LegCause::NotAllowed => EndReason::NotAllowed,
        LegCause::NoMicrophone => EndReason::NoMicrophone,
        LegCause::HungUp | LegCause::OtherSide | LegCause::Cancelled | LegCause::MediaLost => {
            EndReason::Abandoned
        }
    }
}

//! Legs, what drivers say of them, and calls between the two.
use std::time::Duration;

use shared::{
    AgentId, ContactId, LegId,
    api::{LegRecord, Party},
    contact::{EndReason, LegCause},
};

use super::{At, Model};
use crate::{
    DialEvent, Endpoint, Prompt, Refusal,
    effect::{Action, JoinMode},
    record::Event,
};

impl Model {
    /// Places a leg. It takes the name that the product gave it, if the product placed one as well.
    pub(super) fn place_leg(
        &mut self,
        contact: ContactId,
        to: Endpoint,
        name: String,
        ring: Duration,
    ) -> LegId {
        let named =
            self.names.dialled.iter().find(|(other, ..)| *other == to).map(|(_, leg, id)| (*leg, *id));
        let (leg, effect) = named.unwrap_or((LegId(0), shared::EffectId(0)));
        let agent = if let Endpoint::Console(agent) = to { Some(agent) } else { None };
        let record = LegRecord {
            leg,
            contact,
            party: if agent.is_some() { Party::Agent } else { Party::Customer },
            number: if let Endpoint::Telephone(number) = &to { Some(number.clone()) } else { None },
            agent,
            started_at: self.now,
            answered_at: None,
            bridged_at: None,
            ended_at: None,
            cause: None,
        };
        self.legs.insert(leg, record);
        self.touched_legs.insert(leg);
        self.log(Event::Dialed { contact, leg, effect, agent });
        self.command(leg, Action::Originate { to, caller_name: name, ring });
        leg
    }

    pub(super) fn answered(&mut self, leg: LegId) {
        let now = self.now;
        let record = self.legs.get_mut(&leg).expect("the model knows the leg");
        if record.answered_at.is_none() {
            record.answered_at = Some(now);
            let contact = record.contact;
            self.touched_legs.insert(leg);
            self.log(Event::Answered { contact, leg });
        }
    }

    /// The leg is down. False if it was before.
    pub(super) fn leg_down(&mut self, leg: LegId, cause: LegCause) -> bool {
        let now = self.now;
        let Some(record) = self.legs.get_mut(&leg).filter(|record| record.ended_at.is_none()) else {
            return false;
        };
        (record.ended_at, record.cause) = (Some(now), Some(cause));
        let contact = record.contact;
        self.touched_legs.insert(leg);
        self.log(Event::LegEnded { contact, leg, cause });
        true
    }

    /// Its number stays taken until the driver says that it is down, or half a minute went by.
    pub(super) fn hang_up(&mut self, leg: LegId, cause: LegCause) {
        if self.leg_down(leg, cause) {
            self.command(leg, Action::HangUp { cause });
            self.number_stays_taken(leg);
        }
    }

    pub(super) fn number_stays_taken(&mut self, leg: LegId) {
        let number = self.legs[&leg].number.as_ref().or_else(|| self.erased_numbers.get(&leg));
        if let Some(number) = number.cloned() {
            self.hanging.insert(leg, (self.now + Duration::from_secs(32), number));
        }
    }

    pub(super) fn dialer_says(&mut self, leg: LegId, event: DialEvent) {
        let now = self.now;
        let live = self.legs.get(&leg).filter(|record| record.ended_at.is_none());
        let Some((id, party)) = live.map(|record| (record.contact, record.party)) else {
            if matches!(event, DialEvent::Failed { .. } | DialEvent::Ended { .. } | DialEvent::Unknown) {
                self.hanging.remove(&leg);
            }
            return;
        };
        let gone = match event {
            DialEvent::Failed { cause, .. } | DialEvent::Ended { cause } => Some(cause),
            DialEvent::Unknown => Some(LegCause::Interrupted),
            _ => None,
        };
        match (party, gone) {
            (Party::Customer, Some(cause)) => return self.customer_gone(id, leg, cause),
            (Party::Agent, Some(cause)) => return self.agent_gone(id, leg, cause),
            (Party::Customer | Party::Agent, None) => {}
        }
        match (party, event) {
            (Party::Customer, DialEvent::Answered) => self.answers(id),
            (Party::Customer, DialEvent::Digit(key)) => {
                self.answers(id);
                self.presses(id, key);
            }
            (Party::Customer, DialEvent::Suspended) => self.request(id).away = true,
            (Party::Customer, DialEvent::Resumed) => {
                self.request(id).away = false;
                self.offer_if_there(id);
            }
            (Party::Customer, DialEvent::PlayEnded { effect: ended }) => {
                if let At::Farewell { effect, .. } = self.request(id).at
                    && effect == ended
                {
                    self.let_go(id);
                }
            }
            (Party::Agent, DialEvent::Answered) => self.voice_is_up(id),
            (Party::Agent, DialEvent::Suspended) => self.request(id).unheard_since = Some(now),
            (Party::Agent, DialEvent::Resumed) => self.request(id).unheard_since = None,
            _ => {}
        }
    }

    fn customer_gone(&mut self, id: ContactId, leg: LegId, cause: LegCause) {
        self.leg_down(leg, cause);
        let failed = matches!(cause, LegCause::Interrupted | LegCause::Failed);
        match self.request(id).at.clone() {
            At::Talks { .. } => {
                let reason = if failed { EndReason::Interrupted } else { EndReason::Completed };
                return self.call_ends(id, reason);
            }
            At::Farewell { reason, .. } => return self.attempt_failed(id, reason),
            At::Offered { agent_leg, .. } | At::Accepted { agent_leg, .. } => {
                self.hang_up(agent_leg, LegCause::OtherSide);
            }
            _ => {}
        }
        let reason = match cause {
            LegCause::Busy => EndReason::Busy,
            LegCause::NoAnswer => EndReason::NoAnswer,
            LegCause::Rejected => EndReason::Rejected,
            LegCause::Unreachable | LegCause::Failed => EndReason::Unreachable,
            LegCause::NotConfirmed => EndReason::NotConfirmed,
            LegCause::Interrupted => EndReason::Interrupted,
            LegCause::NotAllowed => EndReason::NotAllowed,
            LegCause::NoMicrophone => EndReason::NoMicrophone,
            _ => EndReason::Abandoned,
        };
        self.attempt_failed(id, reason);
    }

    fn agent_gone(&mut self, id: ContactId, leg: LegId, cause: LegCause) {
        self.leg_down(leg, cause);
        if let At::Talks { .. } = self.request(id).at {
            let by_choice = cause == LegCause::HungUp;
            let reason = if by_choice { EndReason::Completed } else { EndReason::Interrupted };
            return self.call_ends(id, reason);
        }
        match cause {
            LegCause::Rejected | LegCause::HungUp => self.offer_lapses(id, true, Some("Declined a call")),
            LegCause::NoAnswer => self.offer_lapses(id, false, Some("Did not answer")),
            _ => self.offer_lapses(id, false, Some("Voice did not connect")),
        }
    }

    /// The agent did not take it; the customer stays on the line.
    pub(super) fn offer_lapses(&mut self, id: ContactId, declined: bool, reason: Option<&str>) {
        let request = self.request(id);
        let (At::Offered { agent_leg, .. } | At::Accepted { agent_leg, .. }) = request.at else { return };
        let agent = request.agent.expect("an offer is to somebody");
        let cause = match (declined, reason) {
            (true, _) => LegCause::Rejected,
            (false, Some("Did not answer")) => LegCause::NoAnswer,
            (false, _) => LegCause::MediaLost,
        };
        self.hang_up(agent_leg, cause);
        self.log(Event::OfferLapsed { contact: id, agent, declined });
        if let Some(worker) = self.agents.get_mut(&agent)
            && reason.is_some()
        {
            worker.reason = reason.map(str::to_owned);
        }
        self.part(id);
    }

    fn voice_is_up(&mut self, id: ContactId) {
        let now = self.now;
        self.take_up(id);
        let request = self.request(id);
        let (At::Accepted { agent_leg, .. }, Some(leg), Some(agent)) =
            (request.at.clone(), request.leg, request.agent)
        else {
            return;
        };
        request.bridged_at = Some(now);
        request.at = At::Talks { agent_leg, on_hold: false, since: now };
        request.unheard_since = None;
        self.answered(agent_leg);
        self.command(leg, Action::Stop);
        for leg in [leg, agent_leg] {
            self.command(leg, Action::Join { room: id, mode: JoinMode::Talk });
            self.legs.get_mut(&leg).expect("the model knows the leg").bridged_at = Some(now);
            self.touched_legs.insert(leg);
        }
        self.log(Event::Bridged { contact: id, agent });
        self.watch(agent);
    }

    pub(super) fn take_up(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        let (At::Offered { agent_leg, hold_until, .. }, Some(agent)) = (request.at.clone(), request.agent)
        else {
            return;
        };
        let until = now + request.settings.connect_agent;
        request.at = At::Accepted { agent_leg, until, hold_until };
        self.log(Event::Accepted { contact: id, agent });
        self.watch(agent);
    }

    /// Whatever is still up of a bridged call goes down.
    pub(super) fn call_ends(&mut self, id: ContactId, reason: EndReason) {
        let request = self.request(id);
        let (At::Talks { agent_leg, since, .. }, leg) = (request.at.clone(), request.leg) else { return };
        for leg in leg.into_iter().chain([agent_leg]) {
            self.hang_up(leg, LegCause::OtherSide);
        }
        let talked = self.now.since(since);
        self.call_is_over(id, talked, reason);
    }

    pub(super) fn call_is_over(&mut self, id: ContactId, talked: Duration, reason: EndReason) {
        let now = self.now;
        let talked_ms = u64::try_from(talked.as_millis()).expect("calls are not that long");
        let request = self.request(id);
        request.talked_ms += talked_ms;
        request.ended = Some((now, reason));
        request.leg = None;
        let limit = request.settings.wrap_up_limit;
        request.at = At::WrapUp { until: (!limit.is_zero()).then(|| now + limit) };
        let agent = request.agent.expect("a call is with somebody");
        self.log(Event::Ended { contact: id, reason });
        self.calls.push((agent, now, talked_ms / 1000));
        self.watch(agent);
    }

    pub(super) fn let_go(&mut self, id: ContactId) {
        let request = self.request(id);
        let (At::Farewell { reason, .. }, Some(leg)) = (request.at.clone(), request.leg) else { return };
        self.hang_up(leg, LegCause::OtherSide);
        self.attempt_failed(id, reason);
    }

    pub(super) fn holds(&mut self, agent: AgentId, id: ContactId, on: bool) -> Result<(), Refusal> {
        self.must_have(agent, id)?;
        let request = self.request(id);
        let (At::Talks { agent_leg, on_hold, since }, Some(leg)) = (request.at.clone(), request.leg) else {
            return Err(Refusal::NotNow { input: "", state: "" });
        };
        if on == on_hold {
            return Ok(());
        }
        request.at = At::Talks { agent_leg, on_hold: on, since };
        if on {
            self.command(leg, Action::Leave { room: id });
            self.command(leg, Action::Play { prompt: Prompt::OnHold, repeat: true });
        } else {
            self.command(leg, Action::Stop);
            self.command(leg, Action::Join { room: id, mode: JoinMode::Talk });
        }
        self.log(Event::Held { contact: id, on });
        Ok(())
    }
}

//! What agents may do in the page, the plain way: one list of what was asked and given.
use std::time::Duration;

use shared::{AgentId, ContactId, Timestamp, wire::lead::Power};

use super::Model;
use crate::{
    Refusal,
    center::{Hold, LeadRow},
    record::{Event, PowerEnd},
};

#[derive(Debug, Clone, Default)]
pub(in super::super) struct Allowed {
    questions: u32,
    no_pointing: bool,
    /// Number, who, what, given?, since.
    list: Vec<(u32, AgentId, Power, bool, Timestamp)>,
    hush: Timestamp,
}

impl Allowed {
    pub(super) fn row(&self) -> LeadRow {
        let hold =
            |&(number, agent, power, granted, since): &_| Hold { number, agent, power, granted, since };
        LeadRow {
            asked: self.questions,
            no_pointing: self.no_pointing,
            holds: self.list.iter().map(hold).collect(),
            quiet_until: self.hush,
        }
    }

    /// Until then nobody may ask anything.
    pub(in super::super) fn quiet_until(&self) -> Timestamp {
        self.hush
    }

    /// Numbers that the customer may still answer.
    pub(in super::super) fn questions(&self) -> Vec<u32> {
        self.list.iter().filter(|entry| !entry.3).map(|entry| entry.0).collect()
    }
}

impl Model {
    pub(super) fn asks_power(&mut self, agent: AgentId, id: ContactId, power: Power) -> Result<(), Refusal> {
        let now = self.now;
        if !self.agents.contains_key(&agent) {
            return Err(Refusal::NoSuchAgent);
        }
        let request = self.requests.get(&id).ok_or(Refusal::NoSuchContact)?;
        let (sees, sharing) = self.viewing(id);
        if sees != Some(agent) {
            return Err(Refusal::NotYours);
        }
        let offered =
            if power == Power::Point { request.settings.pointing } else { request.settings.control };
        if !offered {
            return Err(Refusal::PowerOff);
        }
        let listed = request.lead.list.iter().any(|entry| (entry.1, entry.2) == (agent, power));
        let free = power == Power::Point && !request.lead.no_pointing;
        if sharing && (listed || free) {
            return Ok(());
        }
        if !sharing || request.lead.hush > now {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        let lead = &mut self.request(id).lead;
        lead.questions += 1;
        let number = lead.questions;
        lead.list.push((number, agent, power, false, now));
        self.log(Event::PowerAsked { contact: id, agent, power, number });
        Ok(())
    }

    pub(super) fn answers_power(
        &mut self,
        id: ContactId,
        number: u32,
        consent: Option<String>,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let request = self.requests.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        let lead = &mut request.lead;
        let Some(&(_, agent, power, ..)) = lead.list.iter().find(|entry| entry.0 == number && !entry.3)
        else {
            return Err(Refusal::NotNow { input: "", state: "" });
        };
        let stays = consent.is_some() && power == Power::Control;
        if stays {
            for entry in lead.list.iter_mut().filter(|entry| entry.0 == number) {
                (entry.3, entry.4) = (true, now);
            }
        } else {
            lead.list.retain(|entry| entry.0 != number);
        }
        match consent {
            Some(consent) => {
                lead.no_pointing &= power != Power::Point;
                self.log(Event::PowerGranted { contact: id, agent, power, number, consent });
            }
            None => {
                lead.hush = now + Duration::from_secs(5);
                self.log(Event::PowerRefused { contact: id, agent, power, number });
            }
        }
        Ok(())
    }

    pub(super) fn stops_power(&mut self, id: ContactId, power: Power) -> Result<(), Refusal> {
        let now = self.now;
        let request = self.requests.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        if request.over() {
            return Ok(());
        }
        let points = power == Power::Point && !request.lead.no_pointing;
        let held = power == Power::Control && request.lead.list.iter().any(|entry| entry.2 == power);
        if points {
            request.lead.no_pointing = true;
            self.log(Event::PointingStopped { contact: id });
        }
        if points || held {
            self.request(id).lead.hush = now + Duration::from_secs(5);
            self.ends(id, PowerEnd::Customer, |_, of| of == power);
        }
        Ok(())
    }

    pub(super) fn drops_power(&mut self, agent: AgentId, id: ContactId, power: Power) -> Result<(), Refusal> {
        self.requests.get(&id).ok_or(Refusal::NoSuchContact)?;
        self.ends(id, PowerEnd::Agent, |by, of| (by, of) == (agent, power));
        Ok(())
    }

    /// At the end of every step: only who sees a page that is shown holds anything in it.
    pub(super) fn powers_end(&mut self) {
        let all: Vec<ContactId> = self.requests.keys().copied().collect();
        for id in all {
            self.only_those_watch_who_may(id);
            let (sees, sharing) = self.viewing(id);
            self.ends(id, PowerEnd::Over, |by, _| !sharing || sees != Some(by));
        }
    }

    fn ends(&mut self, id: ContactId, end: PowerEnd, gone: impl Fn(AgentId, Power) -> bool) {
        let (out, stay): (Vec<_>, Vec<_>) =
            self.request(id).lead.list.iter().copied().partition(|entry| gone(entry.1, entry.2));
        self.request(id).lead.list = stay;
        for (number, agent, power, ..) in out {
            self.log(Event::PowerEnded { contact: id, agent, power, number, end });
        }
    }
}

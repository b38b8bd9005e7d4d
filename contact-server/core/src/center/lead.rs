//! Who may do what in a customer's page.
//!
//! Pointing is allowed while the page is shown, until the customer says no. Control is asked for and given, once per
//! question: its number is the grant's. Whatever an agent holds ends with the contact, with its being shown, and with
//! the agent's part in it.
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{AgentId, ContactId, Timestamp, wire::lead::Power};

use super::{Center, contacts::Contact};
use crate::{
    Refusal,
    effect::{Lead, LeadHold},
    record::{Event, PowerEnd},
};

/// After a no, the same customer is not asked again for so long.
pub const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What the customer allowed. Part of the contact's row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadRow {
    /// Questions so far.
    pub asked: u32,
    /// The customer does not want to be pointed at anything.
    pub no_pointing: bool,
    pub holds: Vec<Hold>,
    /// Nobody asks before.
    pub quiet_until: Timestamp,
}

/// A question that is open, or (granted) a power that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub number: u32,
    pub agent: AgentId,
    pub power: Power,
    pub granted: bool,
    pub since: Timestamp,
}

impl LeadRow {
    fn find(&self, agent: AgentId, power: Power) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.agent == agent && hold.power == power)
    }
}

impl Center {
    /// How things stand in the page of an open contact.
    pub fn lead(&self, contact: ContactId) -> Option<Lead> {
        self.contacts.get(&contact).map(|open| self.lead_of(open))
    }

    pub(super) fn lead_of(&self, contact: &Contact) -> Lead {
        let (row, settings) = (&contact.row, &contact.settings);
        let hold = |hold: &Hold| LeadHold {
            number: hold.number,
            agent: hold.agent,
            name: self.agents.get(&hold.agent).map(|agent| agent.first_name()).unwrap_or_default(),
            power: hold.power,
            granted: hold.granted,
        };
        Lead {
            may_point: settings.pointing,
            may_control: settings.control,
            pointing: settings.pointing && row.sharing && !row.lead.no_pointing && !row.state.is_over(),
            holds: row.lead.holds.iter().map(hold).collect(),
        }
    }

    pub(super) fn power_asked(&mut self, agent: AgentId, id: ContactId, power: Power) -> Result<(), Refusal> {
        let now = self.now;
        self.known_agent(agent)?;
        let contact = self.contacts.get(&id).ok_or(Refusal::NoSuchContact)?;
        if self.viewer(contact) != Some(agent) {
            return Err(Refusal::NotYours);
        }
        let allowed = match power {
            Power::Point => contact.settings.pointing,
            Power::Control => contact.settings.control,
        };
        if !allowed {
            return Err(Refusal::PowerOff);
        }
        let lead = &contact.row.lead;
        let has = lead.find(agent, power).is_some() || (power == Power::Point && !lead.no_pointing);
        if has && contact.row.sharing {
            return Ok(()); // asked twice
        }
        if !contact.row.sharing || now < lead.quiet_until {
            return Err(Refusal::NotNow { input: "a question", state: "stopped" });
        }
        let Some(contact) = self.contacts.get_mut(&id) else { return Ok(()) };
        let lead = &mut contact.row.lead;
        lead.asked += 1;
        let number = lead.asked;
        lead.holds.push(Hold { number, agent, power, granted: false, since: now });
        self.changed_contacts.insert(id);
        self.record(Event::PowerAsked { contact: id, agent, power, number });
        Ok(())
    }

    /// `consent`: the version of the text that the customer agreed to; None is a no.
    pub(super) fn power_answered(
        &mut self,
        id: ContactId,
        number: u32,
        consent: Option<String>,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let contact = self.contacts.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        let lead = &mut contact.row.lead;
        let open = lead.holds.iter().position(|hold| hold.number == number && !hold.granted);
        let Some(at) = open else {
            return Err(Refusal::NotNow { input: "an answer", state: "not asked" });
        };
        let (agent, power) = (lead.holds[at].agent, lead.holds[at].power);
        self.changed_contacts.insert(id);
        let Some(consent) = consent else {
            lead.holds.remove(at);
            lead.quiet_until = now + ASK_AGAIN;
            self.record(Event::PowerRefused { contact: id, agent, power, number });
            return Ok(());
        };
        match power {
            // Everybody who sees the page may.
            Power::Point => {
                lead.holds.remove(at);
                lead.no_pointing = false;
            }
            Power::Control => {
                lead.holds[at].granted = true;
                lead.holds[at].since = now;
            }
        }
        self.record(Event::PowerGranted { contact: id, agent, power, number, consent });
        Ok(())
    }

    /// The customer takes a power from whoever has it or asks for it. Always allowed.
    pub(super) fn power_stopped(&mut self, id: ContactId, power: Power) -> Result<(), Refusal> {
        let quiet_until = self.now + ASK_AGAIN;
        let contact = self.contacts.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        let lead = &mut contact.row.lead;
        if contact.row.state.is_over() || (power == Power::Point && lead.no_pointing) {
            return Ok(());
        }
        let stops = power == Power::Point || lead.holds.iter().any(|hold| hold.power == power);
        if !stops {
            return Ok(());
        }
        lead.no_pointing |= power == Power::Point;
        lead.quiet_until = quiet_until;
        self.changed_contacts.insert(id);
        if power == Power::Point {
            self.record(Event::PointingStopped { contact: id });
        }
        self.end_holds(id, PowerEnd::Customer, |hold| hold.power == power);
        Ok(())
    }

    /// The agent gives a power back, takes back a question, or left the page.
    pub(super) fn power_dropped(
        &mut self,
        agent: AgentId,
        id: ContactId,
        power: Power,
    ) -> Result<(), Refusal> {
        let contact = self.contacts.get(&id).ok_or(Refusal::NoSuchContact)?;
        if contact.row.lead.find(agent, power).is_some() {
            self.changed_contacts.insert(id);
            self.end_holds(id, PowerEnd::Agent, |hold| hold.agent == agent && hold.power == power);
        }
        Ok(())
    }

    /// Ends what nobody may hold any more. Called before a contact's row is stored.
    pub(super) fn straighten_lead(&mut self, id: ContactId) {
        let Some(contact) = self.contacts.get(&id).filter(|contact| !contact.row.lead.holds.is_empty())
        else {
            return;
        };
        let viewer = self.viewer(contact).filter(|_| contact.row.sharing);
        self.end_holds(id, PowerEnd::Over, |hold| Some(hold.agent) != viewer);
    }

    fn end_holds(&mut self, id: ContactId, end: PowerEnd, ends: impl Fn(&Hold) -> bool) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        let ended: Vec<Hold> = contact.row.lead.holds.extract_if(.., |hold| ends(hold)).collect();
        for Hold { number, agent, power, .. } in ended {
            self.record(Event::PowerEnded { contact: id, agent, power, number, end });
        }
    }
}

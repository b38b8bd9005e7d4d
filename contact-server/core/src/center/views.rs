//! What people are shown: snapshots built from the state, told when they changed.
use std::{collections::BTreeMap, time::Duration};

use shared::{
    AgentId, ContactId,
    contact::{CustomerStatus, EndReason, Phase, Presence},
    wire::console::{AgentState, ContactShown, Queue, QueueEntry, Today},
};

use super::{Center, ContactState, Due, contacts::Contact, routing::SkillId, shown::reader};
use crate::{
    Notice,
    effect::Viewing,
    record::{Change, ContactRow},
};

/// Positions and the waiting list are told at most this often.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// Entries of the waiting list.
const QUEUE_ENTRIES: usize = 100;
/// Estimates are rounded up to this, so that they don't flicker.
const ESTIMATE_STEP_S: u64 = 10;

/// How contacts that are not closed, and agents, stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    pub phases: Vec<Phase>,
    pub presences: Vec<Presence>,
}

/// Who waits, in the order of the list: those who are due by place, then those who are due later by time.
#[derive(Default)]
pub(super) struct WaitingList {
    entries: BTreeMap<(u64, u64), ContactId>,
    changed: bool,
}

impl WaitingList {
    pub(super) fn set(&mut self, place: u64, id: ContactId, old: Option<u64>, new: Option<u64>) {
        if let Some(from) = old {
            self.entries.remove(&(from, place));
        }
        if let Some(from) = new {
            self.entries.insert((from, place), id);
        }
        self.changed = true;
    }
}

/// How long a contact keeps an agent busy, bridge to end of wrap-up: an exponentially weighted mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handling {
    mean_ms: u64,
}

impl Handling {
    const UNTIL_LEARNED: Duration = Duration::from_secs(180);

    pub(super) fn new(known: impl Iterator<Item = (u32, u32)>) -> Self {
        let (calls, seconds) = known.fold((0, 0), |sum: (u64, u64), (calls, seconds)| {
            (sum.0 + u64::from(calls), sum.1 + u64::from(seconds))
        });
        let guess = Self::UNTIL_LEARNED.as_secs() * 1000;
        Self { mean_ms: (seconds * 1000).checked_div(calls).unwrap_or(guess) }
    }

    pub(super) fn learn(&mut self, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).min(3600 * 1000);
        self.mean_ms = (self.mean_ms * 7 + took) / 8;
    }
}

impl Center {
    /// What the customer of a contact that is open, or ended lately, is shown.
    pub fn status(&self, contact: ContactId) -> Option<CustomerStatus> {
        match self.contacts.get(&contact) {
            Some(open) => Some(self.status_of(open)),
            None => self.recent.get(contact).cloned(),
        }
    }

    /// The agent's own state, the contact that the agent is shown, and today's figures.
    /// `ContactShown::earlier` is 0: only the store knows it.
    pub fn agent_view(&self, agent: AgentId) -> Option<(AgentState, Option<ContactShown>, Today)> {
        let agent = self.agents.get(&agent)?;
        let contact = agent.duty.shown().and_then(|id| self.contacts.get(&id));
        Some((agent.state(), contact.map(shown), agent.tally.today(self.now)))
    }

    /// How everybody stands, in no order that means anything: for counting.
    pub fn census(&self) -> Census {
        Census {
            phases: self.contacts.values().map(|contact| contact.row.state.phase()).collect(),
            presences: self.agents.values().map(|agent| agent.duty.presence()).collect(),
        }
    }

    /// How much of the room for open requests is taken, in percent.
    pub fn filled(&self) -> u8 {
        let (open, most) = (u64::from(self.open.called), u64::from(self.settings.open_contacts.max(1)));
        u8::try_from(open * 100 / most).unwrap_or(u8::MAX)
    }

    /// Who waits, as every console is shown it.
    pub fn queue(&self) -> Queue {
        let contacts = self.queue.entries.values().filter_map(|id| self.contacts.get(id));
        Queue {
            waiting: contacts.take(QUEUE_ENTRIES).map(queue_entry).collect(),
            total: u32::try_from(self.queue.entries.len()).unwrap_or(u32::MAX),
        }
    }

    /// Estimated seconds until a call, if asked for now. None when nobody with that skill is at work.
    pub fn wait_estimate(&self, skill: &str) -> Option<u32> {
        let skill = self.lines.find(skill)?;
        let position = u32::try_from(self.lines.length(skill) + 1).unwrap_or(u32::MAX);
        self.estimate(skill, position)
    }

    fn estimate(&self, skill: SkillId, position: u32) -> Option<u32> {
        let (at_work, free) = self.lines.at_work(skill);
        if at_work == 0 {
            return None;
        }
        if usize::try_from(position).is_ok_and(|position| position <= free) {
            return Some(0);
        }
        let seconds = u64::from(position) * self.handling.mean_ms / 1000 / u64::from(at_work);
        u32::try_from(seconds.next_multiple_of(ESTIMATE_STEP_S)).ok()
    }

    fn status_of(&self, contact: &Contact) -> CustomerStatus {
        let row = &contact.row;
        if let Some(status) = ended(row) {
            return status;
        }
        let (position, wait_seconds) = match row.state {
            ContactState::Waiting { .. } => (
                contact.position,
                contact.position.and_then(|position| self.estimate(contact.skill, position)),
            ),
            ContactState::Scheduled { at } => (None, u32::try_from(at.since(self.now).as_secs()).ok()),
            ContactState::Feigned { .. }
            | ContactState::Dialing { .. }
            | ContactState::Confirming { .. }
            | ContactState::Holding { .. }
            | ContactState::Offering { .. }
            | ContactState::Connecting { .. }
            | ContactState::Talking { .. }
            | ContactState::Closing { .. }
            | ContactState::WrapUp { .. }
            | ContactState::Showing { .. }
            | ContactState::Ended => (None, None),
        };
        let with_agent = row.state.agent_leg().and(row.state.agent()).or(reader(contact));
        CustomerStatus {
            phase: row.state.phase(),
            channel: row.channel,
            since: row.phase_since,
            position,
            wait_seconds,
            agent: with_agent.and_then(|id| self.agents.get(&id)).map(|agent| agent.first_name()),
            reason: None,
            attempts: row.attempts,
            sharing: row.sharing,
        }
    }

    /// The agent who is shown the contact.
    fn shown_to(&self, contact: &Contact) -> Option<AgentId> {
        let agent = contact.row.state.agent()?;
        let shown = self.agents.get(&agent)?.duty.shown();
        shown.is_some_and(|id| id == contact.row.id).then_some(agent)
    }

    /// The agent whose page it is to see: as long as the call has not ended. Where nobody is called, who has the code.
    pub(super) fn viewer(&self, contact: &Contact) -> Option<AgentId> {
        if contact.row.state.is_over() { None } else { reader(contact).or_else(|| self.shown_to(contact)) }
    }

    /// Tells everybody concerned what changed since the last time, and stores the rows.
    pub(super) fn tell_changes(&mut self) {
        let changed = !(self.changed_contacts.is_empty() && self.changed_agents.is_empty());
        self.live_changed |= changed && !self.supervisors.is_empty();
        while let Some(id) = self.changed_contacts.pop_first() {
            self.tell_contact(id);
        }
        for id in std::mem::take(&mut self.changed_agents) {
            self.tell_agent(id);
        }
        self.refresh();
    }

    fn tell_contact(&mut self, id: ContactId) {
        // Who looks no more may hold nothing.
        self.straighten_watch(id);
        self.straighten_lead(id);
        self.changed_contacts.remove(&id);
        let Some(contact) = self.contacts.get(&id) else { return };
        let lead = self.lead_of(contact);
        let status = self.status_of(contact);
        let shown_to = self.shown_to(contact);
        let viewing = self.viewing_of(contact);
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        self.out.contact_rows.push_back(Change::Contact(contact.row.clone()));
        let told = &mut contact.told;
        let notices = &mut self.out.notices;
        if told.status.as_ref() != Some(&status) {
            told.status = Some(status.clone());
            notices.push_back(Notice::Customer { contact: id, status: status.clone() });
        }
        let nobody = Viewing { sharing: viewing.sharing, ..Viewing::default() };
        if told.viewing.replace(viewing.clone()).unwrap_or(nobody) != viewing {
            notices.push_back(Notice::Viewing { contact: id, viewing });
        }
        if told.lead.as_ref() != Some(&lead) {
            told.lead = Some(lead.clone());
            notices.push_back(Notice::Lead { contact: id, lead });
        }
        let before = std::mem::replace(&mut told.shown_to, shown_to);
        if let Some(agent) = before.filter(|agent| Some(*agent) != shown_to) {
            notices.push_back(Notice::Cleared { agent, contact: id, cause: contact.lost });
        }
        contact.lost = None;
        if let Some(agent) = shown_to {
            notices.push_back(Notice::Shown { agent, contact: Box::new(shown(contact)) });
        }
        if contact.row.state.is_over() && !std::mem::replace(&mut contact.told.finished, true) {
            notices.push_back(Notice::CustomerFinished { contact: id });
        }
        if contact.row.closed {
            self.contacts.remove(&id);
            self.recent.keep(id, status);
        }
    }

    /// Tells positions, the waiting list and what is live, at most once in [`REFRESH_EVERY`].
    pub(super) fn refresh(&mut self) {
        if self.lines.moved.is_empty() && !self.queue.changed && !self.live_changed {
            return;
        }
        if self.now < self.refresh_at {
            self.deadlines.insert((self.refresh_at, Due::Refresh));
            return;
        }
        self.refresh_at = self.now + REFRESH_EVERY;
        for skill in std::mem::take(&mut self.lines.moved) {
            self.tell_positions(skill);
        }
        if std::mem::take(&mut self.queue.changed) {
            let queue = self.queue();
            self.tell(Notice::Queue(queue));
        }
        if std::mem::take(&mut self.live_changed) {
            self.tell_live();
        }
    }

    fn tell_positions(&mut self, skill: SkillId) {
        let waiting: Vec<ContactId> = self.lines.waiting(skill).collect();
        for (id, position) in waiting.into_iter().zip(1..) {
            let Some(contact) = self.contacts.get_mut(&id) else { continue };
            contact.position = Some(position);
            let Some(contact) = self.contacts.get(&id) else { continue };
            let status = self.status_of(contact);
            if contact.told.status.as_ref() == Some(&status) {
                continue;
            }
            if let Some(contact) = self.contacts.get_mut(&id) {
                contact.told.status = Some(status.clone());
            }
            self.tell(Notice::Customer { contact: id, status });
        }
    }
}

/// What the customer of a contact that is over is shown. None: it is not over.
///
/// The one way to say how a contact ended: of those that are here as of those that only the store knows any more.
pub fn ended(row: &ContactRow) -> Option<CustomerStatus> {
    row.state.is_over().then(|| CustomerStatus {
        phase: Phase::Ended,
        channel: row.channel,
        since: row.phase_since,
        position: None,
        wait_seconds: None,
        agent: None,
        reason: row.reason.map(told),
        attempts: row.attempts,
        sharing: row.sharing,
    })
}

/// Why it ended, for whoever asked: that may be somebody else than who has the number, and that it is never called again
/// is between the latter and the business. That nobody pressed 1 is so as well.
fn told(reason: EndReason) -> EndReason {
    if reason == EndReason::OptedOut { EndReason::NotConfirmed } else { reason }
}

/// What an agent may see before being chosen: the customer's name, or the title of the page.
pub(super) fn label(contact: &Contact) -> String {
    let page = contact.person.trail.last().map(|page| &page.title);
    contact.person.name.as_ref().or(page).cloned().unwrap_or_default()
}

fn queue_entry(contact: &Contact) -> QueueEntry {
    let row = &contact.row;
    let due_at = match row.state {
        ContactState::Scheduled { at } | ContactState::Waiting { not_before: Some(at) } => Some(at),
        ContactState::Waiting { not_before: None }
        | ContactState::Feigned { .. }
        | ContactState::Dialing { .. }
        | ContactState::Confirming { .. }
        | ContactState::Holding { .. }
        | ContactState::Offering { .. }
        | ContactState::Connecting { .. }
        | ContactState::Talking { .. }
        | ContactState::Closing { .. }
        | ContactState::WrapUp { .. }
        | ContactState::Showing { .. }
        | ContactState::Ended => None,
    };
    QueueEntry {
        contact: row.id,
        phase: row.state.phase(),
        channel: row.channel,
        requested_at: row.requested_at,
        due_at,
        skill: row.skill.clone(),
        label: label(contact),
    }
}

fn shown(contact: &Contact) -> ContactShown {
    let (row, person) = (&contact.row, &contact.person);
    let phase = row.state.phase();
    ContactShown {
        contact: row.id,
        phase,
        phase_since: row.phase_since,
        channel: row.channel,
        requested_at: row.requested_at,
        bridged_at: row.bridged_at,
        name: person.name.clone(),
        number: person.number.clone().or_else(|| person.e164.clone()),
        region: person.region.clone(),
        time_zone: person.time_zone.clone(),
        language: person.language.clone(),
        note: person.note.clone(),
        trail: person.trail.clone(),
        context: person.context.clone(),
        sharing: row.sharing,
        reason: row.reason.filter(|_| phase == Phase::Ended),
        customer_away: contact.away,
        wrap_up: contact.wrap_up.clone(),
        earlier: 0,
    }
}

/// How contacts ended that are closed: their pages may still ask.
#[derive(Default)]
pub(super) struct Recent {
    by_contact: BTreeMap<ContactId, CustomerStatus>,
    order: std::collections::VecDeque<ContactId>,
}

impl Recent {
    const KEPT: usize = 4_096;

    pub(super) fn get(&self, contact: ContactId) -> Option<&CustomerStatus> {
        self.by_contact.get(&contact)
    }

    fn keep(&mut self, contact: ContactId, status: CustomerStatus) {
        if self.by_contact.insert(contact, status).is_none() {
            self.order.push_back(contact);
        }
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_contact.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handling_is_learned_from_what_is_known_and_what_happens() {
        let mut handling = Handling::new([(2, 100), (3, 400)].into_iter());
        assert_eq!(handling.mean_ms, 100_000);
        handling.learn(Duration::from_secs(900));
        assert_eq!(handling.mean_ms, 200_000);
        assert_eq!(Handling::new([].into_iter()).mean_ms, 180_000);
    }
}

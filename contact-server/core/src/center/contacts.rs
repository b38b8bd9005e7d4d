//! What is known of one open contact, and where the indexes hold it.
use std::{sync::Arc, time::Duration};

use shared::{
    AgentId, ContactId, Timestamp,
    api::{Channel, WrapUp},
    contact::{CustomerStatus, LegCause},
};

use super::{Center, ContactState, Due, routing::SkillId};
use crate::{
    Settings,
    effect::{Lead, Viewing},
    record::{Change, ContactRow, Person},
};

/// How long a page may still read how its contact ended: one that was just loading when it did.
pub const END_READABLE: Duration = Duration::from_mins(10);

pub(super) struct Contact {
    pub(super) row: ContactRow,
    pub(super) person: Person,
    /// The version that it started with.
    pub(super) settings: Arc<Settings>,
    pub(super) wrap_up: WrapUp,
    pub(super) skill: SkillId,
    /// The customer's media is away (the page navigates).
    pub(super) away: bool,
    /// Why the customer's leg failed, until the agent who was shown the contact has been told.
    pub(super) lost: Option<LegCause>,
    pub(super) position: Option<u32>,
    pub(super) told: Told,
    indexed: Indexed,
}

/// What the world was told last, so that only what changed is told again.
#[derive(Default)]
pub(super) struct Told {
    pub(super) status: Option<CustomerStatus>,
    pub(super) shown_to: Option<AgentId>,
    pub(super) viewing: Option<Viewing>,
    pub(super) lead: Option<Lead>,
    pub(super) finished: bool,
}

/// Where the indexes hold a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Indexed {
    need: Option<Need>,
    waits: bool,
    listed: Option<u64>,
    deadline: Option<(Timestamp, &'static str)>,
}

/// Why a contact wants an agent; the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// The customer is on the line.
    OnTheLine,
    /// The customer is being called, and the agent who was meant for it is gone.
    Orphaned,
    /// In line, and its time has come.
    InLine,
}

impl Contact {
    pub(super) fn new(row: ContactRow, person: Person, settings: Arc<Settings>, skill: SkillId) -> Self {
        Self {
            row,
            person,
            settings,
            wrap_up: WrapUp::default(),
            skill,
            away: false,
            lost: None,
            position: None,
            told: Told::default(),
            indexed: Indexed::default(),
        }
    }

    /// The number that is really called for it. None: voice in the page, or merged.
    pub(super) fn number(&self) -> Option<&String> {
        let called = self.row.channel == Channel::Telephone && !self.row.merged;
        self.person.e164.as_ref().filter(|_| called)
    }

    /// When a contact that is still in line is closed, and why that is.
    pub(super) fn served_until(&self) -> (Timestamp, &'static str) {
        match self.row.due {
            Some((_, until)) => (until, "the desired window closes"),
            None => (self.row.requested_at + self.settings.wait_limit, "a request waited too long"),
        }
    }

    pub(super) fn deadline(&self) -> Option<(Timestamp, &'static str)> {
        self.indexed.deadline
    }

    fn standing(&self, number_is_busy: bool) -> Indexed {
        use ContactState as S;
        let nothing = Indexed::default();
        let by = |at: Timestamp, why| Indexed { deadline: Some((at, why)), ..nothing };
        match self.row.state {
            S::Scheduled { at } => {
                Indexed { listed: (!self.row.merged).then_some(at.0), ..by(at, "the desired window opens") }
            }
            S::Waiting { not_before } => {
                let due = not_before.is_none() && !number_is_busy;
                let (mut at, mut why) = self.served_until();
                if let Some(retry) = not_before.filter(|retry| *retry < at) {
                    (at, why) = (retry, "another attempt is due");
                }
                let listed = (!self.row.merged).then_some(0);
                Indexed { need: due.then_some(Need::InLine), waits: true, listed, ..by(at, why) }
            }
            S::Feigned { until } => by(until, "a customer rings too long"),
            S::Dialing { agent, until, .. } => {
                let need = agent.is_none().then_some(Need::Orphaned);
                Indexed { need, ..by(until, "a customer rings too long") }
            }
            S::Confirming { agent, until, .. } => {
                let need = agent.is_none().then_some(Need::Orphaned);
                Indexed { need, ..by(until, "a customer presses no key") }
            }
            S::Holding { agent, until, .. } => {
                let alone = agent.is_none();
                let need = (alone && !self.away).then_some(Need::OnTheLine);
                Indexed { need, listed: alone.then_some(0), ..by(until, "a customer held too long") }
            }
            S::Offering { until, .. } => by(until, "an agent rings too long"),
            S::Connecting { until, .. } => by(until, "an agent's voice does not come up"),
            S::Closing { until, .. } => by(until, "a last prompt took too long"),
            S::WrapUp { until: Some(until), .. } => by(until, "a wrap-up took too long"),
            S::Showing { until, .. } => by(until, "a page is shown too long"),
            S::Talking { .. } | S::WrapUp { until: None, .. } | S::Ended => nothing,
        }
    }
}

impl Center {
    /// The only way in which a contact's state changes: keeps indexes, deadlines and what is due to be told.
    pub(super) fn set_state(&mut self, id: ContactId, state: ContactState) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        if contact.row.state.phase() != state.phase() {
            contact.row.phase_since = self.now;
        }
        let ends = state.is_over() && !contact.row.state.is_over();
        if ends {
            *self.open.of(&contact.row) -= 1;
            if let Some(number) = contact.number() {
                let number = &self.limits.mark(number);
                self.numbers.remove(number);
            }
        }
        contact.row.state = state;
        if ends {
            self.store(Change::ContactTokensEnd { contact: id, at: self.now + END_READABLE });
        }
        self.reindex(id);
    }

    pub(super) fn reindex(&mut self, id: ContactId) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        self.changed_contacts.insert(id);
        let number_is_busy =
            contact.number().is_some_and(|number| self.hanging.is_busy(&self.limits, number));
        let new = contact.standing(number_is_busy);
        let old = std::mem::replace(&mut contact.indexed, new);
        if old == new {
            return;
        }
        let (place, skill) = (contact.row.place, contact.skill);
        self.lines.set_need(skill, place, id, old.need, new.need);
        if old.waits != new.waits {
            contact.position = self.lines.set_waiting(skill, place, id, new.waits);
        }
        if old.listed != new.listed {
            self.queue.set(place, id, old.listed, new.listed);
        }
        if old.deadline != new.deadline {
            if let Some((at, _)) = old.deadline {
                self.deadlines.remove(&(at, Due::Contact(id)));
            }
            if let Some((at, _)) = new.deadline {
                self.deadlines.insert((at, Due::Contact(id)));
            }
        }
    }
}

//! Agents: what each does, whether the console is there, and the line places that follow from it.
use shared::{
    AgentId, ContactId, StationId, Timestamp,
    contact::Presence,
    wire::console::{AgentState, Today},
};

use super::{
    Center, Due,
    routing::{ANYBODY, Idle, SkillId},
};
use crate::{
    Notice,
    record::{AgentProfile, AgentStateRow, Change, Event},
};

/// What an agent does. Every duty but the first three is tied to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// `owes`: a wrap-up that waits for the agent's return.
    Offline {
        owes: Option<ContactId>,
    },
    Away,
    /// `counted_by`: a call in progress that will need an agent, which the agent does not know of yet.
    Ready {
        counted_by: Option<ContactId>,
    },
    Reserved {
        contact: ContactId,
    },
    /// `until` is None once accepted.
    Ringing {
        contact: ContactId,
        until: Option<Timestamp>,
    },
    /// `until`: the agent's voice is away, and the call ends if it is not back by then.
    Talking {
        contact: ContactId,
        until: Option<Timestamp>,
    },
    WrapUp {
        contact: ContactId,
        until: Option<Timestamp>,
    },
}

impl Duty {
    /// The contact that it is tied to, also if the agent does not know of it.
    pub(super) fn contact(self) -> Option<ContactId> {
        match self {
            Self::Offline { owes: contact } | Self::Ready { counted_by: contact } => contact,
            Self::Away => None,
            Self::Reserved { contact }
            | Self::Ringing { contact, .. }
            | Self::Talking { contact, .. }
            | Self::WrapUp { contact, .. } => Some(contact),
        }
    }

    pub(super) fn presence(self) -> Presence {
        match self {
            Self::Offline { .. } => Presence::Offline,
            Self::Away => Presence::Away,
            Self::Ready { .. } => Presence::Ready,
            Self::Reserved { .. } => Presence::Reserved,
            Self::Ringing { .. } => Presence::Ringing,
            Self::Talking { .. } => Presence::Talking,
            Self::WrapUp { .. } => Presence::WrapUp,
        }
    }

    /// The contact as the agent is shown it.
    pub(super) fn shown(self) -> Option<ContactId> {
        match self {
            Self::Ready { .. } => None,
            duty @ (Self::Offline { .. }
            | Self::Away
            | Self::Reserved { .. }
            | Self::Ringing { .. }
            | Self::Talking { .. }
            | Self::WrapUp { .. }) => duty.contact(),
        }
    }

    fn until(self) -> Option<Timestamp> {
        match self {
            Self::Ringing { until, .. } | Self::Talking { until, .. } | Self::WrapUp { until, .. } => until,
            Self::Offline { .. } | Self::Away | Self::Ready { .. } | Self::Reserved { .. } => None,
        }
    }
}

/// The agent's console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Here(StationId),
    /// Its heartbeat is gone; it may come back until then.
    Lost {
        until: Timestamp,
    },
    Gone,
}

pub(super) struct Agent {
    pub(super) profile: AgentProfile,
    /// Always with [`ANYBODY`].
    pub(super) skills: Vec<SkillId>,
    pub(super) duty: Duty,
    /// When the presence began.
    pub(super) since: Timestamp,
    /// Since when he could have been given a call: the order in which agents are chosen. A reservation
    /// that came to nothing leaves it.
    pub(super) idle_since: Timestamp,
    /// Why he is away; while he is busy, that he wants to be away afterwards.
    pub(super) away_reason: Option<String>,
    pub(super) link: Link,
    pub(super) tally: Tally,
    pub(super) told: Option<AgentState>,
    pub(super) stored: Option<AgentStateRow>,
    indexed: Indexed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Indexed {
    idle: Option<(Idle, Timestamp)>,
    at_work: bool,
    deadline: Option<Timestamp>,
}

/// Calls finished since midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) calls: u32,
    pub(super) seconds: u32,
    pub(super) last_ended_at: Option<Timestamp>,
}

const DAY_MS: u64 = 24 * 3600 * 1000;

impl Tally {
    pub(super) fn today(self, now: Timestamp) -> Today {
        let today = self.last_ended_at.is_some_and(|at| at.0 / DAY_MS == now.0 / DAY_MS);
        let (calls, talk_seconds) = if today { (self.calls, self.seconds) } else { (0, 0) };
        Today { calls, talk_seconds, last_ended_at: self.last_ended_at }
    }

    pub(super) fn count(&mut self, now: Timestamp, talked_ms: u64) {
        let before = self.today(now);
        let seconds = u32::try_from(talked_ms / 1000).unwrap_or(u32::MAX);
        *self = Self {
            calls: before.calls + 1,
            seconds: before.talk_seconds.saturating_add(seconds),
            last_ended_at: Some(now),
        };
    }
}

impl Agent {
    pub(super) fn new(profile: AgentProfile) -> Self {
        Self {
            profile,
            skills: Vec::new(),
            duty: Duty::Offline { owes: None },
            since: Timestamp(0),
            idle_since: Timestamp(0),
            away_reason: None,
            link: Link::Gone,
            tally: Tally::default(),
            told: None,
            stored: None,
            indexed: Indexed::default(),
        }
    }

    pub(super) fn row(&self) -> AgentStateRow {
        let station = match self.link {
            Link::Here(station) => Some(station),
            Link::Lost { .. } | Link::Gone => None,
        };
        AgentStateRow {
            id: self.profile.id,
            presence: self.duty.presence(),
            since: self.since,
            away_reason: self.away_reason.clone(),
            station,
            contact: self.duty.shown(),
        }
    }

    pub(super) fn state(&self) -> AgentState {
        AgentState {
            presence: self.duty.presence(),
            since: self.since,
            away_reason: self.away_reason.clone(),
            contact: self.duty.shown(),
            until: self.duty.until(),
        }
    }

    /// What customers are told: the first word of the name.
    pub(super) fn first_name(&self) -> String {
        self.profile.name.split_whitespace().next().unwrap_or_default().to_owned()
    }

    fn standing(&self) -> Indexed {
        let here = matches!(self.link, Link::Here(_));
        let idle = match self.duty {
            Duty::Ready { counted_by: None } if here => Some((Idle::Free, self.idle_since)),
            Duty::Ready { counted_by: Some(_) } if here => Some((Idle::Counted, self.idle_since)),
            Duty::Ready { .. }
            | Duty::Offline { .. }
            | Duty::Away
            | Duty::Reserved { .. }
            | Duty::Ringing { .. }
            | Duty::Talking { .. }
            | Duty::WrapUp { .. } => None,
        };
        let at_work = !matches!(self.duty, Duty::Offline { .. } | Duty::Away) && self.link != Link::Gone;
        let deadline = match self.link {
            Link::Lost { until } => Some(until),
            Link::Here(_) | Link::Gone => None,
        };
        Indexed { idle, at_work, deadline }
    }
}

impl Center {
    /// The only way in which an agent's duty changes.
    pub(super) fn set_duty(&mut self, id: AgentId, duty: Duty) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        let (old, new) = (agent.duty.presence(), duty.presence());
        agent.duty = duty;
        if old != new {
            agent.since = self.now;
            self.record(Event::Presence { agent: id, presence: new });
            if new == Presence::Offline {
                self.watcher_changed(id);
            }
        }
        self.reindex_agent(id);
    }

    pub(super) fn set_link(&mut self, id: AgentId, link: Link) {
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.link = link;
        }
        self.reindex_agent(id);
    }

    pub(super) fn reindex_agent(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        self.changed_agents.insert(id);
        let new = agent.standing();
        let old = std::mem::replace(&mut agent.indexed, new);
        if old == new {
            return;
        }
        for &skill in &agent.skills {
            if old.idle != new.idle {
                if let Some((idle, since)) = old.idle {
                    self.lines.set_idle(skill, idle, (since, id), false);
                }
                if let Some((idle, since)) = new.idle {
                    self.lines.set_idle(skill, idle, (since, id), true);
                }
            }
            if old.at_work != new.at_work {
                self.lines.set_at_work(skill, new.at_work);
            }
        }
        if let Some(at) = old.deadline {
            self.deadlines.remove(&(at, Due::Agent(id)));
        }
        if let Some(at) = new.deadline {
            self.deadlines.insert((at, Due::Agent(id)));
        }
    }

    /// An agent was created or changed.
    pub(super) fn set_profile(&mut self, profile: AgentProfile) {
        let id = profile.id;
        self.store(Change::AgentProfile(profile.clone()));
        self.enter_profile(profile);
        self.reindex_agent(id);
        self.watcher_changed(id);
        let Some(agent) = self.agents.get(&id) else { return };
        self.changed_contacts.extend(agent.duty.shown());
        if let Duty::Ready { counted_by: Some(contact) } | Duty::Reserved { contact } = agent.duty
            && self.contacts.get(&contact).is_some_and(|contact| !agent.skills.contains(&contact.skill))
        {
            self.part(contact); // the skill was taken from him
        }
    }

    /// Takes the agent out of the lines of the old skills and into those of the new.
    pub(super) fn enter_profile(&mut self, profile: AgentProfile) {
        let id = profile.id;
        match profile.supervisor {
            true => self.supervisors.insert(id),
            false => self.supervisors.remove(&id),
        };
        let mut skills = vec![ANYBODY];
        skills.extend(
            profile.skills.iter().filter(|skill| !skill.is_empty()).map(|skill| self.lines.intern(skill)),
        );
        let agent = self.agents.entry(id).or_insert_with(|| Agent::new(profile.clone()));
        agent.profile = profile;
        let old = std::mem::take(&mut agent.indexed);
        let before = std::mem::replace(&mut agent.skills, skills);
        for skill in before {
            if let Some((idle, since)) = old.idle {
                self.lines.set_idle(skill, idle, (since, id), false);
            }
            if old.at_work {
                self.lines.set_at_work(skill, false);
            }
        }
        if let Some(at) = old.deadline {
            self.deadlines.remove(&(at, Due::Agent(id)));
        }
    }

    pub(super) fn reserve(&mut self, contact: ContactId, agent: AgentId) {
        self.record(Event::Reserved { contact, agent });
        self.note_agent(contact, agent);
        self.set_duty(agent, Duty::Reserved { contact });
    }

    /// Notes who has the contact, for the record.
    pub(super) fn note_agent(&mut self, contact: ContactId, agent: AgentId) {
        if let Some(contact) = self.contacts.get_mut(&contact) {
            contact.row.agent = Some(agent);
        }
    }

    /// Nothing came of what the agent was meant for: he is as idle as before.
    pub(super) fn free_agent(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else { return };
        let duty = match agent.away_reason {
            Some(_) => Duty::Away,
            None => Duty::Ready { counted_by: None },
        };
        self.set_duty(id, if agent.link == Link::Gone { Duty::Offline { owes: None } } else { duty });
    }

    /// The agent is done with a call.
    pub(super) fn finish_duty(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        agent.idle_since = self.now;
        self.free_agent(id);
    }

    pub(super) fn tell_agent(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        let row = agent.row();
        if agent.stored.as_ref() != Some(&row) {
            agent.stored = Some(row.clone());
            self.out.agent_rows.push_back(Change::AgentState(row));
        }
        let state = agent.state();
        if agent.told.as_ref() != Some(&state) {
            agent.told = Some(state.clone());
            self.out.notices.push_back(Notice::Agent { agent: id, state });
        }
    }
}

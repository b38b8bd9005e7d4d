//! Who is served next, by whom.
//!
//! A request names one skill, or none ("anybody", the line of the empty skill); an agent stands in the line
//! of each of his skills and in that of anybody. Between two inputs no agent is idle while somebody whom he
//! could serve is due. Of those due the most urgent [`Need`] comes first, then the place in line; of the
//! agents the one who has been idle longest. Both sides are kept sorted by skill, so that a decision costs
//! the logarithm of who waits, times the agent's skills.
use std::collections::{BTreeMap, BTreeSet};

use shared::{AgentId, ContactId, Timestamp};

use super::{Center, ContactState, agents::Duty, contacts::Need};
use crate::settings::DialMode;

/// An interned skill. 0 is "anybody".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SkillId(usize);

pub(super) const ANYBODY: SkillId = SkillId(0);

/// What an idle agent is: free, or counted on by a customer who is being called (and not yet told so).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    Free,
    Counted,
}

#[derive(Default)]
struct Line {
    need: BTreeMap<(Need, u64), ContactId>,
    waiting: BTreeMap<u64, ContactId>,
    free: BTreeSet<(Timestamp, AgentId)>,
    counted: BTreeSet<(Timestamp, AgentId)>,
    at_work: u32,
}

pub(super) struct Lines {
    ids: BTreeMap<String, SkillId>,
    lines: Vec<Line>,
    /// Lines in which there may be a match.
    stirred: BTreeSet<SkillId>,
    /// Lines whose positions or estimates changed since they were told.
    pub(super) moved: BTreeSet<SkillId>,
}

impl Lines {
    pub(super) fn new() -> Self {
        let ids = BTreeMap::from([(String::new(), ANYBODY)]);
        Self { ids, lines: vec![Line::default()], stirred: BTreeSet::new(), moved: BTreeSet::new() }
    }

    pub(super) fn intern(&mut self, skill: &str) -> SkillId {
        if let Some(id) = self.ids.get(skill) {
            return *id;
        }
        let id = SkillId(self.lines.len());
        self.lines.push(Line::default());
        self.ids.insert(skill.to_owned(), id);
        id
    }

    pub(super) fn find(&self, skill: &str) -> Option<SkillId> {
        self.ids.get(skill).copied()
    }

    pub(super) fn set_need(
        &mut self,
        skill: SkillId,
        place: u64,
        id: ContactId,
        old: Option<Need>,
        new: Option<Need>,
    ) {
        let line = &mut self.lines[skill.0];
        if let Some(old) = old {
            line.need.remove(&(old, place));
        }
        if let Some(new) = new {
            line.need.insert((new, place), id);
            self.stirred.insert(skill);
        }
    }

    /// Returns the position of one who now waits; 1 is next.
    pub(super) fn set_waiting(
        &mut self,
        skill: SkillId,
        place: u64,
        id: ContactId,
        waits: bool,
    ) -> Option<u32> {
        let line = &mut self.lines[skill.0];
        self.moved.insert(skill);
        if !waits {
            line.waiting.remove(&place);
            return None;
        }
        line.waiting.insert(place, id);
        let last = line.waiting.last_key_value().is_some_and(|(last, _)| *last == place);
        let position = if last { line.waiting.len() } else { line.waiting.range(..=place).count() };
        Some(u32::try_from(position).unwrap_or(u32::MAX))
    }

    pub(super) fn set_idle(&mut self, skill: SkillId, idle: Idle, key: (Timestamp, AgentId), on: bool) {
        let line = &mut self.lines[skill.0];
        let agents = match idle {
            Idle::Free => &mut line.free,
            Idle::Counted => &mut line.counted,
        };
        if on {
            agents.insert(key);
            self.stirred.insert(skill);
        } else {
            agents.remove(&key);
        }
    }

    pub(super) fn set_at_work(&mut self, skill: SkillId, on: bool) {
        let at_work = &mut self.lines[skill.0].at_work;
        *at_work = if on { *at_work + 1 } else { at_work.saturating_sub(1) };
        self.moved.insert(skill);
    }

    /// Those who wait in this line, in order.
    pub(super) fn waiting(&self, skill: SkillId) -> impl Iterator<Item = ContactId> {
        self.lines[skill.0].waiting.values().copied()
    }

    pub(super) fn length(&self, skill: SkillId) -> usize {
        self.lines[skill.0].waiting.len()
    }

    /// Agents with this skill who are neither away nor offline, and how many of them are free.
    pub(super) fn at_work(&self, skill: SkillId) -> (u32, usize) {
        (self.lines[skill.0].at_work, self.lines[skill.0].free.len())
    }

    pub(super) fn longest_free(&self, skill: SkillId) -> Option<(Timestamp, AgentId)> {
        self.lines[skill.0].free.first().copied()
    }

    pub(super) fn longest_counted(&self, skill: SkillId) -> Option<(Timestamp, AgentId)> {
        self.lines[skill.0].counted.first().copied()
    }

    /// The next decision: the most urgent of all who are due and for whom an agent is idle.
    fn next(&mut self) -> Option<(Need, ContactId, AgentId)> {
        let mut best: Option<((Need, u64), ContactId, AgentId)> = None;
        let lines = &self.lines;
        self.stirred.retain(|skill| {
            let Some((&key, &contact, agent)) = lines[skill.0].head() else { return false };
            if best.is_none_or(|(other, ..)| key < other) {
                best = Some((key, contact, agent));
            }
            true
        });
        best.map(|((need, _), contact, agent)| (need, contact, agent))
    }
}

impl Line {
    fn head(&self) -> Option<(&(Need, u64), &ContactId, AgentId)> {
        let (key, contact) = self.need.first_key_value()?;
        let free = self.free.first();
        // A customer on the line comes before one who is still being called.
        let agent = free.or_else(|| self.counted.first().filter(|_| key.0 == Need::OnTheLine));
        Some((key, contact, agent?.1))
    }
}

impl Center {
    /// Makes every decision that can be made now.
    pub(super) fn route(&mut self) {
        while let Some((need, contact, agent)) = self.lines.next() {
            match need {
                Need::OnTheLine => self.offer(contact, agent),
                Need::Orphaned => self.assign(contact, agent),
                Need::InLine => self.turn_comes(contact, agent),
            }
        }
    }

    /// Whom a customer gets who was just reached, when agents are chosen at the answer: of the agent who was
    /// counted on and those who are free, the one idle longest. One who is counted on by another call is
    /// taken too, if ours can stand in for him there.
    pub(super) fn choose(&mut self, contact: ContactId) -> Option<AgentId> {
        let (skill, ours) = {
            let contact = self.contacts.get(&contact)?;
            (contact.skill, contact.row.state.agent())
        };
        let ours = ours.and_then(|id| self.agents.get(&id).map(|agent| (agent.idle_since, id)));
        let best = [ours, self.lines.longest_free(skill)].into_iter().flatten().min();
        let Some((ours, counted)) = ours.zip(self.lines.longest_counted(skill)) else {
            return best.or_else(|| self.lines.longest_counted(skill)).map(|(_, agent)| agent);
        };
        if best.is_some_and(|best| counted < best) && self.swap_counted(contact, ours.1, counted.1) {
            return Some(counted.1);
        }
        best.map(|(_, agent)| agent)
    }

    /// Frees `theirs` from the call that counts on him, if `ours` can stand in for him there.
    fn swap_counted(&mut self, contact: ContactId, ours: AgentId, theirs: AgentId) -> bool {
        let Some(other) = self.agents.get(&theirs).and_then(|agent| agent.duty.contact()) else {
            return false;
        };
        let Some(needed) = self.contacts.get(&other).map(|other| other.skill) else { return false };
        let qualified = self.agents.get(&ours).is_some_and(|agent| agent.skills.contains(&needed));
        if !qualified || other == contact {
            return false;
        }
        // Both are free now; the other call is the next to be routed, and gets whom it needs.
        self.part(contact);
        self.part(other);
        true
    }

    /// Means `agent` for a contact whose customer is being called.
    pub(super) fn assign(&mut self, contact: ContactId, agent: AgentId) {
        use ContactState as S;
        let Some(open) = self.contacts.get(&contact) else { return };
        let state = match open.row.state.clone() {
            S::Dialing { leg, until, .. } => S::Dialing { leg, agent: Some(agent), until },
            S::Confirming { leg, wrong, until, .. } => {
                S::Confirming { leg, agent: Some(agent), wrong, until }
            }
            S::Holding { leg, until, .. } => S::Holding { leg, agent: Some(agent), until },
            state @ (S::Scheduled { .. }
            | S::Waiting { .. }
            | S::Feigned { .. }
            | S::Offering { .. }
            | S::Connecting { .. }
            | S::Talking { .. }
            | S::Closing { .. }
            | S::WrapUp { .. }
            | S::Showing { .. }
            | S::Ended) => state,
        };
        self.set_state(contact, state);
        self.mean(contact, agent);
    }

    /// The agent's half of [`Self::assign`]: reserved and shown the customer, or only counted on.
    pub(super) fn mean(&mut self, contact: ContactId, agent: AgentId) {
        let Some(open) = self.contacts.get(&contact) else { return };
        match open.settings.dial_mode {
            DialMode::AgentReserved => self.reserve(contact, agent),
            DialMode::AgentAtAnswer => self.set_duty(agent, Duty::Ready { counted_by: Some(contact) }),
        }
    }
}

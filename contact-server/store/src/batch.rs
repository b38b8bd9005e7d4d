//! The changes of one commit, folded: what was overwritten within the batch is never written.
//!
//! Pure. Borrowed from the changes; [`crate::commit`] writes it table by table, contacts before what hangs on
//! them.
use std::collections::{BTreeMap, BTreeSet};

use contact_core::{
    Settings,
    record::{AgentProfile, AgentStateRow, Change, ContactRow, Event, Person, TokenHash},
};
use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::{LegRecord, PageView, WrapUp},
    limits::TRAIL_PAGES,
};

#[derive(Default)]
pub(crate) struct Batch<'a> {
    pub(crate) events: Vec<(Timestamp, &'a Event)>,
    /// The last sign of life.
    pub(crate) alive_at: Timestamp,
    pub(crate) contacts: BTreeMap<ContactId, &'a ContactRow>,
    /// Also of rows that were overwritten: a place that was given is never given again.
    pub(crate) last_place: u64,
    pub(crate) persons: BTreeMap<ContactId, PersonChange<'a>>,
    pub(crate) trails: BTreeMap<ContactId, TrailChange<'a>>,
    pub(crate) wrap_ups: BTreeMap<ContactId, WrapUpChange<'a>>,
    pub(crate) legs: BTreeMap<LegId, &'a LegRecord>,
    /// None: deleted.
    pub(crate) agent_states: BTreeMap<AgentId, Option<&'a AgentStateRow>>,
    /// None: removed.
    pub(crate) agents: BTreeMap<AgentId, Option<&'a AgentProfile>>,
    pub(crate) settings: BTreeMap<u32, &'a Settings>,
    /// The latest end that tokens of these contacts may have.
    pub(crate) tokens_end: BTreeMap<ContactId, Timestamp>,
    /// In force after the ends. A hash is of one contact for ever.
    pub(crate) tokens: BTreeMap<TokenHash, (ContactId, Timestamp)>,
    pub(crate) idempotency: BTreeMap<[u8; 32], Promise<'a>>,
    pub(crate) opt_outs: BTreeMap<&'a str, Timestamp>,
    /// Whatever else the batch says of them.
    pub(crate) erased: BTreeSet<ContactId>,
}

/// What a batch makes of a person.
#[derive(Default)]
pub(crate) struct PersonChange<'a> {
    /// A new person, whose context is `context` all the same.
    pub(crate) whole: Option<&'a Person>,
    pub(crate) context: Option<&'a str>,
}

#[derive(Default)]
pub(crate) struct TrailChange<'a> {
    /// What was there before is gone.
    pub(crate) replaced: bool,
    /// Oldest first, at most [`TRAIL_PAGES`].
    pub(crate) views: Vec<&'a PageView>,
}

#[derive(Clone, Copy)]
pub(crate) struct WrapUpChange<'a> {
    pub(crate) agent: AgentId,
    pub(crate) wrap_up: &'a WrapUp,
    pub(crate) done: bool,
}

/// What an idempotency key was answered with.
#[derive(Clone, Copy)]
pub(crate) struct Promise<'a> {
    pub(crate) body: &'a [u8; 32],
    pub(crate) contact: ContactId,
    pub(crate) expires_at: Timestamp,
}

impl<'a> Batch<'a> {
    pub(crate) fn fold(changes: &'a [Change]) -> Self {
        let mut batch = Self::default();
        for change in changes {
            batch.add(change);
        }
        batch
    }

    fn add(&mut self, change: &'a Change) {
        match change {
            Change::Event(at, event) => self.events.push((*at, event)),
            Change::Alive(at) => self.alive_at = self.alive_at.max(*at),
            Change::Contact(row) => {
                self.last_place = self.last_place.max(row.place);
                self.contacts.insert(row.id, row);
            }
            Change::Person(contact, person) => self.set_person(*contact, person),
            Change::PageViewed(contact, view) => self.trails.entry(*contact).or_default().push(view),
            Change::Context(contact, text) => self.persons.entry(*contact).or_default().context = Some(text),
            Change::WrapUp { contact, agent, wrap_up, done } => {
                self.wrap_ups.insert(*contact, WrapUpChange { agent: *agent, wrap_up, done: *done });
            }
            Change::Leg(leg) => drop(self.legs.insert(leg.leg, leg)),
            Change::AgentState(row) => drop(self.agent_states.insert(row.id, Some(row))),
            Change::AgentProfile(profile) => drop(self.agents.insert(profile.id, Some(profile))),
            Change::AgentRemoved(agent) => {
                self.agents.insert(*agent, None);
                self.agent_states.insert(*agent, None);
            }
            Change::Settings(settings) => drop(self.settings.insert(settings.version, settings)),
            Change::ContactToken { hash, contact, expires_at } => {
                self.tokens.insert(*hash, (*contact, *expires_at));
            }
            Change::ContactTokensEnd { contact, at } => {
                for (of, expires_at) in self.tokens.values_mut() {
                    if of == contact {
                        *expires_at = (*expires_at).min(*at);
                    }
                }
                let end = self.tokens_end.entry(*contact).or_insert(*at);
                *end = (*end).min(*at);
            }
            Change::Idempotency { key, body, contact, expires_at } => {
                self.idempotency.insert(*key, Promise { body, contact: *contact, expires_at: *expires_at });
            }
            Change::OptOut { e164, at } => drop(self.opt_outs.insert(e164, *at)),
            Change::Erased(contact) => drop(self.erased.insert(*contact)),
        }
    }

    fn set_person(&mut self, contact: ContactId, person: &'a Person) {
        self.persons
            .insert(contact, PersonChange { whole: Some(person), context: person.context.as_deref() });
        let mut trail = TrailChange { replaced: true, views: Vec::new() };
        person.trail.iter().for_each(|view| trail.push(view));
        self.trails.insert(contact, trail);
    }

    pub(crate) fn last_at(&self) -> Timestamp {
        self.events.iter().map(|(at, _)| *at).fold(self.alive_at, Timestamp::max)
    }
}

impl<'a> TrailChange<'a> {
    fn push(&mut self, view: &'a PageView) {
        if self.views.len() == TRAIL_PAGES {
            self.views.remove(0);
        }
        self.views.push(view);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTACT: ContactId = ContactId(1);

    #[test]
    fn a_token_given_after_an_end_keeps_its_own_and_one_before_does_not() {
        let end = |at| Change::ContactTokensEnd { contact: CONTACT, at: Timestamp(at) };
        let changes = [token(1), end(5), end(7), token(2)];
        let batch = Batch::fold(&changes);
        let ends: Vec<_> = batch.tokens.into_iter().map(|(hash, (_, at))| (hash[0], at.0)).collect();
        assert_eq!(ends, [(1, 5), (2, 9)]);
        assert_eq!(batch.tokens_end, [(CONTACT, Timestamp(5))].into());
    }

    #[test]
    fn a_trail_keeps_its_newest_pages() {
        let changes: Vec<Change> = (0..TRAIL_PAGES as u64 + 3).map(viewed).collect();
        let batch = Batch::fold(&changes);
        let times: Vec<u64> = batch.trails[&CONTACT].views.iter().map(|view| view.at.0).collect();
        assert_eq!(times, (3..TRAIL_PAGES as u64 + 3).collect::<Vec<_>>());
    }

    #[test]
    fn a_new_person_takes_the_place_of_trail_and_context() {
        let person = Person { context: None, ..Person::default() };
        let changes = [viewed(1), Change::Context(CONTACT, "{}".into()), Change::Person(CONTACT, person)];
        let batch = Batch::fold(&changes);
        assert!(batch.trails[&CONTACT].replaced && batch.trails[&CONTACT].views.is_empty());
        assert_eq!(batch.persons[&CONTACT].context, None);
    }

    #[test]
    fn a_removed_agent_has_no_state() {
        let agent = AgentId(3);
        let batch_of = [Change::AgentRemoved(agent)];
        let batch = Batch::fold(&batch_of);
        assert!(batch.agents[&agent].is_none() && batch.agent_states[&agent].is_none());
    }

    fn token(byte: u8) -> Change {
        Change::ContactToken { hash: [byte; 32], contact: CONTACT, expires_at: Timestamp(9) }
    }

    fn viewed(at: u64) -> Change {
        let view = PageView { url: "/".into(), title: String::new(), at: Timestamp(at) };
        Change::PageViewed(CONTACT, view)
    }
}

//! A store in memory: folds changes as a real one must, and gives the snapshot that a restart would load.
use std::collections::{BTreeMap, BTreeSet};

use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::{LegRecord, WrapUp},
    limits::TRAIL_PAGES,
};

use crate::{
    Settings, Snapshot,
    record::{AgentProfile, AgentStateRow, Change, ContactRow, Event, Person, TokenHash, fingerprint},
};

const SALT: u128 = 0;

const DAY_MS: u64 = 24 * 3600 * 1000;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ledger {
    pub(super) settings: BTreeMap<u32, Settings>,
    newest: u32,
    pub(super) profiles: BTreeMap<AgentId, AgentProfile>,
    pub(super) agents: BTreeMap<AgentId, AgentStateRow>,
    pub(super) contacts: BTreeMap<ContactId, ContactRow>,
    pub(super) persons: BTreeMap<ContactId, Person>,
    pub(super) wrap_ups: BTreeMap<ContactId, (WrapUp, bool)>,
    pub(super) legs: BTreeMap<LegId, LegRecord>,
    /// Of legs whose customer was erased.
    marks: BTreeMap<LegId, String>,
    pub(super) tokens: BTreeMap<TokenHash, ContactId>,
    idempotency: BTreeMap<[u8; 32], ([u8; 32], ContactId, Timestamp)>,
    pub(super) opt_outs: BTreeSet<String>,
    pub(super) events: Vec<Event>,
    pub(super) last_at: Timestamp,
    today: BTreeMap<AgentId, (u32, u32, Timestamp)>,
}

impl Ledger {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            newest: settings.version,
            settings: BTreeMap::from([(settings.version, settings)]),
            ..Self::default()
        }
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Event(at, event) => {
                assert!(at >= self.last_at, "time ran backwards");
                self.last_at = at;
                self.events.push(event);
            }
            Change::Alive(at) => {
                assert!(at >= self.last_at, "time ran backwards");
                self.last_at = at;
            }
            Change::Contact(row) => self.put_contact(row),
            Change::Person(id, person) => drop(self.persons.insert(id, person)),
            Change::PageViewed(id, page) => {
                let trail = &mut self.persons.get_mut(&id).expect("a page view needs a person").trail;
                trail.push(page);
                let surplus = trail.len().saturating_sub(TRAIL_PAGES);
                trail.drain(..surplus);
            }
            Change::Context(id, context) => {
                self.persons.get_mut(&id).expect("context needs a person").context = Some(context);
            }
            Change::WrapUp { contact, wrap_up, done, .. } => {
                drop(self.wrap_ups.insert(contact, (wrap_up, done)))
            }
            Change::Leg(record) => drop(self.legs.insert(record.leg, record)),
            Change::AgentState(row) => {
                assert!(self.profiles.contains_key(&row.id), "a state of an agent without a profile");
                self.agents.insert(row.id, row);
            }
            Change::AgentProfile(profile) => drop(self.profiles.insert(profile.id, profile)),
            Change::AgentRemoved(id) => {
                self.profiles.remove(&id);
                self.agents.remove(&id);
            }
            Change::Settings(settings) => {
                self.newest = settings.version;
                self.settings.insert(settings.version, settings);
            }
            Change::ContactToken { hash, contact, .. } => drop(self.tokens.insert(hash, contact)),
            Change::ContactTokensEnd { contact: id, .. } => self.tokens.retain(|_, contact| *contact != id),
            Change::Idempotency { key, body, contact, expires_at } => {
                self.idempotency.insert(key, (body, contact, expires_at));
            }
            Change::OptOut { e164, .. } => drop(self.opt_outs.insert(e164)),
            Change::Erased(id) => {
                self.persons.remove(&id);
                self.wrap_ups.remove(&id);
                self.tokens.retain(|_, contact| *contact != id);
                self.idempotency.retain(|_, (_, contact, _)| *contact != id);
                for leg in self.legs.values_mut().filter(|leg| leg.contact == id) {
                    let number = leg.number.take();
                    self.marks.extend(number.map(|number| (leg.leg, fingerprint(SALT, &number))));
                }
            }
        }
    }

    pub(super) fn newest_settings(&self) -> &Settings {
        &self.settings[&self.newest]
    }

    fn put_contact(&mut self, row: ContactRow) {
        let before = self.contacts.insert(row.id, row.clone());
        assert!(!before.as_ref().is_some_and(|row| row.closed), "a closed contact was written again");
        if let (Some(agent), Some(ended_at)) = (row.agent, row.ended_at)
            && row.bridged_at.is_some()
            && before.is_some_and(|before| before.ended_at.is_none())
        {
            let today = self.today.entry(agent).or_default();
            if today.2.0 / DAY_MS != ended_at.0 / DAY_MS {
                *today = (0, 0, ended_at);
            }
            *today = (today.0 + 1, today.1 + u32::try_from(row.talked_ms / 1000).unwrap(), ended_at);
        }
    }

    /// Since the midnight before.
    fn today_at(&self, now: Timestamp) -> BTreeMap<AgentId, (u32, u32, Timestamp)> {
        let mut today = self.today.clone();
        today.retain(|_, (.., at)| at.0 / DAY_MS == now.0 / DAY_MS);
        today
    }

    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let open: Vec<(ContactRow, Person)> = self
            .contacts
            .values()
            .filter(|row| !row.closed)
            .map(|row| (row.clone(), self.persons[&row.id].clone()))
            .collect();
        let used: BTreeSet<u32> = open.iter().map(|(row, _)| row.settings).collect();
        let recent = |leg: &&LegRecord| leg.started_at.0 + DAY_MS >= now.min(self.last_at).0;
        let of_open = |leg: &&LegRecord| open.iter().any(|(row, _)| row.id == leg.contact);
        let marked = |leg: &LegRecord| LegRecord {
            number: leg.number.clone().or_else(|| self.marks.get(&leg.leg).cloned()),
            ..leg.clone()
        };
        Snapshot {
            salt: SALT,
            business_name: "Acme".to_owned(),
            settings: self.settings[&self.newest].clone(),
            older_settings: self
                .settings
                .values()
                .filter(|settings| settings.version != self.newest && used.contains(&settings.version))
                .cloned()
                .collect(),
            agents: self.profiles.values().cloned().collect(),
            agent_states: self.agents.values().cloned().collect(),
            wrap_ups: open
                .iter()
                .filter_map(|(row, _)| Some((row.id, self.wrap_ups.get(&row.id)?.0.clone())))
                .collect(),
            legs: self.legs.values().filter(|leg| recent(leg) || of_open(leg)).map(marked).collect(),
            opt_outs: self.opt_outs.clone(),
            idempotency: self
                .idempotency
                .iter()
                .filter(|(_, (.., expires_at))| *expires_at > now)
                .map(|(key, (body, contact, expires_at))| (*key, *body, *contact, *expires_at))
                .collect(),
            last_place: self.contacts.values().map(|row| row.place).max().unwrap_or_default(),
            last_at: self.last_at,
            today: self.today_at(now.max(self.last_at)),
            contacts: open,
        }
    }
}

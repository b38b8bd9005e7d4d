//! Random lists of changes against a plain model in memory: what `load` gives is the fold of what was
//! committed, however the changes were cut into commits.
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use contact_core::{
    Settings, Snapshot,
    record::{AgentProfile, AgentStateRow, Change, ContactRow, Person, TokenHash, fingerprint},
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shared::{
    AgentId, BusinessId, ContactId, LegId, Timestamp,
    api::{LegRecord, WrapUp},
    contact::Presence,
    limits::TRAIL_PAGES,
};
use store::testing::TestDatabase;

use crate::examples::*;

const CONTACTS: std::ops::RangeInclusive<u128> = 1..=4;
const HASHES: std::ops::RangeInclusive<u8> = 1..=2;
const CASES: u32 = 48;
const HOUR: u64 = 3600;

pub(crate) async fn load_after_commit_is_a_fold_of_the_changes(db: TestDatabase) {
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let ids = Cell::new(0);
    let cases = vec(vec(change(), 0..24), 1..5);
    let done = tokio::task::block_in_place(|| {
        runner.run(&cases, |commits| {
            ids.set(ids.get() + 1);
            runtime.block_on(check(&db, BusinessId(ids.get()), commits))
        })
    });
    done.unwrap();
}

async fn check(
    db: &TestDatabase,
    business: BusinessId,
    commits: Vec<Vec<Change>>,
) -> Result<(), TestCaseError> {
    let epoch = owned(&db.store, business).await;
    let first: Vec<Change> = CONTACTS.map(|id| Change::Contact(contact(id))).collect();
    let mut model = Model { salt: business.0, ..Model::default() };
    model.settings.insert(1, Settings::default());
    let mut last_seq = 0;
    for changes in
        [first].into_iter().chain(commits.into_iter().map(|changes| of_business(changes, business)))
    {
        last_seq += changes.iter().filter(|change| matches!(change, Change::Event(..))).count() as u64;
        let seq = db.store.commit(business, epoch, &changes).await.unwrap();
        prop_assert_eq!(seq, last_seq);
        changes.iter().for_each(|change| model.apply(change));
        // An erasure also takes what the same commit says after it.
        changes.iter().for_each(|change| model.erase(change));
    }
    let now = at(12 * HOUR - 1);
    let loaded = db.store.load(business, now).await.unwrap();
    prop_assert_eq!(loaded, model.snapshot(store_name(business), now));
    for (contact, byte) in CONTACTS.map(ContactId).flat_map(|contact| HASHES.map(move |byte| (contact, byte)))
    {
        let hash = hash(byte, contact, business);
        let found = db.store.find_contact_token(&hash, now).await.unwrap();
        let known = model.tokens.get(&hash).filter(|(_, expires_at)| *expires_at > now);
        prop_assert_eq!(found, known.map(|(contact, _)| (business, *contact)));
    }
    Ok(())
}

fn store_name(business: BusinessId) -> String {
    crate::examples::business(business).name
}

#[derive(Default)]
struct Model {
    salt: u128,
    settings: BTreeMap<u32, Settings>,
    agents: BTreeMap<AgentId, AgentProfile>,
    states: BTreeMap<AgentId, AgentStateRow>,
    contacts: BTreeMap<ContactId, ContactRow>,
    persons: BTreeMap<ContactId, Person>,
    wrap_ups: BTreeMap<ContactId, WrapUp>,
    legs: BTreeMap<LegId, LegRecord>,
    /// Of erased contacts' legs.
    marks: BTreeMap<LegId, String>,
    tokens: BTreeMap<TokenHash, (ContactId, Timestamp)>,
    idempotency: BTreeMap<[u8; 32], ([u8; 32], ContactId, Timestamp)>,
    opt_outs: BTreeSet<String>,
    last_place: u64,
    last_at: Timestamp,
}

impl Model {
    fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Event(at, _) | Change::Alive(at) => self.last_at = self.last_at.max(at),
            Change::Contact(row) => {
                self.last_place = self.last_place.max(row.place);
                self.contacts.insert(row.id, row);
            }
            Change::Person(contact, person) => drop(self.persons.insert(contact, person)),
            Change::PageViewed(contact, view) => {
                let trail = &mut self.persons.entry(contact).or_default().trail;
                trail.push(view);
                trail.drain(..trail.len().saturating_sub(TRAIL_PAGES));
            }
            Change::Context(contact, text) => self.persons.entry(contact).or_default().context = Some(text),
            Change::WrapUp { contact, wrap_up, .. } => drop(self.wrap_ups.insert(contact, wrap_up)),
            Change::Leg(leg) => drop(self.legs.insert(leg.leg, leg)),
            Change::AgentState(row) => drop(self.states.insert(row.id, row)),
            Change::AgentProfile(profile) => drop(self.agents.insert(profile.id, profile)),
            Change::AgentRemoved(agent) => {
                self.agents.remove(&agent);
                self.states.remove(&agent);
            }
            Change::Settings(settings) => drop(self.settings.insert(settings.version, settings)),
            Change::ContactToken { hash, contact, expires_at } => {
                self.tokens.insert(hash, (contact, expires_at));
            }
            Change::ContactTokensEnd { contact, at } => {
                let of_it = self.tokens.values_mut().filter(|(of, _)| *of == contact);
                of_it.for_each(|(_, expires_at)| *expires_at = (*expires_at).min(at));
            }
            Change::Idempotency { key, body, contact, expires_at } => {
                self.idempotency.insert(key, (body, contact, expires_at));
            }
            Change::OptOut { e164, .. } => drop(self.opt_outs.insert(fingerprint(self.salt, &e164))),
            Change::Erased(_) => {}
        }
    }

    fn erase(&mut self, change: &Change) {
        let Change::Erased(contact) = change else { return };
        self.persons.remove(contact);
        self.wrap_ups.remove(contact);
        self.tokens.retain(|_, (of, _)| of != contact);
        self.idempotency.retain(|_, (_, of, _)| of != contact);
        for leg in self.legs.values_mut().filter(|leg| leg.contact == *contact) {
            let lately = leg.started_at.0 + 24 * HOUR * 1000 > self.last_at.0;
            let number = leg.number.take().filter(|_| lately);
            self.marks.extend(number.map(|number| (leg.leg, fingerprint(self.salt, &number))));
        }
    }

    fn snapshot(&self, business_name: String, now: Timestamp) -> Snapshot {
        let is_open = |contact: &ContactId| self.contacts.get(contact).is_some_and(|row| !row.closed);
        let in_use: BTreeSet<u32> =
            self.contacts.values().filter(|row| !row.closed).map(|row| row.settings).collect();
        let (newest, settings) = self.settings.last_key_value().expect("version 1 was put");
        let older =
            self.settings.iter().filter(|(version, _)| *version != newest && in_use.contains(*version));
        let mut contacts: Vec<_> = self.contacts.values().filter(|row| !row.closed).cloned().collect();
        contacts.sort_by_key(|row| (row.place, row.id));
        let day_ago = Timestamp(now.min(self.last_at).0.saturating_sub(24 * HOUR * 1000));
        let mut legs: Vec<_> = self
            .legs
            .values()
            .filter(|leg| leg.started_at >= day_ago || is_open(&leg.contact))
            .map(|leg| LegRecord {
                number: leg.number.clone().or_else(|| self.marks.get(&leg.leg).cloned()),
                ..leg.clone()
            })
            .collect();
        legs.sort_by_key(|leg| (leg.started_at, leg.leg));
        let mut idempotency: Vec<_> = self
            .idempotency
            .iter()
            .map(|(key, (body, contact, until))| (*key, *body, *contact, *until))
            .collect();
        idempotency.retain(|(_, _, _, until)| *until > now);
        idempotency.sort_by_key(|(key, _, _, until)| (*until, *key));
        Snapshot {
            salt: self.salt,
            business_name,
            settings: settings.clone(),
            older_settings: older.map(|(_, settings)| settings.clone()).collect(),
            agents: self.agents.values().cloned().collect(),
            agent_states: self.states.values().cloned().collect(),
            contacts: contacts.into_iter().map(|row| (row.clone(), self.person(row.id))).collect(),
            wrap_ups: self
                .wrap_ups
                .iter()
                .filter(|(id, _)| is_open(id))
                .map(|(id, it)| (*id, it.clone()))
                .collect(),
            legs,
            opt_outs: self.opt_outs.clone(),
            idempotency,
            last_place: self.last_place,
            last_at: self.last_at,
            today: self.today(now.max(self.last_at)),
        }
    }

    fn person(&self, contact: ContactId) -> Person {
        self.persons.get(&contact).cloned().unwrap_or_default()
    }

    /// Count, seconds, last end of each agent since midnight.
    fn today(&self, now: Timestamp) -> BTreeMap<AgentId, (u32, u32, Timestamp)> {
        let midnight = Timestamp(now.0 - now.0 % (24 * HOUR * 1000));
        let mut today = BTreeMap::<AgentId, (u32, u32, Timestamp)>::new();
        for row in self.contacts.values() {
            let (Some(agent), Some(ended_at), Some(_)) = (row.agent, row.ended_at, row.bridged_at) else {
                continue;
            };
            if ended_at >= midnight {
                let (calls, seconds, last) = today.entry(agent).or_default();
                *calls += 1;
                *seconds += (row.talked_ms / 1000) as u32;
                *last = ended_at.max(*last);
            }
        }
        today
    }
}

/// A hash is of one contact for ever, and unique in a whole installation.
fn hash(byte: u8, contact: ContactId, business: BusinessId) -> TokenHash {
    let mut hash = [byte; 32];
    hash[..16].copy_from_slice(&business.0.to_be_bytes());
    hash[16..31].copy_from_slice(&contact.0.to_be_bytes()[1..]);
    hash
}

fn of_business(mut changes: Vec<Change>, business: BusinessId) -> Vec<Change> {
    for change in &mut changes {
        if let Change::ContactToken { hash: given, contact, .. } = change {
            *given = hash(given[0], *contact, business);
        }
    }
    changes
}

fn change() -> impl Strategy<Value = Change> {
    let id = || CONTACTS.prop_map(ContactId);
    let agent = || (1..=3_u128).prop_map(AgentId);
    let name = || "[a-zé\0%]{0,6}";
    prop_oneof![
        4 => (id(), time()).prop_map(|(contact, at)| ended_at(contact, at)),
        4 => row().prop_map(Change::Contact),
        2 => (id(), name(), 0..13_u64).prop_map(|(contact, name, pages)| {
            let trail = (0..pages.min(TRAIL_PAGES as u64)).map(view).collect();
            Change::Person(contact, Person { trail, ..person(&name, "+4930231251") })
        }),
        3 => (id(), 0..100_u64).prop_map(|(contact, seconds)| Change::PageViewed(contact, view(seconds))),
        1 => (id(), "[a-z{}]{0,4}").prop_map(|(contact, text)| Change::Context(contact, text)),
        2 => (id(), agent(), name(), any::<bool>()).prop_map(|(contact, agent, notes, done)| {
            Change::WrapUp { contact, agent, wrap_up: wrap_up("Order", &notes), done }
        }),
        2 => (1..=5_u128, CONTACTS, time()).prop_map(|(id, contact, at)| Change::Leg(leg(id, contact, at))),
        2 => agent().prop_map(|agent| Change::AgentState(state(agent, Presence::Away))),
        2 => (agent(), name()).prop_map(|(agent, name)| Change::AgentProfile(profile(agent, &name))),
        1 => agent().prop_map(Change::AgentRemoved),
        1 => (1..=4_u32, any::<bool>())
            .prop_map(|(version, press_one)| Change::Settings(Settings { version, press_one, ..Settings::default() })),
        2 => (HASHES, id(), time()).prop_map(|(byte, contact, expires_at)| {
            Change::ContactToken { hash: [byte; 32], contact, expires_at }
        }),
        1 => (id(), time()).prop_map(|(contact, at)| Change::ContactTokensEnd { contact, at }),
        2 => (1..=4_u8, any::<u8>(), id(), time()).prop_map(|(key, body, contact, expires_at)| {
            Change::Idempotency { key: [key; 32], body: [body; 32], contact, expires_at }
        }),
        1 => ("[+][0-9]{1,2}", time()).prop_map(|(e164, at)| Change::OptOut { e164, at }),
        1 => id().prop_map(Change::Erased),
        2 => time().prop_map(Change::Alive),
    ]
}

fn ended_at(contact: ContactId, at: Timestamp) -> Change {
    let Change::Event(_, event) = ended(contact.0, 0) else { unreachable!("an end is an event") };
    Change::Event(at, event)
}

/// Two days around noon.
fn time() -> impl Strategy<Value = Timestamp> {
    (0..48 * HOUR * 1000).prop_map(|ms| Timestamp(NOON.0 - 24 * HOUR * 1000 + ms))
}

fn row() -> impl Strategy<Value = ContactRow> {
    let flags = (any::<bool>(), any::<bool>());
    let times = (option::of(time()), option::of(time()), 0..100_000_u64);
    (CONTACTS, 1..=4_u32, 0..50_u64, option::of((1..=3_u128).prop_map(AgentId)), flags, times).prop_map(
        |(id, settings, place, agent, (merged, closed), (bridged_at, ended_at, talked_ms))| ContactRow {
            settings,
            place,
            agent,
            merged,
            closed,
            bridged_at,
            ended_at,
            talked_ms,
            ..contact(id)
        },
    )
}

//! What keeps a business from being used against others: regions, dial budgets, opt-outs, replayed requests.
//!
//! Everything is asked twice, at the request and at the dial, and answers no when in doubt.
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use shared::{
    ContactId, Timestamp,
    api::{LegRecord, Party},
};

use crate::{
    Refusal, Settings,
    input::Idempotency,
    record::{Person, Snapshot, fingerprint, is_fingerprint},
};

/// The window of the dial budget.
pub(super) const BUDGET_WINDOW: Duration = Duration::from_hours(24);
/// How long a request's idempotency key is remembered.
pub(super) const KEY_KEPT: Duration = Duration::from_hours(24);

/// Numbers are known by their [`fingerprint`]s alone, so that nothing here has to be erased.
#[derive(Default)]
pub(super) struct Limits {
    salt: u128,
    /// Dials to telephone numbers within the window, oldest first.
    dials: VecDeque<(Timestamp, Arc<str>)>,
    by_number: BTreeMap<Arc<str>, VecDeque<Timestamp>>,
    opt_outs: BTreeSet<String>,
    keys: BTreeMap<[u8; 32], Seen>,
    expiries: BTreeSet<(Timestamp, [u8; 32])>,
}

struct Seen {
    body: [u8; 32],
    contact: ContactId,
}

impl Limits {
    pub(super) fn restore(snapshot: &Snapshot) -> Self {
        let mut limits = Self { salt: snapshot.salt, ..Self::default() };
        // Rows of version 0.1 hold the number itself.
        for known in &snapshot.opt_outs {
            let plain = known.starts_with('+');
            limits.opt_outs.insert(if plain { fingerprint(limits.salt, known) } else { known.clone() });
        }
        let mut dials: Vec<&LegRecord> =
            snapshot.legs.iter().filter(|l| l.party == Party::Customer).collect();
        dials.sort_by_key(|leg| (leg.started_at, leg.leg));
        for leg in dials {
            if let Some(number) = &leg.number {
                limits.count_dial(leg.started_at, number);
            }
        }
        for &(key, body, contact, expires_at) in &snapshot.idempotency {
            limits.remember(Idempotency { key, body }, contact, expires_at);
        }
        limits
    }

    /// May this number be called now? `settings` are the newest: a limit that was lowered holds at once.
    pub(super) fn may_dial(
        &mut self,
        now: Timestamp,
        settings: &Settings,
        person: &Person,
    ) -> Result<(), Refusal> {
        let (Some(number), Some(region)) = (&person.e164, &person.region) else {
            return Err(Refusal::RegionDenied);
        };
        if !settings.regions.contains(region) {
            return Err(Refusal::RegionDenied);
        }
        self.forget_dials(now);
        if let Some(until) =
            freed_at(self.dials.iter().map(|(at, _)| *at), self.dials.len(), settings.dial_budget)
        {
            return Err(Refusal::BudgetSpent { until: until.unwrap_or(now + BUDGET_WINDOW) });
        }
        let number = fingerprint(self.salt, number);
        let dials = self.by_number.get(number.as_str()).map_or(0, VecDeque::len);
        let called_often = dials >= usize::try_from(settings.dials_per_number).unwrap_or(usize::MAX);
        // Both are looked at, and after everything that is no number's own.
        if called_often | self.opt_outs.contains(&number) { Err(Refusal::NumberNotCalled) } else { Ok(()) }
    }

    pub(super) fn count_dial(&mut self, at: Timestamp, number: &str) {
        let number: Arc<str> = self.mark(number).into();
        self.by_number.entry(Arc::clone(&number)).or_default().push_back(at);
        self.dials.push_back((at, number));
    }

    /// What stands for a number wherever it is compared: a leg whose customer was erased has nothing else.
    pub(super) fn mark(&self, number: &str) -> String {
        if is_fingerprint(number) { number.to_owned() } else { fingerprint(self.salt, number) }
    }

    pub(super) fn opt_out(&mut self, number: &str) {
        self.opt_outs.insert(fingerprint(self.salt, number));
    }

    pub(super) fn opted_out(&self, number: &str) -> bool {
        self.opt_outs.contains(&fingerprint(self.salt, number))
    }

    /// The requests that made this contact may be sent anew.
    pub(super) fn forget(&mut self, contact: ContactId) {
        self.keys.retain(|_, seen| seen.contact != contact);
        self.expiries.retain(|(_, key)| self.keys.contains_key(key));
    }

    /// Refuses a request whose key was seen before.
    pub(super) fn check_key(&mut self, now: Timestamp, request: Idempotency) -> Result<(), Refusal> {
        while let Some(&(expires_at, key)) = self.expiries.first()
            && expires_at <= now
        {
            self.expiries.pop_first();
            self.keys.remove(&key);
        }
        match self.keys.get(&request.key) {
            None => Ok(()),
            Some(seen) if seen.body == request.body => Err(Refusal::AcceptedBefore(seen.contact)),
            Some(_) => Err(Refusal::KeyReused),
        }
    }

    pub(super) fn remember(&mut self, request: Idempotency, contact: ContactId, expires_at: Timestamp) {
        self.keys.insert(request.key, Seen { body: request.body, contact });
        self.expiries.insert((expires_at, request.key));
    }

    fn forget_dials(&mut self, now: Timestamp) {
        while let Some((at, number)) = self.dials.front()
            && *at + BUDGET_WINDOW <= now
        {
            if let Some(dials) = self.by_number.get_mut(number) {
                dials.pop_front();
                if dials.is_empty() {
                    self.by_number.remove(number);
                }
            }
            self.dials.pop_front();
        }
    }
}

/// None: there is room. Otherwise when the next place frees, which a budget of 0 never does.
fn freed_at(
    mut dials: impl Iterator<Item = Timestamp>,
    count: usize,
    budget: u32,
) -> Option<Option<Timestamp>> {
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    let spent = count.checked_sub(budget)?;
    Some(dials.nth(spent).map(|at| at + BUDGET_WINDOW))
}

//! What a `Center` is rebuilt from, read in one transaction.
use std::{collections::BTreeMap, time::Duration};

use contact_core::{
    Settings, Snapshot,
    record::{AgentProfile, ContactRow, Person},
};
use shared::{
    AgentId, BusinessId, ContactId, LegId, Timestamp,
    api::{LegRecord, PageView},
};

use crate::{
    Business, StoreError,
    backend::{Backend, Session},
    sql::{Args, Row, args},
};

/// So long dials count, and legs may be up.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

const OWNER: &str = "SELECT b.body, o.last_place, o.last_at FROM businesses b JOIN owners o ON o.business = b.id \
     WHERE b.id = $1";
const NEWEST_SETTINGS: &str = "SELECT body FROM settings WHERE business = $1 ORDER BY version DESC LIMIT 1";
const OLDER_SETTINGS: &str = "SELECT body FROM settings WHERE business = $1 AND version <> $2 AND version IN \
     (SELECT settings FROM contacts WHERE business = $1 AND NOT closed) ORDER BY version";
const AGENTS: &str = "SELECT body FROM agents WHERE business = $1 AND NOT removed ORDER BY id";
const AGENT_STATES: &str = "SELECT body FROM agent_states WHERE business = $1 ORDER BY agent";
const CONTACTS: &str = "SELECT c.body, p.body, p.context FROM contacts c \
     LEFT JOIN persons p ON p.business = c.business AND p.contact = c.id \
     WHERE c.business = $1 AND NOT c.closed ORDER BY c.place, c.id";
pub(crate) const TRAILS: &str = "SELECT contact, url, title, at FROM page_views WHERE business = $1 AND contact IN \
     (SELECT id FROM contacts WHERE business = $1 AND NOT closed) ORDER BY contact, position";
const WRAP_UPS: &str = "SELECT w.contact, w.body FROM wrap_ups w \
     JOIN contacts c ON c.business = w.business AND c.id = w.contact WHERE c.business = $1 AND NOT c.closed";
/// Two searches by index; one with OR would read every leg there ever was. CROSS JOIN keeps SQLite to this order.
pub(crate) const LEGS: &str = "SELECT body FROM legs WHERE business = $1 AND started_at >= $2 \
     UNION ALL SELECT l.body FROM contacts c CROSS JOIN legs l WHERE c.business = $1 AND NOT c.closed \
     AND l.business = $1 AND l.contact = c.id AND l.started_at < $2";
const MARKS: &str = "SELECT leg, mark FROM erased_legs WHERE business = $1";
const OPT_OUTS: &str = "SELECT e164 FROM opt_outs WHERE business = $1";
const IDEMPOTENCY: &str = "SELECT request, body_hash, contact, expires_at FROM idempotency \
     WHERE business = $1 AND expires_at > $2 ORDER BY expires_at, request";
/// Whole seconds of each call, as `core` counts them. sum() of Postgres is NUMERIC unless cast.
const TODAY: &str = "SELECT agent, COUNT(*), CAST(SUM(talked_ms / 1000) AS BIGINT), MAX(ended_at) FROM contacts \
     WHERE business = $1 AND ended_at >= $2 AND bridged_at IS NOT NULL AND agent IS NOT NULL GROUP BY agent";

pub(crate) async fn load(
    backend: &Backend,
    business: BusinessId,
    now: Timestamp,
) -> Result<Snapshot, StoreError> {
    let mut reader = Reader::new(backend, business).await?;
    let key = || args().id(business.0);
    let (owner, last_place, last_at) = reader.owner().await?;
    let settings = reader.newest_settings().await?;
    // A server that was down for long must still find the legs that it left.
    let day_ago = Timestamp(now.min(last_at).0.saturating_sub(DAY.as_millis() as u64));
    // Nor may a clock that was set back make yesterday of today.
    let latest = now.max(last_at);
    let midnight = Timestamp(latest.0 - latest.0 % DAY.as_millis() as u64);
    let newest = key().number(settings.version.into());
    Ok(Snapshot {
        salt: business.0,
        business_name: owner.name,
        older_settings: reader.all("the settings", OLDER_SETTINGS, newest, Row::json).await?,
        settings,
        agents: reader.agents().await?,
        agent_states: reader.all("an agent's state", AGENT_STATES, key(), Row::json).await?,
        contacts: reader.contacts().await?,
        wrap_ups: reader.all("a wrap-up", WRAP_UPS, key(), wrap_up).await?.into_iter().collect(),
        legs: reader.legs(day_ago).await?,
        opt_outs: reader.all("an opt-out", OPT_OUTS, key(), Row::text).await?.into_iter().collect(),
        idempotency: reader.all("a key", IDEMPOTENCY, key().time(now), promise).await?,
        last_place,
        last_at,
        today: reader.all("today", TODAY, key().time(midnight), figures).await?.into_iter().collect(),
    })
}

/// Reads of one business that see one state.
pub(crate) struct Reader {
    session: Session,
    business: u128,
}

impl Reader {
    pub(crate) async fn new(backend: &Backend, business: BusinessId) -> Result<Self, StoreError> {
        Ok(Self { session: backend.read().await?, business: business.0 })
    }

    fn key(&self) -> Args {
        args().id(self.business)
    }

    async fn all<T>(
        &mut self,
        what: &'static str,
        sql: &'static str,
        args: Args,
        item: impl Fn(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.session.rows(what, sql, args).await?.iter_mut().map(item).collect()
    }

    async fn owner(&mut self) -> Result<(Business, u64, Timestamp), StoreError> {
        let owner = |row: &mut Row| Ok((row.json()?, row.number()?, row.time()?));
        let found = self.all("the business", OWNER, self.key(), owner).await?;
        found.into_iter().next().ok_or(StoreError::NotFound("the business"))
    }

    pub(crate) async fn agents(&mut self) -> Result<Vec<AgentProfile>, StoreError> {
        self.all("an agent", AGENTS, self.key(), Row::json).await
    }

    pub(crate) async fn newest_settings(&mut self) -> Result<Settings, StoreError> {
        let found = self.all("the settings", NEWEST_SETTINGS, self.key(), Row::json).await?;
        found.into_iter().next().ok_or(StoreError::NotFound("the settings"))
    }

    /// In the order of their start.
    async fn legs(&mut self, since: Timestamp) -> Result<Vec<LegRecord>, StoreError> {
        let mut legs: Vec<LegRecord> = self.all("a leg", LEGS, self.key().time(since), Row::json).await?;
        let marks =
            self.all("an erased leg", MARKS, self.key(), |row| Ok((LegId(row.id()?), row.text()?))).await?;
        let mut marks: BTreeMap<LegId, String> = marks.into_iter().collect();
        for leg in &mut legs {
            leg.number = leg.number.take().or_else(|| marks.remove(&leg.leg));
        }
        legs.sort_by_key(|leg| (leg.started_at, leg.leg));
        Ok(legs)
    }

    /// First come, first served.
    async fn contacts(&mut self) -> Result<Vec<(ContactRow, Person)>, StoreError> {
        let mut trails = BTreeMap::<ContactId, Vec<PageView>>::new();
        for (contact, view) in self.all("a page view", TRAILS, self.key(), page_view_of).await? {
            trails.entry(contact).or_default().push(view);
        }
        let mut contacts = self.all("a contact", CONTACTS, self.key(), contact).await?;
        for (row, person) in &mut contacts {
            person.trail = trails.remove(&row.id).unwrap_or_default();
        }
        Ok(contacts)
    }
}

fn contact(row: &mut Row) -> Result<(ContactRow, Person), StoreError> {
    let contact = row.json()?;
    let person: Option<Person> = row.maybe_json()?;
    let context = row.maybe_text()?;
    Ok((contact, Person { context, ..person.unwrap_or_default() }))
}

fn page_view_of(row: &mut Row) -> Result<(ContactId, PageView), StoreError> {
    Ok((ContactId(row.id()?), page_view(row)?))
}

pub(crate) fn page_view(row: &mut Row) -> Result<PageView, StoreError> {
    Ok(PageView { url: row.text()?, title: row.text()?, at: row.time()? })
}

fn wrap_up<T: serde::de::DeserializeOwned>(row: &mut Row) -> Result<(ContactId, T), StoreError> {
    Ok((ContactId(row.id()?), row.json()?))
}

fn promise(row: &mut Row) -> Result<([u8; 32], [u8; 32], ContactId, Timestamp), StoreError> {
    Ok((row.hash()?, row.hash()?, ContactId(row.id()?), row.time()?))
}

/// Count, seconds, last end.
fn figures(row: &mut Row) -> Result<(AgentId, (u32, u32, Timestamp)), StoreError> {
    Ok((AgentId(row.id()?), (row.count()?, row.count()?, row.time()?)))
}

//! The one way in for what `core` decided.
use contact_core::{
    Settings,
    record::{AgentProfile, Change, ContactRow, Person},
};
use shared::{BusinessId, ContactId, Timestamp, limits::TRAIL_PAGES};

use crate::{
    OwnerEpoch, StoreError,
    backend::{Backend, Session},
    batch::{Batch, TrailChange},
    erase, search,
    sql::{Args, args, to_json},
    table,
};

/// Version of the events' payload.
const EVENT_VERSION: u64 = 1;

/// Fence, lock and counters in one statement: it finds no row unless the epoch is the business's own, and
/// holds the row until the transaction ends, so that a claim waits.
const ADVANCE: &str = "UPDATE owners SET last_seq = last_seq + $3, last_view = last_view + $4, \
     last_place = CASE WHEN last_place < $5 THEN $5 ELSE last_place END, \
     last_at = CASE WHEN last_at < $6 THEN $6 ELSE last_at END \
     WHERE business = $1 AND epoch = $2 RETURNING last_seq, last_view, last_at";
const CLAIM: &str = "UPDATE owners SET epoch = epoch + 1 WHERE business = $1 RETURNING epoch";
const SET_CONTEXT: &str = "INSERT INTO persons (business, contact, body, search, context) VALUES ($1, $2, $3, '', $4) \
     ON CONFLICT (business, contact) DO UPDATE SET context = excluded.context";
const TRIM_TRAIL: &str = "DELETE FROM page_views WHERE business = $1 AND contact = $2 AND position <= \
     (SELECT position FROM page_views WHERE business = $1 AND contact = $2 \
      ORDER BY position DESC LIMIT 1 OFFSET $3)";
const END_TOKENS: &str = "UPDATE contact_tokens SET expires_at = $3 \
     WHERE business = $1 AND contact = $2 AND expires_at > $3";
/// Their name stays for the history; their login is free again.
const REMOVE_AGENT: &str = "UPDATE agents SET removed = $3, login = NULL, login_key = NULL, password_hash = NULL \
     WHERE business = $1 AND id = $2";

pub(crate) async fn claim(backend: &Backend, business: BusinessId) -> Result<OwnerEpoch, StoreError> {
    let rows = backend.change("the owner", CLAIM, args().id(business.0)).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("the business"))?;
    row.number().map(OwnerEpoch)
}

/// Every commit of the process passes here, so that this is where commits of several businesses could be
/// joined into one sync, should that ever be worth it.
pub(crate) async fn commit(
    backend: &Backend,
    business: BusinessId,
    epoch: OwnerEpoch,
    changes: &[Change],
) -> Result<u64, StoreError> {
    let batch = Batch::fold(changes);
    let mut session = backend.write().await?;
    let last = advance(&mut session, business, epoch, &batch).await?;
    Writer { session: &mut session, business: business.0 }.batch(&batch, &last).await?;
    session.commit().await?;
    Ok(last.seq)
}

/// The counters after the batch.
struct Last {
    seq: u64,
    view: u64,
    at: Timestamp,
}

async fn advance(
    session: &mut Session,
    business: BusinessId,
    epoch: OwnerEpoch,
    batch: &Batch<'_>,
) -> Result<Last, StoreError> {
    let views: usize = batch.trails.values().map(|trail| trail.views.len()).sum();
    let args = args()
        .id(business.0)
        .number(epoch.0)
        .number(batch.events.len() as u64)
        .number(views as u64)
        .number(batch.last_place)
        .time(batch.last_at());
    let rows = session.rows("the owner", ADVANCE, args).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::Fenced)?;
    Ok(Last { seq: row.number()?, view: row.number()?, at: row.time()? })
}

struct Writer<'s> {
    session: &'s mut Session,
    business: u128,
}

impl Writer<'_> {
    /// Tables in an order in which every row finds what it belongs to.
    async fn batch(&mut self, batch: &Batch<'_>, last: &Last) -> Result<(), StoreError> {
        self.events(batch, last.seq).await?;
        self.settings(batch).await?;
        self.agents(batch).await?;
        let contacts = rows(batch.contacts.values(), |row| contact(self.business, row))?;
        self.session.upsert(&table::CONTACTS, contacts).await?;
        self.persons(batch).await?;
        self.trails(batch, last.view).await?;
        self.talk(batch).await?;
        self.access(batch).await?;
        for contact in &batch.erased {
            erase::contact(self.session, self.business, *contact, last.at).await?;
        }
        Ok(())
    }

    async fn events(&mut self, batch: &Batch<'_>, last_seq: u64) -> Result<(), StoreError> {
        let before = last_seq - batch.events.len() as u64;
        let events = rows(batch.events.iter().zip(before + 1..), |((at, event), seq)| {
            args().id(self.business).number(seq).time(*at).number(EVENT_VERSION).json(event)
        })?;
        self.session.insert(&table::EVENTS, events).await
    }

    async fn settings(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let settings = rows(batch.settings.values(), |settings| settings_row(self.business, settings))?;
        self.session.upsert(&table::SETTINGS, settings).await
    }

    async fn agents(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let profiles = rows(batch.agents.values().flatten(), |profile| agent(self.business, profile))?;
        self.session.upsert(&table::AGENT_PROFILES, profiles).await?;
        let states = rows(batch.agent_states.values().flatten(), |state| {
            args().id(self.business).id(state.id.0).json(state)
        })?;
        self.session.upsert(&table::AGENT_STATES, states).await?;

        let stateless = absent(&batch.agent_states).map(|agent| agent.0).collect();
        self.session.delete(&table::AGENT_STATES, self.business, "agent", stateless).await?;
        for agent in absent(&batch.agents) {
            let removed = args().id(self.business).id(agent.0).flag(true);
            self.session.run(REMOVE_AGENT, removed).await?;
        }
        let removed = absent(&batch.agents).map(|agent| agent.0).collect();
        self.session.delete(&table::TOKENS, self.business, "agent", removed).await
    }

    async fn persons(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let whole =
            batch.persons.iter().filter_map(|(contact, change)| Some((contact, change.whole?, change)));
        let whole =
            rows(whole, |(contact, whole, change)| person(self.business, *contact, whole, change.context))?;
        self.session.upsert(&table::PERSONS, whole).await?;

        let nobody = to_json(&Person::default())?;
        for (contact, change) in &batch.persons {
            if let (None, Some(context)) = (change.whole, change.context) {
                let args = args().id(self.business).id(contact.0).text(nobody.as_str()).text(context);
                self.session.run(SET_CONTEXT, args).await?;
            }
        }
        Ok(())
    }

    async fn trails(&mut self, batch: &Batch<'_>, last_view: u64) -> Result<(), StoreError> {
        let is_replaced =
            |(contact, trail): (&ContactId, &TrailChange<'_>)| trail.replaced.then_some(contact.0);
        let replaced: Vec<u128> = batch.trails.iter().filter_map(is_replaced).collect();
        self.session.delete(&table::PAGE_VIEWS, self.business, "contact", replaced).await?;

        let views: Vec<_> = batch
            .trails
            .iter()
            .flat_map(|(contact, trail)| trail.views.iter().map(move |view| (contact, view)))
            .collect();
        let before = last_view - views.len() as u64;
        let views = rows(views.into_iter().zip(before + 1..), |((contact, view), position)| {
            let key = args().id(self.business).id(contact.0).number(position);
            Ok(key.text(view.url.as_str()).text(view.title.as_str()).time(view.at))
        })?;
        self.session.insert(&table::PAGE_VIEWS, views).await?;
        for (contact, _) in batch.trails.iter().filter(|(_, trail)| !trail.replaced) {
            let args = args().id(self.business).id(contact.0).number(TRAIL_PAGES as u64);
            self.session.run(TRIM_TRAIL, args).await?;
        }
        Ok(())
    }

    async fn talk(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let legs = rows(batch.legs.values(), |leg| {
            args().id(self.business).id(leg.leg.0).id(leg.contact.0).time(leg.started_at).json(leg)
        })?;
        self.session.upsert(&table::LEGS, legs).await?;
        let wrap_ups = rows(&batch.wrap_ups, |(contact, change)| {
            let row = args().id(self.business).id(contact.0).id(change.agent.0).json(change.wrap_up)?;
            Ok(row.text(search::of_wrap_up(change.wrap_up)).flag(change.done))
        })?;
        self.session.upsert(&table::WRAP_UPS, wrap_ups).await
    }

    async fn access(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        for (contact, at) in &batch.tokens_end {
            let args = args().id(self.business).id(contact.0).time(*at);
            self.session.run(END_TOKENS, args).await?;
        }
        let tokens = rows(&batch.tokens, |(hash, (contact, expires_at))| {
            Ok(args().bytes(*hash).id(self.business).id(contact.0).time(*expires_at))
        })?;
        self.session.upsert(&table::CONTACT_TOKENS, tokens).await?;
        let keys = rows(&batch.idempotency, |(key, promise)| {
            let row = args().id(self.business).bytes(*key).bytes(*promise.body);
            Ok(row.id(promise.contact.0).time(promise.expires_at))
        })?;
        self.session.upsert(&table::IDEMPOTENCY, keys).await?;
        let opt_outs = rows(&batch.opt_outs, |(e164, at)| Ok(erase::opt_out(self.business, e164).time(*at)))?;
        self.session.upsert(&table::OPT_OUTS, opt_outs).await
    }
}

fn rows<I: IntoIterator>(
    items: I,
    row: impl FnMut(I::Item) -> Result<Args, StoreError>,
) -> Result<Vec<Args>, StoreError> {
    items.into_iter().map(row).collect()
}

fn absent<K: Copy, V>(map: &std::collections::BTreeMap<K, Option<V>>) -> impl Iterator<Item = K> {
    map.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key)
}

fn contact(business: u128, row: &ContactRow) -> Result<Args, StoreError> {
    Ok(args()
        .id(business)
        .id(row.id.0)
        .json(row)?
        .number(row.place)
        .time(row.requested_at)
        .number(row.settings.into())
        .maybe_id(row.agent.map(|agent| agent.0))
        .maybe_time(row.bridged_at)
        .number(row.talked_ms)
        .maybe_time(row.ended_at)
        .flag(row.merged)
        .flag(row.closed))
}

/// The trail and the context stand in rows and columns of their own.
fn person(
    business: u128,
    contact: ContactId,
    whole: &Person,
    context: Option<&str>,
) -> Result<Args, StoreError> {
    let body = Person { trail: Vec::new(), context: None, ..whole.clone() };
    Ok(args()
        .id(business)
        .id(contact.0)
        .json(&body)?
        .maybe_text(whole.e164.clone())
        .maybe_text(whole.e164.as_deref().map(search::digits))
        .text(search::of_person(whole))
        .maybe_text(context.map(str::to_owned)))
}

pub(crate) fn settings_row(business: u128, settings: &Settings) -> Result<Args, StoreError> {
    args().id(business).number(settings.version.into()).json(settings)
}

fn agent(business: u128, profile: &AgentProfile) -> Result<Args, StoreError> {
    Ok(args().id(business).id(profile.id.0).json(profile)?.flag(false))
}

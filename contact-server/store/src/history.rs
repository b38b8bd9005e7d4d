//! Reading for people: the history, one contact in full, and how often somebody called before.
use contact_core::record::{AgentProfile, ContactRow, Person};
use shared::{
    BusinessId, ContactId, Timestamp,
    api::{ContactDetail, ContactPage, ContactSummary, WrapUp},
};

use crate::{
    HistoryQuery, StoreError,
    backend::Backend,
    load::page_view,
    records, search,
    sql::{Row, args},
};

/// Lines of one page of the history, at most.
pub(crate) const PAGE_LINES: u32 = 100;

macro_rules! select_summary {
    ($more:literal) => {
        concat!(
            "SELECT c.body, p.body, w.body, a.body",
            $more,
            " FROM contacts c \
             LEFT JOIN persons p ON p.business = c.business AND p.contact = c.id \
             LEFT JOIN wrap_ups w ON w.business = c.business AND w.contact = c.id \
             LEFT JOIN agents a ON a.business = c.business AND a.id = c.agent "
        )
    };
}

/// A merged request is no call of its own: its number's first request is.
pub(crate) const PAGE: &str = concat!(
    select_summary!(""),
    "WHERE c.business = $1 AND NOT c.merged AND (c.requested_at, c.id) < ($2, $3) \
     ORDER BY c.requested_at DESC, c.id DESC LIMIT $4"
);
pub(crate) const SEARCH: &str = concat!(
    select_summary!(""),
    "WHERE c.business = $1 AND NOT c.merged AND (c.requested_at, c.id) < ($2, $3) \
     AND (p.search LIKE $5 ESCAPE '!' OR w.search LIKE $5 ESCAPE '!' OR p.digits LIKE $6) \
     ORDER BY c.requested_at DESC, c.id DESC LIMIT $4"
);
const DETAIL: &str = concat!(select_summary!(", p.context, w.done"), "WHERE c.business = $1 AND c.id = $2");
const ROW: &str = "SELECT body FROM contacts WHERE business = $1 AND id = $2";
pub(crate) const LEGS: &str =
    "SELECT body FROM legs WHERE business = $1 AND contact = $2 ORDER BY started_at, id";
const TRAIL: &str =
    "SELECT url, title, at FROM page_views WHERE business = $1 AND contact = $2 ORDER BY position";
/// CROSS JOIN keeps SQLite to this order, from the number to its contacts.
pub(crate) const EARLIER: &str = "SELECT COUNT(*) FROM contacts this \
     CROSS JOIN persons it CROSS JOIN persons p CROSS JOIN contacts c \
     WHERE this.business = $1 AND this.id = $2 AND it.business = $1 AND it.contact = $2 \
     AND p.business = $1 AND p.e164 = it.e164 AND c.business = $1 AND c.id = p.contact AND NOT c.merged \
     AND (c.requested_at, c.id) < (this.requested_at, this.id)";

/// The place between two lines of the history; opaque to clients.
struct Mark {
    requested_at: Timestamp,
    contact: ContactId,
}

impl Mark {
    const START: Self = Self { requested_at: Timestamp(u64::MAX), contact: ContactId(u128::MAX) };

    fn encode(&self) -> String {
        format!("{:016x}{}", self.requested_at.0, self.contact)
    }

    fn decode(text: &str) -> Option<Self> {
        if text.len() != 48 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (requested_at, contact) = text.split_at(16);
        let requested_at = Timestamp(u64::from_str_radix(requested_at, 16).ok()?);
        Some(Self { requested_at, contact: contact.parse().ok()? })
    }
}

pub(crate) async fn history(
    backend: &Backend,
    business: BusinessId,
    query: &HistoryQuery,
) -> Result<ContactPage, StoreError> {
    let mark = match &query.before {
        None => Mark::START,
        Some(text) => Mark::decode(text).ok_or(StoreError::Invalid("the place in the history"))?,
    };
    let limit = query.limit.clamp(1, PAGE_LINES);
    // One more than asked for tells whether there is a next page.
    let args = args().id(business.0).time(mark.requested_at).id(mark.contact.0).number(u64::from(limit) + 1);
    let rows = match query.search.as_deref().and_then(search::patterns) {
        None => backend.rows("a contact", PAGE, args).await?,
        Some(patterns) => {
            backend.rows("a contact", SEARCH, args.text(patterns.text).maybe_text(patterns.digits)).await?
        }
    };
    let more = rows.len() > limit as usize;
    let contacts: Vec<ContactSummary> = rows
        .into_iter()
        .take(limit as usize)
        .map(|mut row| Ok(Parts::read(&mut row)?.summary()))
        .collect::<Result<_, StoreError>>()?;
    let next = contacts
        .last()
        .filter(|_| more)
        .map(|last| Mark { requested_at: last.requested_at, contact: last.contact }.encode());
    Ok(ContactPage { contacts, next })
}

pub(crate) async fn contact(
    backend: &Backend,
    business: BusinessId,
    contact: ContactId,
) -> Result<Option<ContactDetail>, StoreError> {
    let mut session = backend.read().await?;
    let key = || args().id(business.0).id(contact.0);
    let Some(mut row) = session.rows("a contact", DETAIL, key()).await?.into_iter().next() else {
        return Ok(None);
    };
    let parts = Parts::read(&mut row)?;
    let context = row.maybe_text()?;
    let wrap_up_done = parts.wrap_up.is_some() && row.flag()?;
    let trail = session
        .rows("a page view", TRAIL, key())
        .await?
        .iter_mut()
        .map(page_view)
        .collect::<Result<_, _>>()?;
    let legs =
        session.rows("a leg", LEGS, key()).await?.iter_mut().map(Row::json).collect::<Result<_, _>>()?;
    let consent_text = records::text_of(&mut session, business, &parts.contact.consent).await?;
    Ok(Some(ContactDetail {
        summary: parts.summary(),
        e164: parts.person.e164,
        region: parts.person.region,
        time_zone: parts.person.time_zone,
        language: parts.person.language,
        trail,
        context,
        consent: parts.contact.consent,
        consent_text,
        legs,
        wrap_up: parts.wrap_up,
        wrap_up_done,
    }))
}

pub(crate) async fn contact_row(
    backend: &Backend,
    business: BusinessId,
    contact: ContactId,
) -> Result<Option<ContactRow>, StoreError> {
    let rows = backend.rows("a contact", ROW, args().id(business.0).id(contact.0)).await?;
    rows.into_iter().next().map(|mut row| row.json()).transpose()
}

pub(crate) async fn earlier(
    backend: &Backend,
    business: BusinessId,
    contact: ContactId,
) -> Result<u32, StoreError> {
    let rows = backend.rows("a count", EARLIER, args().id(business.0).id(contact.0)).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.count())
}

/// The first columns of a contact that people read.
struct Parts {
    contact: ContactRow,
    person: Person,
    wrap_up: Option<WrapUp>,
    agent: Option<AgentProfile>,
}

impl Parts {
    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            contact: row.json()?,
            person: row.maybe_json()?.unwrap_or_default(),
            wrap_up: row.maybe_json()?,
            agent: row.maybe_json()?,
        })
    }

    fn summary(&self) -> ContactSummary {
        let disposition = self.wrap_up.as_ref().map(|wrap_up| wrap_up.disposition.clone());
        ContactSummary {
            contact: self.contact.id,
            channel: self.contact.channel,
            phase: self.contact.state.phase(),
            reason: self.contact.reason,
            requested_at: self.contact.requested_at,
            ended_at: self.contact.ended_at,
            number: self.person.number.clone(),
            name: self.person.name.clone(),
            note: self.person.note.clone(),
            agent: self.agent.as_ref().map(|agent| agent.name.clone()),
            disposition: disposition.filter(|disposition| !disposition.is_empty()),
            talk_seconds: u32::try_from(self.contact.talked_ms / 1000).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_as_it_was() {
        let text =
            Mark { requested_at: Timestamp(1_795_000_000_123), contact: ContactId(0xAB << 100) }.encode();
        let mark = Mark::decode(&text).unwrap();
        assert_eq!((mark.requested_at.0, mark.contact.0), (1_795_000_000_123, 0xAB << 100));
    }

    #[test]
    fn texts_that_are_no_marks_are_refused() {
        for text in ["", "0", "' OR 1=1 --", &"+".repeat(48), &"é".repeat(24), &"0".repeat(49)] {
            assert!(Mark::decode(text).is_none(), "{text}");
        }
    }
}

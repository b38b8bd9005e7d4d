//! Erasing a contact within a commit: its rows of personal data go, and the numbers of its legs.
use contact_core::record::fingerprint;
use shared::{ContactId, Timestamp, api::LegRecord};

use crate::{
    StoreError,
    backend::Session,
    history,
    load::DAY,
    retention,
    sql::{Args, args},
    table::{self, Table},
};

/// Keyed by the contact, and nothing but personal (or a way to it).
const PERSONAL: [Table; 6] = [
    table::PERSONS,
    table::PAGE_VIEWS,
    table::WRAP_UPS,
    table::CONTACT_TOKENS,
    table::IDEMPOTENCY,
    table::RECORDINGS,
];
const NUMBER: &str = "SELECT e164 FROM persons WHERE business = $1 AND contact = $2 AND e164 IS NOT NULL";
/// An opt-out as version 0.1 kept it.
const PLAIN_OPT_OUT: &str = "DELETE FROM opt_outs WHERE business = $1 AND e164 = $2 RETURNING at";

/// The key of an opt-out: the number itself is not kept.
pub(crate) fn opt_out(business: u128, e164: &str) -> Args {
    args().id(business).text(fingerprint(business, e164))
}

/// `now` is when the business last did anything.
pub(crate) async fn contact(
    session: &mut Session,
    business: u128,
    contact: ContactId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = || args().id(business).id(contact.0);
    for mut row in session.rows("a number", NUMBER, key()).await? {
        let e164 = row.text()?;
        let plain = args().id(business).text(e164.as_str());
        if let Some(mut plain) = session.rows("an opt-out", PLAIN_OPT_OUT, plain).await?.into_iter().next() {
            let row = opt_out(business, &e164).time(plain.time()?);
            session.upsert(&table::OPT_OUTS, vec![row]).await?;
        }
    }
    let legs = session.rows("a leg", history::LEGS, key()).await?;
    let legs: Vec<LegRecord> = legs.into_iter().map(|mut row| row.json()).collect::<Result<_, _>>()?;
    let marks = legs.iter().filter(|leg| leg.started_at + DAY > now).filter_map(|leg| mark(business, leg));
    session.upsert(&table::ERASED_LEGS, marks.collect()).await?;
    let legs = legs.into_iter().map(|leg| nameless(business, leg)).collect::<Result<_, _>>()?;
    session.upsert(&table::LEGS, legs).await?;
    for table in &PERSONAL {
        session.delete(table, business, "contact", vec![contact.0]).await?;
    }
    retention::emptied(session, business, contact).await
}

/// For a day the number counts as before, and is none any more.
fn mark(business: u128, leg: &LegRecord) -> Option<Args> {
    let mark = fingerprint(business, leg.number.as_deref()?);
    Some(args().id(business).id(leg.leg.0).text(mark).time(leg.started_at))
}

/// When somebody was called and for how long stays on record; who it was does not.
fn nameless(business: u128, leg: LegRecord) -> Result<Args, StoreError> {
    let leg = LegRecord { number: None, ..leg };
    args().id(business).id(leg.leg.0).id(leg.contact.0).time(leg.started_at).json(&leg)
}

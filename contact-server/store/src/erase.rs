//! Erasing a contact within a commit: its rows of personal data go, and the numbers of its legs.
use contact_core::record::fingerprint;
use shared::{ContactId, api::LegRecord};

use crate::{
    StoreError,
    backend::Session,
    history,
    sql::{Args, Row, args},
    table::{self, Table},
};

/// Keyed by the contact, and nothing but personal (or a way to it).
const PERSONAL: [Table; 5] =
    [table::PERSONS, table::PAGE_VIEWS, table::WRAP_UPS, table::CONTACT_TOKENS, table::IDEMPOTENCY];
const NUMBER: &str = "SELECT e164 FROM persons WHERE business = $1 AND contact = $2 AND e164 IS NOT NULL";
/// An opt-out as version 0.1 kept it.
const PLAIN_OPT_OUT: &str = "DELETE FROM opt_outs WHERE business = $1 AND e164 = $2 RETURNING at";

/// The key of an opt-out: the number itself is not kept.
pub(crate) fn opt_out(business: u128, e164: &str) -> Args {
    args().id(business).text(fingerprint(business, e164))
}

pub(crate) async fn contact(
    session: &mut Session,
    business: u128,
    contact: ContactId,
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
    let legs = legs.into_iter().map(|row| nameless(business, row)).collect::<Result<_, _>>()?;
    session.upsert(&table::LEGS, legs).await?;
    for table in &PERSONAL {
        session.delete(table, business, "contact", vec![contact.0]).await?;
    }
    Ok(())
}

/// When somebody was called and for how long stays on record; who it was does not.
fn nameless(business: u128, mut row: Row) -> Result<Args, StoreError> {
    let leg = LegRecord { number: None, ..row.json()? };
    args().id(business).id(leg.leg.0).id(leg.contact.0).time(leg.started_at).json(&leg)
}

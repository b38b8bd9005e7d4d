//! What is kept of one customer: shown whole, or erased for ever.
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use shared::{ContactId, Timestamp};
use store::{Business, Erasure};

use super::{CustomerCommand, Desk, Who};
use crate::{
    archive::shelf::Shelf,
    config::Config,
    erasure::{
        self,
        journal::{self, Journal},
    },
    ids, numbers,
};

/// How long a running server has to notice an erasure, and then to carry it out.
const NOTICE_WITHIN: Duration = Duration::from_secs(10);
const DONE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn customer(
    desk: &mut Desk<'_>,
    config: &Config,
    command: CustomerCommand,
) -> anyhow::Result<()> {
    match command {
        CustomerCommand::Export { who } => export(desk, &who).await,
        CustomerCommand::Erase { who, no_server } => erase(desk, config, &who, no_server).await,
        CustomerCommand::Replay { journal } => {
            let Journal { complete_since, erasures } = journal::read(&journal)
                .with_context(|| format!("the journal {} cannot be used", journal.display()))?;
            let count =
                crate::backup::replay(desk.store, &erasures, desk.clock, &Shelf::below(&config.data)).await?;
            if complete_since > Timestamp::default() {
                let days = desk.clock.now().since(complete_since).as_secs() / (24 * 3600);
                writeln!(
                    desk.out,
                    "The journal knows the last {days} days: was the dump older, do not use it."
                )?;
            }
            writeln!(desk.out, "{count} erasures were carried out on this database.")?;
            Ok(())
        }
    }
}

/// Whose data it is about.
struct Subject {
    business: Business,
    e164: Option<String>,
    contacts: Vec<ContactId>,
}

async fn subject(desk: &Desk<'_>, who: &Who) -> anyhow::Result<Subject> {
    let business = desk.find(&who.of).await?;
    if let Some(contact) = who.contact {
        let detail = desk.store.contact(business.id, contact).await?;
        let contacts = detail.iter().map(|_| contact).collect();
        return Ok(Subject { business, e164: None, contacts });
    }
    let number = who.number.as_deref().unwrap_or_default();
    let e164 = e164_of(number, &business.default_region)?;
    let contacts = desk.store.records().contacts_of(business.id, &e164).await?;
    Ok(Subject { business, e164: Some(e164), contacts })
}

/// However it is written. What was a number once is found even if its country has changed its plan since.
fn e164_of(text: &str, region: &str) -> anyhow::Result<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let parsed =
        numbers::parse(text, Some(region), false).or_else(|_| numbers::parse(text, Some(region), true));
    match (parsed, plain.strip_prefix('+')) {
        (Ok(number), _) => Ok(number.e164),
        (Err(_), Some(digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(plain)
        }
        (Err(fault), _) => bail!("`{text}` is no number: {fault}"),
    }
}

async fn export(desk: &mut Desk<'_>, who: &Who) -> anyhow::Result<()> {
    let Subject { business, e164, contacts } = subject(desk, who).await?;
    let mut records = Vec::new();
    for contact in contacts {
        records.extend(desk.store.contact(business.id, contact).await?);
    }
    let opted_out = match &e164 {
        Some(e164) => desk.store.records().opted_out(business.id, e164).await?,
        None => false,
    };
    let export = json!({
        "business": business.name,
        "exported_at": desk.clock.now(),
        "number": e164,
        "never_call_again": opted_out,
        "contacts": records,
    });
    writeln!(desk.out, "{}", serde_json::to_string_pretty(&export)?)?;
    Ok(())
}

async fn erase(desk: &mut Desk<'_>, config: &Config, who: &Who, no_server: bool) -> anyhow::Result<()> {
    let Subject { business, contacts, .. } = subject(desk, who).await?;
    if contacts.is_empty() {
        writeln!(desk.out, "{} keeps nothing of that customer.", business.name)?;
        return Ok(());
    }
    let count = contacts.len();
    let now = desk.clock.now();
    let erasure = Erasure {
        id: ids::fresh(now),
        business: business.id,
        contacts,
        asked_at: now,
        taken_at: None,
        done_at: None,
    };
    std::fs::create_dir_all(&config.data)?;
    journal::append(&config.data.join(journal::FILE), &erasure)?;
    desk.store.records().ask_erasure(&erasure).await?;
    if no_server || !by_server(desk, erasure.id).await? {
        let taken = desk.store.records().take_erasure(erasure.id, now).await?;
        ensure!(taken, "a server has begun with the erasure just now: ask again in a minute");
        erasure::alone(desk.store, desk.clock, &Shelf::below(&config.data), std::slice::from_ref(&erasure))
            .await?;
    }
    let contacts = if count == 1 { "contact" } else { "contacts" };
    writeln!(
        desk.out,
        "{} has forgotten that customer: {count} {contacts} erased, calls that were going on ended. Backups made \
         before still hold them until they expire; a restore erases them again.",
        business.name
    )?;
    Ok(())
}

/// Waits for a server that runs. False: there is none.
async fn by_server(desk: &Desk<'_>, id: u128) -> anyhow::Result<bool> {
    let deadline = desk.clock.now() + DONE_WITHIN;
    let notice_until = desk.clock.now() + NOTICE_WITHIN;
    loop {
        let unfinished = desk.store.records().unfinished_erasures().await?;
        let Some(erasure) = unfinished.into_iter().find(|erasure| erasure.id == id) else { return Ok(true) };
        let now = desk.clock.now();
        if erasure.taken_at.is_none() && now >= notice_until {
            return Ok(false);
        }
        ensure!(
            now < deadline,
            "a server has begun with the erasure and has not finished it within {} s. It is in the journal, and is \
             finished when the server is well again; look at its log",
            DONE_WITHIN.as_secs()
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

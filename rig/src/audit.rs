//! What a database kept, held against itself: the events are folded, and every row must say the same.
//!
//! Written apart from `contact-core`, from what its records promise; it shares its types and nothing else.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use contact_core::record::{AgentStateRow, ContactRow, Event};
use shared::{AgentId, BusinessId, ContactId, LegId, Timestamp, api::LegRecord, contact::Presence};

mod fold;
mod read;

pub use read::read;

/// Everything that is kept of one business.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub events: Vec<(u64, Timestamp, Event)>,
    pub contacts: Vec<ContactRow>,
    pub legs: Vec<LegRecord>,
    pub agents: Vec<AgentStateRow>,
    /// What the business's counter says.
    pub last_seq: u64,
    /// The last moment at which the server says that it lived.
    pub last_at: Timestamp,
}

/// Reads a business and returns everything that is wrong with it.
pub async fn audit(url: &str, business: BusinessId) -> Result<(Kept, Vec<String>)> {
    let kept = read(url, business).await.context("the database cannot be read for the audit")?;
    let faults = faults(&kept);
    Ok((kept, faults))
}

pub fn faults(kept: &Kept) -> Vec<String> {
    let mut faults = Vec::new();
    sequence(kept, &mut faults);
    let folded = fold::fold(kept, &mut faults);
    contacts(kept, &folded, &mut faults);
    legs(kept, &folded, &mut faults);
    presences(kept, &folded, &mut faults);
    faults
}

fn sequence(kept: &Kept, faults: &mut Vec<String>) {
    for (expected, (seq, ..)) in (1..).zip(&kept.events) {
        if *seq != expected {
            faults.push(format!("event {expected} is missing: {seq} follows"));
            break;
        }
    }
    let last = kept.events.last().map_or(0, |(seq, ..)| *seq);
    if last != kept.last_seq {
        faults.push(format!("the last event is {last}, and the counter says {}", kept.last_seq));
    }
    if !kept.events.is_sorted_by_key(|(_, at, _)| *at) {
        faults.push("time goes backwards in the events".to_owned());
    }
    if kept.events.iter().any(|(_, at, _)| *at > kept.last_at) {
        faults.push("an event is later than the last moment of all".to_owned());
    }
}

fn contacts(kept: &Kept, folded: &fold::Folded, faults: &mut Vec<String>) {
    let rows: BTreeMap<ContactId, &ContactRow> = kept.contacts.iter().map(|row| (row.id, row)).collect();
    for id in folded.contacts.keys().filter(|id| !rows.contains_key(id)) {
        faults.push(format!("contact {id} has events and no row"));
    }
    for (id, row) in rows {
        let Some(contact) = folded.contacts.get(&id) else {
            faults.push(format!("contact {id} has a row and no event"));
            continue;
        };
        let closed = contact.ended.is_some() && (!contact.bridged || contact.wrapped_up);
        let mut differs = |what: &str, row: String, events: String| {
            if row != events {
                faults.push(format!("contact {id}: {what} is {row} in the row and {events} in the events"));
            }
        };
        differs("reason", format!("{:?}", row.reason), format!("{:?}", contact.ended));
        differs("ended", row.ended_at.is_some().to_string(), contact.ended.is_some().to_string());
        differs("bridged", row.bridged_at.is_some().to_string(), contact.bridged.to_string());
        differs("closed", row.closed.to_string(), closed.to_string());
        differs("over", row.state.is_over().to_string(), contact.ended.is_some().to_string());
        let live = format!("{:?}", row.state.customer_leg());
        differs("customer's leg", live, format!("{:?}", contact.customer_leg));
        differs("agent's leg", format!("{:?}", row.state.agent_leg()), format!("{:?}", contact.agent_leg));
        if !row.merged {
            differs("attempts", row.attempts.to_string(), contact.attempts.to_string());
        }
    }
}

fn legs(kept: &Kept, folded: &fold::Folded, faults: &mut Vec<String>) {
    let rows: BTreeMap<LegId, &LegRecord> = kept.legs.iter().map(|leg| (leg.leg, leg)).collect();
    let dialled: BTreeSet<LegId> = folded.legs.keys().copied().collect();
    for leg in dialled.iter().filter(|leg| !rows.contains_key(leg)) {
        faults.push(format!("leg {leg} was dialled and has no row"));
    }
    for (id, row) in rows {
        let Some(leg) = folded.legs.get(&id) else {
            faults.push(format!("leg {id} has a row and was never dialled"));
            continue;
        };
        if row.cause != leg.cause || row.ended_at.is_some() != leg.cause.is_some() {
            let (row, events) = (row.cause, leg.cause);
            faults.push(format!("leg {id}: cause is {row:?} in the row and {events:?} in the events"));
        }
        if row.answered_at.is_some() != leg.answered {
            faults.push(format!("leg {id}: row and events differ on whether it was answered"));
        }
        let times = [Some(row.started_at), row.answered_at, row.bridged_at, row.ended_at];
        if !times.iter().flatten().is_sorted() {
            faults.push(format!("leg {id}: its times are out of order"));
        }
        if row.ended_at.is_some_and(|at| at > kept.last_at) {
            faults.push(format!("leg {id} ended when nobody was there to see it"));
        }
    }
    numbers(kept, folded, faults);
}

/// Never two live legs to one number: their spans from dial to end, counted in events, do not overlap.
fn numbers(kept: &Kept, folded: &fold::Folded, faults: &mut Vec<String>) {
    let mut by_number: BTreeMap<&str, Vec<(u64, u64, LegId)>> = BTreeMap::new();
    for leg in &kept.legs {
        let (Some(number), Some(span)) = (leg.number.as_deref(), folded.legs.get(&leg.leg)) else { continue };
        let until = span.ended.unwrap_or(u64::MAX);
        by_number.entry(number).or_default().push((span.dialled, until, leg.leg));
    }
    for spans in by_number.values_mut() {
        spans.sort();
        for pair in spans.windows(2) {
            if pair[1].0 < pair[0].1 {
                faults.push(format!("legs {} and {} were up to one number at once", pair[0].2, pair[1].2));
            }
        }
    }
}

fn presences(kept: &Kept, folded: &fold::Folded, faults: &mut Vec<String>) {
    let open: BTreeMap<ContactId, &ContactRow> =
        kept.contacts.iter().filter(|row| !row.closed).map(|row| (row.id, row)).collect();
    let mut tied: BTreeMap<ContactId, AgentId> = BTreeMap::new();
    for row in &kept.agents {
        let told = folded.presences.get(&row.id);
        if told != Some(&row.presence) {
            let (id, presence) = (row.id, row.presence);
            faults.push(format!("agent {id} is {presence:?} in the row and {told:?} in the events"));
        }
        let Some(contact) = row.contact else { continue };
        if let Some(other) = tied.insert(contact, row.id) {
            faults.push(format!("contact {contact} is tied to agents {other} and {}", row.id));
        }
        let theirs = open.get(&contact).and_then(|row| row.state.agent());
        if theirs != Some(row.id) && row.presence != Presence::Offline {
            faults.push(format!("agent {} is tied to contact {contact}, which has {theirs:?}", row.id));
        }
    }
}

/// Agents who are still held by a call of before `kill`, which no server knows of any more.
pub fn held(kept: &Kept, kill: Timestamp) -> Vec<String> {
    let busy = [Presence::Reserved, Presence::Ringing, Presence::Talking];
    kept.agents
        .iter()
        .filter(|row| busy.contains(&row.presence) && row.since < kill)
        .map(|row| format!("agent {} is still {:?} after the restart", row.id, row.presence))
        .collect()
}

#[cfg(test)]
mod tests;

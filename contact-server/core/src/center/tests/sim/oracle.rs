//! Who should be served next, worked out the slow way: every pair of a request and an agent is looked at for
//! every decision. Knows the contacts, the agents and the store's rows, and none of the indexes.
use shared::{AgentId, ContactId, Timestamp, api::Channel, api::Party};

use super::super::ledger::Ledger;
use crate::center::{
    Center, ContactState,
    agents::{Duty, Link},
    contacts::Need,
};

struct Request {
    id: ContactId,
    place: u64,
    skill: String,
    need: Option<Need>,
    /// None: not a telephone that is really called.
    number: Option<String>,
    region: String,
    merged: bool,
}

struct Worker {
    id: AgentId,
    idle_since: Timestamp,
    skills: Vec<String>,
    /// The contact that counts on him.
    counted_by: Option<ContactId>,
}

/// All decisions that are due, in order.
pub(super) fn decide(center: &Center, ledger: &Ledger) -> Vec<(Need, ContactId, AgentId)> {
    let mut requests = requests(center);
    let mut workers = workers(center);
    let mut dials = dials(center, ledger);
    let mut decided = Vec::new();
    while let Some((need, r, w)) = next(&requests, &workers) {
        decided.push((need, requests[r].id, workers[w].id));
        match need {
            Need::OnTheLine => {
                // Whoever counted on him has nobody now.
                if let Some(other) = workers[w].counted_by {
                    let other = requests.iter_mut().find(|request| request.id == other).unwrap();
                    other.need = Some(Need::Orphaned);
                }
                workers.remove(w);
            }
            Need::Orphaned => take(center, &mut workers, w, requests[r].id),
            Need::InLine => match &requests[r].number {
                Some(number) if !may_dial(center, &dials, number, &requests[r].region) => {}
                Some(number) => {
                    dials.push(number.clone());
                    take(center, &mut workers, w, requests[r].id);
                }
                None if requests[r].merged => {}
                None => take(center, &mut workers, w, requests[r].id),
            },
        }
        requests[r].need = None;
    }
    decided
}

fn take(center: &Center, workers: &mut Vec<Worker>, w: usize, contact: ContactId) {
    match center.contacts[&contact].settings.dial_mode {
        crate::settings::DialMode::AgentReserved => drop(workers.remove(w)),
        crate::settings::DialMode::AgentAtAnswer => workers[w].counted_by = Some(contact),
    }
}

fn next(requests: &[Request], workers: &[Worker]) -> Option<(Need, usize, usize)> {
    let mut pairs = Vec::new();
    for (r, request) in requests.iter().enumerate() {
        let Some(need) = request.need else { continue };
        for (w, worker) in workers.iter().enumerate() {
            let counted = worker.counted_by.is_some();
            let qualified = request.skill.is_empty() || worker.skills.contains(&request.skill);
            if !qualified || (counted && need != Need::OnTheLine) {
                continue;
            }
            pairs.push(((need, request.place), (counted, worker.idle_since, worker.id), (r, w)));
        }
    }
    pairs.into_iter().min().map(|((need, _), _, (r, w))| (need, r, w))
}

fn requests(center: &Center) -> Vec<Request> {
    let to_request = |contact: &crate::center::contacts::Contact| {
        let row = &contact.row;
        let number = contact
            .person
            .e164
            .clone()
            .filter(|number| !row.merged && row.channel == Channel::Telephone && !number.is_empty());
        let busy = number.as_ref().is_some_and(|number| center.hanging.is_busy(number));
        let need = match row.state {
            ContactState::Holding { agent: None, .. } if !contact.away => Some(Need::OnTheLine),
            ContactState::Dialing { agent: None, .. } | ContactState::Confirming { agent: None, .. } => {
                Some(Need::Orphaned)
            }
            ContactState::Waiting { not_before: None } if !busy => Some(Need::InLine),
            _ => None,
        };
        Request {
            id: row.id,
            place: row.place,
            skill: row.skill.clone(),
            need,
            number,
            region: contact.person.region.clone().unwrap_or_default(),
            merged: row.merged,
        }
    };
    center.contacts.values().map(to_request).collect()
}

fn workers(center: &Center) -> Vec<Worker> {
    let to_worker = |agent: &crate::center::agents::Agent| {
        let (Duty::Ready { counted_by }, Link::Here(_)) = (agent.duty, agent.link) else { return None };
        Some(Worker {
            id: agent.profile.id,
            idle_since: agent.idle_since,
            skills: agent.profile.skills.iter().cloned().collect(),
            counted_by,
        })
    };
    center.agents.values().filter_map(to_worker).collect()
}

/// Numbers dialled in the last 24 hours.
fn dials(center: &Center, ledger: &Ledger) -> Vec<String> {
    let recent = |at: Timestamp| at.0 + 24 * 3600 * 1000 > center.now.0;
    let legs = ledger.legs.values();
    legs.filter(|leg| leg.party == Party::Customer && recent(leg.started_at))
        .filter_map(|leg| leg.number.clone())
        .collect()
}

fn may_dial(center: &Center, dials: &[String], number: &str, region: &str) -> bool {
    let to_number = dials.iter().filter(|other| *other == number).count();
    center.settings.regions.contains(region)
        && dials.len() < center.settings.dial_budget as usize
        && to_number < center.settings.dials_per_number as usize
}

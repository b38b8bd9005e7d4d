//! Every transition that there is, and proof that the histories took each.
//!
//! A transition is what one input, timeout or restart makes of a state, with all that follows from it at once:
//! a key may take a request from "rings" to "offered". What is not in [`MOVES`] can't happen, and fails the
//! test if it does: whoever adds a transition adds it here. Every state is met by every stimulus; those pairs
//! that can't meet are in [`cannot_meet`], with the reason.
use std::collections::BTreeSet;

use super::coverage::Coverage;

/// From a state to others.
type From = (&'static str, &'static [&'static str]);

/// By machine.
#[rustfmt::skip]
const MOVES: &[(&str, &[From])] = &[
    ("request", &[
        ("accepted", &["closed", "held", "offered", "sorry", "talks", "to be tried again"]),
        ("asked", &[
            "asked, nobody meant", "closed", "goodbye", "held, page away", "offered",
            "to be tried again",
        ]),
        ("asked, nobody meant", &["asked", "closed", "goodbye", "held", "offered", "to be tried again"]),
        ("feigned", &["closed", "to be tried again"]),
        ("goodbye", &["closed"]),
        ("held", &["closed", "offered", "sorry", "to be tried again"]),
        ("held, page away", &["closed", "held", "offered", "sorry", "to be tried again"]),
        ("in line", &["closed", "feigned", "rings"]),
        ("new", &["feigned", "in line", "rings", "scheduled", "shown to nobody"]),
        ("offered", &["accepted", "closed", "held", "sorry", "talks", "to be tried again"]),
        ("on hold", &["closed", "talks", "wrap-up"]),
        ("rings", &[
            "asked", "closed", "goodbye", "held, page away", "offered", "rings, nobody meant",
            "to be tried again",
        ]),
        ("rings, nobody meant", &[
            "asked, nobody meant", "closed", "goodbye", "held", "offered", "rings",
            "to be tried again",
        ]),
        ("scheduled", &["closed", "feigned", "in line", "rings"]),
        ("shown", &["closed", "shown to nobody", "shown, page away"]),
        ("shown to nobody", &["closed", "shown", "shown, page away"]),
        ("shown, page away", &["closed", "shown", "shown to nobody"]),
        ("sorry", &["closed", "to be tried again"]),
        ("talks", &["closed", "on hold", "wrap-up"]),
        ("to be tried again", &["closed", "feigned", "in line", "rings"]),
        ("wrap-up", &["closed"]),
    ]),
    ("agent", &[
        ("away", &["counted on", "offline", "ready", "removed", "reserved", "rings"]),
        ("connects", &["away", "counted on", "offline", "ready", "removed", "reserved", "rings", "talks"]),
        ("counted on", &["away", "offline", "ready", "removed", "reserved", "rings"]),
        ("new", &["offline"]),
        ("offline", &["away", "removed"]),
        ("offline, owes", &["offline", "removed", "wraps up"]),
        ("ready", &["away", "counted on", "offline", "removed", "reserved", "rings"]),
        ("reserved", &["away", "counted on", "offline", "ready", "removed", "rings"]),
        ("rings", &["away", "connects", "counted on", "offline", "ready", "removed", "reserved", "talks"]),
        ("talks", &[
            "away", "counted on", "offline", "offline, owes", "ready", "removed", "reserved", "rings", "wraps up",
        ]),
        ("wraps up", &[
            "away", "counted on", "offline", "offline, owes", "ready", "removed", "reserved", "rings",
        ]),
    ]),
    ("console", &[
        ("gone", &["here", "lost", "removed"]),
        ("here", &["gone", "lost", "removed"]),
        ("lost", &["gone", "here", "removed"]),
        ("new", &["gone"]),
    ]),
    ("customer's leg", &[
        ("answered", &["bridged", "ended"]),
        ("bridged", &["ended"]),
        ("new", &["placed"]),
        ("placed", &["answered", "ended"]),
    ]),
    ("agent's leg", &[
        ("bridged", &["ended"]),
        ("new", &["placed"]),
        ("placed", &["bridged", "ended"]),
    ]),
];

/// Who may be asked of a request: at their consoles, in the shop.
const OF_REQUESTS: [&str; 21] = [
    "erased",
    "cancelled",
    "page viewed",
    "context set",
    "sharing set",
    "power asked",
    "power answered",
    "power stopped",
    "power dropped",
    "watch asked",
    "watch left",
    "code wanted",
    "page open",
    "no page open",
    "accepted",
    "declined",
    "hung up",
    "hold",
    "unhold",
    "draft",
    "wrapped up",
];
const OF_AGENTS: [&str; 18] = [
    "changed",
    "removed",
    "signed in",
    "signed out",
    "console lost",
    "ready",
    "away",
    "accepted",
    "declined",
    "hung up",
    "hold",
    "unhold",
    "draft",
    "power asked",
    "power dropped",
    "watch asked",
    "watch left",
    "wrapped up",
];
const OF_LEGS: [&str; 12] = [
    "ringing",
    "early media",
    "answered",
    "failed",
    "play ended",
    "joined",
    "left",
    "digit",
    "suspended",
    "resumed",
    "ended",
    "unknown",
];

/// Why a state is never met by a stimulus.
fn cannot_meet(state: &str, stimulus: &str) -> Option<&'static str> {
    let shown = ["shown", "shown to nobody", "shown, page away"];
    let waits = ["scheduled", "in line", "to be tried again", "feigned", "wrap-up", "closed"];
    let agent_called = ["offered", "accepted", "talks", "on hold"];
    match stimulus {
        "restart" if state == "closed" => Some("a restart reads open requests only"),
        "a dead leg" if state == "scheduled" || shown.contains(&state) => Some("it was never called"),
        _ if stimulus.starts_with("customer's leg") && (waits.contains(&state) || shown.contains(&state)) => {
            Some("the customer has no leg")
        }
        _ if stimulus.starts_with("agent's leg") && !agent_called.contains(&state) => {
            Some("no agent has a leg")
        }
        _ => None,
    }
}

pub(super) fn check(cover: &Coverage) {
    let mut wrong = Vec::new();
    let known: BTreeSet<_> = MOVES
        .iter()
        .flat_map(|(machine, froms)| {
            froms.iter().flat_map(move |(from, tos)| tos.iter().map(move |to| (*machine, *from, *to)))
        })
        .collect();
    for (machine, from, to) in cover.moves.keys().filter(|taken| !known.contains(taken)) {
        wrong.push(format!("a transition that is not listed: {machine}: {from} -> {to}"));
    }
    for (machine, from, to) in known.iter().filter(|known| !cover.moves.contains_key(known)) {
        wrong.push(format!("a transition that no history took: {machine}: {from} -> {to}"));
    }
    for (machine, froms) in MOVES {
        let targets = froms.iter().flat_map(|(_, tos)| tos.iter());
        let states: BTreeSet<&str> = targets.copied().filter(|state| *state != "removed").collect();
        for state in states {
            for stimulus in stimuli(machine) {
                let met = cover.meetings.contains_key(&(*machine, state, stimulus.as_str()));
                match (met, cannot_meet(state, &stimulus)) {
                    (true, Some(why)) => {
                        wrong.push(format!("{machine}: {state} met {stimulus}, though {why}"))
                    }
                    (false, None) => wrong.push(format!("no history had {machine}: {state} meet {stimulus}")),
                    (true, None) | (false, Some(_)) => {}
                }
            }
        }
    }
    let mut rarest: Vec<_> = cover.moves.iter().chain(&cover.meetings).map(|(what, n)| (n, what)).collect();
    rarest.sort_unstable();
    for (count, what) in rarest.iter().take(5) {
        println!("{count:>9} {what:?}: among the rarest");
    }
    println!("{} transitions taken, of {} that there are", cover.moves.len(), known.len());
    println!("{} pairs of a state and a stimulus met", cover.meetings.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn stimuli(machine: &str) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match machine {
        "request" => {
            let legs = ["customer's leg", "agent's leg"];
            let said = legs.iter().flat_map(|leg| OF_LEGS.iter().map(move |what| format!("{leg}: {what}")));
            words(&OF_REQUESTS).into_iter().chain(said).chain(words(&["a dead leg", "restart"])).collect()
        }
        "agent" | "console" => words(&OF_AGENTS).into_iter().chain(words(&["restart"])).collect(),
        _ => Vec::new(),
    }
}

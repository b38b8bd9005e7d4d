use contact_core::{center::ContactState, record::Event as E};
use shared::{
    EffectId, LegId,
    api::{Channel, Party},
    contact::{EndReason, LegCause},
};

use super::*;

const CONTACT: ContactId = ContactId(1);
const AGENT: AgentId = AgentId(2);
const LEG: LegId = LegId(3);
const AGENT_LEG: LegId = LegId(4);

#[test]
fn whole_call_has_no_fault() {
    assert_eq!(faults(&call()), Vec::<String>::new());
}

/// Each plants one fault in a sound history; the audit must say so.
#[test]
fn planted_faults_are_all_found() {
    type Plant = fn(&mut Kept);
    let plants: [(&str, Plant); 16] = [
        ("event missing", |kept| drop(kept.events.remove(2))),
        ("counter behind", |kept| kept.last_seq -= 1),
        ("event after the last moment", |kept| kept.last_at = Timestamp(12)),
        ("leg that outlives its server", |kept| kept.legs[1].ended_at = Some(Timestamp(14))),
        ("row missing", |kept| kept.contacts.clear()),
        ("leg missing", |kept| drop(kept.legs.pop())),
        ("other reason", |kept| kept.contacts[0].reason = Some(EndReason::Busy)),
        ("not closed", |kept| kept.contacts[0].closed = false),
        ("not bridged", |kept| kept.contacts[0].bridged_at = None),
        ("attempt not counted", |kept| kept.contacts[0].attempts = 0),
        ("other cause", |kept| kept.legs[0].cause = Some(LegCause::Busy)),
        ("not answered", |kept| kept.legs[0].answered_at = None),
        ("ends before its start", |kept| kept.legs[0].ended_at = Some(Timestamp(0))),
        ("agent held", |kept| kept.agents[0].presence = Presence::Talking),
        ("rung too early", |kept| kept.events.swap(3, 4)),
        ("two legs to a number", |kept| {
            let second = LegRecord { leg: LegId(9), ..kept.legs[0].clone() };
            kept.legs.push(second);
            let dialled = E::Dialed { contact: CONTACT, leg: LegId(9), effect: EffectId(9), agent: None };
            kept.events.insert(2, (0, Timestamp(1), dialled));
        }),
    ];
    for (what, plant) in plants {
        let mut kept = call();
        plant(&mut kept);
        assert!(!faults(&kept).is_empty(), "{what}");
    }
}

#[test]
fn agent_who_is_held_since_before_the_kill_is_named() {
    let mut kept = call();
    assert!(held(&kept, Timestamp(100)).is_empty());
    kept.agents[0].presence = Presence::Reserved;
    assert_eq!(held(&kept, Timestamp(100)).len(), 1);
    assert!(held(&kept, Timestamp(1)).is_empty());
}

fn call() -> Kept {
    let (contact, leg, agent) = (CONTACT, LEG, AGENT);
    let effect = EffectId(1);
    let events = [
        E::Requested {
            contact,
            channel: Channel::Telephone,
            skill: String::new(),
            consent: "1".into(),
            merged: false,
        },
        E::Dialed { contact, leg, effect, agent: None },
        E::Answered { contact, leg },
        E::Confirmed { contact },
        E::Dialed { contact, leg: AGENT_LEG, effect, agent: Some(agent) },
        E::Offered { contact, agent },
        E::Answered { contact, leg: AGENT_LEG },
        E::Bridged { contact, agent },
        E::LegEnded { contact, leg, cause: LegCause::HungUp },
        E::LegEnded { contact, leg: AGENT_LEG, cause: LegCause::OtherSide },
        E::Ended { contact, reason: EndReason::Completed },
        E::WrapUpDone { contact, agent, disposition: String::new() },
        E::Presence { agent, presence: Presence::Ready },
    ];
    let events: Vec<_> = (1..).zip(events).map(|(seq, event)| (seq, Timestamp(seq), event)).collect();
    let record = |leg, party, cause| LegRecord {
        leg,
        contact,
        party,
        number: (party == Party::Customer).then(|| "+12125550100".into()),
        agent: (party == Party::Agent).then_some(agent),
        started_at: Timestamp(2),
        answered_at: Some(Timestamp(3)),
        bridged_at: Some(Timestamp(8)),
        ended_at: Some(Timestamp(9)),
        cause: Some(cause),
    };
    Kept {
        last_seq: 13,
        last_at: Timestamp(13),
        events,
        contacts: vec![row()],
        legs: vec![
            record(LEG, Party::Customer, LegCause::HungUp),
            record(AGENT_LEG, Party::Agent, LegCause::OtherSide),
        ],
        agents: vec![AgentStateRow {
            id: agent,
            presence: Presence::Ready,
            since: Timestamp(13),
            away_reason: None,
            station: None,
            contact: None,
        }],
    }
}

fn row() -> ContactRow {
    ContactRow {
        id: CONTACT,
        channel: Channel::Telephone,
        skill: String::new(),
        place: 1,
        requested_at: Timestamp(1),
        due: None,
        merged: false,
        attempts: 1,
        consent: "1".into(),
        sharing: true,
        settings: 1,
        agent: Some(AGENT),
        bridged_at: Some(Timestamp(8)),
        talked_ms: 1,
        ended_at: Some(Timestamp(9)),
        reason: Some(EndReason::Completed),
        closed: true,
        state: ContactState::Ended,
        phase_since: Timestamp(9),
        lead: contact_core::center::LeadRow::default(),
        watch: Vec::new(),
    }
}

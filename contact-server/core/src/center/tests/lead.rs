//! Who may do what in a customer's page.
use shared::{AgentId, ContactId, wire::lead::Power};

use super::stage::*;
use crate::{
    Input, Notice, Refusal,
    center::ASK_AGAIN,
    effect::Lead,
    record::{Event, PowerEnd},
};

#[test]
fn control_is_asked_for_given_with_the_version_of_the_text_and_taken_back() {
    let (mut stage, contact) = talking();
    assert_eq!(held(&stage, contact), []);
    ask(&mut stage, contact).unwrap();
    assert_eq!(held(&stage, contact), [(1, false)]);
    assert_eq!(
        answer(&mut stage, contact, 2),
        Err(Refusal::NotNow { input: "an answer", state: "not asked" })
    );
    answer(&mut stage, contact, 1).unwrap();
    assert_eq!(held(&stage, contact), [(1, true)]);
    assert_eq!(stage.ledger.contacts[&contact].lead.holds.len(), 1, "the row says so, for a restart");
    assert!(answer(&mut stage, contact, 1).is_err(), "a question is answered once");
    stage.must(Input::PowerStopped(contact, Power::Control));
    assert_eq!(held(&stage, contact), []);
    let (agent, power, number) = (ADA, Power::Control, 1);
    let consent = "control-1".to_owned();
    for event in [
        Event::PowerAsked { contact, agent, power, number },
        Event::PowerGranted { contact, agent, power, number, consent },
        Event::PowerEnded { contact, agent, power, number, end: PowerEnd::Customer },
    ] {
        assert!(stage.ledger.events.contains(&event), "{event:?}");
    }
}

#[test]
fn after_a_no_nobody_asks_again_for_a_while_and_then_under_another_number() {
    let (mut stage, contact) = talking();
    ask(&mut stage, contact).unwrap();
    stage.must(Input::PowerAnswered { contact, number: 1, consent: None });
    assert!(ask(&mut stage, contact).is_err());
    stage.pass(ASK_AGAIN);
    ask(&mut stage, contact).unwrap();
    assert_eq!(held(&stage, contact), [(2, false)]);
}

#[test]
fn nobody_holds_anything_in_a_page_that_he_is_not_shown() {
    for end in [
        Input::SharingSet(ContactId(1), false),
        Input::Cancelled(ContactId(1)),
        Input::HungUp(ADA, ContactId(1)),
        Input::Erased(vec![ContactId(1)]),
        Input::PowerDropped { agent: ADA, contact: ContactId(1), power: Power::Control },
    ] {
        let (mut stage, contact) = talking();
        assert_eq!(contact, ContactId(1));
        ask(&mut stage, contact).unwrap();
        answer(&mut stage, contact, 1).unwrap();
        stage.must(end.clone());
        assert!(stage.ledger.contacts[&contact].lead.holds.is_empty(), "{end:?}");
        let told = stage.notices.iter().rev().find_map(|notice| match notice {
            Notice::Lead { lead, .. } => Some(lead.holds.len()),
            _ => None,
        });
        assert_eq!(told, Some(0), "{end:?}");
    }
    let (mut stage, contact) = talking();
    stage.ready(AgentId(2), &[]);
    let power = Power::Control;
    assert_eq!(stage.input(Input::PowerAsked { agent: AgentId(2), contact, power }), Err(Refusal::NotYours));
}

#[test]
fn pointing_needs_no_question_until_the_customer_stops_it() {
    let (mut stage, contact) = talking();
    assert!(lead(&stage, contact).pointing);
    stage.must(Input::PowerStopped(contact, Power::Point));
    assert!(!lead(&stage, contact).pointing);
    stage.pass(ASK_AGAIN);
    stage.must(Input::PowerAsked { agent: ADA, contact, power: Power::Point });
    assert!(!lead(&stage, contact).pointing, "a question is no answer");
    stage.must(Input::PowerAnswered { contact, number: 1, consent: Some("point-1".into()) });
    assert!(lead(&stage, contact).pointing && lead(&stage, contact).holds.is_empty());
    stage.must(Input::SharingSet(contact, false));
    assert!(!lead(&stage, contact).pointing);
}

#[test]
fn a_business_may_allow_neither() {
    let mut stage = Stage::with_ada(crate::Settings { pointing: false, control: false, ..settings() });
    let contact = stage.request();
    stage.talk(contact);
    for power in [Power::Point, Power::Control] {
        assert_eq!(stage.input(Input::PowerAsked { agent: ADA, contact, power }), Err(Refusal::PowerOff));
    }
    assert!(!lead(&stage, contact).pointing);
}

#[test]
fn a_call_that_was_cut_off_leaves_nobody_in_control() {
    let (mut stage, contact) = talking();
    ask(&mut stage, contact).unwrap();
    stage.restart(seconds(1));
    assert_eq!(stage.ledger.contacts[&contact].lead.holds, [], "the call was cut off, and the page with it");
}

fn talking() -> (Stage, ContactId) {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    (stage, contact)
}

fn ask(stage: &mut Stage, contact: ContactId) -> Result<(), Refusal> {
    stage.input(Input::PowerAsked { agent: ADA, contact, power: Power::Control })
}

fn answer(stage: &mut Stage, contact: ContactId, number: u32) -> Result<(), Refusal> {
    stage.input(Input::PowerAnswered { contact, number, consent: Some("control-1".into()) })
}

fn lead(stage: &Stage, contact: ContactId) -> Lead {
    stage.center.lead(contact).unwrap()
}

fn held(stage: &Stage, contact: ContactId) -> Vec<(u32, bool)> {
    lead(stage, contact).holds.iter().map(|hold| (hold.number, hold.granted)).collect()
}

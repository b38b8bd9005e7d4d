//! A customer who is erased: whatever the contact was doing, it ends, and nothing of the person is left.
use shared::{
    api::{Party, WrapUp},
    contact::{LegCause, Phase, Presence},
};

use super::stage::{ADA, Stage, at_answer, number, request, seconds, settings};
use crate::{DialEvent, Endpoint, Input, Notice, Refusal, Settings, record::Event};

/// Brings a contact somewhere.
type Way = fn(&mut Stage, shared::ContactId);

const WAYS: [(&str, Way); 7] = [
    ("dialled", |_, _| {}),
    ("answered", |stage, contact| stage.customer(contact, DialEvent::Answered)),
    ("offered", Stage::reach),
    ("accepted", |stage, contact| {
        stage.reach(contact);
        stage.must(Input::Accepted(ADA, contact));
    }),
    ("talking", Stage::talk),
    ("wrapping up", |stage, contact| {
        stage.talk(contact);
        let wrap_up = WrapUp { notes: "secret".to_owned(), ..WrapUp::default() };
        stage.must(Input::WrapUpSaved { agent: ADA, contact, wrap_up, done: false });
        stage.customer(contact, DialEvent::Ended { cause: LegCause::HungUp });
    }),
    ("closed", |stage, contact| {
        stage.talk(contact);
        stage.customer(contact, DialEvent::Ended { cause: LegCause::HungUp });
        stage.wrap_up(ADA, contact);
    }),
];

#[test]
fn an_erased_contact_ends_wherever_it_was_and_frees_its_agent() {
    for settings in [settings(), at_answer()] {
        for (at, way) in WAYS {
            let mut stage = Stage::with_ada(settings.clone());
            let contact = stage.request();
            way(&mut stage, contact);
            stage.must(Input::Erased(vec![contact]));
            assert!(stage.ledger.contacts[&contact].closed, "{at}");
            assert_eq!(stage.status(contact).phase, Phase::Ended, "{at}");
            assert_eq!(stage.presence(ADA), Presence::Ready, "{at}");
            assert!(!stage.shown_to(ADA, contact), "{at}: shown again");
            assert_nothing_is_left(&stage, contact, at);
            stage.pass(seconds(7200));
            assert_nothing_is_left(&stage, contact, at);
        }
    }
}

#[test]
fn an_erased_contact_that_waits_leaves_the_line_that_agents_see() {
    let mut stage = Stage::with_ada(settings());
    stage.request();
    let waits = stage.request();
    assert_eq!(stage.center.queue().waiting[0].label, "Customer 2");
    stage.pass(seconds(5));
    stage.must(Input::Erased(vec![waits]));
    let queues = stage.notices.iter().filter_map(|notice| match notice {
        Notice::Queue(queue) => Some(queue.waiting.len()),
        _ => None,
    });
    assert_eq!(queues.collect::<Vec<_>>(), [0]);
    assert_nothing_is_left(&stage, waits, "waiting");
}

#[test]
fn erasing_hangs_both_legs_up() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    let (customer, agent) = (stage.customer_leg(contact), stage.state(contact).agent_leg().unwrap());
    stage.must(Input::Erased(vec![contact]));
    assert!(stage.hung_up(customer).is_some() && stage.hung_up(agent).is_some());
}

#[test]
fn a_number_that_asked_never_to_be_called_again_is_not_called_after_its_erasure_either() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.customer(contact, DialEvent::Answered);
    stage.customer(contact, DialEvent::Digit('9'));
    stage.pass(seconds(30));
    stage.must(Input::Erased(vec![contact]));
    stage.restart(seconds(1));
    let mut again = request(2);
    again.person.e164 = Some(number(1));
    assert_eq!(stage.input(Input::Requested(Box::new(again))), Err(Refusal::NumberNotCalled));
}

#[test]
fn an_erased_request_may_be_made_anew_and_its_number_is_called() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.must(Input::Erased(vec![contact]));
    stage.pass(seconds(60));
    let mut again = request(1);
    again.contact = shared::ContactId(77);
    stage.must(Input::Requested(Box::new(again)));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
}

#[test]
fn the_number_of_a_leg_that_may_be_up_is_not_called_although_its_customer_was_erased_and_a_crash_came() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    stage.must(Input::Erased(vec![contact]));
    stage.restart(seconds(1));
    assert_nothing_is_left(&stage, contact, "after the crash");
    stage.must(Input::SignedIn { agent: ADA, station: shared::StationId(9) });
    let mut again = request(1);
    again.contact = shared::ContactId(77);
    stage.must(Input::Requested(Box::new(again)));
    assert_eq!(stage.phase(shared::ContactId(77)), Phase::Waiting, "its leg may still be up");
    stage.must(Input::Dialer(leg, DialEvent::Unknown));
    assert_eq!(stage.phase(shared::ContactId(77)), Phase::Calling);
    assert_nothing_is_left(&stage, contact, "called again");
}

#[test]
fn dials_to_a_customer_who_was_erased_count_for_the_budget_after_a_crash_too() {
    let mut stage = Stage::with_ada(Settings { dials_per_number: 1, ..settings() });
    let contact = stage.request();
    stage.must(Input::Erased(vec![contact]));
    stage.restart(seconds(60));
    let mut again = request(1);
    again.contact = shared::ContactId(77);
    let refused = stage.input(Input::Requested(Box::new(again)));
    assert_eq!(refused, Err(Refusal::NumberNotCalled));
}

#[test]
fn erasing_twice_or_what_nobody_knows_harms_nothing() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.must(Input::Erased(vec![contact, contact, shared::ContactId(99)]));
    stage.must(Input::Erased(vec![contact]));
    assert_nothing_is_left(&stage, contact, "erased twice");
    assert_eq!(stage.presence(ADA), Presence::Ready);
}

fn assert_nothing_is_left(stage: &Stage, contact: shared::ContactId, at: &str) {
    let ledger = &stage.ledger;
    assert!(!ledger.persons.contains_key(&contact), "{at}: the person");
    assert!(!ledger.wrap_ups.contains_key(&contact), "{at}: the wrap-up");
    assert!(ledger.tokens.values().all(|of| *of != contact), "{at}: a token");
    let legs = stage.legs(contact, Party::Customer);
    assert!(legs.iter().all(|leg| leg.number.is_none() && leg.ended_at.is_some()), "{at}: {legs:?}");
    assert!(ledger.events.contains(&Event::Erased { contact }), "{at}: the event");
}

//! Requests: idempotency, merging, limits, windows, and what their customers see while they wait.
use std::collections::BTreeSet;

use shared::{
    ContactId,
    api::PageView,
    contact::{EndReason, LegCause, Phase, Presence},
};

use super::stage::{ADA, BOB, Stage, number, request, seconds, seen_by, settings};
use crate::{
    DialEvent, Endpoint, Input, Notice, Refusal, Settings, input::Requested, record::Event, settings::Retry,
};

#[test]
fn the_same_request_twice_is_one_and_another_body_under_its_key_is_refused() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let mut replay = request(1);
    replay.contact = ContactId(77);
    assert_eq!(ask(&mut stage, replay.clone()), Err(Refusal::AcceptedBefore(contact)));
    replay.idempotency.body = [9; 32];
    assert_eq!(ask(&mut stage, replay.clone()), Err(Refusal::KeyReused));
    stage.must(Input::Cancelled(contact));
    stage.pass(seconds(24 * 3600));
    assert_eq!(ask(&mut stage, replay), Ok(()));
}

#[test]
fn the_tokens_of_a_contact_end_when_it_does_also_if_the_server_was_killed_in_between() {
    let mut stage = Stage::with_ada(settings());
    let cancelled = stage.request();
    stage.must(Input::Cancelled(cancelled));
    assert!(stage.ledger.tokens.values().all(|of| *of != cancelled));
    let interrupted = stage.request();
    assert!(stage.ledger.tokens.values().any(|of| *of == interrupted), "it is called now");
    stage.restart(seconds(1));
    stage.pass(seconds(24 * 3600));
    assert!(stage.ledger.contacts[&interrupted].closed);
    assert!(stage.ledger.tokens.is_empty());
}

#[test]
fn a_second_request_for_a_number_looks_alive_is_never_dialled_and_touches_nothing_of_the_first() {
    let mut stage = Stage::new(settings());
    let first = stage.request();
    let second = to_number(&mut stage, 2, 1);
    assert_eq!((stage.status(second).phase, stage.status(second).position), (Phase::Waiting, Some(2)));
    assert_eq!(stage.center.queue().total, 1);
    stage.ready(ADA, &[]);
    stage.ready(BOB, &[]);
    assert_eq!((stage.phase(first), stage.phase(second)), (Phase::Calling, Phase::Calling));
    assert_eq!(stage.presence(BOB), Presence::Ready, "nobody is reserved for it");
    let before = stage.ledger.contacts[&first].clone();
    stage.must(Input::Cancelled(second));
    assert_eq!(stage.ledger.contacts[&first], before);
    assert!(stage.ledger.legs.values().all(|leg| leg.contact == first));
}

#[test]
fn a_merged_request_ends_like_one_that_nobody_answered() {
    let retry = Retry { attempts: 2, after_no_answer: seconds(60), ..Retry::default() };
    let mut stage = Stage::with_ada(Settings { retry, ..settings() });
    let first = stage.request();
    stage.ready(BOB, &[]);
    let second = to_number(&mut stage, 2, 1);
    assert_eq!(stage.phase(second), Phase::Calling);
    stage.pass(seconds(30));
    assert_eq!((stage.phase(second), stage.status(second).attempts), (Phase::Waiting, 1));
    stage.pass(seconds(60));
    assert_eq!((stage.phase(second), stage.phase(first)), (Phase::Calling, Phase::Calling));
    stage.pass(seconds(30));
    assert_eq!(stage.status(second).reason, Some(EndReason::NoAnswer));
    assert_eq!(stage.status(first).reason, Some(EndReason::NoAnswer));
}

#[test]
fn a_number_whose_contact_ended_may_be_requested_again() {
    let mut stage = Stage::with_ada(settings());
    let first = stage.request();
    stage.customer(first, DialEvent::Failed { cause: LegCause::Rejected, code: 603 });
    let second = to_number(&mut stage, 2, 1);
    assert!(!stage.ledger.contacts[&second].merged);
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
}

#[test]
fn a_number_is_not_dialled_again_before_its_last_leg_is_down() {
    let mut stage = Stage::with_ada(settings());
    let first = stage.request();
    let leg = stage.customer_leg(first);
    stage.must(Input::Cancelled(first));
    let second = to_number(&mut stage, 2, 1);
    assert_eq!((stage.phase(second), stage.presence(ADA)), (Phase::Waiting, Presence::Ready));
    let third = stage.request_numbered(3);
    assert_eq!(stage.phase(third), Phase::Calling, "others pass it meanwhile");
    stage.must(Input::Cancelled(third));
    stage.must(Input::Dialer(leg, DialEvent::Ended { cause: LegCause::Cancelled }));
    assert_eq!(stage.phase(second), Phase::Calling);
}

#[test]
fn a_driver_that_never_confirms_a_hang_up_does_not_block_a_number_for_ever() {
    let mut stage = Stage::with_ada(settings());
    let first = stage.request();
    stage.must(Input::Cancelled(first));
    let second = to_number(&mut stage, 2, 1);
    stage.pass(seconds(32));
    assert_eq!(stage.phase(second), Phase::Calling);
}

#[test]
fn regions_are_denied_unless_listed_at_the_request_and_at_the_dial() {
    let mut stage = Stage::new(settings());
    let mut foreign = request(1);
    foreign.person.region = Some("GB".to_owned());
    assert_eq!(ask(&mut stage, foreign.clone()), Err(Refusal::RegionDenied));
    foreign.person.region = None;
    assert_eq!(ask(&mut stage, foreign), Err(Refusal::RegionDenied));
    let contact = stage.request();
    stage.must(Input::Configured(Settings { version: 2, regions: BTreeSet::new(), ..settings() }));
    stage.ready(ADA, &[]);
    assert!(stage.dialled().is_empty());
    assert_eq!(stage.reason(contact), Some(EndReason::NotAllowed));
}

#[test]
fn the_dial_budget_holds_in_any_24_hours_at_the_request_and_at_the_dial() {
    let mut stage = Stage::new(Settings { dial_budget: 2, ..settings() });
    let contacts = [1, 2, 3].map(|n| stage.request_numbered(n));
    stage.ready(ADA, &[]);
    let start = stage.now;
    for contact in &contacts[..2] {
        stage.customer(*contact, DialEvent::Failed { cause: LegCause::Rejected, code: 603 });
    }
    assert_eq!(stage.reason(contacts[2]), Some(EndReason::NotAllowed), "refused at the dial");
    let until = start + seconds(24 * 3600);
    assert_eq!(ask(&mut stage, request(4)), Err(Refusal::BudgetSpent { until }));
    stage.pass(seconds(24 * 3600 - 1));
    assert_eq!(ask(&mut stage, request(4)), Err(Refusal::BudgetSpent { until }));
    stage.pass(seconds(1));
    assert_eq!(ask(&mut stage, request(4)), Ok(()));
}

#[test]
fn one_number_is_dialled_so_often_a_day_and_no_more() {
    let mut stage = Stage::with_ada(Settings { dials_per_number: 1, ..settings() });
    let contact = stage.request();
    stage.customer(contact, DialEvent::Failed { cause: LegCause::Busy, code: 486 });
    stage.pass(seconds(120));
    assert_eq!(stage.reason(contact), Some(EndReason::NotAllowed));
    let mut again = request(2);
    again.person.e164 = Some(number(1));
    assert_eq!(ask(&mut stage, again), Err(Refusal::NumberNotCalled));
    assert_eq!(ask(&mut stage, request(3)), Ok(()));
}

#[test]
fn a_contact_keeps_the_settings_that_it_started_with() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.must(Input::Configured(Settings { version: 2, press_one: false, ..settings() }));
    stage.customer(contact, DialEvent::Answered);
    assert_eq!(stage.phase(contact), Phase::Confirming);
    assert!(stage.ledger.events.contains(&Event::SettingsChanged { version: 2 }));
}

#[test]
fn a_window_opens_closes_and_is_refused_when_past() {
    let mut stage = Stage::with_ada(settings());
    let (from, until) = (stage.now + seconds(3600), stage.now + seconds(7200));
    let contact = in_window(&mut stage, 1, (from, until));
    assert_eq!(stage.status(contact).wait_seconds, Some(3600));
    assert_eq!(stage.phase(contact), Phase::Scheduled);
    assert_eq!(stage.center.queue().waiting[0].due_at, Some(from));
    stage.pass(seconds(3600));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
    stage.must(Input::Cancelled(contact));
    stage.must(Input::Away(ADA, "Lunch".to_owned()));
    let missed = in_window(&mut stage, 2, (from, until));
    stage.pass(seconds(3600));
    assert_eq!(stage.reason(missed), Some(EndReason::WindowClosed));
    let mut late = request(3);
    late.due = Some((from, until));
    assert_eq!(ask(&mut stage, late), Err(Refusal::WindowPassed));
}

#[test]
fn another_attempt_that_would_come_after_the_window_is_not_promised() {
    let mut stage = Stage::with_ada(settings());
    let window = (stage.now, stage.now + seconds(60));
    let contact = in_window(&mut stage, 1, window);
    stage.customer(contact, DialEvent::Failed { cause: LegCause::Busy, code: 486 });
    assert_eq!(stage.reason(contact), Some(EndReason::Busy));
}

#[test]
fn a_request_that_nobody_can_serve_is_closed_at_the_limit() {
    let mut stage = Stage::new(settings());
    let contact = stage.request();
    stage.pass(seconds(12 * 3600));
    assert_eq!(stage.reason(contact), Some(EndReason::NoAgent));
}

#[test]
fn open_requests_are_bounded_and_skills_must_be_offered() {
    let mut stage = Stage::new(Settings { open_contacts: 1, ..settings() });
    let contact = stage.request();
    assert_eq!(ask(&mut stage, request(2)), Err(Refusal::TooManyOpen));
    stage.must(Input::Cancelled(contact));
    let mut unknown = request(2);
    unknown.skill = "klingon".to_owned();
    assert_eq!(ask(&mut stage, unknown), Err(Refusal::SkillUnknown));
    assert_eq!(ask(&mut stage, request(2)), Ok(()));
}

#[test]
fn merged_requests_have_a_bound_of_their_own_and_take_nobody_s_place() {
    let mut stage = Stage::new(Settings { open_contacts: 2, merged_contacts: 1, ..settings() });
    let first = stage.request();
    let second = to_number(&mut stage, 2, 1);
    let mut third = request(3);
    third.person.e164 = Some(number(1));
    assert_eq!(ask(&mut stage, third.clone()), Err(Refusal::TooManyOpen));
    assert_eq!(ask(&mut stage, request(4)), Ok(()), "a place was kept for others");
    assert_eq!(ask(&mut stage, request(5)), Err(Refusal::TooManyOpen));
    stage.must(Input::Cancelled(second));
    assert_eq!(ask(&mut stage, third), Ok(()));
    stage.must(Input::Cancelled(first));
    assert_eq!(ask(&mut stage, request(6)), Ok(()));
}

#[test]
fn positions_and_the_waiting_list_follow_at_most_once_a_second() {
    let mut stage = Stage::new(settings());
    let first = stage.request();
    let second = stage.request();
    let third = stage.request();
    stage.pass(seconds(5));
    assert_eq!(stage.status(third).position, Some(3));
    stage.must(Input::Cancelled(first));
    assert_eq!(stage.status(third).position, Some(2), "told at once if nothing was told lately");
    stage.must(Input::Cancelled(second));
    assert!(!stage.notices.iter().any(|notice| matches!(notice, Notice::Queue(_))));
    stage.pass(seconds(1));
    let queues = stage.notices.iter().filter(|notice| matches!(notice, Notice::Queue(_)));
    assert_eq!(queues.count(), 1);
    assert_eq!(stage.status(third).position, Some(1));
    assert_eq!(stage.center.queue().waiting[0].label, "Customer 3");
}

#[test]
fn a_wait_is_estimated_only_while_somebody_is_at_work() {
    let mut stage = Stage::with_ada(settings());
    assert_eq!(stage.center.wait_estimate(""), Some(0));
    let contact = stage.request();
    stage.talk(contact);
    assert_eq!(stage.center.wait_estimate(""), Some(180));
    assert_eq!(stage.center.wait_estimate("german"), None);
    let waits = stage.request();
    assert_eq!(stage.status(waits).wait_seconds, Some(180));
    stage.pass(seconds(60));
    stage.must(Input::HungUp(ADA, contact));
    stage.must(Input::Away(ADA, "Lunch".to_owned()));
    stage.wrap_up(ADA, contact);
    assert_eq!(stage.center.wait_estimate(""), None);
}

#[test]
fn trail_and_context_reach_the_agent_until_the_customer_says_stop() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    for n in 0..12 {
        stage.must(Input::PageViewed(contact, page(n)));
    }
    stage.must(Input::ContextSet(contact, "{}".to_owned()));
    stage.must(Input::SharingSet(contact, false));
    assert!(stage.notices.contains(&Notice::Viewing { contact, viewing: seen_by(Some(ADA), false) }));
    stage.must(Input::PageViewed(contact, page(99)));
    let shown = stage.center.agent_view(ADA).unwrap().1.unwrap();
    assert_eq!((shown.trail.len(), shown.trail[9].title.as_str()), (10, "Page 11"));
    assert_eq!((shown.context.as_deref(), shown.sharing), (Some("{}"), false));
    assert_eq!(stage.ledger.persons[&contact].trail, shown.trail);
    stage.must(Input::Cancelled(contact));
    assert_eq!(stage.input(Input::PageViewed(contact, page(1))), Err(Refusal::NoSuchContact));
}

#[test]
fn a_page_that_is_told_twice_is_one_step_of_the_path() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    for n in [1, 1, 2, 2, 1] {
        stage.must(Input::PageViewed(contact, page(n)));
    }
    let trail = stage.center.agent_view(ADA).unwrap().1.unwrap().trail;
    let titles: Vec<_> = trail.iter().rev().take(3).map(|page| page.title.as_str()).collect();
    assert_eq!(titles, ["Page 1", "Page 2", "Page 1"]);
}

#[test]
fn personal_data_and_numbers_are_not_in_events_nor_in_debug_output() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let dials = format!("{:?}", stage.dials);
    stage.talk(contact);
    stage.must(Input::HungUp(ADA, contact));
    stage.wrap_up(ADA, contact);
    let events = serde_json::to_string(&stage.ledger.events).unwrap();
    let person = format!("{:?} {:?}", stage.ledger.persons[&contact], stage.center);
    for text in [dials, events, person] {
        assert!(!text.contains("3023125001") && !text.contains("Customer"), "{text}");
    }
}

fn ask(stage: &mut Stage, request: Requested) -> Result<(), Refusal> {
    stage.input(Input::Requested(Box::new(request)))
}

fn to_number(stage: &mut Stage, n: u128, of: u128) -> ContactId {
    let mut request = request(n);
    request.person.e164 = Some(number(of));
    ask(stage, request).unwrap();
    ContactId(n)
}

fn in_window(stage: &mut Stage, n: u128, due: (shared::Timestamp, shared::Timestamp)) -> ContactId {
    let mut request = request(n);
    request.due = Some(due);
    ask(stage, request).unwrap();
    ContactId(n)
}

fn page(n: u32) -> PageView {
    PageView {
        url: format!("https://shop.example/{n}"),
        title: format!("Page {n}"),
        at: shared::Timestamp(0),
    }
}

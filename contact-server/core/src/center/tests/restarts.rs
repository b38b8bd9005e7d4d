//! The process dies and comes back: nobody is forgotten, nobody is dialled twice.
use shared::{
    StationId,
    api::Party,
    contact::{EndReason, LegCause, Phase, Presence},
};

use super::stage::{ADA, BOB, Stage, at_answer, number, request, seconds, settings};
use crate::{DialEvent, Endpoint, Input, Refusal, Settings, center::ContactState, record::Event};

#[test]
fn a_request_survives_and_is_still_called_once() {
    let mut stage = Stage::new(settings());
    let contact = stage.request();
    let place = stage.ledger.contacts[&contact].place;
    stage.restart(seconds(60));
    stage.ready(ADA, &[]);
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
    assert_eq!(stage.ledger.contacts[&contact].place, place);
    let replay = Input::Requested(Box::new(request(1)));
    assert_eq!(stage.input(replay), Err(Refusal::AcceptedBefore(contact)));
}

#[test]
fn an_attempt_that_was_cut_off_is_closed_hung_up_and_repeated_by_the_policy() {
    for events in [&[][..], &[DialEvent::Answered], &[DialEvent::Answered, DialEvent::Digit('1')]] {
        let mut stage = Stage::with_ada(settings());
        let contact = stage.request();
        for event in events {
            stage.customer(contact, event.clone());
        }
        let leg = stage.customer_leg(contact);
        stage.restart(seconds(1));
        assert_eq!(stage.hung_up(leg), Some(LegCause::Interrupted));
        assert!(stage.ledger.legs.values().all(|leg| leg.cause == Some(LegCause::Interrupted)));
        assert!(stage.ledger.events.contains(&Event::LegEnded {
            contact,
            leg,
            cause: LegCause::Interrupted
        }));
        stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
        stage.must(Input::Dialer(leg, DialEvent::Unknown));
        stage.pass(seconds(5));
        assert_eq!(stage.legs(contact, Party::Customer).len(), 2);
        assert_eq!(stage.status(contact).attempts, 2);
    }
}

#[test]
fn a_number_whose_leg_may_be_up_is_not_dialled_even_after_two_restarts() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    stage.restart(seconds(1));
    stage.restart(seconds(1));
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    stage.pass(seconds(6));
    assert_eq!(stage.phase(contact), Phase::Waiting);
    stage.must(Input::Dialer(leg, DialEvent::Unknown));
    assert_eq!(stage.phase(contact), Phase::Calling);
}

/// The command of a hang-up leaves after its commit. A crash between the two loses it, and the dialer may
/// outlive us: however late we come back, it is told again.
#[test]
fn a_hang_up_that_may_never_have_left_is_told_again_however_long_the_server_was_down() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    stage.must(Input::Cancelled(contact)); // stored, and the process dies before the command leaves
    stage.restart(seconds(3600));
    assert_eq!(stage.hung_up(leg), Some(LegCause::Interrupted));
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    let again = stage.request_numbered(1_001);
    assert_eq!(stage.phase(again), Phase::Calling, "another number");
}

/// A leg that a restart cut off was told to hang up then, and its record does not say when that was.
#[test]
fn a_leg_that_was_cut_off_is_told_again_by_every_restart_of_that_day() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    for away in [3600, 1, 3600] {
        stage.restart(seconds(away));
        assert_eq!(stage.hung_up(leg), Some(LegCause::Interrupted));
    }
    stage.must(Input::Dialer(leg, DialEvent::Unknown));
    stage.pass(seconds(25 * 3600));
    stage.request_numbered(7); // something is stored, a day later
    stage.restart(seconds(1));
    assert_eq!(stage.hung_up(leg), None);
}

#[test]
fn a_hang_up_that_has_left_for_certain_is_not_told_again() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    stage.must(Input::Cancelled(contact));
    stage.pass(seconds(601));
    stage.request_numbered(2); // the process lived, and stored this
    stage.restart(seconds(1));
    assert_eq!(stage.hung_up(leg), None);
}

#[test]
fn a_call_that_was_cut_off_ends_as_interrupted_and_its_agent_wraps_up() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.pass(seconds(60));
    stage.must(Input::HoldSet(ADA, contact, true)); // the last thing that was stored
    stage.restart(seconds(3600));
    assert_eq!(stage.reason(contact), Some(EndReason::Interrupted));
    assert_eq!(stage.ledger.contacts[&contact].talked_ms, 60_000, "nobody pays for the time of the crash");
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    assert_eq!(stage.presence(ADA), Presence::WrapUp);
    stage.wrap_up(ADA, contact);
    assert_eq!(stage.presence(ADA), Presence::Ready);
}

/// Nobody did anything in the call: by its events alone it would be a call of no time at all.
#[test]
fn a_call_of_many_minutes_is_on_record_as_long_as_its_server_lived() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.pass(seconds(13 * 60 + 3));
    stage.restart(seconds(3600));
    let row = &stage.ledger.contacts[&contact];
    assert_eq!((row.reason, row.talked_ms), (Some(EndReason::Interrupted), 13 * 60_000));
    for leg in [Party::Customer, Party::Agent].map(|party| stage.legs(contact, party).remove(0)) {
        let bridged_at = leg.bridged_at.unwrap();
        assert_eq!(leg.ended_at, Some(bridged_at + seconds(13 * 60)), "not the time of the crash");
    }
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    let today = stage.center.agent_view(ADA).unwrap().2;
    assert_eq!((today.calls, today.talk_seconds), (1, 13 * 60));
}

#[test]
fn a_sign_of_life_is_given_five_seconds_after_the_last_event_and_only_while_a_leg_is_up() {
    let mut stage = Stage::with_ada(settings());
    let before = stage.ledger.last_at;
    stage.pass(seconds(3600));
    assert_eq!(stage.ledger.last_at, before, "nothing is stored while nobody talks");
    let contact = stage.request();
    stage.talk(contact);
    stage.pass(seconds(3));
    stage.must(Input::HoldSet(ADA, contact, true));
    let held_at = stage.now;
    stage.pass(seconds(4));
    assert_eq!(stage.ledger.last_at, held_at, "an event is sign enough");
    stage.pass(seconds(7));
    assert_eq!(stage.ledger.last_at, held_at + seconds(10));
    stage.must(Input::HungUp(ADA, contact));
    stage.wrap_up(ADA, contact);
    let over_at = stage.now;
    stage.pass(seconds(3600));
    assert_eq!(stage.ledger.last_at, over_at);
    assert_eq!(stage.center.poll_timeout(), None, "an idle business waits for nothing");
}

#[test]
fn signs_of_life_of_one_call_say_that_the_hang_up_of_another_has_left() {
    for (lives_on, told_again) in [(599, true), (600, false)] {
        let mut stage = Stage::with_ada(settings());
        stage.ready(BOB, &[]);
        let (cancelled, call) = (stage.request(), stage.request());
        stage.talk(call);
        let leg = stage.customer_leg(cancelled);
        stage.must(Input::Cancelled(cancelled));
        stage.pass(seconds(lives_on));
        stage.restart(seconds(1));
        assert_eq!(stage.hung_up(leg).is_some(), told_again, "after {lives_on} s");
    }
}

#[test]
fn a_wrap_up_and_its_draft_survive() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::HungUp(ADA, contact));
    let draft = shared::api::WrapUp { notes: "call back".to_owned(), ..Default::default() };
    stage.must(Input::WrapUpSaved { agent: ADA, contact, wrap_up: draft.clone(), done: false });
    let since = stage.center.agent_view(ADA).unwrap().0.since;
    stage.restart(seconds(3));
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    let (ada, shown, today) = stage.center.agent_view(ADA).unwrap();
    assert_eq!((ada.presence, ada.since, today.calls), (Presence::WrapUp, since, 1));
    assert_eq!(shown.unwrap().wrap_up, draft);
}

#[test]
fn agents_come_back_within_the_grace_to_what_they_were_and_are_offline_after_it() {
    let mut stage = Stage::with_ada(settings());
    stage.ready(BOB, &[]);
    stage.must(Input::Away(BOB, "Lunch".to_owned()));
    stage.restart(seconds(3));
    let contact = stage.request();
    assert_eq!(stage.phase(contact), Phase::Waiting, "nobody is there yet");
    stage.must(Input::SignedIn { agent: BOB, station: StationId(8) });
    let (bob, ..) = stage.center.agent_view(BOB).unwrap();
    assert_eq!((bob.presence, bob.away_reason.as_deref()), (Presence::Away, Some("Lunch")));
    stage.pass(seconds(10));
    assert_eq!((stage.presence(ADA), stage.presence(BOB)), (Presence::Offline, Presence::Away));
}

#[test]
fn opt_outs_budgets_and_merged_requests_survive() {
    let mut stage = Stage::with_ada(Settings { dial_budget: 2, ..settings() });
    let contact = stage.request();
    stage.customer(contact, DialEvent::Answered);
    stage.customer(contact, DialEvent::Digit('9'));
    stage.pass(seconds(30));
    stage.must(Input::Away(ADA, "Lunch".to_owned()));
    let second = stage.request();
    let mut merged = request(3);
    merged.person.e164 = Some(number(2));
    stage.must(Input::Requested(Box::new(merged)));
    stage.must(Input::Ready(ADA));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(2))]);
    stage.restart(seconds(60));
    let mut again = request(4);
    again.person.e164 = Some(number(1));
    assert!(stage.ledger.opt_outs.contains(&number(1)));
    for asked in [again, request(5)] {
        let asked = Input::Requested(Box::new(asked));
        assert!(
            matches!(stage.input(asked), Err(Refusal::BudgetSpent { .. })),
            "whoever has opted out or not"
        );
    }
    assert!(stage.ledger.contacts[&shared::ContactId(3)].merged);
    assert_eq!(stage.center.queue().waiting.len(), 1);
    assert_eq!(stage.center.queue().waiting[0].contact, second);
}

#[test]
fn the_line_keeps_its_order() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::new(settings);
        let line = [1, 2, 3].map(|n| stage.request_numbered(n));
        stage.restart(seconds(1));
        let fourth = stage.request_numbered(4);
        stage.ready(ADA, &[]);
        for contact in line.into_iter().chain([fourth]) {
            assert!(matches!(stage.state(contact), ContactState::Dialing { .. }));
            stage.customer(contact, DialEvent::Failed { cause: LegCause::Rejected, code: 603 });
        }
    }
}

#[test]
fn restoring_a_quiet_business_changes_nothing() {
    let mut stage = Stage::new(settings());
    stage.request();
    stage.pass(seconds(5));
    let before = stage.ledger.clone();
    stage.restart(seconds(5));
    assert_eq!(stage.ledger, before);
    assert!(stage.dials.is_empty());
}

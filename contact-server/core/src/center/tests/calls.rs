//! One call, from the turn to the wrap-up.
use shared::{
    api::{Channel, Party},
    contact::{EndReason, LegCause, Phase, Presence},
};

use super::stage::{ADA, BOB, Stage, at_answer, number, request, seconds, seen_by, settings};
use crate::{
    DialEvent, Endpoint, Input, Notice, Prompt, Refusal, Settings,
    center::{AWAY_DECLINED, AWAY_NO_VOICE, AWAY_NOT_ANSWERED},
    effect::{Action, JoinMode},
    record::Event,
    settings::Retry,
};

#[test]
fn a_call_goes_customer_first_then_agent_then_bridge_then_wrap_up() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::with_ada(settings);
        let contact = stage.request();
        assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
        assert_eq!(stage.phase(contact), Phase::Calling);

        stage.customer(contact, DialEvent::Answered);
        let leg = stage.customer_leg(contact);
        assert_eq!(stage.actions(leg), [Action::Play { prompt: Prompt::Confirm, repeat: true }]);
        assert_eq!(stage.phase(contact), Phase::Confirming);

        stage.customer(contact, DialEvent::Digit('1'));
        assert_eq!(stage.actions(leg), [Action::Play { prompt: Prompt::Hold, repeat: true }]);
        assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
        assert_eq!(stage.presence(ADA), Presence::Ringing);

        stage.must(Input::Accepted(ADA, contact));
        assert_eq!(stage.status(contact).agent.as_deref(), Some("Ada"));
        stage.agent(contact, DialEvent::Answered);
        let talk = Action::Join { room: contact, mode: JoinMode::Talk };
        assert_eq!(stage.actions(leg), [Action::Stop, talk.clone()]);
        assert_eq!(stage.dials.last().map(|command| command.action.clone()), Some(talk));
        assert_eq!(stage.phase(contact), Phase::Talking);

        stage.pass(seconds(60));
        stage.customer(contact, DialEvent::Ended { cause: LegCause::HungUp });
        assert_eq!(stage.reason(contact), Some(EndReason::Completed));
        assert_eq!(stage.presence(ADA), Presence::WrapUp);
        assert_eq!(stage.ledger.contacts[&contact].talked_ms, 60_000);

        stage.wrap_up(ADA, contact);
        assert_eq!(stage.presence(ADA), Presence::Ready);
        assert!(stage.ledger.contacts[&contact].closed);
        assert!(stage.ledger.legs.values().all(|leg| leg.ended_at.is_some() && leg.bridged_at.is_some()));
        assert_eq!(stage.ledger.wrap_ups[&contact].0.disposition, "sold");
    }
}

#[test]
fn voice_in_the_page_needs_no_key() {
    let mut stage = Stage::with_ada(settings());
    let mut request = request(1);
    request.channel = Channel::Browser;
    request.person.e164 = None;
    let contact = request.contact;
    stage.must(Input::Requested(Box::new(request)));
    assert_eq!(stage.dialled(), [Endpoint::Page(contact)]);
    stage.customer(contact, DialEvent::Answered);
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
    stage.must(Input::Accepted(ADA, contact));
    stage.agent(contact, DialEvent::Answered);
    assert_eq!(stage.phase(contact), Phase::Talking);
}

#[test]
fn a_reserved_agent_is_shown_the_customer_before_the_dial_and_does_not_ring() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    assert_eq!(stage.presence(ADA), Presence::Reserved);
    assert!(stage.shown_to(ADA, contact));
    assert!(stage.notices.contains(&Notice::Viewing { contact, viewing: seen_by(Some(ADA), true) }));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
}

#[test]
fn an_agent_chosen_at_the_answer_knows_nothing_before_and_is_shown_the_customer_with_the_offer() {
    let mut stage = Stage::with_ada(at_answer());
    let contact = stage.request();
    assert_eq!(stage.presence(ADA), Presence::Ready);
    assert!(!stage.shown_to(ADA, contact));
    stage.reach(contact);
    assert!(stage.shown_to(ADA, contact));
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
}

#[test]
fn no_more_customers_are_dialled_than_qualified_agents_are_idle() {
    let mut stage = Stage::with_ada(at_answer());
    let first = stage.request();
    let second = stage.request();
    assert!(stage.dialled().is_empty());
    stage.ready(BOB, &[]);
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(2))]);
    stage.customer(first, DialEvent::Failed { cause: LegCause::Busy, code: 486 });
    let third = stage.request();
    assert_eq!(stage.phase(third), Phase::Calling);
    assert_eq!(stage.phase(second), Phase::Calling);
}

#[test]
fn of_two_agents_the_one_idle_longest_is_chosen_when_the_customer_answers() {
    let mut stage = Stage::with_ada(at_answer());
    stage.pass(seconds(5));
    let first = stage.request(); // counts on Ada
    stage.ready(BOB, &[]);
    let second = stage.request(); // counts on Bob
    stage.reach(second);
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
    stage.reach(first);
    assert_eq!(stage.dialled(), [Endpoint::Console(BOB)]);
}

#[test]
fn nobody_rings_for_a_customer_who_does_not_press_1() {
    for digits in ["", "5", "234"] {
        let mut stage = Stage::with_ada(settings());
        let contact = stage.request();
        stage.customer(contact, DialEvent::Answered);
        let leg = stage.customer_leg(contact);
        for digit in digits.chars() {
            stage.customer(contact, DialEvent::Digit(digit));
            assert!(stage.dialled().is_empty());
        }
        stage.pass(seconds(16));
        assert_eq!(stage.reason(contact), Some(EndReason::NotConfirmed));
        assert_eq!(stage.ledger.legs[&leg].cause, Some(LegCause::NotConfirmed));
        assert!(stage.legs(contact, Party::Agent).is_empty());
        assert_eq!(stage.presence(ADA), Presence::Ready);
    }
}

#[test]
fn pressing_9_opts_the_number_out_says_so_and_hangs_up() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.customer(contact, DialEvent::Answered);
    let leg = stage.customer_leg(contact);
    stage.customer(contact, DialEvent::Digit('9'));
    let goodbye = stage.dials[0].clone();
    assert_eq!(goodbye.action, Action::Play { prompt: Prompt::OptedOut, repeat: false });
    assert!(stage.ledger.opt_outs.contains(&number(1)));
    assert_eq!(stage.presence(ADA), Presence::Ready);

    stage.must(Input::Dialer(leg, DialEvent::PlayEnded { effect: goodbye.effect }));
    assert!(stage.hung_up(leg).is_some());
    assert_eq!(stage.reason(contact), Some(EndReason::OptedOut));
    let told = stage.status(contact).reason;
    assert_eq!(told, Some(EndReason::NotConfirmed), "whoever asked may be somebody else");
    let mut again = request(2);
    again.person.e164 = Some(number(1));
    assert_eq!(stage.input(Input::Requested(Box::new(again))), Err(Refusal::NumberNotCalled));
}

#[test]
fn a_lost_end_of_the_last_prompt_does_not_keep_the_customer() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.customer(contact, DialEvent::Answered);
    stage.customer(contact, DialEvent::Digit('9'));
    stage.pass(seconds(30));
    assert_eq!(stage.reason(contact), Some(EndReason::OptedOut));
}

#[test]
fn a_customer_who_hangs_up_stops_the_agents_leg_from_ringing() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::with_ada(settings);
        let contact = stage.request();
        stage.reach(contact);
        let agent_leg = stage.state(contact).agent_leg().unwrap();
        stage.customer(contact, DialEvent::Ended { cause: LegCause::HungUp });
        assert_eq!(stage.hung_up(agent_leg), Some(LegCause::OtherSide));
        let cause = Some(LegCause::HungUp);
        assert!(stage.notices.contains(&Notice::Cleared { agent: ADA, contact, cause }));
        assert_eq!(stage.presence(ADA), Presence::Ready);
        assert_eq!(stage.reason(contact), Some(EndReason::Abandoned));
    }
}

#[test]
fn an_agent_who_does_not_answer_is_set_away_and_the_customer_is_offered_to_the_next() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.reach(contact);
    let leg = stage.customer_leg(contact);
    stage.ready(BOB, &[]);
    stage.pass(seconds(15));
    let (ada, ..) = stage.center.agent_view(ADA).unwrap();
    assert_eq!((ada.presence, ada.away_reason.as_deref()), (Presence::Away, Some(AWAY_NOT_ANSWERED)));
    assert_eq!(stage.dialled(), [Endpoint::Console(BOB)]);
    assert!(stage.actions(leg).is_empty(), "the customer goes on hearing the hold prompt");
    assert!(stage.ledger.events.contains(&Event::OfferLapsed { contact, agent: ADA, declined: false }));
}

#[test]
fn whoever_declines_or_cannot_talk_is_away_and_the_customer_waits_on_the_line() {
    let no_voice = DialEvent::Failed { cause: LegCause::NoMicrophone, code: 0 };
    for (declines, reason) in [(true, AWAY_DECLINED), (false, AWAY_NO_VOICE)] {
        let mut stage = Stage::with_ada(settings());
        let contact = stage.request();
        stage.reach(contact);
        if declines {
            stage.must(Input::Declined(ADA, contact));
        } else {
            stage.agent(contact, no_voice.clone());
        }
        let (ada, shown, _) = stage.center.agent_view(ADA).unwrap();
        assert_eq!((ada.presence, ada.away_reason.as_deref()), (Presence::Away, Some(reason)));
        assert_eq!(shown, None);
        assert_eq!(stage.phase(contact), Phase::Connecting);
        stage.must(Input::Ready(ADA));
        assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
    }
}

#[test]
fn an_accepted_call_whose_voice_never_comes_up_goes_to_the_next_agent() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.reach(contact);
    stage.must(Input::Accepted(ADA, contact));
    assert_eq!(stage.center.agent_view(ADA).unwrap().0.until, None, "the ring has stopped");
    stage.ready(BOB, &[]);
    stage.pass(seconds(10));
    assert_eq!(stage.dialled(), [Endpoint::Console(BOB)]);
}

#[test]
fn a_customer_held_too_long_is_told_so_and_called_again_at_its_own_place() {
    let mut stage = Stage::with_ada(Settings { hold_limit: seconds(60), ..settings() });
    let contact = stage.request();
    let place = stage.ledger.contacts[&contact].place;
    stage.reach(contact);
    stage.must(Input::Declined(ADA, contact));
    stage.pass(seconds(60));
    let sorry = stage.dials.last().unwrap().clone();
    assert_eq!(sorry.action, Action::Play { prompt: Prompt::Sorry, repeat: false });
    stage.must(Input::Dialer(sorry.leg, DialEvent::PlayEnded { effect: sorry.effect }));
    assert!(stage.hung_up(sorry.leg).is_some());
    stage.must(Input::Dialer(sorry.leg, DialEvent::Ended { cause: LegCause::OtherSide }));
    stage.must(Input::Ready(ADA));
    stage.pass(seconds(5));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
    assert_eq!(stage.ledger.contacts[&contact].place, place);
}

#[test]
fn a_promise_to_call_again_is_not_made_when_no_attempt_is_left() {
    let retry = Retry { attempts: 1, ..Retry::default() };
    let mut stage = Stage::with_ada(Settings { hold_limit: seconds(60), retry, ..settings() });
    let contact = stage.request();
    stage.reach(contact);
    stage.must(Input::Declined(ADA, contact));
    stage.pass(seconds(60));
    let plays = |action: &Action| matches!(action, Action::Play { .. });
    assert!(!stage.dials.iter().any(|command| plays(&command.action)));
    assert_eq!(stage.reason(contact), Some(EndReason::NoAgent));
}

#[test]
fn an_attempt_that_failed_is_repeated_by_the_policy_and_then_given_up() {
    let retry = Retry { attempts: 2, after_busy: seconds(120), ..Retry::default() };
    let mut stage = Stage::with_ada(Settings { retry, ..settings() });
    let contact = stage.request();
    stage.customer(contact, DialEvent::Failed { cause: LegCause::Busy, code: 486 });
    assert_eq!((stage.phase(contact), stage.presence(ADA)), (Phase::Waiting, Presence::Ready));
    stage.pass(seconds(119));
    assert!(stage.dialled().is_empty());
    stage.pass(seconds(1));
    assert_eq!(stage.dialled(), [Endpoint::Telephone(number(1))]);
    stage.customer(contact, DialEvent::Failed { cause: LegCause::Busy, code: 486 });
    assert_eq!(stage.reason(contact), Some(EndReason::Busy));
    assert_eq!(stage.legs(contact, Party::Customer).len(), 2);
}

#[test]
fn a_customer_who_lets_it_ring_is_hung_up_on() {
    let retry = Retry { attempts: 1, ..Retry::default() };
    let mut stage = Stage::with_ada(Settings { retry, ..settings() });
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    stage.pass(seconds(30));
    assert_eq!(stage.hung_up(leg), Some(LegCause::NoAnswer));
    assert_eq!(stage.reason(contact), Some(EndReason::NoAnswer));
}

#[test]
fn either_side_may_hang_up_and_the_other_leg_follows() {
    for by_agent in [true, false] {
        let mut stage = Stage::with_ada(settings());
        let contact = stage.request();
        stage.talk(contact);
        let (leg, agent_leg) = (stage.customer_leg(contact), stage.state(contact).agent_leg().unwrap());
        if by_agent {
            stage.must(Input::HungUp(ADA, contact));
            assert_eq!(stage.hung_up(leg), Some(LegCause::OtherSide));
            assert_eq!(stage.hung_up(agent_leg), Some(LegCause::HungUp));
        } else {
            stage.must(Input::Cancelled(contact));
            assert_eq!(stage.hung_up(leg), Some(LegCause::HungUp));
            assert_eq!(stage.hung_up(agent_leg), Some(LegCause::OtherSide));
        }
        assert_eq!(stage.reason(contact), Some(EndReason::Completed));
        assert!(stage.notices.contains(&Notice::CustomerFinished { contact }));
        assert!(stage.notices.contains(&Notice::Viewing { contact, viewing: seen_by(None, true) }));
        stage.must(Input::HungUp(ADA, contact)); // said twice
    }
}

#[test]
fn hold_takes_the_customer_out_of_the_room_and_unhold_brings_it_back() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    let leg = stage.customer_leg(contact);
    stage.must(Input::HoldSet(ADA, contact, true));
    let music = Action::Play { prompt: Prompt::OnHold, repeat: true };
    assert_eq!(stage.actions(leg), [Action::Leave { room: contact }, music]);
    assert_eq!(stage.phase(contact), Phase::OnHold);
    stage.must(Input::HoldSet(ADA, contact, true));
    assert!(stage.dials.is_empty());
    stage.must(Input::HoldSet(ADA, contact, false));
    assert_eq!(stage.actions(leg), [Action::Stop, Action::Join { room: contact, mode: JoinMode::Talk }]);
    assert_eq!(stage.phase(contact), Phase::Talking);
}

#[test]
fn a_page_that_navigates_is_told_to_the_agent_and_one_that_is_gone_ends_the_call() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.customer(contact, DialEvent::Suspended);
    assert!(stage.center.agent_view(ADA).unwrap().1.unwrap().customer_away);
    stage.customer(contact, DialEvent::Resumed);
    assert!(!stage.center.agent_view(ADA).unwrap().1.unwrap().customer_away);
    stage.customer(contact, DialEvent::Ended { cause: LegCause::MediaLost });
    assert_eq!(stage.reason(contact), Some(EndReason::Completed));
}

#[test]
fn nobody_is_offered_a_customer_whose_media_is_away() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.customer(contact, DialEvent::Answered);
    stage.customer(contact, DialEvent::Suspended);
    stage.customer(contact, DialEvent::Digit('1'));
    assert!(stage.dialled().is_empty());
    stage.customer(contact, DialEvent::Resumed);
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
}

#[test]
fn late_and_doubled_events_of_a_leg_do_nothing() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    let leg = stage.customer_leg(contact);
    let busy = DialEvent::Failed { cause: LegCause::Busy, code: 486 };
    stage.must(Input::Dialer(leg, busy.clone()));
    let before = stage.ledger.clone();
    for event in [busy, DialEvent::Answered, DialEvent::Digit('1'), DialEvent::Ringing, DialEvent::Unknown] {
        stage.must(Input::Dialer(leg, event));
        assert!(stage.dials.is_empty());
    }
    assert_eq!(stage.ledger, before);
}

#[test]
fn a_key_stands_for_an_answer_that_was_lost() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.customer(contact, DialEvent::Digit('1'));
    assert_eq!(stage.dialled(), [Endpoint::Console(ADA)]);
    assert!(stage.legs(contact, Party::Customer)[0].answered_at.is_some());
}

#[test]
fn the_record_of_a_leg_tells_its_times_and_its_end() {
    let mut stage = Stage::with_ada(settings());
    let start = stage.now;
    let contact = stage.request();
    stage.pass(seconds(4));
    stage.customer(contact, DialEvent::Answered);
    stage.pass(seconds(3));
    stage.customer(contact, DialEvent::Digit('1'));
    stage.pass(seconds(2));
    stage.must(Input::Accepted(ADA, contact));
    stage.agent(contact, DialEvent::Answered);
    stage.pass(seconds(30));
    stage.must(Input::HungUp(ADA, contact));
    let [customer] = &stage.legs(contact, Party::Customer)[..] else { panic!("one leg") };
    let [agent] = &stage.legs(contact, Party::Agent)[..] else { panic!("one leg") };
    assert_eq!((customer.number.clone(), agent.agent), (Some(number(1)), Some(ADA)));
    assert_eq!((customer.started_at, customer.answered_at), (start, Some(start + seconds(4))));
    assert_eq!(
        (customer.bridged_at, customer.ended_at),
        (Some(start + seconds(9)), Some(start + seconds(39)))
    );
    assert_eq!((agent.started_at, agent.answered_at), (start + seconds(7), Some(start + seconds(9))));
    assert_eq!((customer.cause, agent.cause), (Some(LegCause::OtherSide), Some(LegCause::HungUp)));
}

#[test]
fn a_customer_may_cancel_at_any_time_and_on_an_ended_contact_it_does_nothing() {
    for steps in 0..4 {
        let mut stage = Stage::with_ada(settings());
        let contact = stage.request();
        let events = [DialEvent::Answered, DialEvent::Digit('1')];
        for event in events.into_iter().take(steps) {
            stage.customer(contact, event);
        }
        let leg = stage.customer_leg(contact);
        stage.must(Input::Cancelled(contact));
        assert_eq!(stage.reason(contact), Some(EndReason::Cancelled));
        assert_eq!(stage.hung_up(leg), Some(LegCause::Cancelled));
        assert_eq!(stage.presence(ADA), Presence::Ready);
        assert!(stage.ledger.legs.values().all(|leg| leg.ended_at.is_some()));
        let before = stage.ledger.clone();
        stage.must(Input::Cancelled(contact));
        assert_eq!(stage.ledger, before);
    }
}

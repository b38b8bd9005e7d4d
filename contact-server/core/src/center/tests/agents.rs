//! Agents: presence, stations, grace, wrap-up, skills.
use shared::{
    StationId,
    contact::{EndReason, LegCause, Phase, Presence},
};

use super::stage::{ADA, BOB, Stage, at_answer, request, seconds, settings, station};
use crate::{DialEvent, Endpoint, Input, Notice, Refusal, Settings, record::AgentProfile};

#[test]
fn whoever_signs_in_is_away_until_ready() {
    let mut stage = Stage::new(settings());
    let profile = AgentProfile {
        id: ADA,
        name: "Ada".to_owned(),
        skills: [].into(),
        supervisor: false,
        plays_recordings: false,
    };
    assert_eq!(stage.input(Input::Ready(ADA)), Err(Refusal::NoSuchAgent));
    stage.must(Input::AgentSet(profile));
    assert!(matches!(stage.input(Input::Ready(ADA)), Err(Refusal::NotNow { .. })));
    stage.must(Input::SignedIn { agent: ADA, station: station(ADA) });
    assert_eq!(stage.presence(ADA), Presence::Away);
    let contact = stage.request();
    assert_eq!(stage.phase(contact), Phase::Waiting);
    stage.must(Input::Ready(ADA));
    assert_eq!(stage.phase(contact), Phase::Calling);
}

#[test]
fn a_console_that_vanished_gets_no_offer_and_its_agent_is_offline_after_the_grace() {
    let mut stage = Stage::with_ada(settings());
    stage.must(Input::ConsoleLost { agent: ADA, station: station(ADA) });
    let contact = stage.request();
    assert_eq!(stage.phase(contact), Phase::Waiting);
    assert_eq!(stage.presence(ADA), Presence::Ready);
    stage.pass(seconds(10));
    assert_eq!(stage.presence(ADA), Presence::Offline);
    assert_eq!(stage.center.wait_estimate(""), None);
}

#[test]
fn a_console_that_comes_back_in_time_finds_its_state() {
    let mut stage = Stage::with_ada(settings());
    stage.must(Input::ConsoleLost { agent: ADA, station: station(ADA) });
    stage.pass(seconds(9));
    let contact = stage.request();
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    assert_eq!(stage.phase(contact), Phase::Calling);
    stage.pass(seconds(5));
    assert_eq!(stage.presence(ADA), Presence::Reserved);
}

#[test]
fn a_console_lost_while_it_rings_passes_the_customer_on_at_once() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::with_ada(settings);
        let contact = stage.request();
        stage.reach(contact);
        stage.ready(BOB, &[]);
        stage.must(Input::ConsoleLost { agent: ADA, station: station(ADA) });
        assert_eq!(stage.dialled(), [Endpoint::Console(BOB)]);
    }
}

#[test]
fn a_call_outlives_the_console_for_as_long_as_its_voice_does() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::ConsoleLost { agent: ADA, station: station(ADA) });
    stage.pass(seconds(60));
    assert_eq!(stage.phase(contact), Phase::Talking);
    stage.agent(contact, DialEvent::Ended { cause: LegCause::MediaLost });
    assert_eq!(stage.reason(contact), Some(EndReason::Interrupted));
    assert_eq!(stage.presence(ADA), Presence::Offline);
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    assert_eq!(stage.presence(ADA), Presence::WrapUp);
}

#[test]
fn an_agent_whose_voice_is_away_is_told_until_when_the_call_waits() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    let until = |stage: &Stage| stage.center.agent_view(ADA).unwrap().0.until;
    assert_eq!(until(&stage), None);
    stage.agent(contact, DialEvent::Suspended);
    assert_eq!(until(&stage), Some(stage.now + settings().media_grace));
    assert!(stage.notices.iter().any(|notice| matches!(
        notice, Notice::Agent { agent: ADA, state } if state.until == until(&stage)
    )));
    stage.agent(contact, DialEvent::Resumed);
    assert_eq!((until(&stage), stage.presence(ADA)), (None, Presence::Talking));
    stage.agent(contact, DialEvent::Suspended);
    stage.agent(contact, DialEvent::Ended { cause: LegCause::MediaLost });
    assert_eq!((until(&stage), stage.presence(ADA)), (None, Presence::WrapUp));
}

#[test]
fn a_new_station_drops_the_old_one_whose_inputs_are_refused() {
    let mut stage = Stage::with_ada(settings());
    let old = station(ADA);
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    assert!(stage.notices.contains(&Notice::Displaced { agent: ADA, station: old }));
    assert_eq!(stage.presence(ADA), Presence::Ready);
    assert_eq!(stage.input(Input::ConsoleLost { agent: ADA, station: old }), Err(Refusal::Displaced));
    assert_eq!(stage.input(Input::SignedOut { agent: ADA, station: old }), Err(Refusal::Displaced));
    assert_eq!(stage.presence(ADA), Presence::Ready);
}

#[test]
fn an_agent_serves_only_skills_that_he_has() {
    let mut stage = Stage::new(settings());
    stage.ready(ADA, &["french"]);
    let german = skilled(&mut stage, 1, "german");
    assert_eq!(stage.phase(german), Phase::Waiting);
    let french = skilled(&mut stage, 2, "french");
    assert_eq!(stage.phase(french), Phase::Calling);
    stage.ready(BOB, &["german"]);
    assert_eq!(stage.phase(german), Phase::Calling);
}

#[test]
fn first_come_is_first_served_across_the_skills_of_an_agent() {
    let mut stage = Stage::new(settings());
    let line =
        [skilled(&mut stage, 1, "german"), skilled(&mut stage, 2, ""), skilled(&mut stage, 3, "french")];
    stage.ready(ADA, &["french", "german"]);
    for contact in line {
        assert_eq!(stage.phase(contact), Phase::Calling);
        stage.customer(contact, DialEvent::Failed { cause: LegCause::Rejected, code: 603 });
    }
}

#[test]
fn an_agent_who_loses_the_skill_is_not_offered_the_call() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::new(settings);
        stage.ready(ADA, &["german"]);
        let contact = skilled(&mut stage, 1, "german");
        stage.must(Input::AgentSet(AgentProfile {
            id: ADA,
            name: "Ada".to_owned(),
            skills: [].into(),
            supervisor: false,
            plays_recordings: false,
        }));
        stage.reach(contact);
        assert!(stage.dialled().is_empty());
        assert_eq!(stage.presence(ADA), Presence::Ready);
    }
}

#[test]
fn an_agent_of_a_dial_in_flight_who_leaves_is_replaced() {
    for settings in [settings(), at_answer()] {
        let mut stage = Stage::with_ada(settings);
        let contact = stage.request();
        stage.must(Input::Away(ADA, "Lunch".to_owned()));
        assert_eq!(stage.presence(ADA), Presence::Away);
        assert_eq!(stage.state(contact).agent(), None);
        stage.ready(BOB, &[]);
        assert_eq!(stage.state(contact).agent(), Some(BOB));
        stage.reach(contact);
        assert_eq!(stage.dialled(), [Endpoint::Console(BOB)]);
    }
}

#[test]
fn going_away_during_a_call_takes_effect_after_the_wrap_up() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::Away(ADA, "Lunch".to_owned()));
    assert_eq!(stage.presence(ADA), Presence::Talking);
    stage.must(Input::HungUp(ADA, contact));
    stage.wrap_up(ADA, contact);
    let (ada, ..) = stage.center.agent_view(ADA).unwrap();
    assert_eq!((ada.presence, ada.away_reason.as_deref()), (Presence::Away, Some("Lunch")));
}

#[test]
fn a_draft_of_a_wrap_up_survives_a_closed_console() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    let draft = shared::api::WrapUp { notes: "calls back on Monday".to_owned(), ..Default::default() };
    let save = Input::WrapUpSaved { agent: ADA, contact, wrap_up: draft.clone(), done: false };
    stage.must(save.clone());
    stage.must(Input::HungUp(ADA, contact));
    stage.must(Input::ConsoleLost { agent: ADA, station: station(ADA) });
    stage.pass(seconds(3600));
    assert_eq!(stage.presence(ADA), Presence::Offline);
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    let (ada, shown, _) = stage.center.agent_view(ADA).unwrap();
    assert_eq!((ada.presence, shown.unwrap().wrap_up), (Presence::WrapUp, draft));
}

#[test]
fn a_wrap_up_ends_by_itself_at_its_limit() {
    let mut stage = Stage::with_ada(Settings { wrap_up_limit: seconds(30), ..settings() });
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::HungUp(ADA, contact));
    assert!(stage.center.agent_view(ADA).unwrap().0.until.is_some());
    stage.pass(seconds(30));
    assert_eq!(stage.presence(ADA), Presence::Ready);
    assert!(stage.ledger.contacts[&contact].closed);
}

#[test]
fn a_wrap_up_that_is_finished_twice_is_finished_once_and_one_of_another_agent_is_refused() {
    let mut stage = Stage::with_ada(settings());
    stage.ready(BOB, &[]);
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::HungUp(ADA, contact));
    let wrap_up = shared::api::WrapUp::default();
    let theirs = Input::WrapUpSaved { agent: BOB, contact, wrap_up, done: true };
    assert_eq!(stage.input(theirs), Err(Refusal::NotYours));
    stage.wrap_up(ADA, contact);
    let events = stage.ledger.events.len();
    stage.wrap_up(ADA, contact);
    assert_eq!(stage.ledger.events.len(), events);
}

#[test]
fn signing_out_in_a_call_ends_it_and_leaves_the_wrap_up_for_the_next_sign_in() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    let leg = stage.customer_leg(contact);
    stage.must(Input::SignedOut { agent: ADA, station: station(ADA) });
    assert!(stage.hung_up(leg).is_some());
    assert_eq!(stage.presence(ADA), Presence::Offline);
    stage.must(Input::SignedIn { agent: ADA, station: StationId(9) });
    assert_eq!(stage.presence(ADA), Presence::WrapUp);
}

#[test]
fn an_agent_who_is_removed_leaves_nothing_behind() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.must(Input::AgentRemoved(ADA));
    assert!(stage.ledger.contacts[&contact].closed);
    assert!(stage.ledger.agents.is_empty() && stage.center.agent_view(ADA).is_none());
    assert_eq!(stage.center.wait_estimate(""), None);
}

#[test]
fn what_an_agent_asks_for_a_contact_of_another_is_refused() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.ready(BOB, &[]);
    stage.talk(contact);
    for input in [
        Input::Accepted(BOB, contact),
        Input::Declined(BOB, contact),
        Input::HungUp(BOB, contact),
        Input::HoldSet(BOB, contact, true),
    ] {
        assert_eq!(stage.input(input), Err(Refusal::NotYours));
    }
    assert!(matches!(stage.input(Input::Declined(ADA, contact)), Err(Refusal::NotNow { .. })));
    stage.must(Input::Accepted(ADA, contact)); // said twice
}

#[test]
fn todays_figures_count_finished_calls_and_start_anew_at_midnight() {
    let mut stage = Stage::with_ada(settings());
    let contact = stage.request();
    stage.talk(contact);
    stage.pass(seconds(90));
    stage.must(Input::HungUp(ADA, contact));
    let today = stage.center.agent_view(ADA).unwrap().2;
    assert_eq!((today.calls, today.talk_seconds, today.last_ended_at), (1, 90, Some(stage.now)));
    assert!(stage.notices.contains(&Notice::Today { agent: ADA, today }));
    stage.wrap_up(ADA, contact);
    stage.pass(seconds(24 * 3600));
    stage.must(Input::Away(ADA, "Lunch".to_owned()));
    assert_eq!(stage.center.agent_view(ADA).unwrap().2.calls, 0);
}

fn skilled(stage: &mut Stage, n: u128, skill: &str) -> shared::ContactId {
    let mut request = request(n);
    request.skill = skill.to_owned();
    let contact = request.contact;
    stage.must(Input::Requested(Box::new(request)));
    contact
}

//! Pages that are shown without a call.
use shared::{
    AgentId, ContactId,
    api::Channel,
    contact::{EndReason, Phase},
    wire::lead::Power,
};

use super::stage::*;
use crate::{
    Input, Refusal, Settings,
    record::{AgentProfile, Event, WatchBy, WatchEnd},
};

const EVE: AgentId = AgentId(77);

#[test]
fn a_page_is_shown_to_whoever_has_the_code_who_leads_in_it_and_nobody_is_called() {
    let (mut stage, contact) = shown(settings());
    assert_eq!(stage.phase(contact), Phase::Showing);
    assert_eq!(stage.presence(ADA), shared::contact::Presence::Ready, "no agent is kept by it");
    assert_eq!(stage.center.queue().total, 0);
    stage.must(Input::CodeMade(contact));
    watch(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    assert_eq!(stage.center.viewing(contact).unwrap().agent, None);
    let control = |agent| Input::PowerAsked { agent, contact, power: Power::Control };
    assert_eq!(stage.input(control(EVE)), Err(Refusal::NotYours));
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    watch(&mut stage, BOB, contact, WatchBy::Code).unwrap();
    assert_eq!(stage.center.viewing(contact).unwrap().agent, Some(ADA));
    assert_eq!(stage.status(contact).agent.as_deref(), Some("Ada"));
    assert_eq!(stage.input(control(BOB)), Err(Refusal::NotYours), "the first has the part");
    stage.must(control(ADA));
    stage.must(Input::PowerAnswered { contact, number: 1, consent: Some("control-1".into()) });
    assert!(stage.center.lead(contact).unwrap().holds[0].granted);
    assert!(stage.dialled().is_empty());
    assert!(stage.ledger.events.contains(&Event::WatchBegan { contact, agent: ADA, by: WatchBy::Code }));
    // A call comes to her as ever.
    let call = stage.request_numbered(40);
    assert!(stage.shown_to(ADA, call));
}

#[test]
fn a_supervisor_who_looks_on_and_is_given_the_code_has_the_part_behind_who_had_one_before() {
    let (mut stage, contact) = shown(settings());
    watch(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    assert_eq!([EVE, ADA].map(|agent| stage.center.code_gives(agent, contact)), [Ok(true), Ok(true)]);
    watch(&mut stage, EVE, contact, WatchBy::Code).unwrap();
    let viewing = stage.center.viewing(contact).unwrap();
    assert_eq!((viewing.agent, viewing.watchers.len()), (Some(EVE), 1));
    assert_eq!(stage.center.code_gives(EVE, contact), Ok(false), "she has all that there is");
    let events = stage.ledger.events.iter().filter(|event| {
        matches!(event, Event::WatchBegan { agent: EVE, .. } | Event::WatchEnded { agent: EVE, .. })
    });
    let began = |by| Event::WatchBegan { contact, agent: EVE, by };
    let left = Event::WatchEnded { contact, agent: EVE, end: WatchEnd::Left };
    assert!(events.eq(&[began(WatchBy::Supervisor), left, began(WatchBy::Code)]));
    stage.must(Input::PowerAsked { agent: EVE, contact, power: Power::Control });

    let (mut stage, contact) = shown(settings());
    watch(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    watch(&mut stage, EVE, contact, WatchBy::Code).unwrap();
    assert_eq!(stage.center.viewing(contact).unwrap().agent, Some(ADA), "whoever had it first");
    stage.must(Input::WatchLeft { agent: ADA, contact });
    assert_eq!(stage.center.viewing(contact).unwrap().agent, Some(EVE));
}

#[test]
fn either_side_ends_it_and_whoever_only_looks_on_does_not() {
    let over = |input: fn(ContactId) -> Input| {
        let (mut stage, contact) = shown(settings());
        watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
        watch(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
        stage.must(input(contact));
        (stage.reason(contact), stage)
    };
    let (reason, stage) = over(Input::Cancelled);
    assert_eq!(reason, Some(EndReason::Shown));
    let contact = ContactId(1);
    assert!(stage.ledger.events.contains(&Event::WatchEnded { contact, agent: ADA, end: WatchEnd::Over }));
    let (reason, _) = over(|contact| Input::WatchLeft { agent: ADA, contact });
    assert_eq!(reason, Some(EndReason::Shown));
    let (reason, _) = over(|contact| Input::WatchLeft { agent: EVE, contact });
    assert_eq!(reason, None);
    let (reason, _) = over(|contact| Input::Erased(vec![contact]));
    assert_eq!(reason, Some(EndReason::Shown));
    // With her shift the page is not hers to see; the customer may give another code.
    let (reason, mut stage) = over(|_| Input::SignedOut { agent: ADA, station: station(ADA) });
    assert_eq!((reason, stage.center.viewing(contact).unwrap().agent), (None, None));
    stage.must(Input::CodeMade(contact));
}

#[test]
fn it_ends_unseen_without_a_page_and_after_its_longest_time() {
    let Settings { show_unseen, show_limit, page_grace, .. } = settings();
    let ended = |stage: &Stage, contact| stage.reason(contact) == Some(EndReason::Shown);
    let moment = seconds(1);
    let (mut stage, contact) = shown(settings());
    stage.pass(show_unseen - moment);
    assert!(!ended(&stage, contact));
    stage.must(Input::CodeMade(contact));
    stage.pass(show_unseen - moment);
    assert!(!ended(&stage, contact), "whoever asks for a code is about to be seen");
    stage.pass(moment);
    assert!(ended(&stage, contact));

    let (mut stage, contact) = shown(settings());
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    stage.pass(show_limit - moment);
    assert!(!ended(&stage, contact), "while somebody looks");
    stage.pass(moment);
    assert!(ended(&stage, contact));

    let (mut stage, contact) = shown(settings());
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    stage.must(Input::PagesOpen(contact, false));
    stage.pass(page_grace - moment);
    stage.must(Input::PagesOpen(contact, true));
    stage.pass(page_grace);
    assert!(!ended(&stage, contact), "another page of theirs came");
    stage.must(Input::PagesOpen(contact, false));
    stage.must(Input::PagesOpen(contact, false));
    stage.pass(page_grace);
    assert!(ended(&stage, contact));
}

#[test]
fn who_had_the_code_and_goes_home_holds_nothing_in_it_any_more() {
    let (mut stage, contact) = shown(settings());
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    stage.must(Input::PowerAsked { agent: ADA, contact, power: Power::Control });
    stage.must(Input::PowerAnswered { contact, number: 1, consent: Some("control-1".into()) });
    stage.must(Input::SignedOut { agent: ADA, station: station(ADA) });
    assert_eq!(stage.center.lead(contact).unwrap().holds, []);
    assert!(stage.ledger.contacts[&contact].lead.holds.is_empty());
}

#[test]
fn it_is_never_shown_for_longer_than_the_longest_time() {
    let limit = seconds(30);
    let (mut stage, contact) = shown(Settings { show_limit: limit, ..settings() });
    stage.pass(limit);
    assert_eq!(
        stage.reason(contact),
        Some(EndReason::Shown),
        "nobody looked, and the time for that was longer"
    );
}

#[test]
fn after_a_restart_its_page_must_come_back_and_who_looks_goes_on() {
    let (mut stage, contact) = shown(settings());
    watch(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    stage.restart(seconds(2));
    stage.must(Input::SignedIn { agent: ADA, station: station(ADA) });
    stage.must(Input::PagesOpen(contact, true));
    stage.pass(settings().page_grace);
    assert_eq!(stage.center.viewing(contact).unwrap().agent, Some(ADA));
    stage.restart(seconds(2));
    stage.pass(settings().page_grace);
    assert_eq!(stage.reason(contact), Some(EndReason::Shown));
}

#[test]
fn so_many_at_once_and_none_where_the_business_wants_none() {
    let mut stage = Stage::with_ada(Settings { shown_pages: 2, ..settings() });
    for n in 1..=2 {
        show(&mut stage, n).unwrap();
    }
    assert_eq!(show(&mut stage, 3), Err(Refusal::TooManyOpen));
    stage.request_numbered(40);
    stage.must(Input::Cancelled(ContactId(1)));
    show(&mut stage, 4).unwrap();
    let mut stage = Stage::with_ada(Settings { show_page: false, ..settings() });
    assert_eq!(show(&mut stage, 1), Err(Refusal::ShowingOff));
}

fn show(stage: &mut Stage, n: u128) -> Result<(), Refusal> {
    let mut asked = request(n);
    asked.channel = Channel::Page;
    asked.person.e164 = None;
    stage.input(Input::Requested(Box::new(asked)))
}

/// Ada is ready, Bob away, Eve a supervisor, and a page is shown.
fn shown(settings: Settings) -> (Stage, ContactId) {
    let mut stage = Stage::with_ada(settings);
    stage.ready(BOB, &[]);
    stage.must(Input::Away(BOB, "Lunch".to_owned()));
    let eve = AgentProfile {
        id: EVE,
        name: "Eve Holt".to_owned(),
        skills: [].into(),
        supervisor: true,
        plays_recordings: false,
    };
    stage.must(Input::AgentSet(eve));
    stage.must(Input::SignedIn { agent: EVE, station: station(EVE) });
    show(&mut stage, 1).unwrap();
    (stage, ContactId(1))
}

fn watch(stage: &mut Stage, agent: AgentId, contact: ContactId, by: WatchBy) -> Result<(), Refusal> {
    stage.input(Input::WatchAsked { agent, contact, by })
}

//! Who may look on at a contact that is another's.
use shared::{AgentId, ContactId, wire::lead::Power};

use super::stage::*;
use crate::{
    Input, Notice, Refusal, Settings,
    center::WATCHERS,
    effect::Watcher,
    record::{AgentProfile, Event, WatchBy, WatchEnd},
};

const EVE: AgentId = AgentId(77);

/// Every role against every page: who may look on, and by what right.
#[test]
fn a_supervisor_watches_any_open_contact_and_an_agent_one_whose_customer_gave_a_code() {
    let (mut stage, contact) = talking(settings());
    assert_eq!(ask(&mut stage, BOB, contact, WatchBy::Supervisor), Err(Refusal::NotYours), "an agent");
    assert_eq!(ask(&mut stage, AgentId(99), contact, WatchBy::Code), Err(Refusal::NoSuchAgent));
    assert_eq!(ask(&mut stage, EVE, ContactId(99), WatchBy::Supervisor), Err(Refusal::NoSuchContact));
    assert_eq!(watchers(&stage, contact), []);
    ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    ask(&mut stage, ADA, contact, WatchBy::Code).unwrap();
    assert_eq!(watchers(&stage, contact), [EVE], "once, and not whose contact it is");
    ask(&mut stage, BOB, contact, WatchBy::Code).unwrap();
    assert_eq!(watchers(&stage, contact), [EVE, BOB]);
    assert_eq!(stage.ledger.contacts[&contact].watch.len(), 2, "the row says so, for a restart");
    for (agent, by) in [(EVE, WatchBy::Supervisor), (BOB, WatchBy::Code)] {
        assert!(stage.ledger.events.contains(&Event::WatchBegan { contact, agent, by }));
    }
    for power in [Power::Point, Power::Control] {
        for agent in [EVE, BOB] {
            let asked = stage.input(Input::PowerAsked { agent, contact, power });
            assert_eq!(asked, Err(Refusal::NotYours), "watching gives no power");
        }
    }
}

#[test]
fn in_a_call_a_code_gives_nothing_to_whoever_sees_the_page_already() {
    let (mut stage, contact) = talking(settings());
    assert_eq!([EVE, BOB].map(|agent| stage.center.code_gives(agent, contact)), [Ok(true), Ok(true)]);
    assert_eq!(stage.center.code_gives(ADA, contact), Ok(false), "it is hers");
    ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    assert_eq!(stage.center.code_gives(EVE, contact), Ok(false));
    let before = stage.ledger.events.len();
    ask(&mut stage, EVE, contact, WatchBy::Code).unwrap();
    assert_eq!(stage.ledger.events.len(), before, "she looks on as she did");
    ask(&mut stage, BOB, contact, WatchBy::Code).unwrap();
    assert_eq!(stage.center.code_gives(BOB, contact), Ok(false));
    assert_eq!(stage.center.code_gives(EVE, ContactId(99)), Err(Refusal::NoSuchContact));
}

#[test]
fn watching_ends_with_the_contact_the_shift_the_role_and_at_a_word() {
    for (input, end) in [
        (Input::WatchLeft { agent: EVE, contact: ContactId(1) }, WatchEnd::Left),
        (Input::HungUp(ADA, ContactId(1)), WatchEnd::Over),
        (Input::SignedOut { agent: EVE, station: station(EVE) }, WatchEnd::Over),
        (Input::AgentSet(profile(false)), WatchEnd::Over),
        (Input::AgentRemoved(EVE), WatchEnd::Over),
        (Input::Erased(vec![ContactId(1)]), WatchEnd::Over),
    ] {
        let (mut stage, contact) = talking(settings());
        ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
        stage.must(input.clone());
        let ended = Event::WatchEnded { contact, agent: EVE, end };
        assert!(stage.ledger.events.contains(&ended), "{input:?}: {:?}", stage.ledger.events);
        assert!(stage.center.viewing(contact).is_none_or(|viewing| viewing.watchers.is_empty()));
    }
}

#[test]
fn a_console_that_comes_back_and_a_restart_leave_a_watcher_where_he_is() {
    let (mut stage, contact) = talking(settings());
    let waits = stage.request();
    ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
    ask(&mut stage, EVE, waits, WatchBy::Supervisor).unwrap();
    stage.must(Input::ConsoleLost { agent: EVE, station: station(EVE) });
    stage.must(Input::SignedIn { agent: EVE, station: station(EVE) });
    assert_eq!(watchers(&stage, contact), [EVE]);
    stage.restart(seconds(1));
    assert_eq!(watchers(&stage, waits), [EVE]);
    assert_eq!(watchers(&stage, contact), [], "the call was cut off");
    stage.pass(settings().console_grace);
    assert_eq!(watchers(&stage, waits), [], "the console did not come back");
}

#[test]
fn a_code_is_for_a_page_that_is_shown() {
    let (mut stage, contact) = talking(settings());
    stage.must(Input::CodeMade(contact));
    assert!(stage.ledger.events.contains(&Event::CodeMade { contact }));
    stage.must(Input::SharingSet(contact, false));
    assert!(stage.input(Input::CodeMade(contact)).is_err());
    let refused = stage.center.code_gives(BOB, contact).unwrap_err();
    assert_eq!(
        ask(&mut stage, BOB, contact, WatchBy::Code),
        Err(refused),
        "what is asked before is what is done"
    );
    ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
}

#[test]
fn a_page_has_so_many_watchers_and_no_more() {
    let (mut stage, contact) = talking(settings());
    let supervisors = (0..).map(|n| AgentId(100 + n)).take(WATCHERS + 1);
    let mut last = Ok(());
    for agent in supervisors {
        stage.must(Input::AgentSet(AgentProfile { id: agent, ..profile(true) }));
        stage.must(Input::SignedIn { agent, station: station(agent) });
        assert_eq!(last, Ok(()));
        last = ask(&mut stage, agent, contact, WatchBy::Supervisor);
    }
    assert!(last.is_err());
    assert_eq!(watchers(&stage, contact).len(), WATCHERS);
}

#[test]
fn customers_are_told_the_names_of_supervisors_if_the_business_says_so() {
    for (by_name, told) in [(false, None), (true, Some("Eve"))] {
        let (mut stage, contact) = talking(Settings { name_supervisors: by_name, ..settings() });
        ask(&mut stage, EVE, contact, WatchBy::Supervisor).unwrap();
        ask(&mut stage, BOB, contact, WatchBy::Code).unwrap();
        let name = told.map(str::to_owned);
        let named = vec![Watcher { agent: EVE, name }, Watcher { agent: BOB, name: Some("Bob".to_owned()) }];
        assert_eq!(stage.center.viewing(contact).unwrap().watchers, named);
    }
}

#[test]
fn supervisors_who_are_there_are_told_what_is_live_and_nobody_else_is() {
    let (mut stage, contact) = talking(settings());
    stage.notices.clear();
    stage.pass(seconds(1));
    let told = |stage: &Stage| {
        stage.notices.iter().rev().find_map(|notice| match notice {
            Notice::Live { supervisors, live } => Some((supervisors.clone(), live.clone())),
            _ => None,
        })
    };
    let (supervisors, live) = told(&stage).expect("it was told");
    assert_eq!(supervisors, [EVE]);
    let [entry] = &live.contacts[..] else { panic!("{live:?}") };
    assert_eq!((entry.contact, &*entry.agent, entry.watching), (contact, "Ada Lovelace", 0));
    stage.must(Input::HungUp(ADA, contact));
    stage.pass(seconds(2));
    assert_eq!(told(&stage).expect("it was told").1.total, 0);
    stage.must(Input::SignedOut { agent: EVE, station: station(EVE) });
    stage.notices.clear();
    stage.must(Input::Ready(BOB));
    stage.pass(seconds(2));
    assert_eq!(told(&stage), None);
}

fn profile(supervisor: bool) -> AgentProfile {
    AgentProfile {
        id: EVE,
        name: "Eve Holt".to_owned(),
        skills: [].into(),
        supervisor,
        plays_recordings: false,
    }
}

/// Ada talks, Bob is away, and Eve is a supervisor.
fn talking(settings: Settings) -> (Stage, ContactId) {
    let mut stage = Stage::with_ada(settings);
    let contact = stage.request();
    stage.talk(contact);
    stage.ready(BOB, &[]);
    stage.must(Input::Away(BOB, "Lunch".to_owned()));
    stage.must(Input::AgentSet(profile(true)));
    stage.must(Input::SignedIn { agent: EVE, station: station(EVE) });
    (stage, contact)
}

fn ask(stage: &mut Stage, agent: AgentId, contact: ContactId, by: WatchBy) -> Result<(), Refusal> {
    stage.input(Input::WatchAsked { agent, contact, by })
}

fn watchers(stage: &Stage, contact: ContactId) -> Vec<AgentId> {
    let viewing = stage.center.viewing(contact);
    viewing.into_iter().flat_map(|viewing| viewing.watchers).map(|watcher| watcher.agent).collect()
}

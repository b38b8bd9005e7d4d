//! What the widget does next, as claims about its state machine.
use shared::{
    Timestamp,
    api::{Channel, NumberAnswer, SiteInfo, Window},
    contact::{CustomerStatus, EndReason, Phase},
    wire::LegTrouble,
};
use widget::state::{Command, Event, Field, Focus, LocalNow, Said, Site, Stage, State, Ticket, Voice};

#[test]
fn the_first_opening_asks_who_is_there_and_the_number_gets_the_focus_with_the_form() {
    let mut state = State::default();
    let commands = state.handle(Event::Opened);
    assert!(commands.contains(&Command::LoadSite));
    assert_eq!(state.handle(Event::Site(Some(site()))), [Command::Focus(Focus::Number)]);
    assert_eq!(state.form.region, "DE");
    assert_eq!(state.handle(Event::Site(Some(site()))), [], "a later answer takes no focus away");
}

#[test]
fn a_number_of_the_wrong_shape_is_refused_here_and_named() {
    let mut state = asking();
    type_number(&mut state, "12");
    let commands = state.handle(Event::Submitted(Channel::Telephone, noon()));
    assert_eq!(commands, [Command::Focus(Focus::Number)]);
    assert_eq!(state.form.faults.number.as_deref(), Some("That number is too short."));
    assert_eq!(state.stage, Stage::Asking);
    type_number(&mut state, "030 23125 042");
    assert_eq!(state.form.faults.number, None, "typing takes the words back");
}

#[test]
fn two_clicks_are_one_request() {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    assert!(state.handle(Event::Submitted(Channel::Telephone, noon())).contains(&Command::Post));
    assert_eq!(state.handle(Event::Submitted(Channel::Telephone, noon())), []);
}

#[test]
fn a_number_is_remembered_only_if_the_customer_says_so() {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    let plain = state.clone().handle(Event::Submitted(Channel::Telephone, noon()));
    assert!(!plain.contains(&Command::RememberNumber));
    state.handle(Event::Remember(true));
    assert!(state.handle(Event::Submitted(Channel::Telephone, noon())).contains(&Command::RememberNumber));
}

#[test]
fn a_number_that_was_sent_before_it_was_checked_is_remembered_as_it_is_written() {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    state.handle(Event::Remember(true));
    assert!(state.handle(Event::Submitted(Channel::Telephone, noon())).contains(&Command::CheckNumber));
    let told = Event::NumberAnswered { asked: "030 23125 042".into(), answer: Ok(answer()) };
    assert_eq!(state.handle(told), [Command::RememberNumber]);
    assert_eq!(state.form.number, answer().international);
}

#[test]
fn forget_me_forgets_the_number_here_and_in_the_browser() {
    let mut state = asking();
    state.handle(Event::Remembered { number: "+49 30 1".into(), region: "DE".into() });
    assert!(state.handle(Event::ForgetMe).contains(&Command::ForgetNumber));
    assert!(state.form.number.is_empty() && !state.form.remember && !state.form.remembered);
}

#[test]
fn what_the_server_says_of_a_number_that_was_changed_meanwhile_is_passed_over() {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    assert_eq!(state.handle(Event::NumberLeft), [Command::CheckNumber]);
    type_number(&mut state, "030 99");
    state.handle(Event::NumberAnswered { asked: "030 23125 042".into(), answer: Ok(answer()) });
    assert_eq!(state.form.number, "030 99");
    state.handle(Event::NumberAnswered { asked: "030 99".into(), answer: Err("No such number.".into()) });
    assert_eq!(state.form.faults.number.as_deref(), Some("No such number."));
}

#[test]
fn a_time_that_has_passed_is_refused_and_midnight_may_lie_between() {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    state.handle(Event::Later(true, noon()));
    assert_eq!((&*state.form.from, &*state.form.until), ("13:00", "14:00"), "the next full hour");
    for (day, from, until, fine) in [
        ("2026-11-21", "10:00", "11:00", false),
        ("2026-11-20", "13:00", "14:00", false),
        ("2026-11-21", "13:00", "13:00", false),
        ("", "13:00", "14:00", false),
        ("2026-11-21", "23:00", "01:00", true),
        ("2026-11-22", "09:00", "10:00", true),
    ] {
        let mut state = state.clone();
        for (field, text) in [(Field::Day, day), (Field::From, from), (Field::Until, until)] {
            state.handle(Event::Typed(field, text.into()));
        }
        let commands = state.handle(Event::Submitted(Channel::Telephone, noon()));
        assert_eq!(commands.contains(&Command::Post), fine, "{day} {from} {until}");
        assert_eq!(state.form.faults.time.is_none(), fine, "{day} {from} {until}");
    }
}

#[test]
fn talking_in_the_page_asks_for_the_microphone_before_anything_is_sent() {
    let mut state = asking();
    let commands = state.handle(Event::Submitted(Channel::Browser, noon()));
    assert!(commands.contains(&Command::AskMicrophone) && !commands.contains(&Command::Post));
    let mut denied = state.clone();
    denied.handle(Event::Microphone(Err(LegTrouble::MicrophoneDenied)));
    assert_eq!(denied.stage, Stage::Asking);
    assert!(denied.form.faults.form.as_deref().is_some_and(|words| words.contains("microphone")));
    assert_eq!(state.handle(Event::Microphone(Ok(()))), [Command::Post]);
}

#[test]
fn a_page_is_shown_without_a_number_and_without_a_microphone() {
    let mut state = asking();
    state.form.number.clear();
    state.form.later = true;
    let commands = state.handle(Event::Submitted(Channel::Page, noon()));
    assert!(commands.contains(&Command::Post) && !commands.contains(&Command::AskMicrophone), "{commands:?}");
    assert_eq!(state.form.faults.number, None);
}

#[test]
fn a_microphone_that_comes_after_cancel_is_let_go() {
    let mut state = asking();
    state.handle(Event::Submitted(Channel::Browser, noon()));
    assert!(state.handle(Event::Cancel).contains(&Command::LetMicrophoneGo));
    assert_eq!(state.handle(Event::Microphone(Ok(()))), [Command::LetMicrophoneGo]);
    assert_eq!(state.stage, Stage::Asking);
}

#[test]
fn a_refusal_stands_beside_its_field_and_what_was_typed_stays() {
    let mut state = sending();
    state.handle(Event::Typed(Field::Note, "bench".into()));
    state.handle(Event::Refused { field: Some("number".into()), detail: "Not that one.".into() });
    assert_eq!(state.stage, Stage::Asking);
    assert_eq!(state.form.faults.number.as_deref(), Some("Not that one."));
    assert_eq!(state.form.note, "bench");
}

#[test]
fn a_request_without_an_answer_comes_back_to_the_form_untouched() {
    let mut state = sending();
    state.handle(Event::Unanswered);
    assert!(matches!(state.stage, Stage::Sending { tries: 1, .. }));
    state.handle(Event::GaveUp);
    assert_eq!(state.stage, Stage::Asking);
    assert_eq!(state.form.number, "030 23125 042");
    assert!(state.form.faults.form.is_some());
}

#[test]
fn another_tab_s_contact_takes_this_tab_over_once() {
    let mut state = sending();
    assert!(state.handle(Event::Found(ticket())).contains(&Command::Connect));
    assert_eq!(state.handle(Event::Found(ticket())), []);
    assert!(state.live().is_some());
}

#[test]
fn the_end_is_shown_once_and_its_ticket_goes() {
    let mut state = live();
    let ended = status(Phase::Ended, Some(EndReason::Busy));
    let commands = state.handle(Event::Status { status: ended.clone(), viewers: Vec::new() });
    assert!(commands.contains(&Command::DropTicket) && commands.contains(&Command::Say(Said::Ended)));
    assert_eq!(state.handle(Event::Status { status: ended, viewers: Vec::new() }), []);
    state.handle(Event::StartAnew { later: true, now: noon() });
    assert_eq!(state.stage, Stage::Asking);
    assert!(state.form.later && state.form.number == "030 23125 042", "filled in as before");
}

#[test]
fn a_contact_that_the_server_forgot_leads_back_to_the_form() {
    let mut state = live();
    let commands = state.handle(Event::Unknown);
    assert!(commands.contains(&Command::DropTicket) && commands.contains(&Command::Disconnect));
    assert_eq!(state.stage, Stage::Asking);
    assert!(state.form.faults.form.is_some());
}

#[test]
fn stop_holds_even_against_a_status_that_is_older() {
    let mut state = live();
    let mut talking = status(Phase::Talking, None);
    talking.sharing = true;
    state.handle(Event::Status { status: talking.clone(), viewers: vec!["Ada".into()] });
    assert!(state.is_sharing());
    assert_eq!(state.handle(Event::Share(false)), [Command::Share(false)]);
    talking.since = Timestamp(9);
    state.handle(Event::Status { status: talking, viewers: vec!["Ada".into()] });
    assert!(!state.is_sharing());
    state.handle(Event::Share(true));
    assert!(state.is_sharing());
}

#[test]
fn nothing_is_shown_before_the_call_is_due_or_after_it_ended() {
    for phase in [Phase::Scheduled, Phase::Ended] {
        let mut state = live();
        let mut status = status(phase, None);
        status.sharing = true;
        state.handle(Event::Status { status, viewers: Vec::new() });
        assert!(!state.is_sharing(), "{phase:?}");
    }
}

#[test]
fn the_talk_timer_counts_through_a_hold() {
    let mut state = live();
    for (phase, since) in [(Phase::Talking, 1_000), (Phase::OnHold, 11_000), (Phase::Talking, 21_000)] {
        let status = CustomerStatus { since: Timestamp(since), ..status(phase, None) };
        state.handle(Event::Status { status, viewers: Vec::new() });
    }
    assert_eq!(state.talked(Timestamp(31_000)), Some(30));
}

#[test]
fn a_lost_connection_is_said_and_heals_with_the_next_status() {
    let mut state = live();
    state.handle(Event::Connected(false));
    assert!(state.offline);
    state.handle(Event::Status { status: status(Phase::Calling, None), viewers: Vec::new() });
    assert!(!state.offline);
}

#[test]
fn sound_that_waits_for_a_gesture_opens_the_card() {
    let mut state = live();
    state.handle(Event::Minimised);
    state.handle(Event::VoiceIs(Voice::Blocked));
    assert!(state.open);
}

#[test]
fn minimising_keeps_what_was_typed_and_gives_the_focus_back_to_the_pill() {
    let mut state = asking();
    state.handle(Event::Typed(Field::Note, "bench".into()));
    assert!(state.handle(Event::Minimised).contains(&Command::Focus(Focus::Pill)));
    state.handle(Event::Opened);
    assert_eq!(state.form.note, "bench");
}

#[test]
fn a_proof_of_work_can_be_given_up_and_what_was_typed_stays() {
    let mut state = asking();
    state.handle(Event::Typed(Field::Number, "030 23125042".into()));
    let sent = state.handle(Event::Submitted(Channel::Telephone, noon()));
    assert!(sent.contains(&Command::Post));
    assert_eq!(state.handle(Event::Challenged), []);
    assert_eq!(state.stage, Stage::Proving);
    assert_eq!(state.handle(Event::Submitted(Channel::Telephone, noon())), [], "a second press");
    assert!(state.handle(Event::Cancel).contains(&Command::LetMicrophoneGo), "which stops the search");
    assert_eq!((&state.stage, &*state.form.number), (&Stage::Asking, "030 23125042"));
    state.handle(Event::Submitted(Channel::Telephone, noon()));
    state.handle(Event::Challenged);
    let accepted = state.handle(Event::Accepted { ticket: ticket(), status: status(Phase::Waiting, None) });
    assert!(accepted.contains(&Command::Connect));
}

#[test]
fn without_a_line_to_telephones_the_call_is_in_the_page() {
    let mut state = State::default();
    state.handle(Event::Opened);
    let mut site = site();
    site.info.telephone = false;
    state.handle(Event::Site(Some(site.clone())));
    let pressed = state.handle(Event::Submitted(Channel::Telephone, noon()));
    assert!(pressed.contains(&Command::AskMicrophone), "no number is asked for: {pressed:?}");
    state.handle(Event::Microphone(Err(LegTrouble::MicrophoneDenied)));
    let said = state.form.faults.form.unwrap();
    assert!(said.ends_with("address bar."), "no telephone is offered: {said}");

    let mut state = State::default();
    state.handle(Event::Opened);
    site.info.browser_voice = false;
    state.handle(Event::Site(Some(site)));
    assert!(state.site_failed, "there is nothing to ask for");
}

fn noon() -> LocalNow {
    LocalNow { day: "2026-11-21".into(), time: "12:00".into(), zone: "Europe/Berlin".into() }
}

fn site() -> Box<Site> {
    let info = SiteInfo {
        name: "ACME".into(),
        default_region: "DE".into(),
        regions: vec!["DE".into(), "GB".into()],
        consent_version: "1".into(),
        consent_text: "The agent will see the pages that you visit.".into(),
        wait_seconds: None,
        browser_voice: true,
        show_page: true,
        telephone: true,
        fallback_number: None,
        mask_selectors: Vec::new(),
    };
    Box::new(Site { info, countries: vec!["Germany".into(), "United Kingdom".into()] })
}

/// Open, with the form.
fn asking() -> State {
    let mut state = State::default();
    state.handle(Event::Opened);
    state.handle(Event::Site(Some(site())));
    state
}

fn type_number(state: &mut State, number: &str) {
    state.handle(Event::Typed(Field::Number, number.into()));
}

/// A request for a telephone is on its way.
fn sending() -> State {
    let mut state = asking();
    type_number(&mut state, "030 23125 042");
    state.handle(Event::Submitted(Channel::Telephone, noon()));
    state
}

fn live() -> State {
    let mut state = sending();
    state.handle(Event::Accepted { ticket: ticket(), status: status(Phase::Waiting, None) });
    state
}

fn ticket() -> Ticket {
    let window = None::<Window>;
    Ticket { token: "t".into(), channel: Channel::Telephone, number: Some("+49 30 23125 042".into()), window }
}

fn status(phase: Phase, reason: Option<EndReason>) -> CustomerStatus {
    CustomerStatus {
        phase,
        channel: Channel::Telephone,
        since: Timestamp(1),
        position: None,
        wait_seconds: None,
        agent: None,
        reason,
        attempts: 0,
        sharing: false,
    }
}

fn answer() -> NumberAnswer {
    NumberAnswer {
        e164: "+493023125042".into(),
        international: "+49 30 23125 042".into(),
        region: "DE".into(),
    }
}

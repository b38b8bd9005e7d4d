//! What happens changes what the desk knows.
use shared::{
    api::Channel,
    wire::{
        LegGone, LegInvite,
        console::{ContactCleared, Refused, ViewGranted, WrapUpSaved},
    },
};

use super::*;

#[test]
fn what_is_typed_survives_a_newer_snapshot_of_the_same_contact() {
    let mut desk = DeskState::default();
    server(&mut desk, shown(1, ""));
    desk.apply(Happened::Typed(WrapUp { notes: "wants oak".into(), ..WrapUp::default() }));
    server(&mut desk, shown(1, "older"));
    assert_eq!(desk.draft.as_ref().unwrap().wrap_up.notes, "wants oak");
    server(&mut desk, shown(2, "kept by the server"));
    assert_eq!(desk.draft.unwrap().wrap_up.notes, "kept by the server");
}

#[test]
fn a_draft_is_unsaved_until_the_server_has_its_last_revision() {
    let mut desk = DeskState::default();
    server(&mut desk, shown(1, ""));
    assert_eq!(desk.unsaved(), None);
    desk.apply(Happened::Typed(WrapUp::default()));
    desk.apply(Happened::Typed(WrapUp { notes: "b".into(), ..WrapUp::default() }));
    server(&mut desk, WrapUpSaved { contact: ContactId(1), revision: 1 });
    assert_eq!(desk.unsaved().unwrap().revision, 2);
    server(&mut desk, WrapUpSaved { contact: ContactId(1), revision: 2 });
    assert_eq!(desk.unsaved(), None);
}

#[test]
fn a_cleared_contact_takes_its_draft_and_its_capability_along() {
    let mut desk = DeskState::default();
    server(&mut desk, shown(1, ""));
    desk.view = Some((ContactId(1), "secret".into()));
    server(&mut desk, ContactCleared { contact: ContactId(2), cause: None });
    assert!(desk.contact.is_some(), "another contact's end changes nothing");
    server(&mut desk, ContactCleared { contact: ContactId(1), cause: None });
    assert_eq!((desk.contact, desk.draft, desk.view), (None, None, None));
}

#[test]
fn a_page_outlives_a_lost_connection_as_long_as_the_contact_is_the_agents() {
    let mut desk = DeskState::default();
    let state = |contact| AgentState {
        presence: Presence::Talking,
        since: Timestamp(0),
        away_reason: None,
        contact,
        until: None,
    };
    server(&mut desk, shown(1, ""));
    server(&mut desk, ViewGranted { contact: ContactId(1), token: "own".into() });
    server(&mut desk, state(Some(ContactId(1))));
    assert!(desk.contact.is_some() && desk.view.is_some());
    server(&mut desk, state(None));
    assert_eq!((desk.contact, desk.view), (None, None), "it went on without the agent");
}

#[test]
fn a_capability_is_for_the_own_page_the_one_that_was_asked_for_or_one_that_a_code_led_to() {
    let mut desk = DeskState::default();
    server(&mut desk, shown(1, ""));
    let grant = |desk: &mut DeskState, contact, token: &str| {
        server(desk, ViewGranted { contact: ContactId(contact), token: token.into() });
    };
    grant(&mut desk, 1, "own");
    assert_eq!((&desk.view, &desk.watch), (&Some((ContactId(1), "own".into())), &None));
    desk.apply(Happened::Watches(ContactId(2), "Basket".into()));
    grant(&mut desk, 2, "watched");
    let token = |desk: &DeskState| desk.watch.as_ref().and_then(|watch| watch.token.clone());
    assert_eq!(token(&desk).as_deref(), Some("watched"));
    server(&mut desk, Refused { code: "bad_session_code".into(), detail: "No.".into() });
    assert!(desk.watch.is_some(), "a wrong code ends nothing");
    desk.apply(Happened::WatchOver(ContactId(3), None));
    assert!(desk.watch.is_some(), "another contact's end changes nothing");
    desk.apply(Happened::WatchOver(ContactId(2), Some("It is over.")));
    assert_eq!((desk.watch.clone(), desk.notice.as_deref()), (None, Some("It is over.")));
    desk.apply(Happened::Watches(ContactId(2), String::new()));
    server(&mut desk, Refused { code: "not_now".into(), detail: "Not now.".into() });
    assert_eq!(desk.watch, None, "it was refused");
    grant(&mut desk, 4, "by code");
    assert_eq!(token(&desk).as_deref(), Some("by code"));
    assert_eq!(desk.view, Some((ContactId(1), "own".into())));
}

#[test]
fn a_repeated_invite_leaves_a_live_leg_alone_and_a_leg_that_went_is_forgotten() {
    let mut desk = DeskState::default();
    desk.apply(Happened::Voice(Voice::Live { leg: LegId(5), muted: true }));
    server(&mut desk, LegInvite { leg: LegId(5) });
    assert!(desk.voice.muted());
    server(&mut desk, LegGone { leg: LegId(4) });
    assert_eq!(desk.voice.leg(), Some(LegId(5)));
    server(&mut desk, LegGone { leg: LegId(5) });
    assert_eq!(desk.voice, Voice::None);
}

fn server(desk: &mut DeskState, message: impl Into<ServerToConsole>) {
    desk.apply(Happened::Server(message.into(), Timestamp(0)));
}

fn shown(id: u128, notes: &str) -> ContactShown {
    ContactShown {
        contact: ContactId(id),
        phase: Phase::Talking,
        phase_since: Timestamp(0),
        channel: Channel::Telephone,
        requested_at: Timestamp(0),
        bridged_at: None,
        name: None,
        number: None,
        region: None,
        time_zone: None,
        language: None,
        note: None,
        trail: Vec::new(),
        context: None,
        sharing: true,
        reason: None,
        customer_away: false,
        wrap_up: WrapUp { notes: notes.into(), ..WrapUp::default() },
        earlier: 0,
    }
}

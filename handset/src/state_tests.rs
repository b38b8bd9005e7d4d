use shared::{
    ProtocolVersion, Timestamp,
    wire::{
        LegAnswer, LegGone,
        handset::{Ring, Welcome},
    },
};

use super::*;

const LEG: LegId = LegId(7);
const OTHER: LegId = LegId(8);

#[test]
fn a_call_rings_is_answered_talks_and_is_hung_up() {
    let mut phone = online();
    assert_eq!(phone.step(ring(LEG), 0.0), []);
    assert!(phone.rings_aloud());
    assert_eq!(phone.step(Action::Answer, 1.0), [Effect::StartLeg(LEG), Effect::Keep(Some(LEG))]);
    let offer = PhoneEvent::Offer { leg: LEG, sdp: "offer".into() };
    let sent = phone.step(Action::Phone(offer), 2.0);
    assert_eq!(sent, [Effect::Send(LegOffer { leg: LEG, sdp: "offer".into() }.into())]);
    let answer = ServerToHandset::LegAnswer(LegAnswer { leg: LEG, sdp: "answer".into() });
    assert_eq!(phone.step(Action::Heard(answer), 3.0), [Effect::TakeAnswer("answer".into())]);
    phone.step(Action::Phone(PhoneEvent::Connected), 1_000.0);
    assert!(phone.is_talking());
    let ended = phone.step(Action::HangUp, 5_000.0);
    assert_eq!(ended, [Effect::Send(HangUp { leg: LEG }.into()), Effect::EndLeg, Effect::Keep(None)]);
    assert!(matches!(phone.call, Call::Ended { why: End::HungUp, lasted_ms: 4_000.0, .. }));
}

#[test]
fn a_call_that_is_left_ringing_is_missed_and_makes_way() {
    let mut phone = online();
    phone.step(ring(LEG), 0.0);
    phone.step(Action::Silence, 1.0);
    assert!(!phone.rings_aloud());
    phone.step(gone(LEG), 2.0);
    assert!(matches!(phone.call, Call::Ended { why: End::Missed, .. }));
    phone.step(Action::Clock, 3.0);
    assert!(matches!(phone.call, Call::Ended { .. }));
    phone.step(Action::Clock, 2.0 + END_SHOWN_MS);
    assert_eq!(phone.call, Call::None);
}

#[test]
fn a_refusal_that_the_server_did_not_hear_is_said_again_when_it_rings_again() {
    let mut phone = online();
    phone.step(ring(LEG), 0.0);
    let reject = Effect::Send(Reject { leg: LEG }.into());
    assert_eq!(phone.step(Action::Decline, 1.0), std::slice::from_ref(&reject));
    phone.step(Action::Waiting, 2.0);
    assert_eq!(phone.step(ring(LEG), 3.0), [reject]);
    assert!(matches!(phone.call, Call::Ended { .. }), "it does not ring");
    phone.step(gone(LEG), 4.0);
    assert_eq!(phone.step(ring(OTHER), 5.0), []);
    assert!(phone.rings_aloud());
}

#[test]
fn a_page_loaded_anew_takes_its_leg_up_by_itself_but_not_a_strangers() {
    let mut phone = State::new(Some(LEG));
    phone.step(welcome(), 0.0);
    assert_eq!(phone.step(ring(LEG), 0.0), [Effect::StartLeg(LEG), Effect::Keep(Some(LEG))]);
    let mut phone = State::new(Some(OTHER));
    phone.step(ring(LEG), 0.0);
    assert!(phone.rings_aloud());
}

#[test]
fn a_ring_repeated_on_a_new_connection_reminds_the_softphone_and_starts_nothing_new() {
    let mut phone = talking();
    assert_eq!(phone.step(ring(LEG), 9.0), [Effect::InvitedAgain]);
    assert!(phone.is_talking());
    let mut phone = online();
    phone.step(ring(LEG), 0.0);
    assert_eq!(phone.step(ring(LEG), 1.0), []);
}

#[test]
fn another_call_replaces_one_whose_end_was_missed() {
    let mut phone = talking();
    assert_eq!(phone.step(ring(OTHER), 9.0), [Effect::EndLeg, Effect::Keep(None)]);
    assert!(phone.rings_aloud());
    assert_eq!(phone.leg(), Some(OTHER));
}

#[test]
fn keys_are_sent_while_talking_and_only_sound_otherwise() {
    let mut phone = online();
    assert_eq!(phone.step(Action::Press('1'), 0.0), [Effect::KeyTone('1')]);
    let mut phone = talking();
    let sent = Effect::Send(Digit { leg: LEG, digit: '#' }.into());
    assert_eq!(phone.step(Action::Press('#'), 0.0), [Effect::KeyTone('#'), sent]);
    for _ in 0..50 {
        phone.step(Action::Press('1'), 0.0);
    }
    assert_eq!(phone.keys.len(), KEYS_SHOWN);
    phone.step(Action::KeyLost, 0.0);
    assert_eq!(phone.notice, Some(Notice::KeyNotSent));
}

#[test]
fn a_microphone_that_is_refused_ends_the_call_and_the_server_learns_why() {
    let mut phone = online();
    phone.step(ring(LEG), 0.0);
    phone.step(Action::Answer, 0.0);
    let why = LegTrouble::MicrophoneDenied;
    let effects = phone.step(Action::Phone(PhoneEvent::Failed(why)), 1.0);
    let told = Effect::Send(LegFailed { leg: LEG, why }.into());
    assert_eq!(effects, [told, Effect::EndLeg, Effect::Keep(None)]);
    assert!(matches!(phone.call, Call::Ended { why: End::Trouble(_), .. }));
}

#[test]
fn a_shaken_call_keeps_its_time() {
    let mut phone = talking();
    phone.step(Action::Phone(PhoneEvent::Disconnected), 5.0);
    assert!(matches!(phone.call, Call::Talking { shaken: true, .. }));
    phone.step(Action::Phone(PhoneEvent::Connected), 9.0);
    assert!(matches!(phone.call, Call::Talking { shaken: false, since_ms: 0.0, .. }));
}

#[test]
fn a_token_that_is_not_valid_any_more_is_forgotten_and_a_displaced_one_kept() {
    let mut phone = online();
    assert_eq!(phone.step(Action::Closed(close::UNAUTHORIZED), 0.0), [Effect::ForgetToken]);
    assert_eq!(phone.line, Line::Off(Off::Revoked));
    let mut phone = talking();
    let effects = phone.step(Action::Closed(close::DISPLACED), 0.0);
    assert_eq!(effects, [Effect::EndLeg, Effect::Keep(None)]);
    assert_eq!(phone.line, Line::Off(Off::Displaced));
}

fn online() -> State {
    let mut phone = State::new(None);
    assert_eq!(phone.step(welcome(), 0.0), [Effect::Heartbeat(20_000)]);
    phone
}

fn talking() -> State {
    let mut phone = online();
    phone.step(ring(LEG), 0.0);
    phone.step(Action::Answer, 0.0);
    phone.step(Action::Phone(PhoneEvent::Connected), 0.0);
    phone
}

fn welcome() -> Action {
    Action::Heard(ServerToHandset::Welcome(Welcome {
        version: ProtocolVersion::CURRENT,
        now: Timestamp(0),
        heartbeat_ms: 20_000,
        e164: "+493023125042".into(),
        number: "+49 30 23125 042".into(),
    }))
}

fn ring(leg: LegId) -> Action {
    Action::Heard(ServerToHandset::Ring(Ring { leg, from: "ACME".into() }))
}

fn gone(leg: LegId) -> Action {
    Action::Heard(ServerToHandset::LegGone(LegGone { leg }))
}

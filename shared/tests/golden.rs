//! The bytes of every message of protocol revision 1 never change: old widgets live for years in caches.
//!
//! `golden/v1.txt` holds one message of each kind. A new kind adds a line (`UPDATE=1 cargo test -p shared`); a
//! line that stands there may never change.
use std::path::PathBuf;

use shared::{
    api::{Channel, OrderLine, PageView, WrapUp},
    contact::{CustomerStatus, EndReason, LegCause, Phase, Presence},
    wire::{
        LegAnswer, LegFailed, LegGone, LegInvite, LegOffer, LegTrouble, Ping, Pong, console, handset, lead,
        mirror, recording, widget,
    },
    *,
};

#[test]
fn every_message_of_revision_one_has_the_bytes_that_it_always_had() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1.txt");
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    let today = messages();
    if std::env::var_os("UPDATE").is_some() {
        let kept =
            today.starts_with(&golden) || golden.lines().all(|line| today.lines().any(|new| new == line));
        assert!(kept, "a message of revision 1 would change: make a new kind instead");
        std::fs::write(&file, &today).unwrap();
        return;
    }
    for (golden, today) in golden.lines().zip(today.lines()) {
        assert_eq!(today, golden);
    }
    assert_eq!(today.lines().count(), golden.lines().count(), "a new kind: UPDATE=1 cargo test -p shared");
}

/// One line a message; each is also decoded again.
fn messages() -> String {
    let mut out = String::new();
    macro_rules! lines {
        ($direction:ty: $($message:expr),+ $(,)?) => {$(
            let message: $direction = $message.into();
            let bytes = message.encode();
            assert_eq!(<$direction>::decode(&bytes), Ok(message.clone()));
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let name = format!("{message:?}");
            let name = name.split('(').next().unwrap_or_default();
            out.push_str(&format!("{} {name} {hex}\n", stringify!($direction)));
        )+};
    }
    let (ping, pong) = (Ping { nonce: 300 }, Pong { nonce: 300, now: NOW });
    let (invite, gone) = (LegInvite { leg: LEG }, LegGone { leg: LEG });
    let (offer, answer) =
        (LegOffer { leg: LEG, sdp: "v=0".into() }, LegAnswer { leg: LEG, sdp: "v=0".into() });
    let failed = LegFailed { leg: LEG, why: LegTrouble::NoMicrophone };
    lines!(widget::WidgetToServer:
        widget::Hello { version: V1, token: "t".into(), tab: TabId(3), voice: true }, ping, widget::Cancel {},
        widget::PageViewed { page: page() }, widget::ContextSet { context: "{}".into() }, widget::Share { on: false },
        offer.clone(), failed, widget::CodeWanted {},
    );
    lines!(widget::ServerToWidget:
        widget::Welcome { version: V1, now: NOW, heartbeat_ms: 15_000 }, pong,
        widget::Status { status: status(), viewers: vec!["Ada".into()] }, invite, answer.clone(), gone,
        widget::SessionCode { code: Some("12345678".into()), seconds: 300 },
    );
    lines!(handset::HandsetToServer:
        handset::Hello { version: V1, token: "t".into() }, ping, offer.clone(), failed, handset::Reject { leg: LEG },
        handset::Digit { leg: LEG, digit: '#' }, handset::HangUp { leg: LEG },
    );
    lines!(handset::ServerToHandset:
        handset::Welcome { version: V1, now: NOW, heartbeat_ms: 1, e164: "+44".into(), number: "+4 4".into() }, pong,
        handset::Ring { leg: LEG, from: "Acme".into() }, answer.clone(), gone,
    );
    lines!(mirror::PublisherToServer:
        mirror::PublisherHello { version: V1, token: "t".into(), tab: TabId(3), document: DOCUMENT }, ping,
        mirror::Frame { kind: mirror::FrameKind::Patch, epoch: 1, seq: 2, bytes: vec![1, 2] },
        mirror::InFront { yes: true },
    );
    lines!(mirror::ServerToPublisher:
        mirror::PublisherWelcome {
            version: V1, now: NOW, heartbeat_ms: 1, sharing: true, masking: mirror::Masking::Balanced, mask_selectors: vec![".x".into()],
        },
        pong, mirror::KeyframeWanted {}, mirror::SharingSet { on: true }, mirror::Viewers { names: vec!["Ada".into()] },
        mirror::Navigate { url: "https://a.example/".into(), by: "Ada".into() },
    );
    let resume = Some(mirror::ResumePoint { document: DOCUMENT, epoch: 1, seq: 2 });
    lines!(mirror::ViewerToServer:
        mirror::ViewerHello { version: V1, token: "t".into(), resume }, ping,
        mirror::KeyframeNeeded { document: DOCUMENT }, mirror::PushUrl { url: "https://a.example/".into() },
    );
    lines!(mirror::ServerToViewer:
        mirror::ViewerWelcome { version: V1, now: NOW, heartbeat_ms: 1, sharing: true, origins: vec!["https://a".into()] },
        pong, mirror::StreamStarted { order: 7, tab: TabId(3), document: DOCUMENT },
        mirror::StreamFrame {
            order: 8, document: DOCUMENT, kind: mirror::FrameKind::Keyframe, epoch: 1, seq: 0, bytes: vec![9],
        },
        mirror::StreamEnded { order: 9, document: DOCUMENT }, mirror::SharingChanged { order: 10, on: false },
        mirror::Audience { order: 11, names: vec!["Ada".into()] },
        mirror::PushOutcome { order: 12, url: "u".into(), refused: Some("no_page".into()) },
    );
    console_lines(&mut out, offer, answer, failed, invite, gone);
    lead_lines(&mut out);
    recording_lines(&mut out);
    out
}

/// One message a line; each is also decoded again.
macro_rules! lead {
    ($out:ident, $direction:ident: $($message:expr),+ $(,)?) => {$(
        let message: mirror::$direction = $message.into();
        let bytes = message.encode();
        assert_eq!(mirror::$direction::decode(&bytes), Ok(message.clone()));
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let name = format!("{message:?}");
        let name = name.split('(').next().unwrap_or_default();
        $out.push_str(&format!("mirror::{} {name} {hex}\n", stringify!($direction)));
    )+};
}

/// Recordings outlive the build that made them.
fn recording_lines(out: &mut String) {
    let says = mirror::PageSays { url: "https://shop.example/".into(), secret_fields: true };
    let parts = mirror::PartsSay { pages: vec![says.clone()] };
    lead!(out, PublisherToServer: says, parts, mirror::FrameSays { url: "https://shop.example/pay".into() });
    for entry in [
        recording::Recorded::from(recording::Told { at: NOW, message: vec![1, 2] }),
        recording::Missed { at: NOW, why: recording::Miss::Stopped }.into(),
        recording::Led { at: NOW, by: Some("Ada".into()) }.into(),
    ] {
        let bytes = entry.encode();
        assert_eq!(recording::Recorded::decode(&bytes), Ok(entry.clone()));
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let name = format!("{entry:?}");
        out.push_str(&format!("recording::Recorded {} {hex}\n", name.split('(').next().unwrap_or_default()));
    }
}

fn lead_lines(out: &mut String) {
    use lead::*;
    let (at, text) = (Spot { node: 300, x: 5_000, y: 10_000 }, "t".to_owned());
    let mark = |mark| Point { document: DOCUMENT, epoch: 1, mark };
    let act = |deed| Act { act: 4, document: DOCUMENT, epoch: 1, seq: 2, deed };
    lead!(out, PublisherToServer:
        AnswerPower { number: 3, consent: Some("control-1".into()) }, StopPower { power: Power::Control },
        ActDone { order: 14, refused: Some(refused::MASKED.into()) }, RemoveNote { note: 2 },
    );
    let hold = PowerHeld { number: 3, power: Power::Control, by: "Ada".into(), granted: true };
    let note =
        Note { note: 2, by: "Ada".into(), document: DOCUMENT, epoch: 1, at: Some(at), text: text.clone() };
    let notes = Notes { order: 16, notes: vec![note] };
    let pointed =
        Pointed { order: 13, by: "Ada".into(), document: DOCUMENT, epoch: 1, mark: Mark::Laser(at) };
    lead!(out, ServerToHand:
        Powers { order: 12, pointing: true, holds: vec![hold], origins: vec!["https://a".into()] }, pointed.clone(),
        ActAsked { order: 14, number: 3, epoch: 1, seq: 2, deed: Deed::Click { at } }, notes.clone(),
    );
    lead!(out, ViewerToServer:
        AskPower { power: Power::Control }, DropPower { power: Power::Point },
        mark(Mark::Laser(at)), mark(Mark::Highlight(at)), mark(Mark::Gone),
        mark(Mark::Ink { anchor: 7, stroke: 1, points: vec![(-1, 300)] }),
        act(Deed::Click { at }), act(Deed::Fill { node: 7, text: text.clone(), done: true }),
        act(Deed::Choose { node: 7, options: vec![0, 2] }), act(Deed::Press { node: 7, key: Key::Enter }),
        act(Deed::Scroll { node: 1, x: 0, y: -3 }), act(Deed::Grab { at }), act(Deed::Drag { at }),
        act(Deed::Drop { at }),
        AddNote { document: DOCUMENT, epoch: 1, at: Some(at), text }, RemoveNote { note: 2 },
    );
    lead!(out, ServerToViewer:
        Standings { order: 12, point: Standing::Yes, control: Standing::Asked, led_by: Some("Grace".into()) }, pointed,
        ActOutcome { order: 15, act: 4, refused: None }, notes,
    );
    let path = vec![Step { part: 9, epoch: 2, seq: 300 }];
    let asked = ActAsked { order: 14, number: 3, epoch: 1, seq: 2, deed: Deed::Click { at } };
    lead!(out, ServerToHand: ActAskedWithin { asked, path: path.clone() });
    lead!(out, ViewerToServer: ActWithin { act: act(Deed::Click { at }), path });
    lead!(out, PartToPage: CustomerActs { types: true }, StopPower { power: Power::Control });
}

fn console_lines(
    out: &mut String,
    offer: LegOffer,
    answer: LegAnswer,
    failed: LegFailed,
    invite: LegInvite,
    gone: LegGone,
) {
    use console::*;
    let up: [ConsoleToServer; 15] = [
        Hello { version: V1, take_over: true }.into(),
        Ping { nonce: 300 }.into(),
        GoReady {}.into(),
        GoAway { reason: "Lunch".into() }.into(),
        Accept { contact: CONTACT }.into(),
        Decline { contact: CONTACT }.into(),
        HangUp { contact: CONTACT }.into(),
        Hold { contact: CONTACT, on: true }.into(),
        SaveWrapUp { contact: CONTACT, wrap_up: wrap_up(), revision: 4, done: true }.into(),
        ViewRequest { contact: CONTACT }.into(),
        offer.into(),
        failed.into(),
        Watch { contact: CONTACT }.into(),
        Unwatch { contact: CONTACT }.into(),
        JoinByCode { code: "12345678".into() }.into(),
    ];
    let down: [ServerToConsole; 14] = [
        Welcome {
            version: V1,
            now: NOW,
            heartbeat_ms: 1,
            dispositions: vec!["Sold".into()],
            away_reasons: vec!["Lunch".into()],
            currency: "GBP".into(),
        }
        .into(),
        Pong { nonce: 300, now: NOW }.into(),
        AgentState {
            presence: Presence::Ringing,
            since: NOW,
            away_reason: None,
            contact: Some(CONTACT),
            until: Some(NOW),
        }
        .into(),
        Queue { waiting: vec![entry()], total: 1 }.into(),
        shown().into(),
        ContactCleared { contact: CONTACT, cause: Some(LegCause::Busy) }.into(),
        WrapUpSaved { contact: CONTACT, revision: 4 }.into(),
        ViewGranted { contact: CONTACT, token: "t".into() }.into(),
        Today { calls: 1, talk_seconds: 2, last_ended_at: None }.into(),
        Refused { code: "not_now".into(), detail: "Later.".into() }.into(),
        invite.into(),
        answer.into(),
        gone.into(),
        live().into(),
    ];
    let mut line = |direction: &str, name: String, bytes: Vec<u8>| {
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let name = name.split('(').next().unwrap_or_default();
        out.push_str(&format!("{direction} {name} {hex}\n"));
    };
    for message in up {
        assert_eq!(ConsoleToServer::decode(&message.encode()), Ok(message.clone()));
        line("console::ConsoleToServer", format!("{message:?}"), message.encode());
    }
    for message in down {
        assert_eq!(ServerToConsole::decode(&message.encode()), Ok(message.clone()));
        line("console::ServerToConsole", format!("{message:?}"), message.encode());
    }
}

const V1: ProtocolVersion = ProtocolVersion(1);
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const LEG: LegId = LegId(5);
const CONTACT: ContactId = ContactId(7);
const DOCUMENT: DocumentId = DocumentId(9);

fn page() -> PageView {
    PageView { url: "https://a.example/".into(), title: "A".into(), at: NOW }
}

fn wrap_up() -> WrapUp {
    let order = vec![OrderLine { item: "Bench".into(), quantity: 1, unit_price: 24_900 }];
    WrapUp { disposition: "Sold".into(), notes: "n".into(), order }
}

fn status() -> CustomerStatus {
    CustomerStatus {
        phase: Phase::Waiting,
        channel: Channel::Telephone,
        since: NOW,
        position: Some(2),
        wait_seconds: Some(180),
        agent: None,
        reason: Some(EndReason::NoAnswer),
        attempts: 1,
        sharing: true,
    }
}

fn live() -> console::LiveContacts {
    console::LiveContacts {
        contacts: vec![console::LiveEntry {
            contact: CONTACT,
            phase: Phase::Talking,
            channel: Channel::Telephone,
            since: NOW,
            agent: "Ada King".into(),
            label: "Basket".into(),
            sharing: true,
            watching: 2,
        }],
        total: 1,
    }
}

fn entry() -> console::QueueEntry {
    console::QueueEntry {
        contact: CONTACT,
        phase: Phase::Waiting,
        channel: Channel::Browser,
        requested_at: NOW,
        due_at: None,
        skill: "s".into(),
        label: "l".into(),
    }
}

fn shown() -> console::ContactShown {
    console::ContactShown {
        contact: CONTACT,
        phase: Phase::Talking,
        phase_since: NOW,
        channel: Channel::Telephone,
        requested_at: NOW,
        bridged_at: Some(NOW),
        name: Some("K".into()),
        number: Some("+44".into()),
        region: Some("GB".into()),
        time_zone: Some("Europe/London".into()),
        language: Some("en".into()),
        note: Some("n".into()),
        trail: vec![page()],
        context: Some("{}".into()),
        sharing: true,
        reason: None,
        customer_away: false,
        wrap_up: wrap_up(),
        earlier: 2,
    }
}

//! The main job over real sockets and real voice, without browsers: a shopper asks, the handset rings and
//! presses 1, the agent accepts, and each hears the other's tone.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
#![expect(clippy::wildcard_enum_match_arm, reason = "who waits for one message passes over the others")]
use serde_json::{Value, json};
use shared::{
    ContactId, LegId, ProtocolVersion,
    api::WrapUp,
    contact::{Phase, Presence},
    wire::{
        LegOffer, Ping,
        console::{Accept, ConsoleToServer, GoReady, HangUp, SaveWrapUp, ServerToConsole},
        handset::{Digit, HandsetToServer, Hello, ServerToHandset},
    },
};

#[path = "edge/support.rs"]
#[expect(dead_code, reason = "the edge's own tests use more of it")]
mod support;
#[path = "../switch/tests/support/mod.rs"]
#[expect(dead_code, reason = "the switch's own tests use more of its telephone")]
mod telephone;

use support::{Server, Socket, call};
use telephone::Phone;

const NUMBER: &str = "020 7946 0123";
/// Hertz: whole periods in 20 ms, and no harmonics of one another.
const CUSTOMER: f64 = 450.0;
const AGENT: f64 = 1_700.0;

#[tokio::test]
async fn shopper_and_agent_talk_after_the_handset_answered_and_pressed_one() {
    let server = support::server().await;
    let ada = server.ada().await;
    let mut console = server.console(&ada, false).await;
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    let mut handset = connect_handset(&server).await;
    let contact = server.accepted(call(NUMBER)).await.contact;

    let ring = handset
        .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
            ServerToHandset::Ring(ring) => Some(ring),
            _ => None,
        })
        .await;
    assert_eq!(ring.from, "Harbour & Pine");
    assert_eq!(shown(&mut console, Phase::Calling).await, contact);
    let mut customer = answer_on_handset(&mut handset, ring.leg).await;
    shown(&mut console, Phase::Confirming).await;
    assert!(!rings_before_pong(&mut console).await, "nobody pressed 1 yet");

    handset.send(HandsetToServer::from(Digit { leg: ring.leg, digit: '1' }).encode()).await;
    let invited = console
        .console_wait(|message| match message {
            ServerToConsole::LegInvite(invite) => Some(invite.leg),
            _ => None,
        })
        .await;
    console.send(ConsoleToServer::from(Accept { contact }).encode()).await;
    let mut agent = answer_on_console(&mut console, invited).await;
    shown(&mut console, Phase::Talking).await;
    agent.hears(&[CUSTOMER], &[AGENT]).await;
    customer.hears(&[AGENT], &[CUSTOMER]).await;

    console.send(ConsoleToServer::from(HangUp { contact }).encode()).await;
    handset
        .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
            ServerToHandset::LegGone(gone) => (gone.leg == ring.leg).then_some(()),
            _ => None,
        })
        .await;
    wrap_up(&mut console, contact).await;
    let detail = detail(&server, &ada, contact).await;
    assert_eq!(detail["summary"]["reason"], "completed");
    assert_eq!(detail["wrap_up"]["disposition"], "Sold");
    let legs = detail["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 2, "every leg has its record: {legs:?}");
    assert!(legs.iter().all(|leg| leg["bridged_at"].is_u64() && leg["ended_at"].is_u64()), "{legs:?}");
}

#[tokio::test]
async fn customer_who_hangs_up_before_the_bridge_takes_the_agents_ring_away() {
    let server = support::server().await;
    let ada = server.ada().await;
    let mut console = server.console(&ada, false).await;
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    let mut handset = connect_handset(&server).await;
    server.accepted(call(NUMBER)).await;
    let leg = handset
        .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
            ServerToHandset::Ring(ring) => Some(ring.leg),
            _ => None,
        })
        .await;
    let _customer = answer_on_handset(&mut handset, leg).await;
    shown(&mut console, Phase::Confirming).await;
    handset.send(HandsetToServer::from(Digit { leg, digit: '1' }).encode()).await;
    let invited = console
        .console_wait(|message| match message {
            ServerToConsole::LegInvite(invite) => Some(invite.leg),
            _ => None,
        })
        .await;
    handset.send(HandsetToServer::from(shared::wire::handset::HangUp { leg }).encode()).await;
    let (mut is_silent, mut is_ready) = (false, false);
    while !(is_silent && is_ready) {
        let (gone, state) = console
            .console_wait(|message| match message {
                ServerToConsole::LegGone(gone) => Some((Some(gone.leg), None)),
                ServerToConsole::AgentState(state) => Some((None, Some(state.presence))),
                _ => None,
            })
            .await;
        is_silent |= gone == Some(invited);
        is_ready = state.map_or(is_ready, |presence| presence == Presence::Ready);
    }
}

/// Opens the demo's telephone by its link.
async fn connect_handset(server: &Server) -> Socket {
    let demo = server.running.as_ref().unwrap().demo.as_ref().unwrap();
    let code = demo.handset.split_once("#code=").unwrap().1;
    let exchanged = server.post("/api/v1/handset", &server.origin, json!({ "code": code })).send().await;
    assert_eq!(exchanged.status, 200, "{}", exchanged.body);
    let token = exchanged.json()["token"].as_str().unwrap().to_owned();
    let mut socket = server.socket("/ws/handset", &[("origin", server.origin.as_str())]).await;
    let hello = Hello { version: ProtocolVersion::CURRENT, token };
    socket.send(HandsetToServer::from(hello).encode()).await;
    let e164 = socket
        .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
            ServerToHandset::Welcome(welcome) => Some(welcome.e164),
            _ => None,
        })
        .await;
    assert_eq!(e164, "+442079460123");
    socket
}

async fn answer_on_handset(socket: &mut Socket, leg: LegId) -> Phone {
    Phone::call_through(
        async |sdp| {
            socket.send(HandsetToServer::from(LegOffer { leg, sdp }).encode()).await;
            socket
                .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
                    ServerToHandset::LegAnswer(answer) => Some(answer.sdp),
                    _ => None,
                })
                .await
        },
        CUSTOMER,
    )
    .await
}

async fn answer_on_console(socket: &mut Socket, leg: LegId) -> Phone {
    Phone::call_through(
        async |sdp| {
            socket.send(ConsoleToServer::from(LegOffer { leg, sdp }).encode()).await;
            socket
                .console_wait(|message| match message {
                    ServerToConsole::LegAnswer(answer) => Some(answer.sdp),
                    _ => None,
                })
                .await
        },
        AGENT,
    )
    .await
}

/// Waits until the screen-pop is in that phase.
async fn shown(console: &mut Socket, phase: Phase) -> ContactId {
    console
        .console_wait(|message| match message {
            ServerToConsole::ContactShown(shown) if shown.phase == phase => Some(shown.contact),
            _ => None,
        })
        .await
}

/// True if a leg rang before the answer to a ping, which comes behind all that was decided before.
async fn rings_before_pong(console: &mut Socket) -> bool {
    console.send(ConsoleToServer::from(Ping { nonce: 4_711 }).encode()).await;
    console
        .console_wait(|message| match message {
            ServerToConsole::LegInvite(_) => Some(true),
            ServerToConsole::Pong(_) => Some(false),
            _ => None,
        })
        .await
}

async fn wrap_up(console: &mut Socket, contact: ContactId) {
    let wrap_up = WrapUp { disposition: "Sold".into(), notes: "Two chairs".into(), order: vec![] };
    let save = SaveWrapUp { contact, wrap_up, revision: 1, done: true };
    console.send(ConsoleToServer::from(save).encode()).await;
    console
        .console_wait(|message| match message {
            ServerToConsole::WrapUpSaved(saved) => (saved.revision == 1).then_some(()),
            _ => None,
        })
        .await;
}

async fn detail(server: &Server, agent: &support::Agent, contact: ContactId) -> Value {
    let answer = server.ask("GET", &support::contact_path(contact)).agent(agent).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

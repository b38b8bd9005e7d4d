//! Looking on at another's contact: supervisors by their role, agents by a code, nobody else, and without any power.
#![expect(clippy::wildcard_enum_match_arm, reason = "who waits for one message passes over the others")]
use contact_core::{Input, record::AgentProfile};
use serde_json::json;
use shared::{
    ContactId, DocumentId, ProtocolVersion, TabId, close,
    contact::{EndReason, Phase},
    wire::{
        console::{ConsoleToServer, JoinByCode, LiveContacts, ServerToConsole, Unwatch, ViewRequest, Watch},
        lead::{AddNote, AskPower, Mark, Point, Power, Spot},
        mirror::*,
        widget::{CodeWanted, ServerToWidget, Share, WidgetToServer},
    },
};

use super::{
    mirror::{Stage, Viewer, frame},
    support::*,
};

const DOCUMENT: DocumentId = DocumentId(0xD0C);

#[tokio::test]
async fn a_supervisor_sees_what_is_live_watches_it_and_can_do_nothing_in_it() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"whole")).await;
    let mut widget = stage.server.widget(&stage.token).await;
    let mut grace = console(&stage, "grace").await;
    promote(&stage, "grace", true).await;
    let live = grace.console_wait(live).await;
    let [entry] = &live.contacts[..] else { panic!("{live:?}") };
    assert_eq!((&*entry.agent, entry.watching), ("Ada Marlowe", 0));
    let token = watch(&mut grace, entry.contact).await.unwrap();
    let mut viewer = view(&stage, &token).await;
    assert_eq!(viewer.frame().await.bytes, b"whole");
    assert_eq!(widget.status(|status| !status.viewers.is_empty()).await.viewers, ["A supervisor"]);

    viewer.0.send(ViewerToServer::from(AskPower { power: Power::Control }).encode()).await;
    let spot = Spot { node: 1, x: 0, y: 0 };
    let point = Point { document: DOCUMENT, epoch: 1, mark: Mark::Laser(spot) };
    viewer.0.send(ViewerToServer::from(point).encode()).await;
    let note = AddNote { document: DOCUMENT, epoch: 1, at: None, text: "Hello".into() };
    viewer.0.send(ViewerToServer::from(note).encode()).await;
    viewer.0.send(ViewerToServer::from(PushUrl { url: "http://shop.test/cart".into() }).encode()).await;
    let refused = viewer
        .pick(|message| match message {
            ServerToViewer::PushOutcome(outcome) => Some(outcome.refused),
            ServerToViewer::Notes(notes) if !notes.notes.is_empty() => panic!("{notes:?}"),
            _ => None,
        })
        .await;
    assert_eq!(refused.as_deref(), Some("watching"));
    // What the page was told before the answer to its ping is all there is.
    page.send(PublisherToServer::from(shared::wire::Ping { nonce: 9 }).encode()).await;
    page.wait(|bytes| match ServerToPublisher::decode(bytes).unwrap() {
        ServerToPublisher::Navigate(led) => panic!("{led:?}"),
        ServerToPublisher::Unknown { kind } => panic!("a message for the hand: {kind}"),
        ServerToPublisher::Pong(_) => Some(()),
        _ => None,
    })
    .await;

    grace.send(ConsoleToServer::from(Unwatch { contact: entry.contact }).encode()).await;
    assert_eq!(viewer.0.closed().await, close::FINISHED);
    assert_eq!(
        view(&stage, &token).await.0.closed().await,
        close::FINISHED,
        "the capability opens nothing more"
    );
}

/// Roles, and what each may watch of whose business.
#[tokio::test]
async fn nobody_watches_without_the_role_or_in_another_business_and_the_role_can_be_taken() {
    let stage = Stage::set().await;
    let _page = stage.page(TabId(1), DOCUMENT).await;
    let contact = stage.contact;
    let mut grace = console(&stage, "grace").await;
    assert_eq!(watch(&mut grace, contact).await.unwrap_err(), "not_yours", "an agent");
    promote(&stage, "mallory", true).await;
    let mut mallory = console(&stage, "mallory").await;
    assert_eq!(watch(&mut mallory, contact).await.unwrap_err(), "not_found", "another business's supervisor");
    promote(&stage, "grace", true).await;
    assert_eq!(watch(&mut grace, ContactId(1)).await.unwrap_err(), "not_found");
    let token = watch(&mut grace, contact).await.unwrap();
    let mut viewer = view(&stage, &token).await;
    viewer.welcomed().await;
    promote(&stage, "grace", false).await;
    assert_eq!(viewer.0.closed().await, close::FINISHED);
    assert_eq!(watch(&mut grace, contact).await.unwrap_err(), "not_yours");
    grace.send(ConsoleToServer::from(ViewRequest { contact }).encode()).await;
    assert_eq!(granted(&mut grace).await.unwrap_err(), "not_yours");
}

#[tokio::test]
async fn a_code_lets_one_agent_of_the_business_look_on_once_and_wrong_ones_have_one_answer() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"whole")).await;
    let mut widget = stage.server.widget(&stage.token).await;
    let (mut grace, mut mallory) = (console(&stage, "grace").await, console(&stage, "mallory").await);
    let first = code(&mut widget).await;
    let second = code(&mut widget).await;
    assert!(first.len() == 8 && first != second);
    assert_eq!(join(&mut mallory, &second).await.unwrap_err(), "bad_session_code", "another business");
    for (what, tried) in
        [("replaced", first.clone()), ("a guess", "00000000".to_owned()), ("no code", "x".repeat(5_000))]
    {
        assert_eq!(join(&mut grace, &tried).await.unwrap_err(), "bad_session_code", "{what}");
    }
    let grouped = format!("{} {}", &second[..4], &second[4..]);
    let token = join(&mut grace, &grouped).await.unwrap();
    let mut viewer = view(&stage, &token).await;
    assert_eq!(viewer.frame().await.bytes, b"whole");
    assert_eq!(widget.status(|status| !status.viewers.is_empty()).await.viewers, ["Grace"]);
    assert_eq!(join(&mut grace, &second).await.unwrap_err(), "bad_session_code", "it was used");
    assert_eq!(join(&mut grace, &second).await.unwrap_err(), "too_many_requests");
    assert_eq!(
        join(&mut mallory, &second).await.unwrap_err(),
        "bad_session_code",
        "another's tries are another's"
    );
}

#[tokio::test]
async fn who_sees_the_page_already_leaves_the_code_to_another() {
    let stage = Stage::set().await;
    let _page = stage.page(TabId(1), DOCUMENT).await;
    let mut widget = stage.server.widget(&stage.token).await;
    promote(&stage, "grace", true).await;
    let mut grace = console(&stage, "grace").await;
    watch(&mut grace, stage.contact).await.unwrap();
    let code = code(&mut widget).await;
    for _ in 0..2 {
        let token = join(&mut grace, &code).await.unwrap();
        view(&stage, &token).await.welcomed().await;
    }
    grace.send(ConsoleToServer::from(Unwatch { contact: stage.contact }).encode()).await;
    widget.status(|status| status.viewers.is_empty()).await;
    join(&mut grace, &code).await.unwrap();
    assert_eq!(join(&mut grace, "00000000").await.unwrap_err(), "bad_session_code");
}

#[tokio::test]
async fn a_page_that_is_not_shown_has_no_code_and_an_old_code_does_not_open_it_and_is_not_used_up() {
    let stage = Stage::set().await;
    let mut widget = stage.server.widget(&stage.token).await;
    let mut grace = console(&stage, "grace").await;
    let old = code(&mut widget).await;
    widget.send(WidgetToServer::from(Share { on: false }).encode()).await;
    widget.status(|status| !status.status.sharing).await;
    widget.send(WidgetToServer::from(CodeWanted {}).encode()).await;
    assert_eq!(widget.wait(answered).await, None);
    assert_eq!(join(&mut grace, &old).await.unwrap_err(), "bad_session_code");
    for _ in 0..3 {
        widget.send(WidgetToServer::from(CodeWanted {}).encode()).await;
        widget.wait(answered).await;
    }
    widget.send(WidgetToServer::from(Share { on: true }).encode()).await;
    widget.status(|status| status.status.sharing).await;
    widget.send(WidgetToServer::from(CodeWanted {}).encode()).await;
    assert_eq!(widget.wait(answered).await, None, "so many at once, and no more");
    let token = join(&mut grace, &old).await.unwrap();
    view(&stage, &token).await.welcomed().await;
    assert_eq!(join(&mut grace, &old).await.unwrap_err(), "bad_session_code", "now it was used");
}

/// Nobody is called: whoever has the code leads in the page, and either side ends it.
#[tokio::test]
async fn a_page_is_shown_without_a_call_to_whoever_has_the_code() {
    let stage = Stage::set().await;
    let mut asked = call("020 7946 0100");
    for (key, value) in [("channel", json!("page")), ("number", json!(null)), ("region", json!(null))] {
        asked[key] = value;
    }
    let shown = stage.server.accepted(asked).await;
    assert_eq!(shown.status.phase, Phase::Showing);
    let stage = stage.of(shown.contact, shown.token);
    let mut widget = stage.server.widget(&stage.token).await;
    let first = code(&mut widget).await;
    // Another page of the shop: the code that was given in the one before is good no more once there is a new one.
    drop(widget);
    let mut widget = stage.server.widget(&stage.token).await;
    let second = code(&mut widget).await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"whole")).await;
    let mut grace = console(&stage, "grace").await;
    assert_eq!(join(&mut grace, &first).await.unwrap_err(), "bad_session_code");
    // By her role she may look on; the code gives her more, and is used up.
    promote(&stage, "grace", true).await;
    watch(&mut grace, stage.contact).await.unwrap();
    let token = join(&mut grace, &second).await.unwrap();
    let mut viewer = view(&stage, &token).await;
    assert_eq!(viewer.frame().await.bytes, b"whole");
    let seen = widget.status(|status| !status.viewers.is_empty()).await;
    assert_eq!((seen.viewers, seen.status.agent.as_deref()), (vec!["Grace".to_owned()], Some("Grace")));
    viewer.0.send(ViewerToServer::from(PushUrl { url: "http://shop.test/cart".into() }).encode()).await;
    page.wait(|bytes| match ServerToPublisher::decode(bytes).unwrap() {
        ServerToPublisher::Navigate(led) => Some(led),
        _ => None,
    })
    .await;
    grace.send(ConsoleToServer::from(Unwatch { contact: stage.contact }).encode()).await;
    let ended = widget.status(|status| status.status.phase == Phase::Ended).await;
    assert_eq!(ended.status.reason, Some(EndReason::Shown));
    assert_eq!(viewer.0.closed().await, close::FINISHED);
}

/// A console without a page of its own.
async fn console(stage: &Stage, login: &str) -> Socket {
    let password = if login == "mallory" { PASSWORD } else { contact_server::demo::PASSWORD };
    let agent = stage.server.sign_in(login, password).await;
    stage.server.console(&agent, true).await
}

/// As `ringside admin agent supervisor` does, without the wait until the server notices.
async fn promote(stage: &Stage, login: &str, supervisor: bool) {
    let app = &stage.server.running.as_ref().unwrap().app;
    let known = app.store.find_login(login).await.unwrap().unwrap();
    let profile = AgentProfile {
        id: known.agent,
        name: known.name,
        skills: Default::default(),
        supervisor,
        plays_recordings: false,
    };
    app.engine.input(known.business, Input::AgentSet(profile)).await.unwrap();
}

async fn watch(console: &mut Socket, contact: ContactId) -> Result<String, String> {
    console.send(ConsoleToServer::from(Watch { contact }).encode()).await;
    granted(console).await
}

async fn join(console: &mut Socket, code: &str) -> Result<String, String> {
    console.send(ConsoleToServer::from(JoinByCode { code: code.to_owned() }).encode()).await;
    granted(console).await
}

/// The capability, or the code of the refusal.
async fn granted(console: &mut Socket) -> Result<String, String> {
    console
        .console_wait(|message| match message {
            ServerToConsole::ViewGranted(granted) => Some(Ok(granted.token)),
            ServerToConsole::Refused(refused) => Some(Err(refused.code)),
            _ => None,
        })
        .await
}

async fn code(widget: &mut Socket) -> String {
    widget.send(WidgetToServer::from(CodeWanted {}).encode()).await;
    widget.wait(answered).await.unwrap()
}

fn answered(bytes: &[u8]) -> Option<Option<String>> {
    match ServerToWidget::decode(bytes).unwrap() {
        ServerToWidget::SessionCode(answer) => Some(answer.code),
        _ => None,
    }
}

fn live(message: ServerToConsole) -> Option<LiveContacts> {
    match message {
        ServerToConsole::LiveContacts(live) if !live.contacts.is_empty() => Some(live),
        _ => None,
    }
}

async fn view(stage: &Stage, token: &str) -> Viewer {
    let mut socket = stage.server.socket("/ws/view", &[("origin", &stage.server.origin)]).await;
    let hello = ViewerHello { version: ProtocolVersion::CURRENT, token: token.to_owned(), resume: None };
    socket.send(ViewerToServer::from(hello).encode()).await;
    Viewer(socket)
}

//! Powers, from the question to their end, through the real sockets, the real engine and the store.
use shared::{
    DocumentId, TabId, close, consent, refused,
    wire::{
        lead::{
            Act, ActAsked, ActAskedWithin, ActDone, ActWithin, AddNote, AnswerPower, AskPower, Deed,
            DropPower, Mark, Point, Power, Powers, Spot, Standing, Step, StopPower,
        },
        mirror::{FrameKind, PublisherToServer, ServerToHand, ServerToViewer, ViewerToServer},
    },
};

use super::{
    mirror::{Stage, Viewer, frame},
    support::*,
};

const DOCUMENT: DocumentId = DocumentId(0xD0C);
const AT: Spot = Spot { node: 5, x: 1, y: 2 };

#[tokio::test]
async fn control_needs_the_customer_s_yes_and_ends_with_a_stop_a_leaving_viewer_and_the_contact() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;

    act(&mut viewer, 1).await;
    assert_eq!(outcome(&mut viewer, 1).await.as_deref(), Some(refused::NO_CONTROL));
    viewer.0.send(ViewerToServer::from(AskPower { power: Power::Control }).encode()).await;
    assert_eq!(standing(&mut viewer, Standing::Asked).await, Standing::Asked);
    act(&mut viewer, 2).await;
    assert_eq!(
        outcome(&mut viewer, 2).await.as_deref(),
        Some(refused::NO_CONTROL),
        "a question is no answer"
    );
    let click = Deed::Click { at: AT };
    viewer.0.send(ViewerToServer::from(within(22, click.clone(), 1)).encode()).await;
    assert_eq!(outcome(&mut viewer, 22).await.as_deref(), Some(refused::NO_CONTROL), "nor within a frame");
    // The page heard of the question, and of neither deed.
    let asked = powers(&mut page, |powers| !powers.holds.is_empty()).await;
    assert!(!asked.holds[0].granted && asked.holds[0].by == "Ada" && asked.origins == [SHOP]);
    let number = asked.holds[0].number;
    let consent = Some(consent::CONTROL_VERSION.to_owned());
    page.send(PublisherToServer::from(AnswerPower { number, consent }).encode()).await;
    standing(&mut viewer, Standing::Yes).await;
    act(&mut viewer, 3).await;
    let done = deed(&mut page).await;
    assert_eq!(done.number, number);
    page.send(PublisherToServer::from(ActDone { order: done.order, refused: None }).encode()).await;
    assert_eq!(outcome(&mut viewer, 3).await, None);
    viewer.0.send(ViewerToServer::from(within(33, click, 2)).encode()).await;
    let inner = page.wait(|bytes| match ServerToHand::decode(bytes) {
        Ok(ServerToHand::ActAskedWithin(inner)) => Some(inner),
        _ => None,
    });
    let ActAskedWithin { asked, path } = inner.await;
    assert!(asked.number == number && path.len() == 2, "to the page, which passes it on to its frame");
    page.send(PublisherToServer::from(ActDone { order: asked.order, refused: None }).encode()).await;
    assert_eq!(outcome(&mut viewer, 33).await, None);

    page.send(PublisherToServer::from(StopPower { power: Power::Control }).encode()).await;
    standing(&mut viewer, Standing::No).await;
    act(&mut viewer, 4).await;
    assert_eq!(outcome(&mut viewer, 4).await.as_deref(), Some(refused::NO_CONTROL));
    // Asked again at once, after a stop: too soon.
    viewer.0.send(ViewerToServer::from(AskPower { power: Power::Control }).encode()).await;
    assert_eq!(outcome(&mut viewer, 0).await.as_deref(), Some(refused::TOO_FAST));
    let told = kept(stage.server._folder.path());
    for event in ["power_asked", "power_granted", "control-1", "power_ended", "\"end\":\"customer\""] {
        assert!(told.contains(event), "{event} is not in {told}");
    }
    stage.server.assert_alive().await;
}

#[tokio::test]
async fn whoever_leaves_the_page_leaves_its_control() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.0.send(ViewerToServer::from(AskPower { power: Power::Control }).encode()).await;
    let number = powers(&mut page, |powers| !powers.holds.is_empty()).await.holds[0].number;
    let consent = Some(consent::CONTROL_VERSION.to_owned());
    page.send(PublisherToServer::from(AnswerPower { number, consent }).encode()).await;
    standing(&mut viewer, Standing::Yes).await;
    drop(viewer);
    powers(&mut page, |powers| powers.holds.is_empty()).await;
    let mut again = stage.viewer(None).await;
    assert_eq!(standing(&mut again, Standing::No).await, Standing::No);
    // The question that is taken back is not answered any more.
    again.0.send(ViewerToServer::from(AskPower { power: Power::Control }).encode()).await;
    let number = powers(&mut page, |powers| !powers.holds.is_empty()).await.holds[0].number;
    again.0.send(ViewerToServer::from(DropPower { power: Power::Control }).encode()).await;
    powers(&mut page, |powers| powers.holds.is_empty()).await;
    let consent = Some(consent::CONTROL_VERSION.to_owned());
    page.send(PublisherToServer::from(AnswerPower { number, consent }).encode()).await;
    act(&mut again, 9).await;
    assert_eq!(outcome(&mut again, 9).await.as_deref(), Some(refused::NO_CONTROL));
}

#[tokio::test]
async fn what_no_console_and_no_page_would_send_ends_the_connection() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    let made_up = AnswerPower { number: 1, consent: Some("whatever".into()) };
    page.send(PublisherToServer::from(made_up).encode()).await;
    assert_eq!(page.closed().await, close::MALFORMED, "consent is to a text that there is");
    let points = vec![(0, 0); shared::limits::INK_POINTS + 1];
    let fill = Deed::Fill { node: 5, text: "x".repeat(shared::limits::FILL_CHARS + 1), done: true };
    let long = "x".repeat(shared::limits::PINNED_CHARS + 1);
    for message in [
        ViewerToServer::from(Point {
            document: DOCUMENT,
            epoch: 1,
            mark: Mark::Ink { anchor: 1, stroke: 1, points },
        }),
        Act { act: 1, document: DOCUMENT, epoch: 1, seq: 0, deed: fill.clone() }.into(),
        within(1, fill, 1).into(),
        within(1, Deed::Click { at: AT }, shared::limits::ACT_STEPS + 1).into(),
        AddNote { document: DOCUMENT, epoch: 1, at: None, text: long }.into(),
        AddNote { document: DOCUMENT, epoch: 1, at: None, text: "  ".into() }.into(),
    ] {
        let mut viewer = stage.viewer(None).await;
        viewer.0.send(message.encode()).await;
        assert_eq!(viewer.0.closed().await, close::MALFORMED);
    }
    stage.server.assert_alive().await;
}

async fn act(viewer: &mut Viewer, act: u32) {
    let act = Act { act, document: DOCUMENT, epoch: 1, seq: 0, deed: Deed::Click { at: AT } };
    viewer.0.send(ViewerToServer::from(act).encode()).await;
}

/// A deed in a page in a frame, so many frames deep.
fn within(act: u32, deed: Deed, steps: usize) -> ActWithin {
    let act = Act { act, document: DOCUMENT, epoch: 1, seq: 0, deed };
    ActWithin { act, path: vec![Step { part: 9, epoch: 3, seq: 4 }; steps] }
}

async fn outcome(viewer: &mut Viewer, act: u32) -> Option<String> {
    viewer
        .pick(|message| {
            let ServerToViewer::ActOutcome(outcome) = message else { return None };
            (outcome.act == act).then_some(outcome.refused)
        })
        .await
}

async fn standing(viewer: &mut Viewer, wanted: Standing) -> Standing {
    viewer
        .pick(|message| {
            let ServerToViewer::Standings(standings) = message else { return None };
            (standings.control == wanted).then_some(standings.control)
        })
        .await
}

async fn powers(page: &mut Socket, wanted: impl Fn(&Powers) -> bool) -> Powers {
    page.wait(|bytes| {
        let message = ServerToHand::decode(bytes).ok()?;
        let is_deed = matches!(message, ServerToHand::ActAsked(_) | ServerToHand::ActAskedWithin(_));
        assert!(!is_deed, "{message:?} was passed on");
        if let ServerToHand::Powers(powers) = message { Some(powers).filter(&wanted) } else { None }
    })
    .await
}

async fn deed(page: &mut Socket) -> ActAsked {
    page.wait(|bytes| {
        if let Ok(ServerToHand::ActAsked(asked)) = ServerToHand::decode(bytes) { Some(asked) } else { None }
    })
    .await
}

/// All that stands in the files of the database.
fn kept(folder: &std::path::Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            if path.is_dir() {
                kept(&path)
            } else {
                String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
            }
        })
        .collect()
}

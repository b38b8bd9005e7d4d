//! A page and those who look at it, through the real sockets and the real engine.
use serde_json::json;
use shared::{
    ContactId, DocumentId, ProtocolVersion, TabId, close,
    wire::{
        Ping,
        console::{ConsoleToServer, GoReady, ServerToConsole, ViewRequest},
        handset::{HandsetToServer, Hello},
        mirror::*,
        widget::{self, WidgetToServer},
    },
};

use super::support::*;

const NUMBER: &str = "020 7946 0123";
const DOCUMENT: DocumentId = DocumentId(0xD0C);

#[tokio::test]
async fn viewer_sees_what_the_page_published_before_and_what_it_publishes_now() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    let keyframe = vec![7; 200_000];
    page.send(frame(FrameKind::Keyframe, 1, 0, &keyframe)).await;
    page.send(frame(FrameKind::Patch, 1, 1, b"one")).await;

    let mut viewer = stage.viewer(None).await;
    let started = viewer.started().await;
    assert_eq!((started.tab, started.document), (TabId(1), DOCUMENT));
    let mut orders = Vec::new();
    for (seq, bytes) in [(0, &keyframe[..]), (1, b"one")] {
        let frame = viewer.frame().await;
        assert_eq!((frame.epoch, frame.seq, &frame.bytes[..]), (1, seq, bytes));
        orders.push(frame.order);
    }
    page.send(frame(FrameKind::Patch, 1, 2, b"two")).await;
    let live = viewer.frame().await;
    assert_eq!((live.seq, &live.bytes[..]), (2, &b"two"[..]));
    orders.push(live.order);
    assert!(orders.is_sorted_by(|a, b| a < b), "{orders:?}");
    page.send(frame(FrameKind::Pointer, 1, 2, b"here")).await;
    assert_eq!(viewer.frame().await.kind, FrameKind::Pointer);
}

#[tokio::test]
async fn viewer_who_comes_back_goes_on_where_it_was() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    for (seq, kind) in [(0, FrameKind::Keyframe), (1, FrameKind::Patch), (2, FrameKind::Patch)] {
        page.send(frame(kind, 1, seq, b"x")).await;
    }
    let mut viewer = stage.viewer(None).await;
    while viewer.frame().await.seq < 2 {}
    page.send(frame(FrameKind::Patch, 1, 3, b"missed")).await;
    let resume = ResumePoint { document: DOCUMENT, epoch: 1, seq: 2 };
    let mut again = stage.viewer(Some(resume)).await;
    let first = again
        .0
        .wait(|bytes| {
            let message = ServerToViewer::decode(bytes).unwrap();
            assert!(!matches!(message, ServerToViewer::StreamStarted(_)), "it goes on, it does not begin");
            if let ServerToViewer::StreamFrame(frame) = message { Some(frame) } else { None }
        })
        .await;
    assert_eq!((first.seq, &first.bytes[..]), (3, &b"missed"[..]));
}

#[tokio::test]
async fn page_never_waits_for_a_viewer_who_does_not_read_and_that_viewer_ends_up_with_the_same_page() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    let mut viewer = stage.viewer(None).await;
    // More than sockets buffer, several times over.
    let mut last = (0, 0);
    for epoch in 1..=3 {
        page.send(frame(FrameKind::Keyframe, epoch, 0, &vec![1; 4 * 1024 * 1024])).await;
        for seq in 1..=100 {
            page.send(frame(FrameKind::Patch, epoch, seq, b"patch")).await;
            last = (epoch, seq);
        }
        page.send(PublisherToServer::from(Ping { nonce: epoch }).encode()).await;
        let pong = page.wait(|bytes| {
            let message = ServerToPublisher::decode(bytes).unwrap();
            if let ServerToPublisher::Pong(pong) = message { Some(pong.nonce) } else { None }
        });
        assert_eq!(pong.await, epoch);
    }
    let mut has = None;
    while has != Some(last) {
        let next = viewer.frame().await;
        let follows = next.seq.checked_sub(1).map(|before| (next.epoch, before));
        assert!(next.seq == 0 || has == follows, "{has:?} then {} {}", next.epoch, next.seq);
        has = Some((next.epoch, next.seq));
    }
}

#[tokio::test]
async fn stop_empties_the_replica_and_nothing_more_gets_through() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"private")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let mut widget = stage.server.widget(&stage.token).await;
    assert_eq!(widget.status(|status| !status.viewers.is_empty()).await.viewers, ["Ada"]);

    widget.send(WidgetToServer::from(widget::Share { on: false }).encode()).await;
    assert!(!viewer.sharing_changed().await.on);
    page.wait(|bytes| {
        if let ServerToPublisher::SharingSet(SharingSet { on: false }) =
            ServerToPublisher::decode(bytes).unwrap()
        {
            Some(())
        } else {
            None
        }
    })
    .await;
    assert!(widget.status(|status| !status.status.sharing).await.viewers.is_empty());
    page.send(frame(FrameKind::Patch, 1, 1, b"leak")).await;
    page.send(frame(FrameKind::Keyframe, 2, 0, b"leak")).await;
    // The answer says that the frames before it were taken (and dropped).
    page.send(PublisherToServer::from(Ping { nonce: 1 }).encode()).await;
    page.wait(|bytes| {
        matches!(ServerToPublisher::decode(bytes), Ok(ServerToPublisher::Pong(_))).then_some(())
    })
    .await;

    widget.send(WidgetToServer::from(widget::Share { on: true }).encode()).await;
    assert!(viewer.sharing_changed().await.on);
    page.wait(|bytes| {
        if let ServerToPublisher::SharingSet(SharingSet { on: true }) =
            ServerToPublisher::decode(bytes).unwrap()
        {
            Some(())
        } else {
            None
        }
    })
    .await;
    page.send(frame(FrameKind::Keyframe, 3, 0, b"shown again")).await;
    assert_eq!(viewer.frame().await.bytes, b"shown again");
}

#[tokio::test]
async fn viewer_follows_the_tab_in_front_and_hears_when_a_page_goes() {
    let stage = Stage::set().await;
    let mut first = stage.page(TabId(1), DocumentId(1)).await;
    first.send(frame(FrameKind::Keyframe, 1, 0, b"first")).await;
    let mut viewer = stage.viewer(None).await;
    assert_eq!(viewer.started().await.document, DocumentId(1));

    let mut second = stage.page(TabId(2), DocumentId(2)).await;
    second.send(frame(FrameKind::Keyframe, 1, 0, b"second")).await;
    assert_eq!(viewer.started().await.document, DocumentId(2));
    assert_eq!(viewer.frame().await.bytes, b"second");

    first.send(PublisherToServer::from(InFront { yes: true }).encode()).await;
    assert_eq!(viewer.started().await.document, DocumentId(1));
    wanted(&mut first).await;
    first.send(frame(FrameKind::Keyframe, 2, 0, b"first again")).await;
    assert_eq!(viewer.frame().await.bytes, b"first again");

    drop(first);
    let ended = viewer
        .pick(|message| if let ServerToViewer::StreamEnded(ended) = message { Some(ended) } else { None });
    assert_eq!(ended.await.document, DocumentId(1));
    assert_eq!(viewer.started().await.document, DocumentId(2));
}

#[tokio::test]
async fn hole_in_a_stream_and_a_broken_epoch_are_noticed() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a")).await;
    page.send(frame(FrameKind::Patch, 1, 2, b"hole")).await;
    wanted(&mut page).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"the same epoch again")).await;
    assert_eq!(page.closed().await, close::MALFORMED);
    let mut other = stage.page(TabId(1), DOCUMENT).await;
    other.try_send(tokio_tungstenite::tungstenite::Message::Binary(vec![3, 0, 9].into())).await;
    assert_eq!(other.closed().await, close::MALFORMED);
    stage.server.assert_alive().await;
}

#[tokio::test]
async fn agent_leads_the_customer_to_pages_of_the_business_alone() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    for (url, refused) in [
        ("http://evil.test/", Some("foreign_origin")),
        ("javascript:alert(1)", Some("bad_url")),
        ("http://shop.test/cart", None),
    ] {
        viewer.0.send(ViewerToServer::from(PushUrl { url: url.into() }).encode()).await;
        let outcome = viewer
            .pick(
                |message| {
                    if let ServerToViewer::PushOutcome(outcome) = message { Some(outcome) } else { None }
                },
            )
            .await;
        assert_eq!((outcome.url.as_str(), outcome.refused.as_deref()), (url, refused));
    }
    let led = page
        .wait(|bytes| {
            if let ServerToPublisher::Navigate(navigate) = ServerToPublisher::decode(bytes).unwrap() {
                Some(navigate)
            } else {
                None
            }
        })
        .await;
    assert_eq!((led.url.as_str(), led.by.as_str()), ("http://shop.test/cart", "Ada"));
}

#[tokio::test]
async fn end_of_the_contact_ends_pages_and_viewers() {
    let stage = Stage::set().await;
    let mut page = stage.page(TabId(1), DOCUMENT).await;
    page.send(frame(FrameKind::Keyframe, 1, 0, b"a")).await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let mut widget = stage.server.widget(&stage.token).await;
    widget.send(WidgetToServer::from(widget::Cancel {}).encode()).await;
    assert_eq!(viewer.0.closed().await, close::FINISHED);
    assert_eq!(page.closed().await, close::FINISHED);
    let mut late = stage.open_view(None).await;
    assert_eq!(late.closed().await, close::FINISHED, "the capability is worth nothing now");
}

/// A contact for which an agent is reserved, while the customer's telephone rings.
pub(super) struct Stage {
    pub(super) server: Server,
    /// Another session of hers would end this one.
    pub(super) ada: Agent,
    pub(super) token: String,
    view: String,
    pub(super) contact: ContactId,
    _handset: Socket,
    _console: Socket,
}

impl Stage {
    pub(super) async fn set() -> Self {
        Self::on(server().await, "1").await
    }

    /// `consent`: the version that the customer agrees to.
    pub(super) async fn on(server: Server, consent: &str) -> Self {
        let handset = handset(&server).await;
        let ada = server.ada().await;
        let mut console = server.console(&ada, true).await;
        console.send(ConsoleToServer::from(GoReady {}).encode()).await;
        let mut asked = call(NUMBER);
        asked["consent"] = consent.into();
        let accepted = server.accepted(asked).await;
        let contact: ContactId = console
            .console_wait(|message| {
                if let ServerToConsole::ContactShown(shown) = message { Some(shown.contact) } else { None }
            })
            .await;
        assert_eq!(contact, accepted.contact);
        console.send(ConsoleToServer::from(ViewRequest { contact }).encode()).await;
        let view = console
            .console_wait(|message| {
                assert!(!matches!(message, ServerToConsole::Refused(_)), "{message:?}");
                if let ServerToConsole::ViewGranted(granted) = message { Some(granted.token) } else { None }
            })
            .await;
        Self { server, contact, ada, token: accepted.token, view, _handset: handset, _console: console }
    }

    /// The same for another contact's page.
    pub(super) fn of(self, contact: ContactId, token: String) -> Self {
        Self { contact, token, ..self }
    }

    pub(super) async fn page(&self, tab: TabId, document: DocumentId) -> Socket {
        let mut socket = self.server.socket("/ws/mirror", &[("origin", SHOP)]).await;
        let hello =
            PublisherHello { version: ProtocolVersion::CURRENT, token: self.token.clone(), tab, document };
        socket.send(PublisherToServer::from(hello).encode()).await;
        let first = socket.wait(|bytes| Some(ServerToPublisher::decode(bytes).unwrap())).await;
        assert!(matches!(first, ServerToPublisher::PublisherWelcome(welcome) if welcome.sharing));
        socket
    }

    async fn open_view(&self, resume: Option<ResumePoint>) -> Socket {
        let mut socket = self.server.socket("/ws/view", &[("origin", &self.server.origin)]).await;
        let hello = ViewerHello { version: ProtocolVersion::CURRENT, token: self.view.clone(), resume };
        socket.send(ViewerToServer::from(hello).encode()).await;
        socket
    }

    pub(super) async fn viewer(&self, resume: Option<ResumePoint>) -> Viewer {
        let mut viewer = Viewer(self.open_view(resume).await);
        let welcome = viewer.pick(|message| {
            if let ServerToViewer::ViewerWelcome(welcome) = message { Some(welcome) } else { None }
        });
        assert_eq!(welcome.await.origins, [SHOP]);
        viewer
    }
}

pub(super) struct Viewer(pub(super) Socket);

impl Viewer {
    pub(super) async fn pick<T>(&mut self, pick: impl Fn(ServerToViewer) -> Option<T>) -> T {
        self.0.wait(|bytes| pick(ServerToViewer::decode(bytes).unwrap())).await
    }

    pub(super) async fn frame(&mut self) -> StreamFrame {
        self.pick(|message| if let ServerToViewer::StreamFrame(frame) = message { Some(frame) } else { None })
            .await
    }

    pub(super) async fn welcomed(&mut self) -> ViewerWelcome {
        self.pick(
            |message| if let ServerToViewer::ViewerWelcome(welcome) = message { Some(welcome) } else { None },
        )
        .await
    }

    async fn started(&mut self) -> StreamStarted {
        self.pick(
            |message| if let ServerToViewer::StreamStarted(started) = message { Some(started) } else { None },
        )
        .await
    }

    async fn sharing_changed(&mut self) -> SharingChanged {
        self.pick(
            |message| {
                if let ServerToViewer::SharingChanged(changed) = message { Some(changed) } else { None }
            },
        )
        .await
    }
}

/// A telephone that rings and is not answered, so that the contact stays where it is.
async fn handset(server: &Server) -> Socket {
    let link = server.running.as_ref().unwrap().demo.clone().unwrap().handset;
    let code = link.split_once("#code=").unwrap().1;
    let token = server.post("/api/v1/handset", &server.origin, json!({"code": code})).send().await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let mut socket = server.socket("/ws/handset", &[("origin", &server.origin)]).await;
    let hello = Hello { version: ProtocolVersion::CURRENT, token };
    socket.send(HandsetToServer::from(hello).encode()).await;
    socket.next().await;
    socket
}

pub(super) fn frame(kind: FrameKind, epoch: u32, seq: u32, bytes: &[u8]) -> Vec<u8> {
    PublisherToServer::from(Frame { kind, epoch, seq, bytes: bytes.to_vec() }).encode()
}

async fn wanted(page: &mut Socket) {
    page.wait(|bytes| {
        matches!(ServerToPublisher::decode(bytes), Ok(ServerToPublisher::KeyframeWanted(_))).then_some(())
    })
    .await;
}

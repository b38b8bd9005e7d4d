//! A viewer: the replica and its connection.
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use page_mirror::replay::View;
use shared::{
    DocumentId, ProtocolVersion,
    wire::{
        Ping,
        mirror::{
            KeyframeNeeded, PushUrl, ResumePoint, ServerToViewer, StreamFrame, ViewerHello, ViewerToServer,
            ViewerWelcome,
        },
    },
};
use softphone::socket::{Socket, SocketEvent};
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::replica::{Outcome, Replica};

/// What the console shows beside the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewEvent {
    Connecting,
    Connected,
    /// Not connected; the page shown may be old.
    Waiting {
        retry_ms: u32,
    },
    /// For good, with the close code. `close::UNAUTHORIZED`: ask for a new token.
    Closed {
        code: u16,
    },
    /// A page is (true) or is no longer (false) shown.
    Streaming(bool),
    /// Another URL, title or size.
    Page(View),
    /// The customer allows (or stopped) to be seen.
    Sharing(bool),
    /// Who else watches.
    Audience(Vec<String>),
    /// What became of a page that somebody pushed; `refused` is a problem code.
    Pushed {
        url: String,
        refused: Option<String>,
    },
}

/// Follows the contact that the token is for, until dropped.
pub struct ReplicaView(Rc<Inner>);

struct Inner {
    replica: Replica,
    socket: RefCell<Option<Socket>>,
    /// The document that is shown or awaited.
    document: Cell<Option<DocumentId>>,
    /// A keyframe was asked for and did not come yet.
    asked: Cell<bool>,
    page: RefCell<View>,
    on: Rc<dyn Fn(ViewEvent)>,
}

impl ReplicaView {
    /// Fills `host` and connects to `socket` (`ws(s)://HOST/ws/view`). `on` is called from the page's event
    /// loop, and once (`Connecting`) before this returns; it may drop the view.
    pub fn open(
        host: &Element,
        address: &str,
        socket: &str,
        token: String,
        on: Rc<dyn Fn(ViewEvent)>,
    ) -> Result<Self, JsValue> {
        let inner = Rc::new(Inner {
            replica: Replica::new(host, address)?,
            socket: RefCell::default(),
            document: Cell::new(None),
            asked: Cell::new(false),
            page: RefCell::default(),
            on,
        });
        let (hello, heard) = (Rc::downgrade(&inner), Rc::downgrade(&inner));
        let opened = Socket::open(
            socket,
            move || ViewerToServer::from(hello_of(&hello, &token)).encode(),
            |nonce| ViewerToServer::from(Ping { nonce }).encode(),
            Rc::new(move |event| {
                if let Some(inner) = heard.upgrade() {
                    inner.heard(event);
                }
            }),
        );
        inner.socket.replace(Some(opened));
        Ok(Self(inner))
    }

    /// Leads the customer to a page of the business. False: not connected. The outcome comes as an event.
    pub fn push_url(&self, url: &str) -> bool {
        self.0.send(ViewerToServer::from(PushUrl { url: url.to_owned() }))
    }

    pub fn replica(&self) -> &Replica {
        &self.0.replica
    }
}

fn hello_of(inner: &Weak<Inner>, token: &str) -> ViewerHello {
    let resume = inner.upgrade().and_then(|inner| {
        let (epoch, seq) = inner.replica.position()?;
        Some(ResumePoint { document: inner.document.get()?, epoch, seq })
    });
    ViewerHello { version: ProtocolVersion::CURRENT, token: token.to_owned(), resume }
}

impl Inner {
    fn heard(&self, event: SocketEvent) {
        match event {
            SocketEvent::Connecting => (self.on)(ViewEvent::Connecting),
            SocketEvent::Open => {}
            SocketEvent::Waiting { retry_ms } => (self.on)(ViewEvent::Waiting { retry_ms }),
            SocketEvent::Closed { code } => {
                self.replica.clear();
                (self.on)(ViewEvent::Closed { code });
            }
            SocketEvent::Message(bytes) => {
                // What does not decode is a fault of the server's; the next frame shows a gap, and heals.
                if let Ok(message) = ServerToViewer::decode(&bytes) {
                    self.message(message);
                }
            }
        }
    }

    fn message(&self, message: ServerToViewer) {
        match message {
            ServerToViewer::ViewerWelcome(welcome) => self.welcome(&welcome),
            ServerToViewer::StreamStarted(started) => {
                self.begin(started.document);
                (self.on)(ViewEvent::Streaming(true));
            }
            ServerToViewer::StreamFrame(frame) => self.frame(&frame),
            ServerToViewer::StreamEnded(ended) => {
                // The last picture stays until the next page comes: a navigation takes a moment.
                if self.document.get() == Some(ended.document) {
                    (self.on)(ViewEvent::Streaming(false));
                }
            }
            ServerToViewer::SharingChanged(sharing) => {
                if !sharing.on {
                    self.forget();
                }
                (self.on)(ViewEvent::Sharing(sharing.on));
            }
            ServerToViewer::Audience(audience) => (self.on)(ViewEvent::Audience(audience.names)),
            ServerToViewer::PushOutcome(outcome) => {
                (self.on)(ViewEvent::Pushed { url: outcome.url, refused: outcome.refused });
            }
            ServerToViewer::Pong(_) | ServerToViewer::Unknown { .. } => {}
        }
    }

    fn welcome(&self, welcome: &ViewerWelcome) {
        if let Some(socket) = &*self.socket.borrow() {
            socket.set_heartbeat(welcome.heartbeat_ms);
        }
        self.replica.set_origins(&welcome.origins);
        self.asked.set(false);
        if !welcome.sharing {
            self.forget();
        }
        (self.on)(ViewEvent::Connected);
        (self.on)(ViewEvent::Sharing(welcome.sharing));
    }

    /// Another document: the old picture stays until its keyframe, but nothing of it is gone on from.
    fn begin(&self, document: DocumentId) {
        if self.document.replace(Some(document)) != Some(document) {
            self.replica.await_keyframe();
            self.asked.set(false);
        }
    }

    fn forget(&self) {
        self.document.set(None);
        self.page.take();
        self.replica.clear();
    }

    fn frame(&self, frame: &StreamFrame) {
        self.begin(frame.document);
        match self.replica.apply(frame) {
            Outcome::Applied => {
                self.asked.set(false);
                let page = self.replica.page();
                if *self.page.borrow() != page {
                    self.page.replace(page.clone());
                    (self.on)(ViewEvent::Page(page));
                }
            }
            Outcome::Old => {}
            Outcome::NeedKeyframe => {
                if !self.asked.replace(true) {
                    self.send(ViewerToServer::from(KeyframeNeeded { document: frame.document }));
                }
            }
        }
    }

    fn send(&self, message: ViewerToServer) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.send(message.encode()))
    }
}

//! A viewer: the replica and its connection.
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use page_mirror::replay::View;
use shared::{
    DocumentId, ProtocolVersion, TabId,
    wire::{
        Ping,
        lead::{AskPower, DropPower, Note, Power, RemoveNote, Standings},
        mirror::{
            KeyframeNeeded, PushUrl, ResumePoint, ServerToViewer, StreamFrame, ViewerHello, ViewerToServer,
            ViewerWelcome,
        },
    },
};
use softphone::socket::{Socket, SocketEvent};
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::{
    replica::{Outcome, Replica},
    tool::{Tool, Tools},
};

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
    /// A page begins; true: in another tab than the one before.
    OtherTab(bool),
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
    /// What this agent may do in the page.
    Standings(Standings),
    /// What became of a deed; 0 is a question.
    Acted {
        act: u32,
        refused: Option<String>,
    },
    /// All notes on the page.
    Notes(Vec<Note>),
    /// A note was placed.
    Pinned,
}

/// Follows the contact that the token is for, until dropped.
pub struct ReplicaView(Rc<Inner>);

struct Inner {
    replica: Replica,
    socket: RefCell<Option<Socket>>,
    /// The document that is shown or awaited.
    document: Cell<Option<DocumentId>>,
    /// Where it is open.
    tab: Cell<Option<TabId>>,
    /// A keyframe was asked for and did not come yet.
    asked: Cell<bool>,
    page: RefCell<View>,
    tools: RefCell<Option<Rc<Tools>>>,
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
            tab: Cell::new(None),
            asked: Cell::new(false),
            page: RefCell::default(),
            tools: RefCell::default(),
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
        inner.tools.replace(Some(tools_of(&inner)));
        Ok(Self(inner))
    }

    /// Leads the customer to a page of the business. False: not connected. The outcome comes as an event.
    pub fn push_url(&self, url: &str) -> bool {
        self.0.send(ViewerToServer::from(PushUrl { url: url.to_owned() }))
    }

    /// Asks the customer for a power.
    pub fn ask(&self, power: Power) -> bool {
        self.0.send(ViewerToServer::from(AskPower { power }))
    }

    /// Gives it back, or takes the question back.
    pub fn give_back(&self, power: Power) -> bool {
        self.0.send(ViewerToServer::from(DropPower { power }))
    }

    /// What the mouse does above the page.
    pub fn choose(&self, tool: Tool) {
        self.0.with_tools(|tools| tools.choose(tool));
    }

    /// The wheel scrolls the customer's page, as long as the agent has control.
    pub fn lead(&self, yes: bool) {
        self.0.with_tools(|tools| tools.lead(yes));
    }

    /// Puts a note on the page, or (`at_element`) where the agent presses next.
    pub fn note(&self, text: &str, at_element: bool) {
        self.0.with_tools(|tools| {
            tools.prepare_note(text);
            if !at_element {
                tools.pin(None);
            }
        });
    }

    pub fn remove_note(&self, note: u32) -> bool {
        self.0.send(ViewerToServer::from(RemoveNote { note }))
    }

    pub fn replica(&self) -> &Replica {
        &self.0.replica
    }
}

fn tools_of(inner: &Rc<Inner>) -> Rc<Tools> {
    let (of, from, to) = (Rc::downgrade(inner), Rc::downgrade(inner), Rc::downgrade(inner));
    Tools::new(
        inner.replica.clone(),
        Rc::new(move || of.upgrade()?.document.get()),
        Rc::new(move |message| from.upgrade().is_some_and(|inner| inner.send(message))),
        Rc::new(move || {
            if let Some(inner) = to.upgrade() {
                (inner.on)(ViewEvent::Pinned);
            }
        }),
    )
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
                let before = self.tab.replace(Some(started.tab));
                (self.on)(ViewEvent::Streaming(true));
                (self.on)(ViewEvent::OtherTab(before.is_some_and(|before| before != started.tab)));
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
            ServerToViewer::Standings(standings) => (self.on)(ViewEvent::Standings(standings)),
            ServerToViewer::ActOutcome(outcome) => {
                if outcome.refused.is_some() {
                    self.with_tools(|tools| tools.give_up_typing());
                }
                (self.on)(ViewEvent::Acted { act: outcome.act, refused: outcome.refused });
            }
            ServerToViewer::Notes(notes) => (self.on)(ViewEvent::Notes(notes.notes)),
            ServerToViewer::Pointed(_) | ServerToViewer::Pong(_) | ServerToViewer::Unknown { .. } => {}
        }
    }

    fn with_tools(&self, work: impl FnOnce(&Rc<Tools>)) {
        let tools = self.tools.borrow().clone();
        if let Some(tools) = tools {
            work(&tools);
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

//! One contact's line, as Rust sees it: a socket that comes back, and the leg that this page carries.
use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use shared::{
    LegId, ProtocolVersion, TabId, Timestamp, close, limits,
    wire::{
        LegFailed, LegOffer, LegTrouble, Ping,
        widget::{Hello, ServerToWidget, SessionCode, Status, WidgetToServer},
    },
};
use softphone::{Microphone, PhoneEvent, Socket, SocketEvent, Softphone, StartOptions};
use wasm_bindgen_futures::spawn_local;
use web_sys::Node;

/// What must arrive but could not be sent yet: cancel, Stop.
const UNSENT: usize = 8;

/// What the line tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Connected(bool),
    Status(Box<Status>),
    /// Server's clock.
    Clock(Timestamp),
    /// The server knows no such contact, or is done with it. Nothing follows.
    Over,
    Voice(Voice),
    /// The code that was asked for.
    Code(SessionCode),
}

/// How the sound of a call in this page is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// This page carries no leg (any more).
    Idle = 0,
    Up = 1,
    /// It is being brought back.
    Away = 2,
    /// The browser plays nothing before a gesture.
    Blocked = 3,
    MicrophoneLost = 4,
}

pub struct LineOptions {
    /// The `ws(s)://HOST/ws/widget` URL.
    pub url: String,
    /// The contact token.
    pub token: String,
    pub tab: TabId,
    /// Asked at every connection: can this page carry the leg now?
    pub carries: Box<dyn Fn() -> bool>,
    /// Where the `<audio>` goes.
    pub mount: Node,
    /// Called from the page's event loop, never from within a call of the line. It may drop it.
    pub on: Box<dyn Fn(Heard)>,
}

/// Connects, and stays connected until it is dropped.
pub struct Line(Rc<Inner>);

struct Inner {
    options: LineOptions,
    socket: RefCell<Option<Socket>>,
    phone: RefCell<Option<Softphone>>,
    /// Granted at a click, for the leg that comes.
    microphone: RefCell<Option<Microphone>>,
    unsent: RefCell<Vec<WidgetToServer>>,
}

impl Line {
    pub fn open(options: LineOptions, microphone: Option<Microphone>) -> Self {
        let inner = Rc::new(Inner {
            options,
            socket: RefCell::default(),
            phone: RefCell::default(),
            microphone: RefCell::new(microphone),
            unsent: RefCell::default(),
        });
        inner.connect();
        Self(inner)
    }

    /// Connects anew, and so is the newest of the contact's pages: it is the one that is invited. The leg that this
    /// page carries goes on until the server says otherwise.
    pub fn reopen(&self, microphone: Option<Microphone>) {
        if microphone.is_some() {
            self.0.microphone.replace(microphone);
        }
        self.0.connect();
    }

    /// False if there is no connection now.
    pub fn send(&self, message: &WidgetToServer) -> bool {
        self.0.send(message)
    }

    /// Sends now, or as soon as there is a connection.
    pub fn send_surely(&self, message: WidgetToServer) {
        self.0.send_surely(message);
    }

    /// Starts the sound, in the handler of a gesture.
    pub fn hear(&self) {
        self.with_phone(Softphone::hear);
    }

    /// A muted microphone sends silence; the leg stays up.
    pub fn mute(&self, muted: bool) {
        self.with_phone(|phone| phone.mute(muted));
    }

    fn with_phone(&self, work: impl FnOnce(&Softphone)) {
        if let Some(phone) = &*self.0.phone.borrow() {
            work(phone);
        }
    }

    /// Closes it. The contact lives on.
    pub fn stop(&self) {
        let (socket, phone) = (self.0.socket.take(), self.0.phone.take());
        drop((socket, phone));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `work` when nothing of the line is borrowed, if it still lives.
fn later(inner: &Weak<Inner>, work: impl FnOnce(&Rc<Inner>) + 'static) {
    let inner = inner.clone();
    spawn_local(async move {
        if let Some(inner) = inner.upgrade() {
            work(&inner);
        }
    });
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        let (asked, heard) = (Rc::downgrade(self), Rc::downgrade(self));
        let LineOptions { url, token, tab, .. } = &self.options;
        let (token, tab) = (token.clone(), *tab);
        let hello = move || {
            let voice = asked.upgrade().is_some_and(|inner| (inner.options.carries)());
            let hello = Hello { version: ProtocolVersion::CURRENT, token: token.clone(), tab, voice };
            WidgetToServer::from(hello).encode()
        };
        let ping = |nonce| WidgetToServer::from(Ping { nonce }).encode();
        let on = Rc::new(move |event| later(&heard, move |inner| inner.socket_said(event)));
        let socket = Socket::open(url, hello, ping, on);
        let before = self.socket.replace(Some(socket));
        drop(before);
    }

    fn tell(&self, heard: Heard) {
        (self.options.on)(heard);
    }

    fn voice_is(&self, voice: Voice) {
        self.tell(Heard::Voice(voice));
    }

    fn send(&self, message: &WidgetToServer) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.send(message.encode()))
    }

    /// Sends now, or as soon as there is a connection.
    fn send_surely(&self, message: WidgetToServer) {
        if !self.send(&message) {
            let mut unsent = self.unsent.borrow_mut();
            if unsent.len() < UNSENT {
                unsent.push(message);
            }
        }
    }

    fn socket_said(self: &Rc<Self>, event: SocketEvent) {
        match event {
            SocketEvent::Connecting => {}
            SocketEvent::Open => {
                for message in self.unsent.take() {
                    self.send_surely(message);
                }
            }
            SocketEvent::Message(bytes) => self.heard(&bytes),
            SocketEvent::Waiting { .. } => self.tell(Heard::Connected(false)),
            SocketEvent::Closed { code: close::UNAUTHORIZED | close::FINISHED } => {
                self.tell(Heard::Over);
            }
            // The page's policy forbids sockets, or this build is too old: the call itself goes on.
            SocketEvent::Closed { .. } => self.tell(Heard::Connected(false)),
        }
    }

    fn heard(self: &Rc<Self>, bytes: &[u8]) {
        match ServerToWidget::decode(bytes) {
            Ok(ServerToWidget::Welcome(welcome)) => {
                if let Some(socket) = &*self.socket.borrow() {
                    socket.set_heartbeat(welcome.heartbeat_ms);
                }
                self.tell(Heard::Clock(welcome.now));
                self.tell(Heard::Connected(true));
            }
            Ok(ServerToWidget::Status(status)) => self.tell(Heard::Status(Box::new(status))),
            // Only those are invited whose hello said that they can.
            Ok(ServerToWidget::LegInvite(invite)) => self.invited(invite.leg),
            Ok(ServerToWidget::LegAnswer(answer)) => {
                if let Some(phone) = &*self.phone.borrow()
                    && phone.leg() == answer.leg
                {
                    phone.answer(answer.sdp);
                }
            }
            Ok(ServerToWidget::LegGone(gone)) => self.hang_up(gone.leg),
            Ok(ServerToWidget::SessionCode(code)) => self.tell(Heard::Code(code)),
            // What this build does not know is passed over.
            Ok(ServerToWidget::Pong(_) | ServerToWidget::Unknown { .. }) | Err(_) => {}
        }
    }

    fn invited(self: &Rc<Self>, leg: LegId) {
        if let Some(phone) = &*self.phone.borrow()
            && phone.leg() == leg
        {
            return phone.invited_again();
        }
        let heard = Rc::downgrade(self);
        let phone = Softphone::start(StartOptions {
            leg,
            microphone: self.microphone.take(),
            mount: self.options.mount.clone(),
            on_event: Rc::new(move |event| later(&heard, move |inner| inner.phone_said(event))),
        });
        let before = self.phone.replace(Some(phone));
        drop(before);
    }

    fn phone_said(&self, event: PhoneEvent) {
        match event {
            PhoneEvent::Offer { leg, sdp } if sdp.len() <= limits::SDP_BYTES => {
                // If it is lost, the next connection's invitation asks for it again.
                self.send(&LegOffer { leg, sdp }.into());
            }
            PhoneEvent::Offer { .. } => self.failed(LegTrouble::MediaFailed),
            PhoneEvent::Failed(why) => self.failed(why),
            PhoneEvent::Connected => self.voice_is(Voice::Up),
            PhoneEvent::Disconnected => self.voice_is(Voice::Away),
            PhoneEvent::AutoplayBlocked => self.voice_is(Voice::Blocked),
            PhoneEvent::MicrophoneLost => self.voice_is(Voice::MicrophoneLost),
        }
    }

    fn failed(&self, why: LegTrouble) {
        let leg = self.phone.borrow().as_ref().map(Softphone::leg);
        if let Some(leg) = leg {
            self.send_surely(LegFailed { leg, why }.into());
            self.hang_up(leg);
        }
    }

    fn hang_up(&self, leg: LegId) {
        let is_ours = self.phone.borrow().as_ref().is_some_and(|phone| phone.leg() == leg);
        if is_ours {
            let phone = self.phone.take();
            drop(phone);
            self.voice_is(Voice::Idle);
        }
    }
}

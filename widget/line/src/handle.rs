//! One contact's line.
use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use js_sys::{Function, JSON};
use shared::{
    LegId, ProtocolVersion, TabId, Timestamp,
    api::PageView,
    close, limits,
    wire::{
        LegFailed, LegOffer, LegTrouble, Ping,
        widget::{Cancel, ContextSet, Hello, PageViewed, ServerToWidget, Share, WidgetToServer},
    },
};
use softphone::{PhoneEvent, Socket, SocketEvent, Softphone, StartOptions};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::Node;

/// What must arrive but could not be sent yet: cancel, Stop.
const UNSENT: usize = 8;

/// What the line tells, with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Whether it is connected.
    Connected = 0,
    /// `{status, viewers}`, the status as the HTTP API writes it.
    Status = 1,
    /// Server's clock, in milliseconds.
    Clock = 2,
    /// The server knows no such contact, or is done with it. Nothing follows.
    Over = 3,
    /// How the sound is doing: [`Voice`].
    Voice = 4,
}

/// How the sound of a call in this page is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Idle = 0,
    Up = 1,
    /// It is being brought back.
    Away = 2,
    /// The browser plays nothing before a gesture.
    Blocked = 3,
    MicrophoneLost = 4,
}

/// The handle that the widget holds.
#[wasm_bindgen]
pub struct Line(Rc<Inner>);

struct Inner {
    on: Function,
    voice: bool,
    mount: Node,
    socket: RefCell<Option<Socket>>,
    phone: RefCell<Option<Softphone>>,
    unsent: RefCell<Vec<WidgetToServer>>,
}

#[wasm_bindgen]
impl Line {
    /// Cancels the request, or hangs up.
    pub fn cancel(&self) {
        self.0.send_surely(Cancel {}.into());
    }

    /// Allows the page to be seen, or no more.
    pub fn share(&self, on: bool) {
        self.0.send_surely(Share { on }.into());
    }

    /// The customer went to another page. False if there is no connection now.
    pub fn page(&self, page: &JsValue) -> bool {
        let text = |name: &str| super::get(page, name).as_string().unwrap_or_default();
        let at = Timestamp(super::get(page, "at").as_f64().unwrap_or(0.0) as u64);
        let page = PageView { url: text("url"), title: text("title"), at };
        self.0.send(&PageViewed { page }.into())
    }

    /// Cart or product data, as JSON. False if there is no connection now.
    pub fn context(&self, json: String) -> bool {
        self.0.send(&ContextSet { context: json }.into())
    }

    /// Starts the sound, in the handler of a gesture.
    pub fn hear(&self) {
        if let Some(phone) = &*self.0.phone.borrow() {
            phone.hear();
        }
    }

    /// Closes it. The contact lives on.
    pub fn stop(&self) {
        let (socket, phone) = (self.0.socket.take(), self.0.phone.take());
        drop((socket, phone));
    }
}

impl Line {
    pub(crate) fn open(url: &str, token: String, tab: TabId, voice: bool, mount: Node, on: Function) -> Self {
        let inner = Rc::new(Inner {
            on,
            voice,
            mount,
            socket: RefCell::default(),
            phone: RefCell::default(),
            unsent: RefCell::default(),
        });
        let hello = move || {
            let hello = Hello { version: ProtocolVersion::CURRENT, token: token.clone(), tab, voice };
            WidgetToServer::from(hello).encode()
        };
        let ping = |nonce| WidgetToServer::from(Ping { nonce }).encode();
        let heard = Rc::downgrade(&inner);
        let on = Rc::new(move |event| later(&heard, move |inner| inner.socket_said(event)));
        let socket = Socket::open(url, hello, ping, on);
        inner.socket.replace(Some(socket));
        Self(inner)
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
    fn tell(&self, said: Said, value: &JsValue) {
        // What the widget throws is its own affair.
        let _ = self.on.call2(&JsValue::UNDEFINED, &JsValue::from(said as u8), value);
    }

    fn voice_is(&self, voice: Voice) {
        self.tell(Said::Voice, &JsValue::from(voice as u8));
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
            SocketEvent::Waiting { .. } => self.tell(Said::Connected, &false.into()),
            SocketEvent::Closed { code: close::UNAUTHORIZED | close::FINISHED } => {
                self.tell(Said::Over, &JsValue::UNDEFINED);
            }
            // The page's policy forbids sockets, or this build is too old: the call itself goes on.
            SocketEvent::Closed { .. } => self.tell(Said::Connected, &false.into()),
        }
    }

    fn heard(self: &Rc<Self>, bytes: &[u8]) {
        match ServerToWidget::decode(bytes) {
            Ok(ServerToWidget::Welcome(welcome)) => {
                if let Some(socket) = &*self.socket.borrow() {
                    socket.set_heartbeat(welcome.heartbeat_ms);
                }
                self.tell(Said::Clock, &(welcome.now.0 as f64).into());
                self.tell(Said::Connected, &true.into());
            }
            Ok(ServerToWidget::Status(status)) => {
                // Both sides of this boundary read the API's JSON already.
                let json = serde_json::to_string(&status).unwrap_or_default();
                self.tell(Said::Status, &JSON::parse(&json).unwrap_or(JsValue::UNDEFINED));
            }
            Ok(ServerToWidget::LegInvite(invite)) if self.voice => self.invited(invite.leg),
            Ok(ServerToWidget::LegAnswer(answer)) => {
                if let Some(phone) = &*self.phone.borrow()
                    && phone.leg() == answer.leg
                {
                    phone.answer(answer.sdp);
                }
            }
            Ok(ServerToWidget::LegGone(gone)) => self.hang_up(gone.leg),
            // What this build does not know, and what another tab is to hear, is passed over.
            Ok(ServerToWidget::Pong(_) | ServerToWidget::LegInvite(_) | ServerToWidget::Unknown { .. })
            | Err(_) => {}
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
            microphone: super::take_microphone(),
            mount: self.mount.clone(),
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

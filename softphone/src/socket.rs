//! A binary WebSocket that comes back: hello first, heartbeats, waits that grow, and the rule of the close
//! codes ([`shared::close`]).
//!
//! Pings follow the clock only while nothing was heard: a ping's answer arms the next one. Browsers slow
//! chains of timers down in hidden pages, but not a timer that an arriving message set.
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use shared::close;
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::{
    dom::{Listener, Timer, window},
    pace::{self, Next},
};

/// A connection that is not open by then is given up, in milliseconds.
pub const CONNECT_LIMIT_MS: u32 = 10_000;
/// Interval of pings until the server names its own, in milliseconds.
pub const FIRST_HEARTBEAT_MS: u32 = 15_000;
/// How long an answer may take when the browser says that its network changed, in milliseconds.
pub const PROBE_LIMIT_MS: u32 = 3_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    Connecting,
    /// The hello was sent.
    Open,
    /// One binary frame.
    Message(Vec<u8>),
    /// Not connected; the next attempt starts in `retry_ms`, or earlier if the network comes back.
    Waiting {
        retry_ms: u32,
    },
    /// For good. Nothing follows.
    Closed {
        code: u16,
    },
}

/// Owns the connection; dropping it closes.
pub struct Socket(Rc<Inner>);

struct Inner {
    url: String,
    hello: Box<dyn Fn() -> Vec<u8>>,
    ping: Box<dyn Fn(u32) -> Vec<u8>>,
    on: Rc<dyn Fn(SocketEvent)>,
    state: RefCell<State>,
    heartbeat_ms: Cell<u32>,
    nonce: Cell<u32>,
    /// Attempts since a connection last worked.
    failed: Cell<u32>,
    network: RefCell<Vec<Listener>>,
}

enum State {
    Waiting { _retry: Timer },
    Linked(Link),
    Closed,
}

/// One connection. Dropping it forgets its events and closes it.
struct Link {
    ws: WebSocket,
    open: bool,
    /// A ping was sent and nothing was heard since.
    awaiting: bool,
    timer: Timer,
    _listeners: [Listener; 3],
}

impl Drop for Link {
    fn drop(&mut self) {
        // It throws only for codes and reasons, and there are none.
        let _ = self.ws.close();
    }
}

impl Socket {
    /// Connects to `url` (`ws:` or `wss:`). `hello` makes the first frame of every connection, `ping` the
    /// frame of a heartbeat. `on` is called from the page's event loop, never from within a call of this
    /// type except for `open` itself; it may drop the socket.
    pub fn open(
        url: &str,
        hello: impl Fn() -> Vec<u8> + 'static,
        ping: impl Fn(u32) -> Vec<u8> + 'static,
        on: Rc<dyn Fn(SocketEvent)>,
    ) -> Self {
        let inner = Rc::new(Inner {
            url: url.to_owned(),
            hello: Box::new(hello),
            ping: Box::new(ping),
            on,
            state: RefCell::new(State::Closed),
            heartbeat_ms: Cell::new(FIRST_HEARTBEAT_MS),
            nonce: Cell::new(0),
            failed: Cell::new(0),
            network: RefCell::default(),
        });
        let on_network = |kind| {
            let inner = Rc::downgrade(&inner);
            Listener::new(window().as_ref(), kind, move |_| {
                with(&inner, Inner::network_changed);
            })
        };
        *inner.network.borrow_mut() = vec![on_network("online"), on_network("offline")];
        inner.connect();
        Self(inner)
    }

    /// Sends one binary frame. False if there is no open connection: nothing is kept for later.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        match &*self.0.state.borrow() {
            State::Linked(link) if link.open => link.ws.send_with_u8_array(&bytes).is_ok(),
            State::Linked(_) | State::Waiting { .. } | State::Closed => false,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(&*self.0.state.borrow(), State::Linked(link) if link.open)
    }

    /// The server's interval, from its welcome. A ping leaves at three quarters of it.
    pub fn set_heartbeat(&self, ms: u32) {
        self.0.heartbeat_ms.set(ms.max(1_000));
        self.0.rearm();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.network.take();
        let _ = self.0.state.replace(State::Closed);
    }
}

fn with(inner: &Weak<Inner>, work: impl FnOnce(&Rc<Inner>)) {
    if let Some(inner) = inner.upgrade() {
        work(&inner);
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        (self.on)(SocketEvent::Connecting);
        let Ok(ws) = WebSocket::new(&self.url) else {
            // The address is no WebSocket's, or the page's policy forbids it: no attempt can succeed.
            return self.stop(close::MALFORMED);
        };
        ws.set_binary_type(BinaryType::Arraybuffer);
        let (opened, heard, ended) = (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let listeners = [
            Listener::new(&ws, "open", move |_| with(&opened, Self::opened)),
            Listener::new(&ws, "message", move |event| {
                let data = event.unchecked_into::<MessageEvent>().data();
                with(&heard, |inner| inner.heard(&data));
            }),
            Listener::new(&ws, "close", move |event| {
                let code = event.unchecked_into::<CloseEvent>().code();
                with(&ended, |inner| inner.ended(code));
            }),
        ];
        let timer = self.timer(CONNECT_LIMIT_MS, |inner| inner.ended(close::HEARTBEAT_MISSED));
        let link = Link { ws, open: false, awaiting: false, timer, _listeners: listeners };
        let _ = self.state.replace(State::Linked(link));
    }

    fn opened(self: &Rc<Self>) {
        let hello = (self.hello)();
        if let State::Linked(link) = &mut *self.state.borrow_mut() {
            link.open = link.ws.send_with_u8_array(&hello).is_ok();
        }
        self.rearm();
        (self.on)(SocketEvent::Open);
    }

    fn heard(self: &Rc<Self>, data: &wasm_bindgen::JsValue) {
        self.failed.set(0);
        let awaited = match &mut *self.state.borrow_mut() {
            State::Linked(link) => std::mem::take(&mut link.awaiting),
            State::Waiting { .. } | State::Closed => return,
        };
        if awaited {
            self.rearm();
        }
        // Text is not spoken here; only an ArrayBuffer has bytes.
        if let Some(buffer) = data.dyn_ref::<js_sys::ArrayBuffer>() {
            (self.on)(SocketEvent::Message(js_sys::Uint8Array::new(buffer).to_vec()));
        }
    }

    fn ended(self: &Rc<Self>, code: u16) {
        let failed = self.failed.get();
        match pace::after_close(code, failed, js_sys::Math::random()) {
            Next::Stop => self.stop(code),
            Next::Wait(retry_ms) => {
                self.failed.set(failed.saturating_add(1));
                let retry = self.timer(retry_ms, Self::connect);
                let old = self.state.replace(State::Waiting { _retry: retry });
                drop(old);
                (self.on)(SocketEvent::Waiting { retry_ms });
            }
        }
    }

    fn stop(&self, code: u16) {
        self.network.take();
        let old = self.state.replace(State::Closed);
        drop(old);
        (self.on)(SocketEvent::Closed { code });
    }

    /// The next ping leaves after three quarters of the interval, if the connection is open.
    fn rearm(self: &Rc<Self>) {
        let timer = self.timer(self.heartbeat_ms.get() / 4 * 3, |inner| inner.beat(inner.heartbeat_ms.get()));
        if let State::Linked(link) = &mut *self.state.borrow_mut()
            && link.open
            && !link.awaiting
        {
            link.timer = timer;
        }
    }

    /// Sends a ping, and gives the connection up if nothing is heard within `limit_ms`.
    fn beat(self: &Rc<Self>, limit_ms: u32) {
        let nonce = self.nonce.get().wrapping_add(1);
        self.nonce.set(nonce);
        let ping = (self.ping)(nonce);
        let deadline = self.timer(limit_ms, |inner| inner.ended(close::HEARTBEAT_MISSED));
        if let State::Linked(link) = &mut *self.state.borrow_mut()
            && link.open
        {
            // A failed send shows as a close event or as the missing answer.
            let _ = link.ws.send_with_u8_array(&ping);
            link.awaiting = true;
            link.timer = deadline;
        }
    }

    /// The browser went on or off line. It may be wrong (a server on this machine needs no network), so
    /// the connection is asked.
    fn network_changed(self: &Rc<Self>) {
        let waiting = matches!(&*self.state.borrow(), State::Waiting { .. });
        if waiting {
            self.connect();
        } else {
            self.beat(PROBE_LIMIT_MS);
        }
    }

    fn timer(self: &Rc<Self>, ms: u32, work: impl FnOnce(&Rc<Self>) + 'static) -> Timer {
        let inner = Rc::downgrade(self);
        Timer::new(ms, move || with(&inner, work))
    }
}

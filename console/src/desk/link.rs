//! The desk's socket: the hook that connects the pure state with the world. Its voice is in `voice`.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use shared::{
    ContactId, ProtocolVersion,
    wire::{
        LegInvite, Ping,
        console::{
            Accept, ConsoleToServer, Decline, GoAway, GoReady, HangUp, Hello, Hold, JoinByCode, SaveWrapUp,
            ServerToConsole, Unwatch, ViewRequest, Watch,
        },
    },
};
use softphone::{Microphone, Socket, SocketEvent, Softphone};
use yew::prelude::*;

use super::{
    state::{DeskState, Happened, Link},
    take_up::TakeUp,
    voice::kept_input,
};
use crate::time::browser_now;

/// Owns the socket and the softphone of one desk. Everything that an agent does goes through here.
pub(crate) struct Desk {
    dispatch: UseReducerDispatcher<DeskState>,
    socket: RefCell<Option<Socket>>,
    pub(super) phone: RefCell<Option<Softphone>>,
    pub(super) microphone: RefCell<Option<Microphone>>,
    /// Chosen by the agent; None is the browser's default.
    pub(super) input: RefCell<Option<String>>,
    pub(super) take_up: RefCell<TakeUp>,
    /// Take over from another window at the next hello.
    take_over: Cell<bool>,
    /// The server has greeted this connection.
    is_up: Cell<bool>,
}

impl Desk {
    pub(crate) fn new(dispatch: UseReducerDispatcher<DeskState>) -> Rc<Self> {
        Rc::new(Self {
            dispatch,
            socket: RefCell::default(),
            phone: RefCell::default(),
            microphone: RefCell::default(),
            input: RefCell::new(kept_input()),
            take_up: RefCell::default(),
            take_over: Cell::new(true),
            is_up: Cell::new(false),
        })
    }

    /// Connects, or connects anew and drops another window of this agent.
    pub(crate) fn connect(self: &Rc<Self>) {
        let url = socket_url("/ws/console");
        let (hello, heard) = (Rc::downgrade(self), Rc::downgrade(self));
        let say_hello = move || {
            let take_over = hello.upgrade().is_some_and(|desk| desk.take_over.replace(false));
            ConsoleToServer::from(Hello { version: ProtocolVersion::CURRENT, take_over }).encode()
        };
        let ping = |nonce| ConsoleToServer::from(Ping { nonce }).encode();
        let on = Rc::new(move |event| {
            if let Some(desk) = heard.upgrade() {
                desk.socket_event(event);
            }
        });
        self.take_over.set(true);
        let socket = Socket::open(&url, say_hello, ping, on);
        *self.socket.borrow_mut() = Some(socket);
    }

    pub(crate) fn disconnect(&self) {
        self.phone.take();
        self.microphone.take();
        self.socket.take();
    }

    fn socket_event(self: &Rc<Self>, event: SocketEvent) {
        if !matches!(event, SocketEvent::Message(_)) {
            self.is_up.set(false);
        }
        match event {
            SocketEvent::Connecting => self.tell(Happened::Link(Link::Connecting)),
            SocketEvent::Open => {}
            SocketEvent::Waiting { .. } => self.tell(Happened::Link(Link::Down)),
            SocketEvent::Closed { code } => {
                self.phone.take();
                self.microphone.take();
                self.take_up.take();
                self.tell(Happened::Link(Link::Closed { code }));
            }
            SocketEvent::Message(bytes) => match ServerToConsole::decode(&bytes) {
                Ok(message) => self.heard(message),
                Err(error) => {
                    self.notice(&format!("The server sent something unreadable ({error}). Reload the page."))
                }
            },
        }
    }

    /// What the hook itself must do about a message; the state learns of every message.
    fn heard(self: &Rc<Self>, message: ServerToConsole) {
        if let (ServerToConsole::Welcome(welcome), Some(socket)) = (&message, &*self.socket.borrow()) {
            self.is_up.set(true);
            socket.set_heartbeat(welcome.heartbeat_ms);
        }
        if let ServerToConsole::AgentState(agent) = &message {
            // A page that was reloaded in mid-call takes its leg up again without asking.
            let begins = self.take_up.borrow_mut().stands(agent.presence);
            self.begin(begins);
        }
        if let ServerToConsole::LegAnswer(answer) = &message
            && let Some(phone) = self.phone.borrow().as_ref().filter(|phone| phone.leg() == answer.leg)
        {
            phone.answer(answer.sdp.clone());
        }
        if let ServerToConsole::LegGone(gone) = &message {
            self.take_up.borrow_mut().gone(gone.leg);
            if self.carries(gone.leg) {
                self.phone.take();
                self.microphone.take();
            }
        }
        let invite =
            if let ServerToConsole::LegInvite(LegInvite { leg }) = &message { Some(*leg) } else { None };
        self.tell(Happened::Server(message, browser_now()));
        if let Some(leg) = invite {
            self.invited(leg);
        }
    }

    /// Sends what the page says by itself, and says again when it is asked to.
    pub(super) fn passes_on(&self, message: impl Into<ConsoleToServer>) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.send(message.into().encode()))
    }

    /// Sends; where there is no connection the agent is told, because nothing was done.
    pub(super) fn send(&self, message: impl Into<ConsoleToServer>) -> bool {
        let sent = self.passes_on(message);
        if !sent {
            self.notice("No connection to the server. Try again in a moment.");
        }
        sent
    }

    pub(super) fn has_connection(&self) -> bool {
        self.is_up.get()
    }

    pub(super) fn tell(&self, happened: Happened) {
        self.dispatch.dispatch(happened);
    }

    pub(crate) fn notice(&self, text: &str) {
        self.tell(Happened::Notice(Some(text.to_owned())));
    }

    pub(crate) fn dismiss(&self) {
        self.tell(Happened::Notice(None));
    }

    pub(crate) fn ready(&self) {
        self.dismiss();
        self.send(GoReady {});
    }

    pub(crate) fn away(&self, reason: &str) {
        self.dismiss();
        self.send(GoAway { reason: reason.to_owned() });
    }

    /// The click that accepts is also the gesture that asks for the microphone.
    pub(crate) fn accept(self: &Rc<Self>, contact: ContactId) {
        self.dismiss();
        *self.microphone.borrow_mut() = Some(self.asks_for_microphone());
        if self.send(Accept { contact }) {
            let begins = self.take_up.borrow_mut().accepted();
            self.begin(begins);
        }
    }

    pub(crate) fn decline(&self, contact: ContactId) {
        self.send(Decline { contact });
    }

    pub(crate) fn hang_up(&self, contact: ContactId) {
        self.send(HangUp { contact });
    }

    pub(crate) fn hold(&self, contact: ContactId, on: bool) {
        self.send(Hold { contact, on });
    }

    pub(crate) fn ask_view(&self, contact: ContactId) {
        self.send(ViewRequest { contact });
    }

    /// A supervisor looks on.
    pub(crate) fn watch(&self, contact: ContactId, label: &str) {
        self.dismiss();
        self.tell(Happened::Watches(contact, label.to_owned()));
        if !self.send(Watch { contact }) {
            self.tell(Happened::WatchOver(contact, None));
        }
    }

    /// Looks on with a customer's code. False: there is no connection.
    pub(crate) fn join_by_code(&self, code: &str) -> bool {
        self.dismiss();
        self.send(JoinByCode { code: code.to_owned() })
    }

    pub(crate) fn unwatch(&self, contact: ContactId) {
        self.send(Unwatch { contact });
        self.tell(Happened::WatchOver(contact, None));
    }

    /// The page that the agent looked on at is shown no more.
    pub(crate) fn watch_ended(&self, contact: ContactId) {
        self.tell(Happened::WatchOver(contact, Some(crate::words::WATCH_ENDED)));
    }

    pub(crate) fn save(&self, draft: &super::state::Draft, done: bool) -> bool {
        let (contact, wrap_up, revision) = (draft.contact, draft.wrap_up.clone(), draft.revision);
        self.send(SaveWrapUp { contact, wrap_up, revision, done })
    }

    pub(crate) fn typed(&self, wrap_up: shared::api::WrapUp) {
        self.tell(Happened::Typed(wrap_up));
    }
}

/// Two handles are the same desk.
#[derive(Clone)]
pub(crate) struct DeskHandle(pub(crate) Rc<Desk>);

impl PartialEq for DeskHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl std::ops::Deref for DeskHandle {
    type Target = Rc<Desk>;
    fn deref(&self) -> &Rc<Desk> {
        &self.0
    }
}

/// `wss://host/path` of the page's own server.
pub(crate) fn socket_url(path: &str) -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, wasm_bindgen::JsValue>| {
        location.as_ref().and_then(|location| read(location).ok()).unwrap_or_default()
    };
    let scheme = if part(web_sys::Location::protocol) == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}{path}", part(web_sys::Location::host))
}

/// The desk's state and handle, connected while the component lives.
#[hook]
pub(crate) fn use_desk() -> (UseReducerHandle<DeskState>, DeskHandle) {
    let state = use_reducer(DeskState::default);
    let dispatcher = state.dispatcher();
    let desk = use_memo((), |()| DeskHandle(Desk::new(dispatcher)));
    let connected = (*desk).clone();
    use_effect_with((), move |()| {
        connected.connect();
        move || connected.disconnect()
    });
    (state, (*desk).clone())
}

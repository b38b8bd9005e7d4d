//! Carries out what [`crate::state`] decides: socket, softphone, sounds, storage, focus.
use std::rc::Rc;

use gloo::{
    events::EventListener,
    timers::callback::Interval,
    utils::{body, document, window},
};
use shared::{
    LegId, ProtocolVersion,
    wire::{
        Ping,
        handset::{HandsetToServer, Hello, ServerToHandset},
    },
};
use softphone::{Microphone, Socket, SocketEvent, Softphone, StartOptions};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use crate::{
    door,
    sound::Sound,
    state::{Action, Effect, Off, State},
    view, words,
};

pub(crate) struct App {
    state: State,
    socket: Option<Socket>,
    softphone: Option<Softphone>,
    sound: Sound,
    /// The ring may sound: the page was touched.
    sounds: bool,
    /// Of the link, while it was not exchanged.
    code: Option<String>,
    answer: NodeRef,
    _clock: Interval,
    _listeners: [EventListener; 2],
}

pub(crate) enum Msg {
    Do(Action),
    /// A message that does not decode is passed over: the server is newer than it said.
    Socket(SocketEvent),
    Token(Result<String, Off>),
    /// Any touch or key.
    Gesture,
    Key(KeyboardEvent),
    /// Tries the code, or else the kept token, again.
    Retry,
    Reload,
}

impl From<Action> for Msg {
    fn from(action: Action) -> Self {
        Self::Do(action)
    }
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let (clock, touched, keyed) = (ctx.link().clone(), ctx.link().clone(), ctx.link().clone());
        ctx.link().send_message(Msg::Retry);
        Self {
            state: State::new(door::leg()),
            socket: None,
            softphone: None,
            sound: Sound::default(),
            sounds: false,
            code: door::code(),
            answer: NodeRef::default(),
            _clock: Interval::new(1_000, move || clock.send_message(Action::Clock)),
            _listeners: [
                EventListener::new(&document(), "pointerdown", move |_| touched.send_message(Msg::Gesture)),
                EventListener::new(&document(), "keydown", move |event| {
                    keyed.send_message_batch(vec![Msg::Gesture, Msg::Key(event.clone().unchecked_into())]);
                }),
            ],
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Do(action) => self.act(ctx, action),
            Msg::Socket(event) => self.on_socket(ctx, event),
            Msg::Token(result) => self.on_token(ctx, result),
            Msg::Gesture => {
                let was = std::mem::replace(&mut self.sounds, self.sound.allow());
                return was != self.sounds;
            }
            Msg::Key(event) => self.key(ctx, &event),
            Msg::Retry => self.enter(ctx),
            Msg::Reload => {
                // Where a browser refuses it, the user has its own button.
                let _ = window().location().reload();
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let act = ctx.link().callback(|msg: Msg| msg);
        view::telephone(&self.state, js_sys::Date::now(), self.sounds, &self.answer, &act)
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        document().set_title(&words::title(&self.state));
        // Enter answers, unless the user is somewhere else.
        let nowhere = document().active_element().is_none_or(|element| element == *body());
        if nowhere && let Some(answer) = self.answer.cast::<HtmlElement>() {
            // It fails only for an element that is gone, and then there is nothing to answer.
            let _ = answer.focus();
        }
    }
}

impl App {
    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        for effect in self.state.step(action, js_sys::Date::now()) {
            self.carry_out(ctx, effect);
        }
        self.sound.ring(self.state.rings_aloud());
    }

    fn carry_out(&mut self, ctx: &Context<Self>, effect: Effect) {
        match effect {
            Effect::Heartbeat(ms) => {
                if let Some(socket) = &self.socket {
                    socket.set_heartbeat(ms);
                }
            }
            Effect::Send(message) => self.send(ctx, &message),
            Effect::StartLeg(leg) => self.start(ctx, leg),
            Effect::TakeAnswer(sdp) => self.with(|softphone| softphone.answer(sdp)),
            Effect::InvitedAgain => self.with(Softphone::invited_again),
            Effect::EndLeg => self.softphone = None,
            Effect::Mute(muted) => self.with(|softphone| softphone.mute(muted)),
            Effect::Hear => self.with(Softphone::hear),
            Effect::KeyTone(key) => self.sound.key(key),
            Effect::Keep(leg) => door::keep_leg(leg),
            Effect::ForgetToken => door::keep_token(None),
        }
    }

    fn with(&self, work: impl FnOnce(&Softphone)) {
        if let Some(softphone) = &self.softphone {
            work(softphone);
        }
    }

    fn send(&self, ctx: &Context<Self>, message: &HandsetToServer) {
        let sent = self.socket.as_ref().is_some_and(|socket| socket.send(message.encode()));
        // Whatever else was not sent is made up for when the server rings again.
        if !sent && matches!(message, HandsetToServer::Digit(_)) {
            ctx.link().send_message(Action::KeyLost);
        }
    }

    fn start(&mut self, ctx: &Context<Self>, leg: LegId) {
        let link = ctx.link().clone();
        self.softphone = Some(Softphone::start(StartOptions {
            leg,
            microphone: Some(Microphone::request(None)),
            mount: body().into(),
            on_event: Rc::new(move |event| link.send_message(Action::Phone(event))),
        }));
    }

    /// By the code if there is one that was not tried, by the kept token otherwise.
    fn enter(&mut self, ctx: &Context<Self>) {
        self.socket = None;
        if let Some(code) = self.code.clone() {
            self.act(ctx, Action::Enter { code: true });
            ctx.link().send_future(async move { Msg::Token(door::exchange(&code).await) });
        } else if let Some(token) = door::token() {
            self.act(ctx, Action::Enter { code: false });
            self.connect(ctx, token);
        } else {
            self.act(ctx, Action::CannotEnter(Off::NoCode));
        }
    }

    fn on_token(&mut self, ctx: &Context<Self>, result: Result<String, Off>) {
        match result {
            Ok(token) => {
                self.code = None;
                door::keep_token(Some(&token));
                self.connect(ctx, token);
            }
            // A page that was opened by its old link again may still hold its token.
            Err(Off::BadCode) if door::token().is_some() => {
                self.code = None;
                self.enter(ctx);
            }
            Err(why) => self.act(ctx, Action::CannotEnter(why)),
        }
    }

    fn connect(&mut self, ctx: &Context<Self>, token: String) {
        let link = ctx.link().clone();
        let hello = move || {
            HandsetToServer::from(Hello { version: ProtocolVersion::CURRENT, token: token.clone() }).encode()
        };
        let ping = |nonce| HandsetToServer::from(Ping { nonce }).encode();
        let on = Rc::new(move |event| link.send_message(Msg::Socket(event)));
        self.socket = Some(Socket::open(&door::socket_url(), hello, ping, on));
    }

    fn on_socket(&mut self, ctx: &Context<Self>, event: SocketEvent) {
        match event {
            SocketEvent::Connecting => self.act(ctx, Action::Connecting),
            // The welcome says more.
            SocketEvent::Open => {}
            SocketEvent::Waiting { .. } => self.act(ctx, Action::Waiting),
            SocketEvent::Closed { code } => self.act(ctx, Action::Closed(code)),
            SocketEvent::Message(bytes) => {
                if let Ok(message) = ServerToHandset::decode(&bytes) {
                    self.act(ctx, Action::Heard(message));
                }
            }
        }
    }

    /// Keys of the keyboard are keys of the telephone; Escape declines.
    fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) {
        if event.repeat() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let key = event.key();
        let mut letters = key.chars();
        match (letters.next(), letters.next()) {
            (Some(key @ ('0'..='9' | '*' | '#')), None) => self.act(ctx, Action::Press(key)),
            _ if key == "Escape" => self.act(ctx, Action::Decline),
            _ => {}
        }
    }
}

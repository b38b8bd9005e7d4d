//! While a contact lives: its socket, the voice of one tab, the page recorder.
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use js_sys::Function;
use shared::{
    ProtocolVersion,
    api::Channel,
    close, limits,
    wire::{
        LegFailed, LegOffer, LegTrouble, Ping,
        widget::{ContextSet, Hello, PageViewed, ServerToWidget, WidgetToServer},
    },
};
use softphone::{PhoneEvent, Socket, SocketEvent};
use wasm_bindgen::{JsCast, JsValue};
use yew::Context;

use crate::{
    app::{App, Msg, RECORDER, VOICE_LOCK},
    js, page, request,
    state::{Event, Voice},
    strings,
};

/// What must arrive but could not be sent yet: cancel, Stop.
const UNSENT: usize = 8;
/// How long the customer reads where the agent leads, in milliseconds.
const LEAD_MS: u32 = 1_500;

/// The page recorder, a module of its own.
#[derive(Default)]
pub(crate) enum Recording {
    #[default]
    Off,
    Starting,
    /// Its handle: `stop()`.
    On(JsValue),
}

impl App {
    /// Voice belongs to one tab: the first to ask. The others wait for it to go.
    pub(crate) fn connect(&mut self, ctx: &Context<Self>) {
        self.disconnect();
        if self.state.live().is_some_and(|live| live.ticket.channel == Channel::Browser) {
            self.ask_voice_lock(false);
        } else {
            self.open_socket(ctx);
        }
    }

    fn ask_voice_lock(&self, wait: bool) {
        page::lock(&self.tell, VOICE_LOCK, &self.config.store.key("voice"), wait);
    }

    /// `free` lets the lock go; null: another tab has it.
    pub(crate) fn voice_lock_came(&mut self, ctx: &Context<Self>, free: JsValue) {
        let free = free.dyn_into::<Function>().ok();
        let live =
            self.state.live().filter(|live| live.ticket.channel == Channel::Browser && !live.has_ended());
        if live.is_none() || self.voice_free.is_some() {
            return let_free(free);
        }
        self.voice.set(free.is_some());
        let voice = if free.is_some() { Voice::Idle } else { Voice::Elsewhere };
        if free.is_none() {
            self.ask_voice_lock(true);
        }
        self.voice_free = free;
        self.handle(ctx, Event::VoiceIs(voice));
        self.open_socket(ctx);
    }

    pub(crate) fn open_socket(&mut self, ctx: &Context<Self>) {
        let Some(token) = self.state.live().map(|live| live.ticket.token.clone()) else { return };
        let (link, voice) = (ctx.link().clone(), self.voice.clone());
        let tab = page::tab().parse().unwrap_or(shared::TabId(0));
        let hello = move || {
            let hello =
                Hello { version: ProtocolVersion::CURRENT, token: token.clone(), tab, voice: voice.get() };
            WidgetToServer::from(hello).encode()
        };
        let ping = |nonce| WidgetToServer::from(Ping { nonce }).encode();
        let on = Rc::new(move |event| link.send_message(Msg::Socket(event)));
        // The old one goes first: the server would count two.
        self.socket = None;
        self.socket = Some(Socket::open(&self.config.socket("widget"), hello, ping, on));
    }

    pub(crate) fn disconnect(&mut self) {
        self.socket = None;
        self.phone = None;
        let_free(self.voice_free.take());
        self.voice.set(false);
        self.unsent.clear();
    }

    pub(crate) fn socket_said(&mut self, ctx: &Context<Self>, event: SocketEvent) {
        match event {
            SocketEvent::Connecting => {}
            SocketEvent::Open => {
                for message in std::mem::take(&mut self.unsent) {
                    self.send_surely(message);
                }
                self.tell_page();
            }
            SocketEvent::Message(bytes) => self.heard(ctx, &bytes),
            SocketEvent::Waiting { .. } => self.handle(ctx, Event::Connected(false)),
            SocketEvent::Closed { code: close::UNAUTHORIZED | close::FINISHED } => {
                self.handle(ctx, Event::Unknown)
            }
            // The page's policy forbids sockets, or this build is too old: the call itself goes on.
            SocketEvent::Closed { .. } => self.handle(ctx, Event::Connected(false)),
        }
    }

    fn heard(&mut self, ctx: &Context<Self>, bytes: &[u8]) {
        match ServerToWidget::decode(bytes) {
            Ok(ServerToWidget::Welcome(welcome)) => {
                self.clock_offset = welcome.now.0 as f64 - js_sys::Date::now();
                if let Some(socket) = &self.socket {
                    socket.set_heartbeat(welcome.heartbeat_ms);
                }
                self.handle(ctx, Event::Connected(true));
            }
            Ok(ServerToWidget::Status(status)) => {
                let (status, viewers) = (status.status, status.viewers);
                self.handle(ctx, Event::Status { status, viewers });
            }
            Ok(ServerToWidget::LegInvite(invite)) if self.voice.get() => {
                self.handle(ctx, Event::Invited(invite.leg));
            }
            Ok(ServerToWidget::LegAnswer(answer)) => {
                if let Some(phone) = self.phone.as_ref().filter(|phone| phone.leg() == answer.leg) {
                    phone.answer(answer.sdp);
                }
            }
            Ok(ServerToWidget::LegGone(gone)) if self.phone.as_ref().is_some_and(|p| p.leg() == gone.leg) => {
                self.handle(ctx, Event::LegEnded);
            }
            // What this build does not know, and what another tab is to hear, is passed over.
            Ok(
                ServerToWidget::Pong(_)
                | ServerToWidget::LegInvite(_)
                | ServerToWidget::LegGone(_)
                | ServerToWidget::Unknown { .. },
            )
            | Err(_) => {}
        }
    }

    fn send(&self, message: &WidgetToServer) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.send(message.encode()))
    }

    /// Sends now, or as soon as there is a connection.
    pub(crate) fn send_surely(&mut self, message: WidgetToServer) {
        if !self.send(&message) && self.unsent.len() < UNSENT {
            self.unsent.push(message);
        }
    }

    /// The page that is open, if the server does not know of it yet.
    pub(crate) fn tell_page(&mut self) {
        if self.socket.is_none() {
            return;
        }
        if let Some(page) = request::trail(&self.config).pop()
            && page.url != self.page_told
        {
            let url = page.url.clone();
            if self.send(&PageViewed { page }.into()) {
                self.page_told = url;
                self.tell_context();
            }
        }
    }

    pub(crate) fn tell_context(&self) {
        if let Some(context) = self.context.clone() {
            // Without a connection it goes with the next page.
            self.send(&ContextSet { context }.into());
        }
    }

    /// The browser keeps this page for "back".
    pub(crate) fn let_go(&mut self) {
        self.disconnect();
        self.stop_recorder();
    }

    /// The customer came back to a kept page: the contact may be over, or another may live.
    pub(crate) fn come_back(&mut self, ctx: &Context<Self>) {
        let had = self.state.live().map(|live| live.ticket.token.clone());
        match request::ticket(&self.config.store) {
            Some(ticket) if had.as_ref() == Some(&ticket.token) => self.connect(ctx),
            Some(ticket) => self.handle(ctx, Event::Found(ticket)),
            None if had.is_some() => self.handle(ctx, Event::Unknown),
            None => {}
        }
    }

    pub(crate) fn phone_said(&mut self, ctx: &Context<Self>, event: PhoneEvent) {
        let voice = match event {
            PhoneEvent::Offer { leg, sdp } if sdp.len() <= limits::SDP_BYTES => {
                // If it is lost, the next connection's invitation asks for it again.
                self.send(&LegOffer { leg, sdp }.into());
                return;
            }
            PhoneEvent::Offer { .. } => return self.voice_failed(ctx, LegTrouble::MediaFailed),
            PhoneEvent::Failed(why) => return self.voice_failed(ctx, why),
            PhoneEvent::Connected => Voice::Up,
            PhoneEvent::Disconnected => Voice::Away,
            PhoneEvent::AutoplayBlocked => Voice::Blocked,
            PhoneEvent::MicrophoneLost => Voice::MicrophoneLost,
        };
        if voice == Voice::Blocked {
            // The sound waits for a gesture, so the words must be seen.
            self.handle(ctx, Event::Opened);
        }
        self.handle(ctx, Event::VoiceIs(voice));
    }

    fn voice_failed(&mut self, ctx: &Context<Self>, why: LegTrouble) {
        if let Some(phone) = &self.phone {
            let leg = phone.leg();
            self.send_surely(LegFailed { leg, why }.into());
        }
        self.handle(ctx, Event::LegEnded);
    }

    /// Runs the recorder exactly while the page is to be shown.
    pub(crate) fn sync_recorder(&mut self) {
        let wanted = self.state.is_sharing() && self.socket.is_some();
        if !wanted {
            self.stop_recorder();
        } else if let (Recording::Off, Some(live)) = (&self.recording, self.state.live()) {
            let module = self.config.module("recorder.js");
            let (socket, token) = (self.config.socket("mirror"), &live.ticket.token);
            page::record(&self.tell, RECORDER, &module, &socket, token, &page::tab());
            self.recording = Recording::Starting;
        }
    }

    /// Its handle; null if the page's policy refuses it, and then it is not asked again.
    pub(crate) fn recorder_came(&mut self, handle: JsValue) {
        if !handle.is_null() {
            self.recording = Recording::On(handle);
            self.sync_recorder();
        }
    }

    fn stop_recorder(&mut self) {
        if let Recording::On(handle) = &self.recording {
            page::call(handle, "stop", &JsValue::UNDEFINED);
            self.recording = Recording::Off;
        }
    }

    pub(crate) fn recorder_said(&mut self, ctx: &Context<Self>, said: &JsValue) {
        if js::words(said, "type") == "navigate"
            && let Some(url) = page::leadable(&js::words(said, "url"))
        {
            let address = [url.host(), url.pathname()].concat();
            self.handle(ctx, Event::Led(strings::leads(&js::words(said, "by"), &address)));
            self.leading = Some(Timeout::new(LEAD_MS, move || {
                // A page that refuses to be left stays.
                let _ = page::window().location().assign(&url.href());
            }));
        }
    }
}

fn let_free(lock: Option<Function>) {
    if let Some(free) = lock {
        // It is a promise's resolver, which never throws.
        let _ = free.call0(&JsValue::NULL);
    }
}

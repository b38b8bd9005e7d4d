//! While a contact lives: its socket, the voice of one tab, the page recorder.
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use js_sys::Promise;
use shared::{
    LegId, ProtocolVersion,
    api::Channel,
    close, limits,
    wire::{
        LegFailed, LegOffer, LegTrouble, Ping,
        widget::{ContextSet, Hello, PageViewed, ServerToWidget, WidgetToServer},
    },
};
use softphone::{PhoneEvent, Socket, SocketEvent, Softphone, StartOptions};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Url;
use yew::Context;

use crate::{
    app::{App, Msg},
    browser::{self, Lock},
    js, request,
    state::{Event, Ticket, Voice},
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
    pub(crate) fn connect(&mut self, ctx: &Context<Self>, ticket: &Ticket) {
        self.disconnect();
        if ticket.channel == Channel::Telephone {
            return self.open_socket(ctx);
        }
        let (link, name) = (ctx.link().clone(), self.config.store.key("voice"));
        spawn_local(async move {
            let lock = browser::lock(&name, false).await;
            let waits = lock.is_none();
            link.send_message(Msg::VoiceLock(lock));
            if waits && let Some(lock) = browser::lock(&name, true).await {
                link.send_message(Msg::VoiceLock(Some(lock)));
            }
        });
    }

    pub(crate) fn voice_lock_came(&mut self, ctx: &Context<Self>, lock: Option<Lock>) {
        let wanted = self
            .state
            .live()
            .is_some_and(|live| live.ticket.channel == Channel::Browser && !live.has_ended());
        if !wanted || self.voice_lock.is_some() {
            return; // dropping it lets another tab have it
        }
        self.voice.set(lock.is_some());
        self.voice_lock = lock;
        let voice = if self.voice.get() { Voice::Idle } else { Voice::Elsewhere };
        self.handle(ctx, Event::VoiceIs(voice));
        self.open_socket(ctx);
    }

    pub(crate) fn open_socket(&mut self, ctx: &Context<Self>) {
        let Some(token) = self.state.live().map(|live| live.ticket.token.clone()) else { return };
        let (link, voice, tab) = (ctx.link().clone(), self.voice.clone(), browser::tab());
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
        self.voice_lock = None;
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
        match request::ticket(&self.config.store) {
            Some(ticket) if self.state.live().is_some_and(|live| live.ticket == ticket) => {
                self.connect(ctx, &ticket)
            }
            Some(ticket) => self.handle(ctx, Event::Found(ticket)),
            None if self.state.live().is_some() => self.handle(ctx, Event::Unknown),
            None => {}
        }
    }

    pub(crate) fn start_voice(&mut self, ctx: &Context<Self>, leg: LegId) {
        if let Some(phone) = self.phone.as_ref().filter(|phone| phone.leg() == leg) {
            return phone.invited_again();
        }
        let link = ctx.link().clone();
        self.phone = Some(Softphone::start(StartOptions {
            leg,
            microphone: self.microphone.take(),
            mount: self.config.root.clone().into(),
            on_event: Rc::new(move |event| link.send_message(Msg::Phone(event))),
        }));
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
    pub(crate) fn sync_recorder(&mut self, ctx: &Context<Self>) {
        let wanted = self.state.is_sharing() && self.socket.is_some();
        match (&self.recording, wanted) {
            (Recording::Off, true) => self.start_recorder(ctx),
            (Recording::On(_), false) => self.stop_recorder(),
            (Recording::Off, false) | (Recording::On(_), true) | (Recording::Starting, _) => {}
        }
    }

    fn start_recorder(&mut self, ctx: &Context<Self>) {
        let Some(live) = self.state.live() else { return };
        let Some(module) = self.config.module("recorder.js") else { return };
        let options = js::Record::new()
            .with("socket", self.config.socket("mirror"))
            .with("token", &*live.ticket.token)
            .with("tab", browser::tab().to_string());
        self.recording = Recording::Starting;
        let link = ctx.link().clone();
        spawn_local(async move {
            let said = link.clone();
            let on =
                Closure::<dyn Fn(JsValue)>::new(move |event| said.send_message(Msg::RecorderSaid(event)));
            if let Ok(handle) = record(module, &options.into(), &on.into_js_value()).await {
                link.send_message(Msg::Recorder(Recording::On(handle)));
            } // else it stays `Starting`: a page whose policy refuses it is not asked again
        });
    }

    fn stop_recorder(&mut self) {
        if let Recording::On(handle) = std::mem::take(&mut self.recording) {
            let stop = js::get(&handle, "stop");
            if let Some(stop) = stop.dyn_ref::<js_sys::Function>() {
                let _ = stop.call0(&handle);
            }
        }
    }

    pub(crate) fn recorder_said(&mut self, ctx: &Context<Self>, said: &JsValue) {
        if js::text(said, "type").as_deref() != Some("navigate") {
            return;
        }
        let (url, by) = (js::text(said, "url").unwrap_or_default(), js::text(said, "by").unwrap_or_default());
        let Some(url) = leadable(&url) else { return };
        let address = [url.host(), url.pathname()].concat();
        self.handle(ctx, Event::Led { text: Some(strings::leads(&by, &address)) });
        self.leading = Some(Timeout::new(LEAD_MS, move || {
            // A page that refuses to be left stays.
            let _ = browser::window().location().assign(&url.href());
        }));
    }
}

/// A page of the web, no less secure than this one.
fn leadable(url: &str) -> Option<Url> {
    let url = Url::new(url).ok()?;
    let here = browser::window().location().protocol().unwrap_or_default();
    let scheme = url.protocol();
    let plain = url.username().is_empty() && url.password().is_empty();
    (plain && (scheme == "https:" || scheme == "http:" && here == "http:")).then_some(url)
}

/// Loads the recorder and starts it; gives back its handle.
async fn record(module: Promise, options: &JsValue, on: &JsValue) -> Result<JsValue, JsValue> {
    let module = JsFuture::from(module).await?;
    let init = js::get(&module, "default").dyn_into::<js_sys::Function>()?;
    JsFuture::from(Promise::resolve(&init.call0(&JsValue::UNDEFINED)?)).await?;
    let start = js::get(&module, "start").dyn_into::<js_sys::Function>()?;
    let handle = start.call2(&JsValue::UNDEFINED, options, on)?;
    JsFuture::from(Promise::resolve(&handle)).await
}

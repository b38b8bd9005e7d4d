//! While a contact lives: the line to the server (a module of its own, with the voice), and the page recorder.
use gloo::timers::callback::Timeout;
use js_sys::{Array, Function, Promise};
use shared::{api::Channel, wire::LegTrouble};
use wasm_bindgen::{JsCast, JsValue};
use yew::Context;

use crate::{
    app::{App, LINE, LINE_SAID, MICROPHONE, Msg, PROOF, RECORDER, RECORDER_SAID, VOICE_LOCK},
    js::{self, Record},
    page, request,
    state::{Event, Voice},
    strings,
};

/// How long the customer reads where the agent leads, in milliseconds.
const LEAD_MS: u32 = 1_500;
/// A line that could not be fetched is fetched again after this, in milliseconds.
const LOAD_AGAIN_MS: u32 = 5_000;

/// A module beside this one that is fetched when it is wanted.
#[derive(Default, PartialEq)]
pub(crate) enum Recording {
    #[default]
    Off,
    /// Asked for; stays so where the page's policy refuses it.
    Starting,
    /// Its handle: `stop()`, `show()`, `told([url, title])`.
    On(JsValue),
}

impl App {
    /// Voice belongs to one tab: the first to ask. The others wait for it to go.
    pub(crate) fn connect(&mut self, ctx: &Context<Self>) {
        self.disconnect();
        if self.state.live().is_some_and(|live| live.ticket.channel == Channel::Browser) {
            self.ask_voice_lock(false);
        } else {
            self.wants_line = true;
            self.want_line(ctx);
        }
    }

    fn ask_voice_lock(&self, wait: bool) {
        page::lock(&self.tell, VOICE_LOCK, &self.config.store.key("voice"), wait);
    }

    /// `free` lets the lock go; null: another tab has it.
    pub(crate) fn voice_lock_came(&mut self, ctx: &Context<Self>, free: JsValue) {
        let live =
            self.state.live().filter(|live| live.ticket.channel == Channel::Browser && !live.has_ended());
        if live.is_none() || self.voice_free.is_function() {
            page::free(&free);
            return;
        }
        let voice = if free.is_function() { Voice::Idle } else { Voice::Elsewhere };
        if voice == Voice::Elsewhere {
            self.ask_voice_lock(true);
        }
        self.stop_line();
        self.voice_free = free;
        self.handle(ctx, Event::VoiceIs(voice));
        self.wants_line = true;
        self.want_line(ctx);
    }

    /// Does what waits for the line's module, as soon as it is there.
    pub(crate) fn want_line(&mut self, ctx: &Context<Self>) {
        if !self.module.is_object() {
            if !std::mem::replace(&mut self.loading, true) {
                page::load(&self.tell, LINE, &self.config.module("line.js"));
            }
            return;
        }
        if std::mem::take(&mut self.wants_microphone) {
            let asked: Promise = page::call(&self.module, "ask", &JsValue::UNDEFINED).unchecked_into();
            page::wait(&self.tell, MICROPHONE, &asked);
        }
        if let Some(posting) = &mut self.posting
            && posting.challenge.is_object()
        {
            let asked = std::mem::take(&mut posting.challenge);
            let proof: Promise = page::call(&self.module, "prove", &asked).unchecked_into();
            page::wait(&self.tell, PROOF, &proof);
        }
        if std::mem::take(&mut self.wants_line) {
            self.start_line(ctx);
        }
    }

    /// Null: it could not be fetched.
    pub(crate) fn line_came(&mut self, ctx: &Context<Self>, module: JsValue) {
        self.loading = false;
        if module.is_object() {
            self.module = module;
            self.want_line(ctx);
        } else if std::mem::take(&mut self.wants_microphone) {
            self.handle(ctx, Event::GaveUp);
        } else {
            self.handle(ctx, Event::Connected(false));
            let link = ctx.link().clone();
            self.pause = Some(Timeout::new(LOAD_AGAIN_MS, move || link.send_message(Msg::Load)));
        }
    }

    pub(crate) fn microphone_came(&mut self, ctx: &Context<Self>, answer: &JsValue) {
        let answer = match answer.as_string().as_deref() {
            Some("") => Ok(()),
            Some("denied") => Err(LegTrouble::MicrophoneDenied),
            _ => Err(LegTrouble::NoMicrophone),
        };
        self.handle(ctx, Event::Microphone(answer));
    }

    fn start_line(&mut self, ctx: &Context<Self>) {
        let Some(live) = self.state.live() else { return };
        let config = self.connection("widget", &live.ticket.token);
        let config = config
            .value("voice", &self.voice_free.is_function().into())
            .value("mount", &self.config.root)
            .with("key", &self.config.store.key("window"));
        self.line = page::start(&self.module, &config, &self.said(LINE_SAID));
        if !self.line.is_object() {
            self.handle(ctx, Event::Connected(false));
        }
    }

    fn connection(&self, peer: &str, token: &str) -> Record {
        let record = Record::new().with("socket", &self.config.socket(peer)).with("token", token);
        record.with("tab", &page::tab()).with("api", &self.config.frames())
    }

    /// `tell`, with the number of who tells.
    fn said(&self, id: u32) -> Function {
        self.tell.bind1(&JsValue::NULL, &id.into()).unchecked_into()
    }

    pub(crate) fn on_line(&self, name: &str, value: &JsValue) -> JsValue {
        page::call(&self.line, name, value)
    }

    fn stop_line(&mut self) {
        self.on_line("stop", &JsValue::UNDEFINED);
        self.line = JsValue::UNDEFINED;
    }

    pub(crate) fn disconnect(&mut self) {
        self.stop_line();
        self.wants_line = false;
        page::free(&std::mem::take(&mut self.voice_free));
    }

    /// By the numbers of the line's `Said` and `Voice`.
    pub(crate) fn line_said(&mut self, ctx: &Context<Self>, said: &JsValue, value: &JsValue) {
        let number = value.as_f64().unwrap_or(0.0);
        let event = match said.as_f64().map(|said| said as u32) {
            Some(0) => {
                if value.is_truthy() {
                    self.tell_page();
                }
                Event::Connected(value.is_truthy())
            }
            Some(1) => {
                let Some(status) = js::status(&js::get(value, "status")) else { return };
                Event::Status { status, viewers: js::texts(value, "viewers") }
            }
            Some(2) => {
                self.clock_offset = number - js_sys::Date::now();
                return;
            }
            Some(3) => Event::Unknown,
            Some(4) => Event::VoiceIs(match number as u32 {
                1 => Voice::Up,
                2 => Voice::Away,
                3 => Voice::Blocked,
                4 => Voice::MicrophoneLost,
                _ => Voice::Idle,
            }),
            _ => return,
        };
        self.handle(ctx, event);
        self.tell_page();
    }

    /// The page that is open, if the server does not know of it yet.
    pub(crate) fn tell_page(&mut self) {
        let Some(mut page) = request::trail(&self.config).pop().filter(|page| page.url != self.page_told)
        else {
            return;
        };
        let url = page.url.clone();
        // Whether it is shown, and so masked, is not known yet.
        if self.state.live().is_some_and(|live| live.status.is_none()) {
            return;
        }
        if self.state.is_sharing() {
            // What may be told of a page that is shown is known to the recorder, once it is there.
            let Recording::On(handle) = &self.recording else { return };
            let told = page::call(handle, "told", &Array::of2(&(&*page.url).into(), &(&*page.title).into()));
            let (Some(url), Some(title)) = (js::text(&told, "0"), js::text(&told, "1")) else { return };
            (page.url, page.title) = (url, title);
        }
        if self.on_line("page", &js::page_record(&page)).is_truthy() {
            self.page_told = url;
            self.tell_context();
        }
    }

    pub(crate) fn tell_context(&self) {
        if let Some(context) = &self.context {
            // Without a connection it goes with the next page.
            self.on_line("context", &context.into());
        }
    }

    /// The browser keeps this page for "back".
    pub(crate) fn let_go(&mut self) {
        self.disconnect();
        self.sync_recorder();
    }

    /// The customer came back to a kept page: the contact may be over, or another may live.
    pub(crate) fn come_back(&mut self, ctx: &Context<Self>) {
        let had = self.state.live().map(|live| &live.ticket.token);
        match request::ticket(&self.config.store) {
            Some(ticket) if had == Some(&ticket.token) => self.connect(ctx),
            Some(ticket) => self.handle(ctx, Event::Found(ticket)),
            None if had.is_some() => self.handle(ctx, Event::Unknown),
            None => {}
        }
    }

    /// Runs the recorder exactly while the page is to be shown.
    pub(crate) fn sync_recorder(&mut self) {
        let wanted = self.state.is_sharing() && self.line.is_object();
        match &self.recording {
            Recording::Off if wanted => {
                self.recording = Recording::Starting;
                page::load(&self.tell, RECORDER, &self.config.module("recorder.js"));
            }
            Recording::On(handle) if !wanted => {
                page::call(handle, "stop", &JsValue::UNDEFINED);
                self.recording = Recording::Off;
            }
            Recording::Off | Recording::Starting | Recording::On(_) => {}
        }
    }

    /// Shows in the page what agents do not see, or no longer; the card makes room for it.
    pub(crate) fn show_hidden(&mut self, ctx: &Context<Self>) {
        if let Recording::On(handle) = &self.recording {
            page::call(handle, "show", &JsValue::UNDEFINED);
            self.handle(ctx, Event::Minimised);
        }
    }

    /// The recorder's module; null if the page's policy refuses it, and then it is not asked again.
    pub(crate) fn recorder_came(&mut self, module: &JsValue) {
        if module.is_object() {
            self.recording = Recording::Off;
            if let Some(live) = self.state.live().filter(|_| self.state.is_sharing()) {
                let config = self.connection("mirror", &live.ticket.token);
                self.recording = Recording::On(page::start(module, &config, &self.said(RECORDER_SAID)));
            }
        }
    }

    pub(crate) fn recorder_said(&mut self, ctx: &Context<Self>, said: &JsValue) {
        // It knows the rules from now on.
        self.tell_page();
        if js::words(said, "type") == "navigate"
            && let Some(url) = page::leadable(&js::words(said, "url"))
        {
            self.handle(ctx, Event::Led(strings::leads(&js::words(said, "by"), &url)));
            self.pause = Some(Timeout::new(LEAD_MS, move || {
                // A page that refuses to be left stays.
                let _ = page::window().location().assign(&url);
            }));
        }
    }
}

//! The Yew component: owns the state and everything that must be given back (socket, telephone, timers).
use std::{cell::Cell, rc::Rc};

use gloo::{
    events::EventListener,
    timers::callback::{Interval, Timeout},
};
use js_sys::Array;
use shared::wire::widget::WidgetToServer;
use softphone::{Microphone, PhoneEvent, Socket, SocketEvent, Softphone};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Element, HtmlElement, PageTransitionEvent, StorageEvent};
use yew::prelude::*;

use crate::{
    api::Listeners,
    browser::{self, Lock},
    config::Config,
    live::Recording,
    request,
    state::{Event, Focus, State},
    strings, view,
};

#[derive(Properties, Clone)]
pub(crate) struct Props {
    pub(crate) config: Rc<Config>,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.config, &other.config)
    }
}

pub(crate) enum Msg {
    Event(Event),
    /// A call of the JS API: name, then arguments.
    Api(Array),
    Pill,
    Socket(SocketEvent),
    Phone(PhoneEvent),
    /// Another tab changed the storage.
    Stored(Option<String>),
    /// The page's address changed.
    Page,
    /// None: another tab carries the voice.
    VoiceLock(Option<Lock>),
    Recorder(Recording),
    RecorderSaid(JsValue),
    Hidden,
    Shown,
    Tick,
    Visible,
}

impl From<Event> for Msg {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

pub(crate) struct App {
    pub(crate) state: State,
    pub(crate) config: Rc<Config>,
    pub(crate) socket: Option<Socket>,
    /// Said by every hello: this tab carries the voice.
    pub(crate) voice: Rc<Cell<bool>>,
    pub(crate) voice_lock: Option<Lock>,
    pub(crate) microphone: Option<Microphone>,
    pub(crate) phone: Option<Softphone>,
    pub(crate) recording: Recording,
    /// What must not be lost although the socket is away.
    pub(crate) unsent: Vec<WidgetToServer>,
    pub(crate) listeners: Listeners,
    /// JSON text of the page's cart or product.
    pub(crate) context: Option<String>,
    /// Address of the page that the server knows of.
    pub(crate) page_told: String,
    /// Server's clock less the browser's, in milliseconds.
    pub(crate) clock_offset: f64,
    pub(crate) focus: Option<Focus>,
    pub(crate) leading: Option<Timeout>,
    tick: Option<Interval>,
    _events: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let config = ctx.props().config.clone();
        let link = ctx.link().clone();
        config.on_page(&Closure::<dyn Fn()>::new(move || link.send_message(Msg::Page)).into_js_value());
        let app = Self {
            state: State::default(),
            socket: None,
            voice: Rc::default(),
            voice_lock: None,
            microphone: None,
            phone: None,
            recording: Recording::Off,
            unsent: Vec::new(),
            listeners: Listeners::default(),
            context: None,
            page_told: String::new(),
            clock_offset: 0.0,
            focus: None,
            leading: None,
            tick: None,
            _events: events(ctx, &config),
            config,
        };
        if let Some((number, region)) = app.remembered() {
            ctx.link().send_message(Event::Remembered { number, region });
        }
        if let Some(ticket) = request::ticket(&app.config.store) {
            ctx.link().send_message(Event::Found(ticket));
        }
        // After the restored contact, so that `open` opens it.
        crate::api::take_over(ctx.link());
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Event(event) => self.handle(ctx, event),
            Msg::Api(call) => self.called(ctx, &call),
            Msg::Pill => self.handle(ctx, if self.state.open { Event::Minimised } else { Event::Opened }),
            Msg::Socket(event) => self.socket_said(ctx, event),
            Msg::Phone(event) => self.phone_said(ctx, event),
            Msg::Stored(key) => {
                if request::is_ticket_key(&self.config.store, key.as_deref())
                    && let Some(ticket) = request::ticket(&self.config.store)
                {
                    self.handle(ctx, Event::Found(ticket));
                }
            }
            Msg::Page => self.tell_page(),
            Msg::VoiceLock(lock) => self.voice_lock_came(ctx, lock),
            Msg::Recorder(recording) => {
                self.recording = recording;
                self.sync_recorder(ctx);
            }
            Msg::RecorderSaid(said) => self.recorder_said(ctx, &said),
            Msg::Hidden => self.let_go(),
            Msg::Shown => self.come_back(ctx),
            Msg::Tick => {}
            Msg::Visible => self.drop_shown_end(),
        }
        self.sync_tick(ctx);
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        view::app(self, ctx.link())
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        let live = self.state.live();
        let status = live.and_then(|live| live.status.as_ref());
        let words: &str = match status {
            Some(status) => strings::pill(status),
            None => &self.config.words,
        };
        if self.config.label.text_content().as_deref() != Some(words) {
            self.config.label.set_text_content(Some(words));
        }
        let button = &self.config.button;
        // The names are valid, so neither call can fail.
        let _ = button.set_attribute("aria-expanded", if self.state.open { "true" } else { "false" });
        let is_live = live.is_some_and(|live| !live.has_ended());
        button.set_class_name(if is_live { "pill live" } else { "pill" });
        if let Some(focus) = self.focus.take() {
            self.put_focus(focus);
        }
    }
}

impl App {
    pub(crate) fn handle(&mut self, ctx: &Context<Self>, event: Event) {
        for command in self.state.handle(event) {
            self.perform(ctx, command);
        }
        self.sync_recorder(ctx);
    }

    /// Seconds since `since`, by the server's clock.
    pub(crate) fn seconds_since(&self, since: shared::Timestamp) -> u64 {
        let now = js_sys::Date::now() + self.clock_offset;
        ((now - since.0 as f64) / 1_000.0).max(0.0) as u64
    }

    /// The talk timer runs only while it can be seen.
    fn sync_tick(&mut self, ctx: &Context<Self>) {
        let talking = self.state.open
            && self.state.live().is_some_and(|live| live.talking_since.is_some() && !live.has_ended());
        if talking != self.tick.is_some() {
            let link = ctx.link().clone();
            self.tick = talking.then(|| Interval::new(1_000, move || link.send_message(Msg::Tick)));
        }
    }

    fn put_focus(&self, focus: Focus) {
        let fine = browser::window()
            .match_media("(pointer: fine)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches());
        let selector = match focus {
            Focus::Pill => return drop(self.config.button.focus()),
            // On a touch screen the keyboard would cover the sheet before it was read.
            Focus::Number if !fine && self.state.form.faults.number.is_none() => "#card",
            Focus::Number => "#number",
            Focus::Day => "#day",
            Focus::Note => "#note",
            Focus::Card => "#card",
        };
        let found = self.config.root.query_selector(selector).ok().flatten();
        let target = found.or_else(|| self.config.root.query_selector("#card").ok().flatten());
        if let Some(element) = target.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            // Focus fails on what cannot have it, and then stays where it is.
            let _ = element.focus();
        }
    }
}

fn events(ctx: &Context<App>, config: &Config) -> Vec<EventListener> {
    let window = browser::window();
    let heard = |make: fn(&web_sys::Event) -> Option<Msg>| {
        let link = ctx.link().clone();
        move |event: &web_sys::Event| {
            if let Some(msg) = make(event) {
                link.send_message(msg);
            }
        }
    };
    let mut events = vec![
        EventListener::new(
            &window,
            "storage",
            heard(|event| Some(Msg::Stored(event.unchecked_ref::<StorageEvent>().key()))),
        ),
        // The browser keeps the page for "back": it must not hold a connection there.
        EventListener::new(
            &window,
            "pagehide",
            heard(|event| event.unchecked_ref::<PageTransitionEvent>().persisted().then_some(Msg::Hidden)),
        ),
        EventListener::new(
            &window,
            "pageshow",
            heard(|event| event.unchecked_ref::<PageTransitionEvent>().persisted().then_some(Msg::Shown)),
        ),
    ];
    if let Some(document) = window.document() {
        events.push(EventListener::new(&document, "visibilitychange", heard(|_| Some(Msg::Visible))));
    }
    let link = ctx.link().clone();
    let pressed = Closure::<dyn Fn()>::new(move || link.send_message(Msg::Pill)).into_js_value();
    config.button.set_onclick(Some(pressed.unchecked_ref()));
    events
}

/// Called by the loader: draws the card into the shadow root of `host`, and takes over the button.
///
/// # Errors
/// `host` has no shadow root, or `config` is not the loader's.
#[wasm_bindgen]
pub fn mount(host: Element, config: JsValue) -> Result<(), JsValue> {
    let root = host.shadow_root().ok_or("no shadow root")?;
    let config = Config::read(root.clone(), config).ok_or("not the loader's config")?;
    view::style::adopt(&config)?;
    let app = host.owner_document().ok_or("no document")?.create_element("div")?;
    // The card comes before the pill in the tab order, because it is above it on the screen.
    root.insert_before(&app, root.first_child().as_ref())?;
    yew::Renderer::<App>::with_root_and_props(app, Props { config: Rc::new(config) }).render();
    Ok(())
}

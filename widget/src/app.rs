//! The Yew component: owns the state and everything that must be given back (socket, telephone, timers).
//!
//! There is one way in for everything that happens: [`Msg`]. Clicks and keys come from a handful of listeners
//! on the card's root (the view says by `data-do` what an element does), answers of `page.js` by number.
use std::rc::Rc;

use gloo::{
    events::{EventListener, EventListenerOptions},
    timers::callback::{Interval, Timeout},
};
use js_sys::{Array, Function};
use shared::{Timestamp, contact::Phase};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Element, EventTarget, HtmlElement, HtmlSelectElement};
use yew::{Component, Context, Html, Properties};

use crate::{
    around,
    config::Config,
    js,
    live::Recording,
    page, request,
    request::Posting,
    state::{Event, Focus, State},
    strings, view,
};

// What `page.js` tells about.
pub(crate) const SITE: u32 = 1;
pub(crate) const NUMBER: u32 = 2;
pub(crate) const REQUEST: u32 = 3;
pub(crate) const SUBMIT_LOCK: u32 = 4;
pub(crate) const VOICE_LOCK: u32 = 5;
pub(crate) const RECORDER: u32 = 6;
pub(crate) const RECORDER_SAID: u32 = 7;
pub(crate) const LINE: u32 = 8;
pub(crate) const LINE_SAID: u32 = 9;
pub(crate) const MICROPHONE: u32 = 10;
pub(crate) const PROOF: u32 = 11;

/// Events of the card's root.
const CARD_EVENTS: [&str; 6] = ["click", "input", "change", "focusout", "submit", "keydown"];
/// Events of the window.
const PAGE_EVENTS: [&str; 4] = ["storage", "pagehide", "pageshow", "visibilitychange"];

#[derive(Properties, Clone)]
pub(crate) struct Props {
    config: Rc<Config>,
    /// Where the card is drawn.
    home: Element,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.config, &other.config)
    }
}

pub(crate) enum Msg {
    Event(Event),
    /// The browser keeps this page for "back", or shows it again.
    Kept(bool),
    /// Another tab changed the storage.
    Stored,
    Visible,
    /// The customer asks what agents do not see.
    Hidden,
    /// An answer of `page.js`.
    Told(u32, JsValue, JsValue),
    /// A call of the JS API: name, then arguments.
    Api(JsValue),
    /// The page's address changed.
    Moved,
    Retry,
    /// Fetch the line again.
    Load,
    Tick,
}

pub(crate) struct App {
    pub(crate) state: State,
    pub(crate) config: Rc<Config>,
    pub(crate) tell: Function,
    pub(crate) posting: Option<Posting>,
    /// The number that the server was asked about.
    pub(crate) asked: String,
    /// Module of the line, once it is there.
    pub(crate) module: JsValue,
    pub(crate) loading: bool,
    pub(crate) wants_line: bool,
    pub(crate) wants_microphone: bool,
    /// Handle of the line.
    pub(crate) line: JsValue,
    /// Lets the next tab carry the voice; a function in the tab that does.
    pub(crate) voice_free: JsValue,
    pub(crate) recording: Recording,
    /// The calls of `on`.
    pub(crate) listeners: Array,
    /// JSON text of the page's cart or product.
    pub(crate) context: Option<String>,
    /// Address of the page that the server knows of.
    pub(crate) page_told: String,
    /// Server's clock less the browser's, in milliseconds.
    pub(crate) clock_offset: f64,
    pub(crate) focus: Option<Focus>,
    pub(crate) pause: Option<Timeout>,
    tick: Option<Interval>,
    _events: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let config = ctx.props().config.clone();
        let link = ctx.link().clone();
        let tell = Closure::<dyn Fn(u32, JsValue, JsValue)>::new(move |id, a, b| {
            link.send_message(Msg::Told(id, a, b))
        });
        let link = ctx.link().clone();
        config.on_page(&Closure::<dyn Fn()>::new(move || link.send_message(Msg::Moved)).into_js_value());
        let mut app = Self {
            state: State::default(),
            tell: tell.into_js_value().unchecked_into(),
            posting: None,
            asked: String::new(),
            module: JsValue::UNDEFINED,
            loading: false,
            wants_line: false,
            wants_microphone: false,
            line: JsValue::UNDEFINED,
            voice_free: JsValue::UNDEFINED,
            recording: Recording::Off,
            listeners: Array::new(),
            context: None,
            page_told: String::new(),
            clock_offset: 0.0,
            focus: None,
            pause: None,
            tick: None,
            _events: events(ctx),
            config,
        };
        app.restore(ctx);
        app.take_api_over(ctx);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Event(event) => self.handle(ctx, event),
            Msg::Kept(true) => self.let_go(),
            Msg::Kept(false) => self.come_back(ctx),
            Msg::Stored => self.find_ticket(ctx),
            Msg::Visible => self.drop_shown_end(),
            Msg::Hidden => self.show_hidden(ctx),
            Msg::Told(id, a, b) => self.told(ctx, id, a, &b),
            Msg::Api(call) => self.called(ctx, call.unchecked_into()),
            Msg::Moved => self.tell_page(),
            Msg::Retry => self.submit(),
            Msg::Load => self.want_line(ctx),
            Msg::Tick => {}
        }
        self.sync_tick(ctx);
        true
    }

    fn view(&self, _: &Context<Self>) -> Html {
        view::app(self)
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        let live = self.state.live();
        let words: &str = match live.and_then(|live| live.status.as_ref()) {
            Some(status) => strings::pill(status),
            None => &self.config.words,
        };
        self.config.label.set_text_content(Some(words));
        let button = &self.config.button;
        let is_live = live.is_some_and(|live| !live.has_ended());
        button.set_class_name(if is_live { "pill live" } else { "pill" });
        // The name is valid, so the call can't fail.
        let _ = button.set_attribute("aria-expanded", if self.state.open { "true" } else { "false" });
        self.show_country();
        self.on_line("draw", &JsValue::UNDEFINED);
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
        self.sync_recorder();
    }

    fn restore(&mut self, ctx: &Context<Self>) {
        let kept = self.config.store.get("number");
        if let Some(number) = js::text(&kept, "number") {
            self.handle(ctx, Event::Remembered { number, region: js::words(&kept, "region") });
        }
        self.find_ticket(ctx);
    }

    fn told(&mut self, ctx: &Context<Self>, id: u32, a: JsValue, b: &JsValue) {
        let status = a.as_f64().unwrap_or(0.0) as u32;
        match id {
            SITE => self.site_came(ctx, b),
            NUMBER => self.number_answered(ctx, status, b),
            REQUEST => self.request_answered(ctx, status, b),
            SUBMIT_LOCK => self.may_submit(ctx, a),
            VOICE_LOCK => self.voice_lock_came(ctx, a),
            RECORDER => self.recorder_came(&a),
            RECORDER_SAID => self.recorder_said(ctx, &a),
            LINE => self.line_came(ctx, a),
            LINE_SAID => self.line_said(ctx, &a, b),
            MICROPHONE => self.microphone_came(ctx, &a),
            PROOF => self.proof_came(&a),
            _ => {}
        }
    }

    fn find_ticket(&mut self, ctx: &Context<Self>) {
        if let Some(ticket) = request::ticket(&self.config.store) {
            self.handle(ctx, Event::Found(ticket));
        }
    }

    /// The server's clock.
    pub(crate) fn server_now(&self) -> Timestamp {
        Timestamp((js_sys::Date::now() + self.clock_offset) as u64)
    }

    /// The talk timer runs only while it can be seen.
    fn sync_tick(&mut self, ctx: &Context<Self>) {
        let phase = self.state.live().and_then(|live| live.phase());
        let talking = self.state.open && matches!(phase, Some(Phase::Talking | Phase::OnHold));
        if talking != self.tick.is_some() {
            let link = ctx.link().clone();
            self.tick = talking.then(|| Interval::new(1_000, move || link.send_message(Msg::Tick)));
        }
    }

    /// The list of countries shows the one that the number belongs to.
    fn show_country(&self) {
        let regions = self.state.site.as_ref().map_or(&[] as &[String], |site| &site.info.regions);
        let place = regions.iter().position(|region| *region == self.state.form.region);
        if let (Some(place), Ok(Some(list))) = (place, self.config.root.query_selector("#country")) {
            list.unchecked_into::<HtmlSelectElement>().set_selected_index(place as i32);
        }
    }

    fn put_focus(&self, focus: Focus) {
        let find = |selector: &str| self.config.root.query_selector(selector).ok().flatten();
        let element = match focus {
            Focus::Pill => None,
            Focus::Number => find("#number"),
            Focus::Day => find("#day"),
            Focus::Note => find("#note"),
            Focus::Card => find("#card"),
        };
        let element = element.or_else(|| find(if focus == Focus::Pill { ".pill" } else { "#card" }));
        if let Some(element) = element {
            // What cannot have the focus leaves it where it is.
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    }
}

fn events(ctx: &Context<App>) -> Vec<EventListener> {
    let Props { config, home } = ctx.props();
    // The loader's own handler would only open.
    config.button.set_onclick(None);
    let window = page::window();
    let card = CARD_EVENTS.map(|kind| (home.as_ref(), kind));
    let pages = PAGE_EVENTS.map(|kind| (window.as_ref(), kind));
    let mut targets: Vec<(&EventTarget, &'static str)> = vec![(config.button.as_ref(), "click")];
    targets.extend_from_slice(&card);
    targets.extend_from_slice(&pages);
    let mut listeners = Vec::new();
    for (target, kind) in targets {
        let link = ctx.link().clone();
        let options = EventListenerOptions::enable_prevent_default();
        listeners.push(EventListener::new_with_options(target, kind, options, move |event| {
            if let Some(event) = view::events::event(event) {
                link.send_message(event);
            }
        }));
    }
    listeners
}

/// Called by the loader: draws the card into the shadow root of `host`, and takes over the button.
///
/// # Errors
/// `host` has no shadow root.
#[wasm_bindgen]
pub fn mount(host: Element, config: JsValue) -> Result<(), JsValue> {
    let root = host.shadow_root().ok_or(JsValue::NULL)?;
    let config = Config::read(root.clone(), config);
    let attribute = |name| config.attribute(name).unwrap_or_default();
    page::adopt(&root, &view::style(&attribute("accent")));
    let home = page::window().document().ok_or(JsValue::NULL)?.create_element("div")?;
    // For as long as the page is there.
    around::answer(&page::window(), &attribute("business")).forget();
    home.set_class_name(&["app ", &attribute("position"), " ", &attribute("theme")].concat());
    // The card comes before the pill in the tab order, because it is above it on the screen.
    root.insert_before(&home, root.first_child().as_ref())?;
    yew::Renderer::<App>::with_root_and_props(home.clone(), Props { config: Rc::new(config), home }).render();
    Ok(())
}

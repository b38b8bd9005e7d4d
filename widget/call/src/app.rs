//! Carries out what [`crate::state`] decides: line, microphone, messages, storage.
use gloo::{
    events::EventListener,
    timers::callback::{Interval, Timeout},
    utils::{body, document, window},
};
use line::{Heard, Line, LineOptions};
use shared::{TabId, wire::LegTrouble};
use softphone::Microphone;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MessageEvent};
use yew::prelude::*;

use crate::{
    shop::{self, Given},
    state::{Effect, Event, Stage},
    view,
};

/// So long after the leg left this window it is taken to be in the shop's page again, in milliseconds: an end of the
/// call is heard by then.
const WITHOUT_MS: u32 = 3_000;

pub(crate) struct App {
    stage: Stage,
    business: String,
    given: Option<Given>,
    line: Option<Line>,
    microphone: Option<Microphone>,
    main: NodeRef,
    wait: Option<Timeout>,
    _clock: Interval,
    _listeners: [EventListener; 2],
}

pub(crate) enum Msg {
    Event(Event),
    Given(Given),
    Tick,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let (clock, told, left) = (ctx.link().clone(), ctx.link().clone(), ctx.link().clone());
        let listeners = [
            EventListener::new(&window(), "message", move |event| {
                told.send_message_batch(
                    shop::handed(event.unchecked_ref::<MessageEvent>()).map(Msg::Given).into_iter().collect(),
                );
            }),
            EventListener::new(&window(), "pagehide", move |_| left.send_message(Msg::Event(Event::Leaving))),
        ];
        if let Some(given) = shop::kept() {
            ctx.link().send_message(Msg::Given(given));
        } else if !shop::ask() {
            ctx.link().send_message(Msg::Event(Event::Alone));
        }
        Self {
            stage: Stage::default(),
            business: shop::told("business"),
            given: None,
            line: None,
            microphone: None,
            main: NodeRef::default(),
            wait: None,
            _clock: Interval::new(1_000, move || clock.send_message(Msg::Tick)),
            _listeners: listeners,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Event(event) => self.act(ctx, event),
            // A window that has a call keeps it.
            Msg::Given(given) if matches!(self.stage, Stage::Waiting | Stage::Stray) => {
                shop::keep(&given);
                self.given = Some(given);
                self.act(ctx, Event::Handed);
            }
            Msg::Given(_) | Msg::Tick => {}
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let shop = self.given.as_ref().map_or("", |given| &given.origin);
        let act = ctx.link().callback(Msg::Event);
        view::window(&self.stage, &self.business, shop, js_sys::Date::now(), &self.main, &act)
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        // The button that was pressed is gone: a keyboard goes on from the top of what is there now.
        let nowhere = document().active_element().is_none_or(|element| element == *body());
        if nowhere && let Some(main) = self.main.cast::<HtmlElement>() {
            // It fails only for an element that is gone, and then there is nothing to go on from.
            let _ = main.focus();
        }
    }
}

impl App {
    fn act(&mut self, ctx: &Context<Self>, event: Event) {
        for effect in self.stage.step(event) {
            self.carry_out(ctx, effect);
        }
    }

    fn carry_out(&mut self, ctx: &Context<Self>, effect: Effect) {
        match effect {
            Effect::AskMicrophone => {
                let microphone = Microphone::request(None);
                self.microphone = Some(microphone.clone());
                ctx.link().send_future(async move {
                    let answer: Result<(), LegTrouble> = microphone.ready().await;
                    Msg::Event(Event::Microphone(answer))
                });
            }
            Effect::TellCarries => self.tell("carries"),
            Effect::TellClosed => self.tell("closed"),
            Effect::Connect => self.connect(ctx),
            Effect::Disconnect => self.line = None,
            Effect::Mute(muted) => self.with(|line| line.mute(muted)),
            Effect::Hear => self.with(Line::hear),
            Effect::HangUp => self.with(|line| line.send_surely(shared::wire::widget::Cancel {}.into())),
            Effect::WaitForEnd => {
                let link = ctx.link().clone();
                self.wait = Some(Timeout::new(WITHOUT_MS, move || {
                    link.send_message(Msg::Event(Event::StillWithout));
                }));
            }
            Effect::Forget => shop::forget(),
            // A browser that lets only the user close it leaves the words.
            Effect::CloseWindow => drop(window().close()),
        }
    }

    fn tell(&self, word: &str) {
        if let Some(given) = &self.given {
            // A page that is gone has no use for it.
            shop::tell(word, &given.origin);
        }
    }

    fn with(&self, work: impl FnOnce(&Line)) {
        if let Some(line) = &self.line {
            work(line);
        }
    }

    fn connect(&mut self, ctx: &Context<Self>) {
        let Some(given) = &self.given else { return };
        let link = ctx.link().clone();
        let on = move |heard: Heard| {
            link.send_message(Msg::Event(Event::Heard(heard, js_sys::Date::now())));
        };
        let options = LineOptions {
            url: socket_url(),
            token: given.token.clone(),
            tab: TabId(0),
            carries: Box::new(|| true),
            mount: body().into(),
            on: Box::new(on),
        };
        self.line = Some(Line::open(options, self.microphone.take()));
    }
}

/// `wss://HOST/ws/widget` of this window's own server.
fn socket_url() -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("ws{}/ws/widget", origin.strip_prefix("http").unwrap_or_default())
}

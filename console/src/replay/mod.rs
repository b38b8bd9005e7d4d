//! Recorded co-browsing, played in the same safe replica that shows live pages.
mod controls;
mod fetch;
mod marks;
mod pieces;
mod reel;
mod screen;
mod state;

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Interval;
use shared::{ContactId, api::Recordings};
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

pub(crate) use self::state::Play;
use self::{
    controls::{Controls, Marks},
    fetch::{Fault, Source, use_fetching},
    reel::Reel,
    screen::{Screen, Shown},
    state::Act,
};
use crate::{
    desk::use_ratio,
    time::{browser_now, exact},
    words,
};

/// How often a playing recording moves on, in milliseconds.
const TICK_MS: u32 = 40;

/// Shared with the tasks that fill it; two handles are the same reel.
#[derive(Clone)]
pub(crate) struct ReelHandle(Rc<RefCell<Reel>>);

impl PartialEq for ReelHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct PlayerProps {
    pub(crate) contact: ContactId,
    pub(crate) who: AttrValue,
    pub(crate) csrf: AttrValue,
    pub(crate) recordings: Recordings,
    pub(crate) on_back: Callback<()>,
}

#[component]
pub(crate) fn Player(props: &PlayerProps) -> Html {
    let reel = use_state(|| ReelHandle(Rc::new(RefCell::new(Reel::of(&props.recordings)))));
    let reel = (*reel).clone();
    let play = use_reducer(|| Play::of(reel.0.borrow().end()));
    let host = use_node_ref();
    let section = use_node_ref();
    let screen = use_mut_ref(|| None::<Screen>);
    {
        let (host, section, screen) = (host.clone(), section.clone(), screen.clone());
        let (reel, origins) = (reel.clone(), props.recordings.origins.clone());
        use_effect_with((), move |()| {
            if let Some(host) = host.cast::<Element>() {
                *screen.borrow_mut() = Screen::new(&host, &origins, reel).ok();
            }
            if let Some(section) = section.cast::<HtmlElement>() {
                // Space and arrows are for the player from the start.
                let _ = section.focus();
            }
            move || drop(screen.take())
        });
    }
    // None: what the place needs is not here, and the page that was shown before stays.
    let before = use_mut_ref(<((String, String), (u32, u32))>::default);
    let (shown, place) = match &mut *screen.borrow_mut() {
        Some(screen) => (screen.show(play.at).ok(), screen.place()),
        None => (None, reel::Place::default()),
    };
    use_ticking(&play, &reel, shown.is_some());
    let source = Source { contact: props.contact, csrf: props.csrf.clone() };
    let (fault, again) = use_fetching(source, &reel, &play, place);
    let playable = reel.0.borrow().playable(play.at);
    let state = match (&shown, &fault) {
        (Some(shown), _) => words::replay(shown.missing, &play, playable),
        (None, None) => words::LOADING.to_owned(),
        (None, Some(_)) => String::new(),
    };
    // An empty page would be taken for the customer's.
    let (nothing, failed) = (reel.0.borrow().progress().0 == 0, fault.is_some());
    let waits = shown.is_none() && !failed;
    if let Some(Shown { page, size, .. }) = shown {
        before.replace((page, size));
    }
    let ((url, title), size) = before.borrow().clone();
    use_ratio(&host, size);
    let keys = keys(play.dispatcher());
    let back = props.on_back.reform(|_: MouseEvent| ());
    html! {
        <section class="player" aria-label="Recording" tabindex="-1" ref={section} onkeydown={keys}>
            <header class="player-head">
                <button onclick={back}>{ "← Back" }</button>
                <h2>{ &props.who }</h2>
                <span class="quiet">{ about(&reel.0.borrow()) }</span>
            </header>
            <p class="player-page"><strong>{ title }</strong>{ " " }<span class="quiet">{ url }</span></p>
            <p class="page-state" role="status">{ state }</p>
            if let Some(fault) = fault { { said(&fault, again) } }
            <div class="player-stage" aria-busy={waits.to_string()}>
                <div class={classes!("replica", nothing.then_some("is-empty"))} ref={host}></div>
                if waits { { waiting(nothing) } }
            </div>
            <Controls play={*play} on_act={Callback::from({ let d = play.dispatcher(); move |act| d.dispatch(act) })}
                reel={reel.clone()} />
            <Marks reel={reel} came={play.came} at={play.at}
                on_seek={Callback::from({ let d = play.dispatcher(); move |at| d.dispatch(Act::Seek(at)) })} />
        </section>
    }
}

/// What is looked at is on its way: a bar that moves, and where no page was shown yet what will be one.
fn waiting(nothing: bool) -> Html {
    html! {
        <div class="player-wait">
            <progress aria-label={words::LOADING}></progress>
            if nothing {
                <div class="player-skeleton" aria-hidden="true">
                    { for (0..5).map(|_| html! { <div class="skeleton"></div> }) }
                </div>
            }
        </div>
    }
}

/// When it began, how large it is, and how much of it was read.
fn about(reel: &Reel) -> String {
    let began = reel.began().map(exact).unwrap_or_default();
    let (read, all) = reel.progress();
    let size = words::size(all, reel.end() / 1_000);
    if read == all {
        format!("{began} · {size}")
    } else {
        format!("{began} · {size} · {} loaded", words::megabytes(read))
    }
}

fn said(fault: &Fault, again: Callback<MouseEvent>) -> Html {
    match fault {
        Fault::TooMuch => html! { <p class="player-fault" role="alert">{ words::TOO_MUCH }</p> },
        Fault::Failed { nothing, problem } => html! {
            <p class="player-fault" role="alert">
                <span>{ if *nothing { words::NOTHING_LOADED } else { words::REST_NOT_LOADED } }{ " " }{ &problem.detail }</span>
                <button onclick={again}>{ words::TRY_AGAIN }</button>
            </p>
        },
    }
}

/// Time passes while it plays, and what the place needs is here.
#[hook]
fn use_ticking(play: &UseReducerHandle<Play>, reel: &ReelHandle, is_here: bool) {
    let (dispatch, reel) = (play.dispatcher(), reel.clone());
    use_effect_with((play.playing && is_here, play.at, play.came), move |&(runs, at, _)| {
        let ticker = runs.then(|| {
            let before = browser_now();
            Interval::new(TICK_MS, move || {
                let (next, until) = {
                    let reel = reel.0.borrow();
                    (reel.next_after(at), reel.playable(at))
                };
                let ms = browser_now().since(before).as_millis().try_into().unwrap_or(0);
                dispatch.dispatch(Act::Tick { ms, next, until });
            })
        });
        move || drop(ticker)
    });
}

/// Space plays and pauses, arrows move; where something else is in focus that knows the key, it is that one's.
fn keys(dispatch: UseReducerDispatcher<Play>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let tag = event.target_dyn_into::<Element>().map(|target| target.tag_name()).unwrap_or_default();
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let act = match event.key().as_str() {
            " " if tag != "BUTTON" && tag != "INPUT" => Act::PlayOrPause,
            "ArrowLeft" if tag != "INPUT" => Act::Back,
            "ArrowRight" if tag != "INPUT" => Act::Forth,
            "Home" if tag != "INPUT" => Act::Seek(0),
            "End" if tag != "INPUT" => Act::Seek(u64::MAX),
            _ => return,
        };
        event.prevent_default();
        dispatch.dispatch(act);
    })
}

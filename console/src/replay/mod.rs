//! Recorded co-browsing, played in the same safe replica that shows live pages.
mod controls;
mod reel;
mod screen;
mod state;

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Interval;
use shared::{
    ContactId,
    api::{Problem, Recordings},
};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

pub(crate) use self::state::Play;
use self::{
    controls::{Controls, Marks},
    reel::Reel,
    screen::Screen,
    state::Act,
};
use crate::{
    http,
    time::{browser_now, exact},
    words,
};

/// How often a playing recording moves on, in milliseconds.
const TICK_MS: u32 = 40;

/// Shared with the tasks that fill it; two handles are the same reel.
#[derive(Clone, Default)]
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
    let play = use_reducer(Play::default);
    let reel = (*use_state(ReelHandle::default)).clone();
    let fault = use_state(|| None::<Problem>);
    let host = use_node_ref();
    let section = use_node_ref();
    let screen = use_mut_ref(|| None::<Screen>);
    {
        let (reel, dispatch, fault) = (reel.clone(), play.dispatcher(), fault.setter());
        let (contact, csrf, recordings) = (props.contact, props.csrf.clone(), props.recordings.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                if let Err(problem) = load(contact, &csrf, &recordings, &reel, &dispatch).await {
                    fault.set(Some(problem));
                }
            });
        });
    }
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
    let (dispatch, ticking) = (play.dispatcher(), reel.clone());
    use_effect_with((play.playing, play.at, play.came), move |&(playing, at, _)| {
        let ticker = playing.then(|| {
            let before = browser_now();
            Interval::new(TICK_MS, move || {
                let next = ticking.0.borrow().next_after(at);
                let ms = browser_now().since(before).as_millis().try_into().unwrap_or(0);
                dispatch.dispatch(Act::Tick { ms, next });
            })
        });
        move || drop(ticker)
    });
    let shown = {
        let mut screen = screen.borrow_mut();
        screen.as_mut().map(|screen| screen.show(play.at))
    };
    let keys = keys(play.dispatcher());
    let back = props.on_back.reform(|_: MouseEvent| ());
    let state = match (&*fault, &shown) {
        (Some(problem), _) => problem.detail.clone(),
        (None, Some(shown)) => words::replay(shown.missing, &play),
        (None, None) => words::LOADING.to_owned(),
    };
    let (url, title) = shown.map(|shown| shown.page).unwrap_or_default();
    html! {
        <section class="player" aria-label="Recording" tabindex="-1" ref={section} onkeydown={keys}>
            <header class="player-head">
                <button onclick={back}>{ "← Back" }</button>
                <h2>{ &props.who }</h2>
                <span class="quiet">{ reel.0.borrow().began().map(exact).unwrap_or_default() }</span>
            </header>
            <p class="player-page"><strong>{ title }</strong>{ " " }<span class="quiet">{ url }</span></p>
            <p class={classes!("page-state", fault.is_some().then_some("is-bad"))} role="status">{ state }</p>
            <div class="replica" ref={host}></div>
            <Controls play={*play} on_act={Callback::from({ let d = play.dispatcher(); move |act| d.dispatch(act) })}
                reel={reel.clone()} />
            <Marks reel={reel} came={play.came} at={play.at}
                on_seek={Callback::from({ let d = play.dispatcher(); move |at| d.dispatch(Act::Seek(at)) })} />
        </section>
    }
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

/// Asks for leave, which puts on record who looks, and fetches all segments in their order.
async fn load(
    contact: ContactId,
    csrf: &str,
    recordings: &Recordings,
    reel: &ReelHandle,
    dispatch: &UseReducerDispatcher<Play>,
) -> Result<(), Problem> {
    let leave = http::play(contact, csrf).await?;
    for (index, part) in recordings.parts.iter().enumerate() {
        if index > 0 {
            reel.0.borrow_mut().next_piece();
        }
        for segment in &part.segments {
            let entries = http::segment(contact, part.recording, segment.number, &leave.token).await?;
            if !reel.0.borrow_mut().add(&entries) {
                break;
            }
            dispatch.dispatch(Act::Came { end: reel.0.borrow().end(), whole: false });
            if index == 0 && segment.number == 0 {
                dispatch.dispatch(Act::PlayOrPause);
            }
        }
    }
    dispatch.dispatch(Act::Came { end: reel.0.borrow().end(), whole: true });
    Ok(())
}

//! What the telephone looks like. Pure: from the state to HTML.
use yew::prelude::*;

use crate::{
    app::Msg,
    icons::Icon,
    state::{Action, Call, Line, Off, State},
    theme::ThemeButton,
    words,
};

/// Rows of the keypad, with the letters that people know on them.
const KEYS: [(char, &str); 12] = [
    ('1', ""),
    ('2', "ABC"),
    ('3', "DEF"),
    ('4', "GHI"),
    ('5', "JKL"),
    ('6', "MNO"),
    ('7', "PQRS"),
    ('8', "TUV"),
    ('9', "WXYZ"),
    ('*', ""),
    ('0', "+"),
    ('#', ""),
];

/// `answer` is given to the button that answers, `sounds` says whether the ring can be heard.
pub(crate) fn telephone(
    state: &State,
    now_ms: f64,
    sounds: bool,
    answer: &NodeRef,
    act: &Callback<Msg>,
) -> Html {
    html! {
        <main class="handset" data-state={name(state)}>
            <div class="speaker" aria-hidden="true"></div>
            <ThemeButton />
            { display(state, now_ms, sounds) }
            <div class="actions">{ actions(state, answer, act) }</div>
            { keypad(state, act) }
        </main>
    }
}

/// For styles, and for whoever watches from outside.
fn name(state: &State) -> &'static str {
    match (&state.call, state.line) {
        (_, Line::Off(_)) => "off",
        (Call::Ringing { .. }, _) => "ringing",
        (Call::Answering { .. }, _) => "answering",
        (Call::Talking { .. }, _) => "talking",
        (Call::Ended { .. }, _) => "ended",
        (Call::None, Line::Online) => "idle",
        (Call::None, Line::Entering | Line::Connecting | Line::Waiting) => "connecting",
    }
}

fn display(state: &State, now_ms: f64, sounds: bool) -> Html {
    let (status, next) = words::status(state);
    let time = match state.call {
        Call::Talking { since_ms, .. } => Some(words::length(now_ms - since_ms)),
        Call::Ended { lasted_ms, .. } if lasted_ms > 0.0 => Some(words::length(lasted_ms)),
        Call::None | Call::Ringing { .. } | Call::Answering { .. } | Call::Ended { .. } => None,
    };
    let hint = (state.rings_aloud() && !sounds).then_some("Touch the page to hear it ring.");
    html! {
        <section class="display">
            if state.number.is_some() { <p class="label">{ words::MY_NUMBER }</p> }
            <h1>{ state.number.as_deref().unwrap_or(words::NO_NUMBER) }</h1>
            <div class="status" role="status">
                <p class="what">{ status }</p>
                if let Some(next) = next { <p class="next">{ next }</p> }
                if let Some(hint) = hint { <p class="next">{ hint }</p> }
                if let Some(notice) = state.notice { <p class="notice">{ words::notice(notice) }</p> }
            </div>
            if let Some(time) = time { <p class="time" role="timer">{ time }</p> }
            if state.is_talking() && !state.keys.is_empty() {
                <p class="keys"><span class="hidden">{ "Keys pressed: " }</span>{ &state.keys }</p>
            }
        </section>
    }
}

fn actions(state: &State, answer: &NodeRef, act: &Callback<Msg>) -> Html {
    let on = |action: Action| act.reform(move |_: MouseEvent| Msg::Do(action.clone()));
    if let Line::Off(why) = state.line {
        return way_out(why, act);
    }
    match &state.call {
        // Keys, so that no button turns into another under a finger or with the focus on it; and "Hang up"
        // stands where "Decline" stood, never where "Answer" did.
        Call::Ringing { silenced, .. } => html! {<>
            <button key="decline" class="round bad" onclick={on(Action::Decline)}>
                { Icon::HangUp.html() }<span>{ words::DECLINE }</span>
            </button>
            <button key="silence" class="round" disabled={*silenced} onclick={on(Action::Silence)}>
                { Icon::Silence.html() }<span>{ words::SILENCE }</span>
            </button>
            <button key="answer" ref={answer.clone()} class="round good" onclick={on(Action::Answer)}>
                { Icon::Phone.html() }<span>{ words::ANSWER }</span>
            </button>
        </>},
        Call::Answering { .. } | Call::Talking { .. } => html! {<>
            <button key="hang-up" class="round bad" onclick={on(Action::HangUp)}>
                { Icon::HangUp.html() }<span>{ words::HANG_UP }</span>
            </button>
            <button key="mute" class="round" aria-pressed={state.muted.to_string()} onclick={on(Action::Mute)}>
                { Icon::MicOff.html() }<span>{ words::MUTE }</span>
            </button>
            if state.deaf {
                <button key="hear" class="round live" onclick={on(Action::Hear)}>
                    { Icon::Sound.html() }<span>{ words::HEAR }</span>
                </button>
            }
        </>},
        Call::Ended { .. } => html! {
            <button class="wide" onclick={on(Action::Dismiss)}>{ words::DONE }</button>
        },
        Call::None => html! {},
    }
}

/// What helps where the line does not come back by itself.
fn way_out(why: Off, act: &Callback<Msg>) -> Html {
    let (label, reload) = match why {
        Off::NoAnswer => (words::TRY_AGAIN, false),
        Off::Displaced => (words::USE_HERE, false),
        Off::Outdated | Off::Refused => (words::RELOAD, true),
        Off::NoCode | Off::BadCode | Off::Revoked => return html! {},
    };
    let onclick = act.reform(move |_: MouseEvent| if reload { Msg::Reload } else { Msg::Retry });
    html! { <button class="wide" {onclick}>{ label }</button> }
}

fn keypad(state: &State, act: &Callback<Msg>) -> Html {
    let off = matches!(state.line, Line::Off(_));
    html! {
        <div class="keypad" role="group" aria-label={words::KEYPAD}>
            { for KEYS.iter().map(|&(key, letters)| {
                let onclick = act.reform(move |_: MouseEvent| Msg::Do(Action::Press(key)));
                html! {
                    <button key={key.to_string()} data-letters={letters} disabled={off} {onclick}>{ key }</button>
                }
            }) }
        </div>
    }
}

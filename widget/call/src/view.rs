//! What the small window shows: one status line, what can be done, nothing else.
use line::Voice;
use shared::contact::Phase;
use yew::prelude::*;

use crate::{
    state::{Event, Live, Stage},
    words,
};

/// `now`: the browser's clock, in milliseconds.
pub(crate) fn window(
    stage: &Stage,
    business: &str,
    shop: &str,
    now: f64,
    main: &NodeRef,
    act: &Callback<Event>,
) -> Html {
    let status = match stage {
        Stage::Waiting => words::WAITING.into(),
        Stage::Stray => words::STRAY.into(),
        Stage::Offered { .. } => words::OFFERED.into(),
        Stage::Asking => words::ASKING.into(),
        Stage::Live(live) => words::status(live.status.as_ref(), business),
        Stage::Back => words::BACK.into(),
    };
    html! {
        <main ref={main.clone()} tabindex="-1" data-stage={name(stage)}>
            <header>
                <h1>{ words::title(business) }</h1>
                // Whose page handed the call over: the address bar names the call service only.
                if !shop.is_empty() { <p class="shop">{ shop.split("://").last().unwrap_or_default() }</p> }
            </header>
            <p class="status" role="status" aria-live="polite">{ status }</p>
            { below(stage, now) }
            <div class="actions">{ actions(stage, act) }</div>
        </main>
    }
}

fn name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Waiting | Stage::Stray | Stage::Back => "idle",
        Stage::Offered { .. } | Stage::Asking => "offered",
        Stage::Live(live) if live.has_ended() => "ended",
        Stage::Live(_) => "live",
    }
}

fn below(stage: &Stage, now: f64) -> Html {
    match stage {
        Stage::Offered { trouble: Some(why) } => {
            html! { <p class="notice" role="alert">{ words::trouble(*why) }</p> }
        }
        Stage::Live(live) => html! {
            <>
                if let Some(seconds) = talked(live, now) {
                    <p class="timer" role="timer">{ words::clock(seconds) }</p>
                }
                if let Some(notice) = words::notice(live) { <p class="notice">{ notice }</p> }
            </>
        },
        Stage::Waiting | Stage::Stray | Stage::Offered { trouble: None } | Stage::Asking | Stage::Back => {
            Html::default()
        }
    }
}

/// Seconds since the two talk, or talk again.
fn talked(live: &Live, now: f64) -> Option<u64> {
    let status = live.status.as_ref().filter(|status| status.phase == Phase::Talking)?;
    let passed = now + live.ahead - status.since.0 as f64;
    Some((passed / 1_000.0).max(0.0) as u64)
}

fn actions(stage: &Stage, act: &Callback<Event>) -> Html {
    let button = |class: &'static str, words: &'static str, event: Event| {
        let act = act.clone();
        let press = Callback::from(move |_: MouseEvent| act.emit(event.clone()));
        html! { <button {class} onclick={press}>{ words }</button> }
    };
    match stage {
        Stage::Waiting | Stage::Asking => Html::default(),
        Stage::Offered { .. } => button("primary", words::GO_ON, Event::Pressed),
        Stage::Live(live) if !live.has_ended() => {
            let act = act.clone();
            let mute = Callback::from(move |_: MouseEvent| act.emit(Event::Mute));
            html! {
                <>
                    if live.voice == Some(Voice::Blocked) { { button("primary", words::HEAR, Event::Hear) } }
                    <button aria-pressed={live.muted.to_string()} onclick={mute}>{ words::MUTE }</button>
                    { button("danger", words::HANG_UP, Event::HangUp) }
                </>
            }
        }
        Stage::Live(_) | Stage::Stray | Stage::Back => button("primary", words::CLOSE, Event::CloseIt),
    }
}

//! A contact: one status line, one action.
use shared::contact::{EndReason, Phase};
use yew::prelude::*;

use super::{Link, click};
use crate::{
    app::App,
    state::{Event, Live, State, Voice, is_worth_another_try},
    strings,
};

pub(crate) fn contact(app: &App, live: &Live, link: &Link) -> Html {
    let state = &app.state;
    let phase = live.phase();
    html! {<>
        <p class="line">{ line(state, live) }</p>
        if let (Some(since), Some(Phase::Talking | Phase::OnHold)) = (live.talking_since, phase) {
            <p class="timer" role="timer" aria-live="off">{ strings::clock(app.seconds_since(since)) }</p>
        }
        if state.offline && !live.has_ended() { <p class="notice">{ strings::OFFLINE }</p> }
        { voice(live, link) }
        { sharing(state, live, link) }
        <div class="actions">{ actions(live, link) }</div>
    </>}
}

/// The status in words.
pub(crate) fn line(state: &State, live: &Live) -> String {
    let business = match state.business() {
        "" => strings::US,
        name => name,
    };
    match &live.status {
        Some(status) => strings::status(&live.ticket, status, business),
        None => strings::LOADING.into(),
    }
}

fn voice(live: &Live, link: &Link) -> Html {
    let notice = match live.voice {
        Voice::Blocked => {
            let hear = click(link, || Event::Hear);
            return html! { <button type="button" class="primary" onclick={hear}>{ strings::TAP_TO_HEAR }</button> };
        }
        Voice::Idle | Voice::Up => return Html::default(),
        Voice::Away => strings::VOICE_LOST,
        Voice::MicrophoneLost => strings::MICROPHONE_LOST,
        Voice::Elsewhere => strings::VOICE_ELSEWHERE,
    };
    html! { <p class="notice">{ notice }</p> }
}

fn sharing(state: &State, live: &Live, link: &Link) -> Html {
    if matches!(live.phase(), None | Some(Phase::Ended | Phase::Scheduled)) {
        return Html::default();
    }
    let on = state.is_sharing();
    let (text, action) =
        if on { (strings::SHARED, strings::STOP) } else { (strings::NOT_SHARED, strings::SHARE_AGAIN) };
    html! {
        <p class="split soft">
            <span>{ text }</span>
            <button type="button" class="link" onclick={click(link, move || Event::Share(!on))}>{ action }</button>
        </p>
    }
}

fn actions(live: &Live, link: &Link) -> Html {
    let button = |class: &'static str, text: &'static str, event: Event| {
        html! { <button type="button" {class} onclick={click(link, move || event.clone())}>{ text }</button> }
    };
    match (live.phase(), live.status.as_ref().and_then(|status| status.reason)) {
        (None, _) => Html::default(),
        (Some(Phase::Ended), Some(EndReason::Cancelled)) => html! {<>
            { button("", strings::ASK_AGAIN, Event::StartAnew { later: false }) }
            { button("", strings::DONE, Event::Dismiss) }
        </>},
        (Some(Phase::Ended), reason) if is_worth_another_try(reason) => html! {<>
            { button("primary", strings::TRY_AGAIN, Event::StartAnew { later: false }) }
            { button("", strings::PICK_TIME, Event::StartAnew { later: true }) }
        </>},
        (Some(Phase::Ended), _) => button("", strings::DONE, Event::Dismiss),
        (Some(Phase::Scheduled | Phase::Waiting), _) => button("", strings::CANCEL, Event::Cancel),
        (
            Some(Phase::Calling | Phase::Confirming | Phase::Connecting | Phase::Talking | Phase::OnHold),
            _,
        ) => button("danger", strings::HANG_UP, Event::Cancel),
    }
}

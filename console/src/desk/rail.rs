//! The left column: me, who waits, today.
use shared::{
    api::Me,
    contact::{Phase, Presence},
    wire::console::{Queue, QueueEntry},
};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{DeskHandle, DeskState, Middle};
use crate::{
    icons::Icon,
    time::{Ago, Elapsed, length},
    words,
};

#[derive(Properties, PartialEq)]
pub(crate) struct RailProps {
    pub(crate) me: Me,
    pub(crate) state: DeskState,
    pub(crate) middle: Middle,
    pub(crate) on_middle: Callback<Middle>,
    pub(crate) on_sign_out: Callback<()>,
}

#[component]
pub(crate) fn Rail(props: &RailProps) -> Html {
    let tab = |which: Middle, icon: Icon, label: &'static str| {
        let on_middle = props.on_middle.clone();
        let current = (props.middle == which).then_some("page");
        html! {
            <button class="tab" aria-current={current} onclick={move |_| on_middle.emit(which)}>
                { icon.html() }<span>{ label }</span>
            </button>
        }
    };
    let sign_out = props.on_sign_out.reform(|_: MouseEvent| ());
    html! {
        <nav class="rail" aria-label="Desk">
            <MePanel me={props.me.clone()} state={props.state.clone()} />
            <div class="tabs">
                { tab(Middle::Live, Icon::Live, "Live page") }
                { tab(Middle::Watch, Icon::Eye, "Watch") }
                { tab(Middle::History, Icon::History, "History") }
            </div>
            <Waiting queue={props.state.queue.clone()} skew_ms={props.state.skew_ms}
                last_ended={props.state.today.and_then(|today| today.last_ended_at)} />
            <TodayPanel state={props.state.clone()} />
            <div class="rail-foot">
                <ThemeButton />
                <button class="plain" onclick={sign_out}>{ "Sign out" }</button>
            </div>
        </nav>
    }
}

#[derive(Properties, PartialEq)]
struct MeProps {
    me: Me,
    state: DeskState,
}

/// Who I am, how I stand, and the switch between ready and away.
#[component]
fn MePanel(props: &MeProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let presence = props.state.presence();
    let since = props.state.agent.as_ref().map(|agent| agent.since);
    let away_reason = props.state.agent.as_ref().and_then(|agent| agent.away_reason.clone());
    let reasons =
        props.state.welcome.as_ref().map(|welcome| welcome.away_reasons.clone()).unwrap_or_default();
    let ready = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.ready())
    };
    let away = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let reason = select.value();
        select.set_selected_index(0);
        if !reason.is_empty() {
            desk.away(&reason);
        }
    });
    let (is_ready, can_be_ready) = (presence == Presence::Ready, presence == Presence::Away);
    html! {
        <section class="me" aria-label="Me">
            <p class="me-name">{ &props.me.name }<small>{ &props.me.business }</small></p>
            <p class={classes!("presence", presence_class(presence))} role="status">
                <span class="dot" aria-hidden="true"></span>
                <span>{ words::presence(presence) }</span>
                if let Some(reason) = away_reason.filter(|_| presence == Presence::Away) {
                    <span class="quiet">{ format!("({reason})") }</span>
                }
                if let Some(since) = since {
                    <Elapsed {since} skew_ms={props.state.skew_ms} />
                }
            </p>
            <div class="me-switch">
                <button class={classes!(can_be_ready.then_some("primary"))} onclick={ready} disabled={!can_be_ready}
                    title="Take calls (R)">{ if is_ready { "You're ready" } else { "Ready" } }</button>
                <label class="visually-hidden" for="away">{ "Go away" }</label>
                <select id="away" onchange={away} title="Take no calls">
                    <option value="" selected=true>{ "Away…" }</option>
                    { for reasons.into_iter().map(|reason| html! { <option value={reason.clone()}>{ reason }</option> }) }
                </select>
            </div>
        </section>
    }
}

fn presence_class(presence: Presence) -> &'static str {
    match presence {
        Presence::Offline | Presence::Away => "is-away",
        Presence::Ready => "is-ready",
        Presence::Reserved | Presence::Ringing => "is-ringing",
        Presence::Talking => "is-talking",
        Presence::WrapUp => "is-wrap-up",
    }
}

#[derive(Properties, PartialEq)]
struct WaitingProps {
    queue: Queue,
    skew_ms: i64,
    last_ended: Option<shared::Timestamp>,
}

/// Who waits, longest first.
#[component]
fn Waiting(props: &WaitingProps) -> Html {
    let total = usize::try_from(props.queue.total).unwrap_or(usize::MAX);
    let hidden = total.saturating_sub(props.queue.waiting.len());
    html! {
        <section class="waiting" aria-label="Waiting">
            <h2>{ "Waiting" }<span class="count">{ props.queue.total }</span></h2>
            if props.queue.waiting.is_empty() {
                <p class="empty">
                    { "Nobody is waiting." }
                    if let Some(at) = props.last_ended {
                        { " Your last call ended " }<Ago {at} skew_ms={props.skew_ms} />{ "." }
                    }
                </p>
            } else {
                <ol>{ for props.queue.waiting.iter().map(|entry| waiting_row(entry, props.skew_ms)) }</ol>
            }
            if hidden > 0 {
                <p class="quiet">{ format!("and {hidden} more") }</p>
            }
        </section>
    }
}

fn waiting_row(entry: &QueueEntry, skew_ms: i64) -> Html {
    let label = if entry.label.is_empty() { "A customer" } else { &entry.label };
    html! {
        <li key={entry.contact.to_string()}>
            <span class="waiting-who" title={label.to_owned()}>{ label }</span>
            if let Some(due) = entry.due_at.filter(|_| entry.phase == Phase::Scheduled) {
                <span class="waiting-time">{ crate::time::exact(due) }</span>
            } else {
                <Elapsed since={entry.requested_at} {skew_ms} class="waiting-time" />
            }
            <span class="chips">
                <span class="chip">{ words::phase(entry.phase) }</span>
                if !entry.skill.is_empty() { <span class="chip">{ &entry.skill }</span> }
            </span>
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct TodayProps {
    state: DeskState,
}

#[component]
fn TodayPanel(props: &TodayProps) -> Html {
    let Some(today) = props.state.today else { return Html::default() };
    let average = today.talk_seconds.checked_div(today.calls).unwrap_or(0);
    html! {
        <section class="today" aria-label="Today">
            <h2>{ "Today" }</h2>
            <dl>
                <div><dt>{ "Calls" }</dt><dd>{ today.calls }</dd></div>
                <div><dt>{ "Talked" }</dt><dd>{ length(today.talk_seconds.into()) }</dd></div>
                <div><dt>{ "Average" }</dt><dd>{ length(average.into()) }</dd></div>
            </dl>
        </section>
    }
}

const THEME_KEY: &str = "ringside:theme";

/// Light, dark, or as the system has it.
#[component]
fn ThemeButton() -> Html {
    use gloo::storage::{LocalStorage, Storage};
    let theme = use_state(|| LocalStorage::get::<String>(THEME_KEY).unwrap_or_default());
    use_effect_with((*theme).clone(), |theme| {
        let root =
            web_sys::window().and_then(|window| window.document()).and_then(|page| page.document_element());
        if let Some(root) = root {
            // Both can only fail for a bad attribute name, and this one is good.
            let _ = if theme.is_empty() {
                root.remove_attribute("data-theme")
            } else {
                root.set_attribute("data-theme", theme)
            };
        }
    });
    let (label, next) = match theme.as_str() {
        "light" => ("Light", "dark"),
        "dark" => ("Dark", ""),
        _ => ("System", "light"),
    };
    let change = {
        let theme = theme.clone();
        Callback::from(move |_: MouseEvent| {
            // A browser that keeps nothing still changes the colours now.
            let _ = LocalStorage::set(THEME_KEY, next);
            theme.set(next.into());
        })
    };
    html! {
        <button class="plain" onclick={change} title="Change the colours">
            { Icon::Moon.html() }<span>{ format!("Colours: {label}") }</span>
        </button>
    }
}

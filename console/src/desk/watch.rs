//! Looking on at others' contacts: the list of what is live, for supervisors, and the code that a customer reads out.
use shared::{
    limits::CODE_DIGITS,
    wire::console::{LiveContacts, LiveEntry},
};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{DeskHandle, DeskState, page::LivePage, state::Watching};
use crate::{time::Elapsed, words};

#[derive(Properties, PartialEq)]
pub(crate) struct WatchProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn WatchView(props: &WatchProps) -> Html {
    let state = &props.state;
    match &state.watch {
        Some(watching) => html! { <Watched watching={watching.clone()} /> },
        None => html! {
            <section class="watch" aria-label="Watch a page">
                <CodeForm />
                if let Some(live) = &state.live {
                    <LiveList live={live.clone()} skew_ms={state.skew_ms} />
                }
            </section>
        },
    }
}

#[derive(Properties, PartialEq)]
struct WatchedProps {
    watching: Watching,
}

/// The page of somebody else's customer, and the way out.
#[component]
fn Watched(props: &WatchedProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let Watching { contact, label, token } = props.watching.clone();
    let stop = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.unwatch(contact))
    };
    html! {
        <div class="watched">
            <p class="watched-bar">
                <span>{ words::watching(&label) }</span>
                <button type="button" onclick={stop}>{ "Stop watching" }</button>
            </p>
            if let Some(token) = token {
                <LivePage key={contact.to_string()} {contact} {token} watches=true />
            } else {
                <p class="quiet" role="status">{ "Connecting to the customer's page…" }</p>
            }
        </div>
    }
}

/// Takes the code that a customer reads out on any telephone.
#[component]
fn CodeForm() -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let input = use_node_ref();
    let join = {
        let input = input.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(field) = input.cast::<HtmlInputElement>() {
                let code = field.value();
                if !code.trim().is_empty() && desk.join_by_code(code.trim()) {
                    field.set_value("");
                }
            }
        })
    };
    let placeholder = "0000 0000";
    html! {
        <form class="code-form" onsubmit={join}>
            <h2><label for="session-code">{ "Join a customer's page" }</label></h2>
            <p class="quiet" id="session-code-help">
                { "The customer presses “Show this page” or “Get a code” in the card and reads eight digits to you. They work once, for five minutes." }
            </p>
            <div>
                <input id="session-code" ref={input} inputmode="numeric" autocomplete="off" spellcheck="false"
                    maxlength={(2 * CODE_DIGITS).to_string()} {placeholder} aria-describedby="session-code-help" />
                <button class="primary">{ "Join" }</button>
            </div>
        </form>
    }
}

#[derive(Properties, PartialEq)]
struct ListProps {
    live: LiveContacts,
    skew_ms: i64,
}

/// What agents have now, for supervisors.
#[component]
fn LiveList(props: &ListProps) -> Html {
    let total = usize::try_from(props.live.total).unwrap_or(usize::MAX);
    let hidden = total.saturating_sub(props.live.contacts.len());
    html! {
        <section class="live-list" aria-label="Live contacts">
            <h2>{ "Live contacts" }<span class="count">{ props.live.total }</span></h2>
            if props.live.contacts.is_empty() {
                <p class="empty">{ "No agent has a contact right now. Whoever is called or talks appears here." }</p>
            } else {
                <ul>
                    { for props.live.contacts.iter().map(|entry| html! {
                        <LiveRow key={entry.contact.to_string()} entry={entry.clone()} skew_ms={props.skew_ms} />
                    }) }
                </ul>
            }
            if hidden > 0 {
                <p class="quiet">{ format!("and {hidden} more") }</p>
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    entry: LiveEntry,
    skew_ms: i64,
}

#[component]
fn LiveRow(props: &RowProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let LiveEntry { contact, phase, since, agent, label, sharing, watching, .. } = props.entry.clone();
    let label = if label.is_empty() { "A customer".to_owned() } else { label };
    let title = format!("Watch {label} with {agent}");
    let watch = {
        let label = label.clone();
        Callback::from(move |_: MouseEvent| desk.watch(contact, &label))
    };
    html! {
        <li>
            <span class="live-who">
                <strong>{ label }</strong>
                <span class="quiet">{ format!("with {agent}") }</span>
            </span>
            <span class="chips">
                <span class="chip">{ words::phase(phase) }</span>
                if !sharing { <span class="chip is-warn">{ "Page not shared" }</span> }
                if watching > 0 { <span class="chip">{ format!("{watching} watching") }</span> }
            </span>
            <Elapsed {since} skew_ms={props.skew_ms} class="waiting-time" />
            <button type="button" aria-label={title} onclick={watch}>{ "Watch" }</button>
        </li>
    }
}

//! Contacts of the past: search, the list, and one contact whole with the record of every leg.
mod record;

use std::{cell::Cell, rc::Rc};

use gloo::timers::callback::Timeout;
use shared::{
    ContactId,
    api::{ContactSummary, Problem},
};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use self::record::Record;
use crate::{
    http,
    icons::Icon,
    time::{Ago, clock},
    words,
};

/// A pause in typing after which the list is searched, in milliseconds.
const SEARCH_AFTER_MS: u32 = 250;

#[derive(Properties, PartialEq)]
pub(crate) struct HistoryProps {
    pub(crate) skew_ms: i64,
    pub(crate) csrf: AttrValue,
}

#[derive(Clone, PartialEq)]
enum Load {
    Loading,
    Failed(Problem),
    Here { contacts: Vec<ContactSummary>, next: Option<String> },
}

#[component]
pub(crate) fn History(props: &HistoryProps) -> Html {
    let search = use_state(String::new);
    let load = use_state(|| Load::Loading);
    let open = use_state(|| None::<ContactId>);
    let tries = use_state(|| 0_u32);
    {
        let load = load.setter();
        use_effect_with(((*search).clone(), *tries), move |(search, _)| {
            let search = search.clone();
            let delay = if search.is_empty() { 0 } else { SEARCH_AFTER_MS };
            let is_current = Rc::new(Cell::new(true));
            let asked = is_current.clone();
            let timer = Timeout::new(delay, move || {
                spawn_local(async move {
                    let answer = match http::contacts(&search, None).await {
                        Ok(page) => Load::Here { contacts: page.contacts, next: page.next },
                        Err(problem) => Load::Failed(problem),
                    };
                    // An answer to what was typed before may come behind that to what is typed now.
                    if asked.get() {
                        load.set(answer);
                    }
                });
            });
            move || {
                is_current.set(false);
                drop(timer);
            }
        });
    }
    if let Some(contact) = *open {
        let back = open.setter();
        return html! { <Record {contact} skew_ms={props.skew_ms} csrf={props.csrf.clone()} on_back={move |()| back.set(None)} /> };
    }
    let typed = {
        let search = search.clone();
        move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value())
    };
    let again = {
        let tries = tries.clone();
        Callback::from(move |_: MouseEvent| tries.set(*tries + 1))
    };
    html! {
        <section class="history" aria-label="History">
            <div class="search">
                { Icon::Search.html() }
                <label class="visually-hidden" for="search">{ "Search contacts" }</label>
                <input id="search" type="search" placeholder="Name, number, note, result" value={(*search).clone()} oninput={typed} />
            </div>
            { match &*load {
                Load::Loading => html! { <div class="skeletons" aria-busy="true" aria-label="Loading">{ for (0..6).map(|_| html! { <div class="skeleton"></div> }) }</div> },
                Load::Failed(problem) => html! { <div class="empty" role="alert"><p>{ &problem.detail }</p><button onclick={again}>{ "Try again" }</button></div> },
                Load::Here { contacts, .. } if contacts.is_empty() => html! { <p class="empty">{ if search.is_empty() { "No contacts yet. They appear here as soon as the first request comes in." } else { "Nothing fits that search." } }</p> },
                Load::Here { contacts, next } => list(contacts, next.as_deref(), &search, &load, &open, props.skew_ms),
            } }
        </section>
    }
}

fn list(
    contacts: &[ContactSummary],
    next: Option<&str>,
    search: &str,
    load: &UseStateHandle<Load>,
    open: &UseStateHandle<Option<ContactId>>,
    skew_ms: i64,
) -> Html {
    let more = next.map(|next| {
        let (next, search, load, so_far) =
            (next.to_owned(), search.to_owned(), load.setter(), contacts.to_vec());
        Callback::from(move |_: MouseEvent| {
            let (next, search, load, so_far) = (next.clone(), search.clone(), load.clone(), so_far.clone());
            spawn_local(async move {
                load.set(match http::contacts(&search, Some(&next)).await {
                    Ok(page) => Load::Here { contacts: [so_far, page.contacts].concat(), next: page.next },
                    Err(problem) => Load::Failed(problem),
                });
            });
        })
    });
    html! {
        <>
            <ul class="contacts">{ for contacts.iter().map(|contact| row(contact, open, skew_ms)) }</ul>
            if let Some(more) = more { <button onclick={more}>{ "Show older ones" }</button> }
        </>
    }
}

fn row(contact: &ContactSummary, open: &UseStateHandle<Option<ContactId>>, skew_ms: i64) -> Html {
    let (id, open) = (contact.contact, open.setter());
    let who = contact
        .name
        .clone()
        .or(contact.number.clone())
        .unwrap_or_else(|| words::channel(contact.channel).into());
    let what = contact.disposition.clone().filter(|text| !text.is_empty());
    let state = contact.reason.map_or(words::phase(contact.phase), words::reason);
    html! {
        <li key={id.to_string()}>
            <button class="contact-row" onclick={move |_| open.set(Some(id))}>
                <span class="contact-who">{ who }</span>
                <span class="contact-what">{ what.unwrap_or_else(|| state.to_owned()) }</span>
                <span class="contact-note">{ contact.note.clone().unwrap_or_default() }</span>
                <span class="contact-agent">{ contact.agent.clone().unwrap_or_default() }</span>
                <span class="contact-talk">{ if contact.talk_seconds > 0 { clock(contact.talk_seconds.into()) } else { String::new() } }</span>
                <span class="contact-time"><Ago at={contact.requested_at} {skew_ms} /></span>
            </button>
        </li>
    }
}

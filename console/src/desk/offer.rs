//! The offer: a card that can't be missed.
use shared::{Timestamp, wire::console::ContactShown};
use yew::prelude::*;

use super::DeskHandle;
use crate::{
    icons::Icon,
    time::{Elapsed, on_server, use_now},
    words,
};

/// Circumference of the countdown's circle, in its own units.
const CIRCLE: f64 = 100.0;

#[derive(Properties, PartialEq)]
pub(crate) struct OfferProps {
    pub(crate) contact: ContactShown,
    pub(crate) until: Option<Timestamp>,
    pub(crate) skew_ms: i64,
}

#[component]
pub(crate) fn OfferCard(props: &OfferProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let contact = props.contact.contact;
    let accept_button = use_node_ref();
    {
        let accept_button = accept_button.clone();
        use_effect_with((), move |()| {
            if let Some(button) = accept_button.cast::<web_sys::HtmlElement>() {
                // Focus may be refused where the window is not in front; Enter works anyway.
                let _ = button.focus();
            }
        });
    }
    let accept = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.accept(contact))
    };
    let decline = Callback::from(move |_: MouseEvent| desk.decline(contact));
    let shown = &props.contact;
    let who = shown.name.clone().or(shown.number.clone()).unwrap_or_else(|| "A customer".into());
    html! {
        <div class="offer-veil">
            <section class="offer" role="alertdialog" aria-labelledby="offer-who" aria-describedby="offer-what">
                <Countdown until={props.until} skew_ms={props.skew_ms} />
                <h2 id="offer-who">{ who }</h2>
                <div id="offer-what">
                    <p class="quiet">{ words::channel(shown.channel) }{ " · waiting " }
                        <Elapsed since={shown.requested_at} skew_ms={props.skew_ms} /></p>
                    if let Some(page) = shown.trail.last() {
                        <p class="offer-page">{ if page.title.is_empty() { &page.url } else { &page.title } }</p>
                    }
                    if let Some(note) = &shown.note { <blockquote>{ note }</blockquote> }
                </div>
                <div class="offer-actions">
                    <button ref={accept_button} class="primary" onclick={accept} title="Accept (Enter)">
                        { Icon::Phone.html() }{ "Accept" }<kbd>{ "Enter" }</kbd></button>
                    <button onclick={decline} title="Decline (Esc)">{ "Decline" }<kbd>{ "Esc" }</kbd></button>
                </div>
            </section>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct CountdownProps {
    until: Option<Timestamp>,
    skew_ms: i64,
}

/// A ring that empties as the time to accept runs out.
#[component]
fn Countdown(props: &CountdownProps) -> Html {
    let now = on_server(use_now(200), props.skew_ms);
    let began = use_memo(props.until, |_| now);
    let Some(until) = props.until else { return Html::default() };
    let left = until.since(now);
    let whole = until.since(*began).as_millis().max(1) as f64;
    let share = (left.as_millis() as f64 / whole).clamp(0.0, 1.0);
    html! {
        <svg class="countdown" viewBox="0 0 40 40" role="timer" aria-label={format!("{} seconds left", left.as_secs())}>
            <circle cx="20" cy="20" r="15.9155" class="countdown-rest" />
            <circle cx="20" cy="20" r="15.9155" class="countdown-left" pathLength="100"
                stroke-dasharray={format!("{:.1} {CIRCLE}", share * CIRCLE)} />
            <text x="20" y="25" text-anchor="middle">{ left.as_secs() }</text>
        </svg>
    }
}

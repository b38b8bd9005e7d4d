//! What the customer sees. Elements are put together by [`El`] instead of `html!`: it is a third of the code in
//! the browser. What an element does stands in its `data-do` ([`events`]).
mod contact;
mod el;
pub(crate) mod events;
mod form;

use yew::Html;

use crate::{
    app::App,
    state::{Stage, State},
    strings,
};
use el::{El, button, el, text};

const SHEET: &str = include_str!("view/style.css");

/// The card's style: the merchant's colour, with black or white on it by its lightness (CIE L* 49.44 is equally
/// far from both). What is no colour is dropped by the browser's parser; what could be more than a colour, here.
pub(crate) fn style(accent: &str) -> String {
    let plain = accent.bytes().all(|b| b.is_ascii_alphanumeric() || b"#(),.%/ -".contains(&b));
    let accent = if plain { accent } else { "" };
    [SHEET, ".primary,.chip{background:", accent, ";color:lch(from ", accent, " calc((49.44 - l)*9e9) 0 0)}"]
        .concat()
}

pub(crate) fn app(app: &App) -> Html {
    let state = &app.state;
    let seen = state.live().filter(|live| state.is_sharing() && !live.viewers.is_empty());
    Html::from_iter([
        seen.map_or_else(Html::default, |live| {
            let stop = button("", strings::STOP, "stop");
            Html::from_iter([
                el("div").class("frame").html(),
                el("p")
                    .class("chip")
                    .child(text("span", "", strings::seen_by(&live.viewers)))
                    .child(stop)
                    .html(),
            ])
        }),
        state.toast.clone().map_or_else(Html::default, |toast| text("p", "toast", toast)),
        if state.open { card(app) } else { Html::default() },
        el("p").class("spoken").attr("role", "status").attr("aria-live", "polite").text(spoken(state)).html(),
    ])
}

fn card(app: &App) -> Html {
    let state = &app.state;
    let title =
        if state.site.is_some() { strings::title(state.business()) } else { app.config.words.clone() };
    let close = el("button")
        .class("icon")
        .attr("type", "button")
        .attr("data-do", "close")
        .attr("aria-label", strings::CLOSE)
        .child(el::chevron());
    let card = el("section")
        .attr("id", "card")
        .attr("role", "dialog")
        .attr("aria-labelledby", "title")
        .attr("tabindex", "-1")
        .child(
            el("header").child(el("h2").attr("id", "title").text(title).html()).child(close.html()).html(),
        );
    match &state.stage {
        Stage::Asking => form::form(app, card),
        Stage::Permission => {
            card.child(text("p", "line", strings::PERMISSION)).child(button("", strings::CANCEL, "cancel"))
        }
        Stage::Sending { .. } => card.child(text("p", "line", spoken(state))),
        Stage::Contact(live) => contact::contact(app, live, card),
    }
    .html()
}

/// What a screen reader says when it changes. The timer is not in it: it would never be silent.
fn spoken(state: &State) -> String {
    if let Some(toast) = &state.toast {
        return toast.clone();
    }
    let words = match &state.stage {
        Stage::Asking => {
            let faults = &state.form.faults;
            let first = faults.number.as_ref().or(faults.time.as_ref()).or(faults.note.as_ref());
            return first.or(faults.form.as_ref()).cloned().unwrap_or_default();
        }
        Stage::Permission => strings::PERMISSION,
        Stage::Sending { tries: 0, .. } => strings::SENDING,
        Stage::Sending { .. } => strings::RETRYING,
        Stage::Contact(live) if state.offline && !live.has_ended() => strings::OFFLINE,
        Stage::Contact(live) => return contact::line(state, live),
    };
    words.into()
}

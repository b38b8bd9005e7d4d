//! What the customer sees.
mod contact;
mod form;
pub(crate) mod style;

use yew::{html::Scope, prelude::*};

use crate::{
    app::{App, Msg},
    state::{Event, Stage, State},
    strings,
};

pub(crate) type Link = Scope<App>;

/// A callback that turns a click into an event.
pub(crate) fn click(link: &Link, event: impl Fn() -> Event + 'static) -> Callback<MouseEvent> {
    link.callback(move |_: MouseEvent| Msg::Event(event()))
}

pub(crate) fn app(app: &App, link: &Link) -> Html {
    let state = &app.state;
    html! {
        <div class={app.config.place.clone()} data-theme={app.config.theme.clone()}>
            if state.is_sharing() { { seen(state, link) } }
            if let Some(toast) = &state.toast { <p class="toast">{ toast.text.clone() }</p> }
            if state.open { { card(app, link) } }
            <p class="spoken" role="status" aria-live="polite">{ spoken(state) }</p>
        </div>
    }
}

fn card(app: &App, link: &Link) -> Html {
    let state = &app.state;
    let title = match (state.business(), &*app.config.words) {
        ("", words) => words.to_owned(),
        (business, _) => strings::title(business),
    };
    let escape = link.batch_callback(|event: KeyboardEvent| {
        (event.key() == "Escape").then(|| {
            event.stop_propagation();
            Msg::Event(Event::Minimised)
        })
    });
    html! {
        <section id="card" role="dialog" aria-labelledby="title" tabindex="-1" onkeydown={escape}>
            <header>
                <h2 id="title">{ title }</h2>
                <button type="button" class="icon" aria-label={strings::CLOSE} title={strings::CLOSE}
                    onclick={click(link, || Event::Minimised)}>
                    <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 9l6 6 6-6" /></svg>
                </button>
            </header>
            { match &state.stage {
                Stage::Asking => form::form(app, link),
                Stage::Permission(_) => html! {<>
                    <p class="line">{ strings::PERMISSION }</p>
                    <button type="button" onclick={click(link, || Event::Cancel)}>{ strings::CANCEL }</button>
                </>},
                Stage::Sending { tries, .. } => html! {
                    <p class="line">{ if *tries == 0 { strings::SENDING } else { strings::RETRYING } }</p>
                },
                Stage::Contact(live) => contact::contact(app, live, link),
            } }
        </section>
    }
}

/// The frame round the page, and who sees it.
fn seen(state: &State, link: &Link) -> Html {
    let Some(live) = state.live().filter(|live| !live.viewers.is_empty()) else { return Html::default() };
    html! {<>
        <div class="frame"></div>
        <p class="chip">
            <span>{ strings::seen_by(&live.viewers) }</span>
            <button type="button" onclick={click(link, || Event::Share(false))}>{ strings::STOP }</button>
        </p>
    </>}
}

/// What a screen reader says when it changes. The timer is not in it: it would never be silent.
fn spoken(state: &State) -> String {
    if let Some(toast) = &state.toast {
        return toast.text.clone();
    }
    match &state.stage {
        Stage::Asking => {
            let faults = &state.form.faults;
            [&faults.number, &faults.time, &faults.note, &faults.form]
                .into_iter()
                .flatten()
                .next()
                .cloned()
                .unwrap_or_default()
        }
        Stage::Permission(_) => strings::PERMISSION.into(),
        Stage::Sending { tries: 0, .. } => strings::SENDING.into(),
        Stage::Sending { .. } => strings::RETRYING.into(),
        Stage::Contact(_) if state.offline => strings::OFFLINE.into(),
        Stage::Contact(live) => contact::line(state, live),
    }
}

//! The middle: the customer's page, live; otherwise the trail, or what to expect.
use shared::contact::Presence;
use yew::prelude::*;

use super::{DeskState, customer::Trail};

#[derive(Properties, PartialEq)]
pub(crate) struct PageProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn PageView(props: &PageProps) -> Html {
    let state = &props.state;
    let Some(contact) = &state.contact else {
        return html! { <div class="empty big">{ waiting_words(state) }</div> };
    };
    html! {
        <section class="page-view" aria-label="The customer's page">
            <Trail pages={contact.trail.clone()} skew_ms={state.skew_ms} />
        </section>
    }
}

/// What an agent without a contact should know.
fn waiting_words(state: &DeskState) -> Html {
    let (title, text) = match state.presence() {
        Presence::Ready if state.queue.total > 0 => {
            ("Someone is waiting", "A call comes to you as soon as one fits your skills.")
        }
        Presence::Ready => {
            ("You're ready", "Nobody is waiting. The next customer's page appears here before you talk.")
        }
        Presence::Away => ("You're away", "Press Ready to take calls."),
        Presence::Offline => ("Connecting", "One moment."),
        Presence::Reserved | Presence::Ringing | Presence::Talking | Presence::WrapUp => {
            ("A call is coming up", "One moment.")
        }
    };
    html! { <><h2>{ title }</h2><p>{ text }</p></> }
}

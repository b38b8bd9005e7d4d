//! The desk: left who waits, in the middle the customer's page, right the contact, on top the call.
pub(crate) mod state;

mod call_bar;
mod customer;
mod lead;
mod link;
mod notify;
mod offer;
mod page;
mod palette;
mod rail;
mod take_up;
mod voice;
mod watch;
mod wrap_up;

use shared::{api::Me, close};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use self::{
    call_bar::CallBar,
    customer::CustomerPanel,
    link::use_desk,
    notify::use_ring,
    offer::OfferCard,
    page::PageView,
    palette::Palette,
    rail::Rail,
    state::{Link, Voice},
    watch::WatchView,
    wrap_up::WrapUpForm,
};
use crate::{history::History, http, icons::Icon, words};

pub(crate) use self::{
    customer::Trail,
    link::DeskHandle,
    page::{REPLICA_DOCUMENT, use_ratio},
    state::DeskState,
    wrap_up::price_text,
};

#[derive(Properties, PartialEq)]
pub(crate) struct DeskProps {
    pub(crate) me: Me,
    /// The agent leaves, or is sent away for a reason.
    pub(crate) on_leave: Callback<Option<AttrValue>>,
}

/// What the middle shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Middle {
    Live,
    Watch,
    History,
}

#[component]
pub(crate) fn DeskView(props: &DeskProps) -> Html {
    let (state, desk) = use_desk();
    let middle = use_state(|| Middle::Live);
    let drawer = use_state(|| false);
    use_ring(state.offer().map(|contact| contact.contact));
    // A call that comes brings its page to the front.
    let shown = state.contact.as_ref().map(|contact| contact.contact);
    let front = middle.setter();
    use_effect_with(shown, move |shown| {
        if shown.is_some() {
            front.set(Middle::Live);
        }
    });
    let (link, leave) = (state.link, props.on_leave.clone());
    use_effect_with(link, move |link| {
        if *link == (Link::Closed { code: close::UNAUTHORIZED }) {
            leave.emit(Some("Your session has ended. Sign in again.".into()));
        }
    });
    let sign_out = {
        let (leave, csrf, desk) = (props.on_leave.clone(), props.me.csrf.clone(), desk.clone());
        Callback::from(move |()| {
            let (leave, csrf, desk) = (leave.clone(), csrf.clone(), desk.clone());
            spawn_local(async move {
                match http::sign_out(&csrf).await {
                    Ok(()) => leave.emit(None),
                    Err(problem) => desk.notice(&problem.detail),
                }
            });
        })
    };
    let show = {
        let middle = middle.setter();
        Callback::from(move |which| middle.set(which))
    };
    let toggle = {
        let drawer = drawer.clone();
        Callback::from(move |_: MouseEvent| drawer.set(!*drawer))
    };
    html! {
        <ContextProvider<DeskHandle> context={desk.clone()}>
            <div class={classes!("desk", drawer.then_some("drawer-open"), state.contact.is_some().then_some("has-contact"))}>
                <CallBar state={(*state).clone()} />
                <LinkNotice link={state.link} voice={state.voice} />
                <Rail me={props.me.clone()} state={(*state).clone()} middle={*middle}
                    on_middle={show.clone()} on_sign_out={sign_out.clone()} />
                <main class="middle">
                    <h1 class="visually-hidden">{ "Ringside console" }</h1>
                    { match *middle {
                        Middle::Live => html! { <PageView state={(*state).clone()} /> },
                        Middle::Watch => html! { <WatchView state={(*state).clone()} /> },
                        Middle::History => html! { <History skew_ms={state.skew_ms} csrf={props.me.csrf.clone()} /> },
                    } }
                </main>
                <button class="drawer-button" onclick={toggle} aria-expanded={drawer.to_string()} aria-controls="contact">
                    { if *drawer { "Close contact" } else { "Contact" } }
                </button>
                <aside class="panel" id="contact" aria-label="Contact">
                    <CustomerPanel state={(*state).clone()} />
                    <WrapUpForm state={(*state).clone()} />
                </aside>
                if let Some(offer) = state.offer() {
                    <OfferCard key={offer.contact.to_string()} contact={offer.clone()} until={state.agent.as_ref().and_then(|agent| agent.until)}
                        skew_ms={state.skew_ms} />
                }
                if let Some(notice) = &state.notice {
                    <NoticeBar text={notice.clone()} />
                }
                <Palette state={(*state).clone()} on_middle={show} on_sign_out={sign_out} />
            </div>
        </ContextProvider<DeskHandle>>
    }
}

#[derive(Properties, PartialEq)]
struct NoticeProps {
    text: AttrValue,
}

#[component]
fn NoticeBar(props: &NoticeProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    html! {
        <div class="notice" role="alert">
            <span>{ &props.text }</span>
            <button class="plain" aria-label="Dismiss" onclick={move |_| desk.dismiss()}>{ Icon::Close.html() }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct LinkProps {
    link: Link,
    voice: Voice,
}

/// What is wrong with the connection, if anything is.
#[component]
fn LinkNotice(props: &LinkProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let (text, again) = match props.link {
        Link::Up => return Html::default(),
        Link::Connecting => ("Connecting…", false),
        Link::Down => (words::no_connection(props.voice), false),
        Link::Closed { code: close::DISPLACED } => {
            ("You signed in on another device or window. This one is asleep.", true)
        }
        Link::Closed { code: close::VERSION } => ("The console was updated. Reload the page.", false),
        Link::Closed { .. } => ("The server closed the connection.", true),
    };
    html! {
        <div class="link-notice" role="status">
            <span>{ text }</span>
            if again {
                <button onclick={move |_| desk.connect()}>{ "Use this window" }</button>
            }
        </div>
    }
}

//! The middle: the customer's page, live; otherwise the trail, or what to expect.
use std::{cell::RefCell, rc::Rc};

use replica::{PageView as Shown, ReplicaView, ViewEvent};
use shared::{ContactId, close, contact::Presence};
use web_sys::{Element, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::{
    DeskHandle, DeskState,
    customer::Trail,
    lead::{Lead, LeadBar, Press},
    link::socket_url,
};
use crate::icons::Icon;

/// Where the server gives the replica's empty document with a policy of its own.
pub(crate) const REPLICA_DOCUMENT: &str = "/replica";

#[derive(Properties, PartialEq)]
pub(crate) struct PageProps {
    pub(crate) state: DeskState,
}

#[component]
pub(crate) fn PageView(props: &PageProps) -> Html {
    let state = &props.state;
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let contact = state.contact.as_ref().filter(|contact| contact.reason.is_none());
    let wanted = contact.map(|contact| contact.contact);
    let granted = state.view.as_ref().filter(|(of, _)| Some(*of) == wanted).map(|(_, token)| token.clone());
    use_effect_with((wanted, granted.is_some()), move |(wanted, granted)| {
        if let (Some(contact), false) = (wanted, granted) {
            desk.ask_view(*contact);
        }
    });
    let Some(shown) = &state.contact else {
        return html! { <div class="empty big">{ waiting_words(state) }</div> };
    };
    match (wanted, granted) {
        (Some(contact), Some(token)) => html! { <LivePage key={contact.to_string()} {contact} {token} /> },
        _ => html! {
            <section class="page-view" aria-label="The customer's pages">
                <p class="quiet">{ if shown.reason.is_some() { "The call is over; the page is not shown any more." } else { "Connecting to the customer's page…" } }</p>
                <h2 class="visually-hidden">{ "The customer's pages" }</h2>
                <Trail pages={shown.trail.clone()} skew_ms={state.skew_ms} />
            </section>
        },
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

#[derive(Properties, PartialEq)]
pub(super) struct LiveProps {
    pub(super) contact: ContactId,
    pub(super) token: AttrValue,
    /// The agent looks on, and leads nothing unless the server says so.
    #[prop_or_default]
    pub(super) watches: bool,
}

/// What the frame shows and who else sees it. Pure.
#[derive(Clone, PartialEq, Eq, Default)]
struct Live {
    page: Option<(String, String)>,
    /// Of the customer's window, in CSS pixels.
    size: (u32, u32),
    /// The customer has something else before the page.
    hidden: bool,
    connected: bool,
    streaming: bool,
    stopped: bool,
    /// The customer went on in another tab.
    other_tab: bool,
    audience: Vec<String>,
    /// What became of the last pushed page.
    pushed: Option<Result<String, String>>,
    lead: Lead,
}

enum Saw {
    Event(ViewEvent),
    Press(Press),
}

impl Reducible for Live {
    type Action = Saw;

    fn reduce(self: Rc<Self>, saw: Saw) -> Rc<Self> {
        let mut next = (*self).clone();
        let event = match saw {
            Saw::Press(press) => {
                next.lead.pressed(press);
                return next.into();
            }
            Saw::Event(event) => event,
        };
        next.lead.heard(&event);
        match event {
            ViewEvent::Connecting | ViewEvent::Waiting { .. } | ViewEvent::Closed { .. } => {
                next.connected = false
            }
            ViewEvent::Connected => next.connected = true,
            ViewEvent::Streaming(on) => next.streaming = on,
            ViewEvent::OtherTab(other) => next.other_tab = other,
            ViewEvent::Page(Shown { url, title, hidden, width, height, .. }) => {
                next.page = Some((url, title));
                next.size = (width, height);
                next.hidden = hidden;
            }
            ViewEvent::Sharing(on) => {
                next.stopped = !on;
                if !on {
                    next.page = None;
                }
            }
            ViewEvent::Audience(names) => next.audience = names,
            ViewEvent::Pushed { url, refused } => next.pushed = Some(refused.map_or(Ok(url), Err)),
            ViewEvent::Standings(_) | ViewEvent::Acted { .. } | ViewEvent::Notes(_) | ViewEvent::Pinned => {}
        }
        next.into()
    }
}

/// The replica, and the address bar that leads the customer.
#[component]
pub(super) fn LivePage(props: &LiveProps) -> Html {
    let desk = use_context::<DeskHandle>().expect("the desk gives its handle");
    let live = use_reducer(Live::default);
    let host = use_node_ref();
    let view = use_mut_ref(|| None::<ReplicaView>);
    {
        let (host, view, dispatch) = (host.clone(), view.clone(), live.dispatcher());
        let (contact, watches) = (props.contact, props.watches);
        use_effect_with(props.token.clone(), move |token| {
            let saw = Rc::new(move |event: ViewEvent| {
                // A capability lives for a while only; as long as the contact is ours there is another one.
                if let ViewEvent::Closed { code } = event {
                    if code == close::UNAUTHORIZED {
                        desk.ask_view(contact);
                    } else if watches {
                        desk.watch_ended(contact);
                    }
                }
                dispatch.dispatch(Saw::Event(event));
            });
            if let Some(host) = host.cast::<Element>() {
                let opened = ReplicaView::open(
                    &host,
                    REPLICA_DOCUMENT,
                    &socket_url("/ws/view"),
                    token.to_string(),
                    saw,
                );
                *view.borrow_mut() = opened.ok();
            }
            let view = view.clone();
            move || drop(view.take())
        });
    }
    use_ratio(&host, live.size);
    let press = {
        let dispatch = live.dispatcher();
        Callback::from(move |press| dispatch.dispatch(Saw::Press(press)))
    };
    // Whoever has the code of a page that is shown without a call leads there as in a call.
    let watches = props.watches && !live.lead.may();
    html! {
        <section class="page-view" aria-label="The customer's page">
            if watches {
                <Address page={live.page.clone()} />
            } else {
                <AddressBar page={live.page.clone()} view={ViewHandle(view.clone())} pushed={live.pushed.clone()} />
            }
            if live.connected && !live.stopped && !watches {
                <LeadBar lead={live.lead.clone()} view={ViewHandle(view)} on_press={press} />
            }
            <p class="page-state" role="status">{ page_words(&live) }</p>
            <div class="replica" ref={host}></div>
        </section>
    }
}

/// Tells the style sheet the width to height of what is shown, so that the frame takes no more room than that. By the
/// object model: the console's policy lets no attribute hold a style.
#[hook]
pub(crate) fn use_ratio(host: &NodeRef, size: (u32, u32)) {
    let host = host.clone();
    use_effect_with(size, move |&(width, height)| {
        if let (Some(host), true) = (host.cast::<HtmlElement>(), width > 0 && height > 0) {
            let ratio = format!("{:.4}", f64::from(width) / f64::from(height));
            // The name is one of ours, so there is nothing that could fail.
            let _ = host.style().set_property("--page-ratio", &ratio);
        }
    });
}

/// What the picture is worth right now.
fn page_words(live: &Live) -> String {
    let others = live.audience.len().saturating_sub(1);
    match live {
        Live { stopped: true, .. } => "The customer has stopped showing the page.".into(),
        Live { connected: false, .. } => "Connecting… what you see may be old.".into(),
        Live { streaming: false, page: None, .. } => "Waiting for the customer's page.".into(),
        Live { streaming: false, .. } => "The customer is going to another page.".into(),
        Live { hidden: true, .. } => "The customer is looking at something else.".into(),
        Live { other_tab, .. } => {
            let tab = if *other_tab { " The customer went on in another tab." } else { "" };
            match others {
                0 if tab.is_empty() => "Live".into(),
                0 => format!("Live.{tab}"),
                others => format!("Live.{tab} {others} more watching."),
            }
        }
    }
}

/// Shared with the component that owns it; two handles are the same view.
#[derive(Clone)]
pub(super) struct ViewHandle(pub(super) Rc<RefCell<Option<ReplicaView>>>);

impl PartialEq for ViewHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct WhereProps {
    page: Option<(String, String)>,
}

/// Where the customer is, for whoever only looks on.
#[component]
fn Address(props: &WhereProps) -> Html {
    let (url, title) = props.page.clone().unwrap_or_default();
    html! {
        <>
            <p class="address address-shown">{ Icon::Globe.html() }<span>{ url }</span></p>
            <p class="page-title">{ title }</p>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct AddressProps {
    page: Option<(String, String)>,
    view: ViewHandle,
    pushed: Option<Result<String, String>>,
}

/// Where the customer is; typing another address of the shop leads them there.
#[component]
fn AddressBar(props: &AddressProps) -> Html {
    let input = use_node_ref();
    let (url, title) = props.page.clone().unwrap_or_default();
    {
        let input = input.clone();
        use_effect_with(url.clone(), move |url| {
            // The field follows the customer, but not while the agent types.
            let focused =
                web_sys::window().and_then(|window| window.document()).and_then(|page| page.active_element());
            if let Some(field) = input.cast::<HtmlInputElement>()
                && focused.as_ref() != Some(field.as_ref())
            {
                field.set_value(url);
            }
        });
    }
    let push = {
        let (input, view) = (input.clone(), props.view.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let (Some(field), Some(view)) = (input.cast::<HtmlInputElement>(), &*view.0.borrow()) {
                view.push_url(field.value().trim());
                // Whoever has led gives the field back to the customer's address; it cannot fail to lose focus.
                let _ = field.blur();
            }
        })
    };
    html! {
        <>
            <form class="address" onsubmit={push}>
                { Icon::Globe.html() }
                <label class="visually-hidden" for="address">{ "Send the customer to an address of the shop" }</label>
                <input id="address" ref={input} type="url" inputmode="url" spellcheck="false" autocomplete="off" title={title.clone()} />
                <button title="The customer's browser opens it (Enter)">{ Icon::Send.html() }<span>{ "Send there" }</span></button>
            </form>
            <p class="page-title">{ title }</p>
            <p class="push-outcome" role="status">{ match &props.pushed {
                None => String::new(),
                Some(Ok(url)) => format!("Sending the customer to {url}"),
                Some(Err(code)) => refusal(code).into(),
            } }</p>
        </>
    }
}

/// Why a page could not be pushed, by its problem code.
fn refusal(code: &str) -> &'static str {
    match code {
        "no_page" => "The customer has no page open right now.",
        "not_sharing" => "The customer has stopped showing the page, so you can't lead.",
        _ => "That address is not one of the shop's. Only pages of its own sites can be pushed.",
    }
}

//! From the form's answers to a contact: one request, however often it is clicked, in however many tabs.
//!
//! The key and the exact body of a request that found no answer are kept, so that another try (after a lost
//! answer, a reload, in another tab) is the same request to the server and not a second one.
use std::rc::Rc;

use shared::{api::PageView, limits};
use wasm_bindgen::JsValue;

use crate::{
    browser::{self, Store},
    config::Config,
    http::{self, Answer},
    js::{self, Record},
    state::{Draft, Event, Ticket},
    trail,
};

/// A request without an answer is taken up again within this; later it is a new one. Milliseconds.
const PENDING_MS: f64 = 600_000.0;

const TICKET: &str = "contact";
const PENDING: &str = "pending";
const TRAIL: &str = "trail";

/// The contact that this browser holds, if any.
pub(crate) fn ticket(store: &Store) -> Option<Ticket> {
    let kept = store.get(TICKET)?;
    let window = js::window(&js::get(&kept, "window"));
    Some(Ticket {
        token: js::text(&kept, "token")?,
        channel: js::channel(&kept)?,
        number: js::text(&kept, "number"),
        window,
    })
}

fn keep(store: &Store, ticket: &Ticket) {
    let window = ticket.window.as_ref().map_or(JsValue::NULL, js::window_record);
    let record = Record::new()
        .with("token", &*ticket.token)
        .with("channel", js::channel_name(ticket.channel))
        .maybe("number", ticket.number.as_deref())
        .with("window", window);
    store.set(TICKET, &record.json());
}

/// Forgets the contact, unless another tab has asked for a newer one meanwhile.
pub(crate) fn drop_ticket(store: &Store, token: &str) {
    if ticket(store).is_none_or(|kept| kept.token == token) {
        store.remove(TICKET);
    }
}

/// The storage key of the ticket changed: another tab asked, or its contact ended.
pub(crate) fn is_ticket_key(store: &Store, key: Option<&str>) -> bool {
    key == Some(&*store.key(TICKET))
}

/// The pages seen so far, newest last, as they may leave the browser.
pub(crate) fn trail(config: &Config) -> Vec<PageView> {
    config.note_page();
    let kept = config.store.get(TRAIL).map(|kept| js::pages(&kept)).unwrap_or_default();
    let pages = trail::publishable(kept, browser::now());
    if pages.is_empty() { this_page().into_iter().collect() } else { pages }
}

/// The page that is open, without its query: nobody has cleaned that.
fn this_page() -> Option<PageView> {
    let (location, document) = (browser::window().location(), browser::window().document()?);
    let url = [location.origin().ok()?, location.pathname().ok()?].concat();
    trail::published(PageView { url, title: document.title(), at: browser::now() })
}

/// Sends the request until it is answered, and tells what came of it.
pub(crate) async fn submit(
    config: Rc<Config>,
    draft: Draft,
    consent: String,
    context: Option<String>,
    tell: impl Fn(Event),
) {
    let store = &config.store;
    // Two tabs: the second waits here, and then finds the first one's contact.
    let _alone = browser::lock(&store.key("submit"), true).await;
    if let Some(ticket) = ticket(store) {
        return tell(Event::Found(ticket));
    }
    let (key, body) = pending(&config, &draft, &consent, context.as_deref());
    for tries in 0..http::TRIES {
        match http::post(&config.api("requests"), &body, Some(&key)).await {
            Answer::Ok(accepted) => {
                let (token, status) =
                    (js::text(&accepted, "token"), js::status(&js::get(&accepted, "status")));
                let (Some(token), Some(status)) = (token, status) else { break };
                let Draft { channel, number, window, .. } = draft;
                let ticket = Ticket { token, channel, number, window };
                keep(store, &ticket);
                store.remove(PENDING);
                return tell(Event::Accepted { ticket, status });
            }
            Answer::Refused { field, detail } => {
                store.remove(PENDING);
                return tell(Event::Refused { field, detail });
            }
            Answer::None => {
                tell(Event::Unanswered);
                http::pause(tries).await;
            }
        }
    }
    tell(Event::GaveUp);
}

/// Key and body of this request: those of an earlier try with the same answers, or new ones, which are kept.
fn pending(config: &Config, draft: &Draft, consent: &str, context: Option<&str>) -> (String, String) {
    let now = js_sys::Date::now();
    let answers = answers(config, draft).json();
    if let Some(kept) = config.store.get(PENDING)
        && js::text(&kept, "answers").as_deref() == Some(&*answers)
        && js::get(&kept, "at").as_f64().is_some_and(|at| (0.0..PENDING_MS).contains(&(now - at)))
        && let (Some(key), Some(body)) = (js::text(&kept, "key"), js::text(&kept, "body"))
    {
        return (key, body);
    }
    let key = shared::ContactId(browser::random()).to_string();
    let body = body(config, draft, consent, context);
    let record =
        Record::new().with("key", &*key).with("body", &*body).with("answers", &*answers).with("at", now);
    config.store.set(PENDING, &record.json());
    (key, body)
}

/// What the customer answered.
fn answers(config: &Config, draft: &Draft) -> Record {
    let record = Record::new()
        .with("business", &*config.business)
        .with("channel", js::channel_name(draft.channel))
        .maybe("number", draft.number.as_deref())
        .maybe("region", draft.region.as_deref())
        .maybe("note", draft.note.as_deref());
    match &draft.window {
        Some(window) => record.with("window", js::window_record(window)),
        None => record,
    }
}

/// The whole body. Pages give way, oldest first, if it would be too large for the server.
fn body(config: &Config, draft: &Draft, consent: &str, context: Option<&str>) -> String {
    let mut pages = trail(config);
    loop {
        let body = answers(config, draft)
            .with("trail", js::pages_record(&pages))
            .maybe("context", context)
            .maybe("skill", config.skill.as_deref())
            .with("consent", consent)
            .maybe("time_zone", browser::zone().as_deref())
            .maybe("language", browser::language().as_deref())
            .json();
        if body.len() <= limits::HTTP_BODY_BYTES || pages.is_empty() {
            return body;
        }
        pages.remove(0);
    }
}

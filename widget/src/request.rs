//! From the form's answers to a contact: one request, however often it is clicked, in however many tabs.
//!
//! The key and the exact body of a request that found no answer are kept, so that another try (after a lost
//! answer, a reload, in another tab) is the same request to the server and not a second one.
use gloo::timers::callback::Timeout;
use shared::{
    api::{Channel, PageView, Window},
    limits,
};
use wasm_bindgen::JsValue;
use yew::Context;

use crate::{
    app::{App, Msg, REQUEST, SUBMIT_LOCK},
    config::Config,
    js::{self, Record},
    page::{self, Store},
    state::{Event, Stage, Ticket},
    trail,
};

/// A request without an answer is taken up again within this; later it is a new one. Milliseconds.
const PENDING_MS: u64 = 600_000;
/// An exchange without an answer by then is given up, in milliseconds.
pub(crate) const ANSWER_LIMIT_MS: u32 = 10_000;
/// Tries of a request, 1, 2, 4 and 8 seconds apart.
const TRIES: u32 = 5;

const TICKET: &str = "contact";
const PENDING: &str = "pending";

/// A request on its way. Dropping it lets other tabs ask.
pub(crate) struct Posting {
    channel: Channel,
    window: Option<Window>,
    key: String,
    body: String,
    tries: u32,
    /// What the server, under attack, asks to be solved; and the proof.
    pub(crate) challenge: JsValue,
    proof: Option<String>,
    free: JsValue,
    _pause: Option<Timeout>,
}

impl Drop for Posting {
    fn drop(&mut self) {
        page::free(&self.free);
    }
}

/// The contact that this browser holds, if any.
pub(crate) fn ticket(store: &Store) -> Option<Ticket> {
    let kept = store.get(TICKET);
    let window = js::window(&js::get(&kept, "window"));
    Some(Ticket {
        token: js::text(&kept, "token")?,
        channel: js::channel(&kept)?,
        number: js::text(&kept, "number"),
        window,
    })
}

fn keep(store: &Store, ticket: &Ticket) {
    let mut record = Record::new()
        .with("token", &ticket.token)
        .with("channel", js::channel_name(ticket.channel))
        .maybe("number", ticket.number.as_deref());
    if let Some(window) = &ticket.window {
        record = record.value("window", &js::window_record(window));
    }
    store.set(TICKET, record);
}

/// Forgets the contact, unless another tab has asked for a newer one meanwhile.
pub(crate) fn drop_ticket(store: &Store, token: &str) {
    if ticket(store).is_none_or(|kept| kept.token == token) {
        store.remove(TICKET);
    }
}

/// The pages seen so far, newest last, as they may leave the browser.
pub(crate) fn trail(config: &Config) -> Vec<PageView> {
    trail::publishable(js::pages(config.note_page()), page::now())
}

impl App {
    /// Two tabs: the second waits for the lock, and then finds the first one's contact.
    pub(crate) fn post(&mut self) {
        let Stage::Sending { channel, .. } = self.state.stage else { return };
        self.posting = Some(Posting {
            channel,
            window: None,
            key: String::new(),
            body: String::new(),
            tries: 0,
            challenge: JsValue::NULL,
            proof: None,
            free: JsValue::NULL,
            _pause: None,
        });
        page::lock(&self.tell, SUBMIT_LOCK, &self.config.store.key("submit"), true);
    }

    pub(crate) fn may_submit(&mut self, ctx: &Context<Self>, free: JsValue) {
        let Some(mut posting) = self.posting.take() else { return };
        posting.free = free;
        if let Some(ticket) = ticket(&self.config.store) {
            return self.handle(ctx, Event::Found(ticket));
        }
        self.fill(&mut posting);
        self.posting = Some(posting);
        self.submit();
    }

    pub(crate) fn submit(&self) {
        if let Some(Posting { body, key, proof, .. }) = &self.posting {
            let url = self.config.api("requests");
            page::http(&self.tell, REQUEST, &url, Some(body), Some(key), proof.as_deref(), ANSWER_LIMIT_MS);
        }
    }

    /// The same request once more, with the proof; null if nobody wants it any more.
    pub(crate) fn proof_came(&mut self, proof: &JsValue) {
        if let (Stage::Proving, Some(posting)) = (&self.state.stage, &mut self.posting)
            && let Some(proof) = proof.as_string()
        {
            posting.proof = Some(proof);
            self.submit();
        }
    }

    pub(crate) fn request_answered(&mut self, ctx: &Context<Self>, status: u32, body: &JsValue) {
        let Some(posting) = &mut self.posting else { return };
        let challenge = js::get(body, "proof");
        if challenge.is_object() && posting.tries < TRIES {
            posting.tries += 1;
            posting.challenge = challenge;
            self.handle(ctx, Event::Challenged);
            return self.want_line(ctx);
        }
        let accepted = (js::text(body, "token"), js::status(&js::get(body, "status")));
        let event = match (status, accepted) {
            (200..300, (Some(token), Some(status))) => {
                let (channel, window) = (posting.channel, posting.window.take());
                let number = Some(self.state.form.number.clone()).filter(|_| channel == Channel::Telephone);
                let ticket = Ticket { token, channel, number, window };
                keep(&self.config.store, &ticket);
                Event::Accepted { ticket, status }
            }
            (400..500, _) => {
                Event::Refused { field: js::text(body, "field"), detail: js::words(body, "detail") }
            }
            _ => {
                posting.tries += 1;
                if posting.tries < TRIES {
                    let link = ctx.link().clone();
                    let wait = Timeout::new(500 << posting.tries, move || link.send_message(Msg::Retry));
                    posting._pause = Some(wait);
                    return self.handle(ctx, Event::Unanswered);
                }
                self.posting = None; // but what was sent is kept: it may have arrived
                return self.handle(ctx, Event::GaveUp);
            }
        };
        self.config.store.remove(PENDING);
        self.posting = None;
        self.handle(ctx, event);
    }

    /// Key and body: those of an earlier try with the same answers, or new ones, which are kept.
    fn fill(&self, posting: &mut Posting) {
        let (store, now) = (&self.config.store, page::now().0);
        posting.window = self.window();
        let answers = self.answers(posting).json();
        let kept = store.get(PENDING);
        let age = now.wrapping_sub(js::number(&kept, "at").unwrap_or(0));
        if js::words(&kept, "answers") == answers && age < PENDING_MS {
            posting.key = js::words(&kept, "key");
            posting.body = js::words(&kept, "body");
            return;
        }
        posting.key = page::random();
        posting.body = self.body(posting);
        let record =
            Record::new().with("key", &posting.key).with("body", &posting.body).with("answers", &answers);
        store.set(PENDING, record.value("at", &(now as f64).into()));
    }

    fn window(&self) -> Option<Window> {
        let form = &self.state.form;
        form.later.then(|| Window {
            date: form.day.clone(),
            from: form.from.clone(),
            until: form.until.clone(),
            zone: page::local_now().zone,
        })
    }

    /// What the customer answered.
    fn answers(&self, posting: &Posting) -> Record {
        let form = &self.state.form;
        let mut record = Record::new()
            .maybe("business", self.config.attribute("business").as_deref())
            .with("channel", js::channel_name(posting.channel))
            .maybe("note", Some(form.note.trim()).filter(|note| !note.is_empty()));
        if posting.channel == Channel::Telephone {
            record = record.with("number", &form.number).with("region", &form.region);
        }
        if let Some(window) = &posting.window {
            record = record.value("window", &js::window_record(window));
        }
        record
    }

    /// The whole body. Pages give way, oldest first, if it would be too large for the server.
    fn body(&self, posting: &Posting) -> String {
        let consent = self.state.site.as_ref().map_or("", |site| &site.info.consent_version);
        let mut pages = trail(&self.config);
        loop {
            let body = self
                .answers(posting)
                .value("trail", &js::pages_record(&pages))
                .maybe("context", self.context.as_deref())
                .maybe("skill", self.config.attribute("skill").as_deref())
                .with("consent", consent)
                .with("time_zone", &page::local_now().zone)
                .with("language", &page::language())
                .json();
            if body.len() <= limits::HTTP_BODY_BYTES || pages.is_empty() {
                return body;
            }
            pages.remove(0);
        }
    }
}

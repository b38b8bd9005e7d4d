//! Traces: one for each contact, from the click to the bridge and the wrap-up, for an OpenTelemetry collector.
//!
//! The trace's id is the contact's own, so that whoever has the one finds the other; unless the page sent a W3C
//! `traceparent` with its request, whose trace it then joins. A contact is a root span whose events are what was
//! committed; its phases are spans below it, and so is the request that began it. Built from what the engines
//! committed, so the trace tells what happened, not what was meant to.
//!
//! Off unless `otlp` is set. Ids, phases, causes and times: nothing personal.
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contact_core::{
    Change,
    record::{ContactRow, Event},
};
use shared::{BusinessId, ContactId, Timestamp, contact::Phase};
use tokio::sync::mpsc;

use crate::{ids, metrics::name, ports::Witness};

mod export;

pub use export::{Endpoint, export};

/// Contacts whose trace is being written. Those beyond have none.
const CONTACTS: usize = 20_000;
/// Events of one contact; later ones are left out.
const EVENTS: usize = 128;
/// Spans that wait for the collector. Past it they are lost, and counted.
pub const WAITING: usize = 8_192;

/// Where a trace of somebody else's goes on: the W3C header `traceparent`, version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote {
    trace: u128,
    parent: u64,
    sampled: bool,
}

impl Remote {
    /// None: there is no header that can be read, which starts a trace of one's own.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let lengths = [(version, 2), (trace, 32), (parent, 16), (flags, 2)];
        if !lengths.into_iter().all(|(text, length)| is_hex(text, length)) || version == "ff" {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let parent = u64::from_str_radix(parent, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace, parent, sampled: flags & 1 == 1 })
    }
}

type Attributes = Vec<(&'static str, String)>;

/// A span that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    name: String,
    /// It was asked from outside.
    is_server: bool,
    start: Timestamp,
    end: Timestamp,
    attributes: Attributes,
    events: Vec<(Timestamp, &'static str, Attributes)>,
}

pub struct Traces {
    book: Mutex<BTreeMap<ContactId, Open>>,
    /// None: nobody collects (any more). Locked after the book.
    out: Mutex<Option<mpsc::Sender<Span>>>,
    lost: Box<dyn Fn(usize) + Send + Sync>,
}

/// A contact whose root span has not ended.
struct Open {
    root: Span,
    sampled: bool,
    phase: Option<(Phase, Timestamp)>,
}

impl Traces {
    pub fn off() -> Self {
        Self { book: Mutex::default(), out: Mutex::default(), lost: Box::new(|_| {}) }
    }

    /// `lost` is told of spans that there was no room for.
    pub fn to(out: mpsc::Sender<Span>, lost: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { book: Mutex::default(), out: Mutex::new(Some(out)), lost: Box::new(lost) }
    }

    fn out(&self) -> MutexGuard<'_, Option<mpsc::Sender<Span>>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No more spans: whoever sends them may finish.
    pub fn end(&self) {
        self.book().clear();
        self.out().take();
    }

    fn book(&self) -> MutexGuard<'_, BTreeMap<ContactId, Open>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is about to be given to the engine; its contact's trace goes on from there.
    pub fn begins(&self, contact: ContactId, now: Timestamp, remote: Option<Remote>) {
        let mut book = self.book();
        if self.out().is_some() && book.len() < CONTACTS {
            book.insert(contact, Open::new(contact, now, remote));
        }
    }

    /// The request was refused, or was one that is known: there is no such contact.
    pub fn never_was(&self, contact: ContactId) {
        self.book().remove(&contact);
    }

    /// The request was answered.
    pub fn answered(&self, contact: ContactId, start: Timestamp, end: Timestamp) {
        let book = self.book();
        let Some(open) = book.get(&contact).filter(|open| open.sampled) else { return };
        let name = "POST /api/v1/requests".to_owned();
        self.send(Span { is_server: true, ..open.child(name, start, end) });
    }

    fn send(&self, span: Span) {
        if let Some(out) = &*self.out()
            && out.try_send(span).is_err()
        {
            (self.lost)(1);
        }
    }

    fn happened(&self, book: &mut BTreeMap<ContactId, Open>, at: Timestamp, event: &Event) {
        let Some((contact, what, attributes)) = told(event) else { return };
        let Some(open) = book.get_mut(&contact) else { return };
        if open.root.events.len() < EVENTS {
            open.root.events.push((at, what, attributes));
        }
    }

    fn stands(&self, book: &mut BTreeMap<ContactId, Open>, business: BusinessId, row: &ContactRow) {
        if row.merged || (!book.contains_key(&row.id) && (row.closed || book.len() >= CONTACTS)) {
            book.remove(&row.id);
            return;
        }
        let open = book.entry(row.id).or_insert_with(|| Open::new(row.id, row.requested_at, None));
        if open.root.attributes.len() == 1 {
            open.root
                .attributes
                .extend([("business", business.to_string()), ("channel", name(&row.channel))]);
        }
        let phase = row.state.phase();
        let before = open.phase.replace((phase, row.phase_since));
        if let Some((before, since)) = before.filter(|(before, _)| *before != phase)
            && open.sampled
        {
            self.send(open.child(name(&before), since, row.phase_since));
        }
        if row.closed
            && let Some(Open { mut root, sampled: true, .. }) = book.remove(&row.id)
        {
            root.end = row.phase_since.max(row.ended_at.unwrap_or_default());
            root.attributes.extend(row.agent.map(|agent| ("agent", agent.to_string())));
            root.attributes.extend(row.reason.map(|reason| ("reason", name(&reason))));
            self.send(root);
        }
    }
}

impl Open {
    fn new(contact: ContactId, start: Timestamp, remote: Option<Remote>) -> Self {
        let root = Span {
            trace: remote.map_or(contact.0, |remote| remote.trace),
            id: ids::span(),
            parent: remote.map(|remote| remote.parent),
            name: "contact".to_owned(),
            is_server: false,
            start,
            end: start,
            attributes: vec![("contact", contact.to_string())],
            events: Vec::new(),
        };
        Self { root, sampled: remote.is_none_or(|remote| remote.sampled), phase: None }
    }

    fn child(&self, name: String, start: Timestamp, end: Timestamp) -> Span {
        Span {
            trace: self.root.trace,
            id: ids::span(),
            parent: Some(self.root.id),
            name,
            is_server: false,
            start,
            end: end.max(start),
            attributes: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl Witness for Traces {
    fn committed(&self, business: BusinessId, changes: &[Change], _: Duration) {
        let mut book = self.book();
        if self.out().is_none() {
            return;
        }
        // A closed contact is sent with the events of its last batch.
        for change in changes {
            if let Change::Event(at, event) = change {
                self.happened(&mut book, *at, event);
            }
        }
        for change in changes {
            if let Change::Contact(row) = change {
                self.stands(&mut book, business, row);
            }
        }
    }

    fn not_committed(&self, _: BusinessId) {}
}

/// What a contact's root span says of an event; None: it is nothing of a contact's.
fn told(event: &Event) -> Option<(ContactId, &'static str, Attributes)> {
    let told = match event {
        Event::Requested { contact, .. } => (*contact, "requested", Vec::new()),
        Event::Queued { contact, .. } => (*contact, "queued", Vec::new()),
        Event::Reserved { contact, agent } => (*contact, "reserved", vec![("agent", agent.to_string())]),
        Event::Dialed { contact, leg, .. } => (*contact, "dialed", vec![("leg", leg.to_string())]),
        Event::Answered { contact, leg } => (*contact, "answered", vec![("leg", leg.to_string())]),
        Event::Confirmed { contact } => (*contact, "confirmed", Vec::new()),
        Event::Offered { contact, agent } => (*contact, "offered", vec![("agent", agent.to_string())]),
        Event::Accepted { contact, agent } => (*contact, "accepted", vec![("agent", agent.to_string())]),
        Event::OfferLapsed { contact, agent, .. } => {
            (*contact, "offer_lapsed", vec![("agent", agent.to_string())])
        }
        Event::Bridged { contact, agent } => (*contact, "bridged", vec![("agent", agent.to_string())]),
        Event::Held { contact, on } => (*contact, if *on { "held" } else { "taken_back" }, Vec::new()),
        Event::LegEnded { contact, leg, cause } => {
            (*contact, "leg_ended", vec![("leg", leg.to_string()), ("cause", name(cause))])
        }
        Event::WrapUpDone { contact, .. } => (*contact, "wrap_up_done", Vec::new()),
        Event::Ended { contact, reason } => (*contact, "ended", vec![("reason", name(reason))]),
        Event::SharingSet { contact, .. } => (*contact, "sharing_set", Vec::new()),
        Event::OptedOut { contact } => (*contact, "opted_out", Vec::new()),
        Event::PowerAsked { contact, agent, .. } => {
            (*contact, "power_asked", vec![("agent", agent.to_string())])
        }
        Event::PowerGranted { contact, agent, .. } => {
            (*contact, "power_granted", vec![("agent", agent.to_string())])
        }
        Event::PowerRefused { contact, agent, .. } => {
            (*contact, "power_refused", vec![("agent", agent.to_string())])
        }
        Event::PowerEnded { contact, agent, .. } => {
            (*contact, "power_ended", vec![("agent", agent.to_string())])
        }
        Event::PointingStopped { contact } => (*contact, "pointing_stopped", Vec::new()),
        Event::WatchBegan { contact, agent, .. } => {
            (*contact, "watch_began", vec![("agent", agent.to_string())])
        }
        Event::WatchEnded { contact, agent, .. } => {
            (*contact, "watch_ended", vec![("agent", agent.to_string())])
        }
        Event::CodeMade { contact } => (*contact, "code_made", Vec::new()),
        Event::Erased { contact } => (*contact, "erased", Vec::new()),
        Event::Presence { .. } | Event::SettingsChanged { .. } | Event::RecordingPlayed { .. } => {
            return None;
        }
    };
    Some(told)
}

#[cfg(test)]
mod tests;

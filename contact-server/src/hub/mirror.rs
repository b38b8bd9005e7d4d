//! The pages of one contact and those who look at them. No sockets: publishers have an [`Outbox`], viewers a
//! [`Follow`] that says how far they got, and take what is new when they can write.
use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use shared::{
    AgentId, Timestamp, close,
    wire::mirror::{KeyframeWanted, ResumePoint, ServerToPublisher, SharingSet, StreamEnded},
};
use tokio::sync::Notify;

mod follow;
mod lead;
mod rest;
mod taping;

pub use contact_core::effect::{Lead, LeadHold, Viewing, Watcher};
pub use follow::{Follow, Rest};
pub use rest::PageId;
use taping::Passing;

use super::{
    frame::{self, Incoming},
    kept::Kept,
    outbox::{Outbox, Slot},
    stream::{BadFrame, StreamLog},
};
use crate::limits::{Bucket, PAGE_RESTS, PUBLISHERS_PER_CONTACT, RESENDS, STREAM_BYTES, VIEWERS_PER_CONTACT};

/// There is no room for another tab or viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

#[derive(Debug, Default)]
pub struct Mirror {
    /// Stamped on everything that viewers are told; counts up.
    order: u64,
    sharing: bool,
    sharing_order: u64,
    /// Whose contact it is, and so who may lead in the page.
    watcher: Option<AgentId>,
    /// Who may see it beside that agent.
    watchers: Vec<Watcher>,
    names: Vec<String>,
    names_order: u64,
    /// Which pages went away, and when; the latest last.
    ended: VecDeque<(u64, u64)>,
    publishers: Vec<Publisher>,
    /// Stream of the publisher that is followed.
    front: Option<u64>,
    claims: u64,
    viewers: Vec<Viewer>,
    kept: Kept,
    leading: lead::Leading,
    /// Where it is recorded.
    taping: Option<taping::Taping>,
}

#[derive(Debug)]
struct Publisher {
    /// Of the connection that it has, or had last.
    serial: u64,
    /// Of the first connection. Viewers follow a page by it.
    stream: u64,
    page: PageId,
    started_order: u64,
    standing: rest::Standing,
    /// Says that it is in front; a page that has just loaded is taken to be.
    in_front: bool,
    claimed: u64,
    log: StreamLog,
    outbox: Arc<Outbox>,
    /// Has been told of what agents may do, and is told of changes.
    knows_powers: bool,
    fit: taping::Fit,
}

#[derive(Debug)]
struct Viewer {
    serial: u64,
    agent: AgentId,
    /// First name.
    name: String,
    wake: Arc<Notify>,
    outcomes: VecDeque<Bytes>,
    /// Of other viewers.
    marks: VecDeque<Bytes>,
    closing: Option<u16>,
    resends: Bucket,
}

impl Mirror {
    /// `kept` is shared by all pages of a server.
    pub fn new(kept: Kept) -> Self {
        Self { kept, ..Self::default() }
    }

    pub fn sharing(&self) -> bool {
        self.sharing
    }

    /// First names of those who look, each once.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn may_see(&self, agent: AgentId) -> bool {
        self.watcher == Some(agent) || self.watchers.iter().any(|watcher| watcher.agent == agent)
    }

    /// Who may see the page, and whether the customer allows it. Returns true if the customer must be told.
    pub fn set_viewing(&mut self, Viewing { agent, watchers, sharing }: Viewing) -> bool {
        let mut told = false;
        if self.watcher != agent || self.watchers != watchers {
            let led = self.watcher != agent;
            (self.watcher, self.watchers) = (agent, watchers);
            let Self { watcher, watchers, viewers, .. } = self;
            for viewer in viewers {
                let may = *watcher == Some(viewer.agent) || watchers.iter().any(|w| w.agent == viewer.agent);
                if !may {
                    viewer.closing = Some(close::FINISHED);
                    viewer.wake.notify_one();
                }
            }
            if led {
                self.standings_changed();
            }
            told = self.tell_names();
        }
        if self.sharing == sharing {
            return told;
        }
        self.sharing = sharing;
        self.sharing_order = self.stamp();
        let message = Bytes::from(ServerToPublisher::from(SharingSet { on: sharing }).encode());
        for publisher in &mut self.publishers {
            publisher.log.restart();
            publisher.outbox.show(Slot::Sharing, message.clone());
        }
        if !sharing {
            self.forget_notes();
            self.tape_stop();
        }
        self.wake_viewers();
        true
    }

    /// The contact is over: everybody goes.
    pub fn finish(&mut self) {
        // Its end is the contact's.
        self.taping = None;
        self.set_viewing(Viewing::default());
        for publisher in &self.publishers {
            publisher.outbox.close(close::FINISHED);
        }
    }

    pub fn join_publisher(
        &mut self,
        serial: u64,
        page: PageId,
        outbox: Arc<Outbox>,
        now: Timestamp,
    ) -> Result<(), Full> {
        if self.go_on(serial, &page, &outbox, now) {
            return Ok(());
        }
        self.forget_resting(|_| true);
        if self.publishers.len() >= PUBLISHERS_PER_CONTACT {
            return Err(Full);
        }
        // A connection that the same tab left behind may take a while to be noticed.
        for older in self.publishers.iter_mut().filter(|publisher| publisher.page.tab == page.tab) {
            older.in_front = false;
        }
        let started_order = self.stamp();
        self.claims += 1;
        self.publishers.push(Publisher {
            serial,
            stream: serial,
            page,
            started_order,
            standing: rest::Standing::default(),
            in_front: true,
            claimed: self.claims,
            log: StreamLog::new(STREAM_BYTES, self.kept.clone()),
            outbox,
            knows_powers: false,
            fit: taping::Fit::default(),
        });
        self.choose_front(None);
        self.brief(serial);
        Ok(())
    }

    pub fn leave_publisher(&mut self, serial: u64, now: Timestamp) {
        let Some(stream) = self.publisher(serial).map(|publisher| publisher.stream) else {
            return; // another connection has its page
        };
        // Each has a place of its own: a viewer who was late hears of another page's end than the others.
        let order = self.stamp();
        if self.front == Some(stream)
            && let Some(document) = self.front_document()
        {
            self.tape_note(StreamEnded { order, document });
        }
        if self.lies_down(serial, order, now) {
            return self.wake_viewers();
        }
        self.let_go(stream, order);
        self.choose_front(Some(now));
    }

    pub fn set_in_front(&mut self, serial: u64, yes: bool, now: Timestamp) {
        self.claims += 1;
        let claimed = self.claims;
        if let Some(publisher) = self.publisher(serial) {
            publisher.in_front = yes;
            if yes {
                publisher.claimed = claimed;
            }
        }
        self.choose_front(Some(now));
    }

    /// Takes a frame of a page. Of tabs that are not in front nothing is kept.
    pub fn take(&mut self, serial: u64, frame: &Incoming<'_>, now: Timestamp) -> Result<(), BadFrame> {
        if !self.sharing {
            return Ok(());
        }
        let order = self.order + 1;
        let front = self.front;
        let Some(publisher) = self.publishers.iter_mut().find(|publisher| publisher.serial == serial) else {
            return Ok(());
        };
        publisher.fit.comes(frame.kind);
        let is_front = front == Some(publisher.stream);
        // Where the memory for all pages is used up, a page that nobody looks at is asked for a keyframe once
        // somebody does.
        if !is_front || (self.viewers.is_empty() && self.kept.is_full()) {
            publisher.log.pass_by();
            return Ok(());
        }
        let (document, kind, mut message) = (publisher.page.document, frame.kind, Bytes::new());
        let news = publisher.log.take(&kind, frame.cursor(), || {
            message = frame::write(order, document, frame);
            message.clone()
        })?;
        publisher.fit.kept(kind);
        if let Some(taping) = self.taping.as_mut().filter(|_| news) {
            let passing = Passing { kind, document, at: frame.cursor(), message };
            if taping.take(passing, &publisher.fit, !self.viewers.is_empty()) {
                let hurries = taping.hurries(now);
                publisher.ask_for_keyframe(now, hurries);
            }
        }
        if !publisher.log.has_keyframe() || publisher.log.is_bulky() {
            publisher.ask_for_keyframe(now, false);
        }
        if news {
            self.order = order;
            self.wake_viewers();
        }
        Ok(())
    }

    pub fn join_viewer(
        &mut self,
        serial: u64,
        (agent, name): (AgentId, String),
        resume: Option<ResumePoint>,
        now: Timestamp,
    ) -> Result<(Follow, Arc<Notify>), Full> {
        if self.viewers.len() >= VIEWERS_PER_CONTACT {
            return Err(Full);
        }
        self.forget_resting(|since| now.since(since) >= PAGE_RESTS);
        let wake = Arc::new(Notify::new());
        wake.notify_one();
        self.viewers.push(Viewer {
            serial,
            agent,
            name,
            wake: wake.clone(),
            outcomes: VecDeque::new(),
            marks: VecDeque::new(),
            closing: (!self.may_see(agent)).then_some(close::FINISHED),
            resends: Bucket::full(RESENDS, now),
        });
        self.tell_names();
        self.serve_newcomer(now);
        self.tape_what_is_shown(now);
        Ok((Follow { resume, sharing_order: self.sharing_order, ..Follow::default() }, wake))
    }

    pub fn leave_viewer(&mut self, serial: u64) {
        self.unpoint(serial);
        self.viewers.retain(|viewer| viewer.serial != serial);
        self.tell_names();
    }

    /// Follows the tab that last said (or had to be taken) to be in front.
    fn choose_front(&mut self, now: Option<Timestamp>) {
        let front = self.publishers.iter().max_by_key(|publisher| (publisher.in_front, publisher.claimed));
        let front = front.map(|publisher| publisher.stream);
        if front == self.front {
            return;
        }
        let before = std::mem::replace(&mut self.front, front);
        if let Some(publisher) = before.and_then(|stream| self.of_stream(stream)) {
            publisher.log.pass_by();
        }
        let started_order = self.stamp();
        if let Some(publisher) = front.and_then(|stream| self.of_stream(stream)) {
            publisher.started_order = started_order;
            publisher.standing = rest::Standing::default();
        }
        if let Some(now) = now {
            self.serve_newcomer(now);
        }
        self.unpin();
        self.wake_viewers();
    }

    /// Asks for a keyframe if somebody looks and there is none to be shown.
    fn serve_newcomer(&mut self, now: Timestamp) {
        if self.viewers.is_empty() || !self.sharing {
            return;
        }
        if let Some(front) = self.front.and_then(|stream| self.of_stream(stream))
            && !front.log.has_keyframe()
        {
            front.ask_for_keyframe(now, true);
        }
    }

    fn wake_viewers(&self) {
        for viewer in &self.viewers {
            viewer.wake.notify_one();
        }
    }

    fn stamp(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    fn publisher(&mut self, serial: u64) -> Option<&mut Publisher> {
        self.publishers.iter_mut().find(|publisher| publisher.serial == serial)
    }

    fn of_stream(&mut self, stream: u64) -> Option<&mut Publisher> {
        self.publishers.iter_mut().find(|publisher| publisher.stream == stream)
    }

    fn front_publisher(&self) -> Option<&Publisher> {
        self.publishers.iter().find(|publisher| Some(publisher.stream) == self.front)
    }
}

impl Publisher {
    fn ask_for_keyframe(&mut self, now: Timestamp, urgent: bool) {
        if self.log.ask(now, urgent) {
            self.outbox.show(Slot::Keyframe, ServerToPublisher::from(KeyframeWanted {}).encode());
        }
    }
}

#[cfg(test)]
mod tests;

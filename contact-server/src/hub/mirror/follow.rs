//! What a viewer has got and gets next, in the contact's order.
use bytes::Bytes;
use shared::{
    DocumentId, Timestamp, close,
    wire::mirror::{
        Audience, ResumePoint, ServerToPublisher, ServerToViewer, SharingChanged, StreamEnded, StreamStarted,
        Viewers,
    },
};

use super::{Mirror, PageId, Publisher, Viewer, Watcher};
use crate::{
    hub::{frame, outbox::Slot, stream::Cursor},
    limits::{BATCH_BYTES, RESENDS},
};

/// Stands for supervisors whom the business does not name.
const SUPERVISOR: &str = "A supervisor";

/// How far one viewer got. Held by its connection.
#[derive(Debug, Default)]
pub struct Follow {
    pub(super) stream: Option<(u64, DocumentId)>,
    /// When its page went away or came back, as far as it was told.
    pub(super) turn: u64,
    pub(super) resume: Option<ResumePoint>,
    pub(super) cursor: Option<Cursor>,
    pub(super) sharing_order: u64,
    pub(super) names_order: u64,
    pub(super) lead_order: u64,
    pub(super) notes_order: u64,
    pub(super) pointers: u64,
}

/// What [`Mirror::next`] left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Wait to be woken.
    Nothing,
    /// Write this, then ask again.
    More,
    Close(u16),
}

impl Mirror {
    /// Puts what the viewer has not got yet into `out`, in its order: about [`BATCH_BYTES`] at most.
    pub fn next(&mut self, serial: u64, follow: &mut Follow, out: &mut Vec<Bytes>) -> Rest {
        let Some(viewer) = self.viewers.iter().find(|viewer| viewer.serial == serial) else {
            return Rest::Close(close::FINISHED);
        };
        if let Some(code) = viewer.closing {
            return Rest::Close(code);
        }
        let (agent, begin) = (viewer.agent, out.len());
        if follow.stream.map(|(stream, _)| stream) != self.front {
            self.change_stream(follow, out);
        }
        let mut until = u64::MAX;
        if let Some(front) = self.front_publisher() {
            if front.log.read(&mut follow.cursor, BATCH_BYTES, out) {
                out.extend(front.log.pointer(&mut follow.pointers));
            } else {
                // What happened behind frames that do not fit waits with them.
                until = out.last().map_or(0, |frame| frame::order(frame));
            }
        }
        self.turns(follow, until, out);
        self.snapshots(follow, until, out);
        self.lead_news(agent, follow, until, out);
        if let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.serial == serial) {
            for waiting in [&mut viewer.outcomes, &mut viewer.marks] {
                let ready = waiting.partition_point(|message| frame::order(message) <= until);
                out.extend(waiting.drain(..ready));
            }
        }
        if out.len() > begin + 1 {
            out[begin..].sort_by_cached_key(|message| frame::order(message));
        }
        if until == u64::MAX { Rest::Nothing } else { Rest::More }
    }

    fn snapshots(&self, follow: &mut Follow, until: u64, out: &mut Vec<Bytes>) {
        if follow.sharing_order != self.sharing_order && self.sharing_order <= until {
            follow.sharing_order = self.sharing_order;
            push(out, SharingChanged { order: self.sharing_order, on: self.sharing });
        }
        if follow.names_order != self.names_order && self.names_order <= until {
            follow.names_order = self.names_order;
            push(out, Audience { order: self.names_order, names: self.names.clone() });
        }
    }

    /// A replica cannot go on: it gets the keyframe once more if there is one, and the page is asked for a new one
    /// (seldom).
    pub fn need_keyframe(&mut self, serial: u64, follow: &mut Follow, document: DocumentId, now: Timestamp) {
        let Some(front) = self.publishers.iter_mut().find(|publisher| Some(publisher.stream) == self.front)
        else {
            return;
        };
        if front.page.document != document {
            return;
        }
        front.ask_for_keyframe(now, false);
        if let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.serial == serial)
            && viewer.resends.take(RESENDS, 1, now).is_ok()
        {
            follow.cursor = None;
            viewer.wake.notify_one();
        }
    }

    /// Returns true if there are others than before.
    pub(super) fn tell_names(&mut self) -> bool {
        let mut names: Vec<String> = Vec::new();
        for viewer in &self.viewers {
            let name = self.shown_name(viewer);
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        if names == self.names {
            return false;
        }
        self.names.clone_from(&names);
        self.names_order = self.stamp();
        let message = Bytes::from(ServerToPublisher::from(Viewers { names }).encode());
        for publisher in &self.publishers {
            publisher.outbox.show(Slot::Viewers, message.clone());
        }
        self.wake_viewers();
        true
    }

    /// What the customer is told of somebody who looks.
    fn shown_name<'a>(&'a self, viewer: &'a Viewer) -> &'a str {
        let watcher = self.watchers.iter().find(|watcher| watcher.agent == viewer.agent);
        match watcher.filter(|_| self.watcher != Some(viewer.agent)) {
            Some(Watcher { name: Some(name), .. }) => name,
            Some(Watcher { name: None, .. }) => SUPERVISOR,
            None => &viewer.name,
        }
    }

    fn change_stream(&self, follow: &mut Follow, out: &mut Vec<Bytes>) {
        if let Some((stream, document)) = follow.stream.take()
            && !self.publishers.iter().any(|publisher| publisher.stream == stream)
        {
            // One that went away before all that are remembered is long forgotten by whoever looks.
            let ended = self.ended.iter().find(|(of, _)| *of == stream).or(self.ended.front());
            let order = ended.map_or(0, |(_, order)| *order);
            // Of one that lay down first, it was told.
            if follow.turn != order {
                push(out, StreamEnded { order, document });
            }
        }
        let Some(front) = self.front_publisher() else { return };
        follow.stream = Some((front.stream, front.page.document));
        follow.turn = front.standing.came_back();
        follow.cursor = follow
            .resume
            .take()
            .filter(|resume| resume.document == front.page.document)
            .map(|resume| Cursor { epoch: resume.epoch, seq: resume.seq.saturating_add(1) })
            .filter(|at| front.log.can_resume(*at));
        if follow.cursor.is_none() {
            let Publisher { page: PageId { tab, document, .. }, started_order, .. } = *front;
            push(out, StreamStarted { order: started_order, tab, document });
        }
        follow.pointers = 0;
    }
}

pub(super) fn push(out: &mut Vec<Bytes>, message: impl Into<ServerToViewer>) {
    out.push(message.into().encode().into());
}

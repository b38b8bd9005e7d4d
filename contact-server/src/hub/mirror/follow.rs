//! What a viewer has got and gets next, in the contact's order.
use bytes::Bytes;
use shared::{
    DocumentId, Timestamp, close,
    wire::mirror::{Audience, ResumePoint, ServerToViewer, SharingChanged, StreamEnded, StreamStarted},
};

use super::{Mirror, Publisher};
use crate::{
    hub::{frame, stream::Cursor},
    limits::{BATCH_BYTES, RESENDS},
};

/// How far one viewer got. Held by its connection.
#[derive(Debug, Default)]
pub struct Follow {
    pub(super) stream: Option<(u64, DocumentId)>,
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
        if follow.stream.map(|(serial, _)| serial) != self.front {
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
        let Some(front) = self.publishers.iter_mut().find(|publisher| Some(publisher.serial) == self.front)
        else {
            return;
        };
        if front.document != document {
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

    fn change_stream(&self, follow: &mut Follow, out: &mut Vec<Bytes>) {
        if let Some((serial, document)) = follow.stream.take()
            && !self.publishers.iter().any(|publisher| publisher.serial == serial)
        {
            // One that went away before all that are remembered is long forgotten by whoever looks.
            let ended = self.ended.iter().find(|(of, _)| *of == serial).or(self.ended.front());
            push(out, StreamEnded { order: ended.map_or(0, |(_, order)| *order), document });
        }
        let Some(front) = self.front_publisher() else { return };
        follow.stream = Some((front.serial, front.document));
        follow.cursor = follow
            .resume
            .take()
            .filter(|resume| resume.document == front.document)
            .map(|resume| Cursor { epoch: resume.epoch, seq: resume.seq.saturating_add(1) })
            .filter(|at| front.log.can_resume(*at));
        if follow.cursor.is_none() {
            let Publisher { tab, document, started_order, .. } = *front;
            push(out, StreamStarted { order: started_order, tab, document });
        }
        follow.pointers = 0;
    }
}

pub(super) fn push(out: &mut Vec<Bytes>, message: impl Into<ServerToViewer>) {
    out.push(message.into().encode().into());
}

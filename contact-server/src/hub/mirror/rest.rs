//! A page that was cut off and comes back. What the log has of it is kept for a while, and viewers keep what they see;
//! the page goes on with patches. If any was lost on the way, the log has a hole, and a keyframe is asked for.
use std::sync::Arc;

use shared::{
    DocumentId, TabId, Timestamp,
    wire::mirror::{Masking, ServerToViewer, StreamEnded, StreamStarted},
};

use super::{Follow, Mirror, follow::push};
use crate::{
    hub::outbox::Outbox,
    limits::{ENDED_PAGES, PAGE_RESTS},
};

/// One document of one tab, and how it is masked. What was masked otherwise is not gone on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageId {
    pub tab: TabId,
    pub document: DocumentId,
    pub masking: Masking,
    pub mask_selectors: Vec<String>,
}

/// Whether a page has a connection. Orders are 0 where nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Here { since: u64 },
    Away { since: u64, at: Timestamp },
}

impl Default for Standing {
    fn default() -> Self {
        Self::Here { since: 0 }
    }
}

impl Standing {
    pub(super) fn is_away(self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// The order in which it became so.
    fn turn(self) -> u64 {
        match self {
            Self::Here { since } | Self::Away { since, .. } => since,
        }
    }

    /// Whoever begins to follow it need not be told of that.
    pub(super) fn came_back(self) -> u64 {
        if self.is_away() { 0 } else { self.turn() }
    }
}

impl Mirror {
    /// Another connection of a page whose log is whole takes its place. False: the page is a new one.
    pub(super) fn go_on(&mut self, serial: u64, page: &PageId, outbox: &Arc<Outbox>, now: Timestamp) -> bool {
        let since = self.order + 1;
        let mut publishers = self.publishers.iter_mut();
        let Some(of) = publishers.find(|of| of.page == *page && of.log.is_whole()) else { return false };
        if let Standing::Away { at, .. } = of.standing {
            if now.since(at) >= PAGE_RESTS {
                return false;
            }
            of.standing = Standing::Here { since };
            self.order = since;
        }
        // One that was not noticed to be gone says nothing any more.
        (of.serial, of.outbox, of.knows_powers) = (serial, outbox.clone(), false);
        of.log.go_on();
        self.brief(serial);
        self.serve_newcomer(now);
        self.wake_viewers();
        true
    }

    /// The only page lost its connection: it may come back and go on. False: there is nothing to go on from, or
    /// another page to be shown.
    pub(super) fn lies_down(&mut self, serial: u64, order: u64, now: Timestamp) -> bool {
        let [page] = &mut self.publishers[..] else { return false };
        if page.serial != serial || !page.log.is_whole() || self.kept.is_full() {
            return false;
        }
        page.standing = Standing::Away { since: order, at: now };
        true
    }

    /// Forgets a page that lies down if `too_long` says so of when it was cut off.
    pub(super) fn forget_resting(&mut self, too_long: impl Fn(Timestamp) -> bool) {
        let resting = self.publishers.iter().find_map(|page| match page.standing {
            Standing::Away { since, at } if too_long(at) => Some((page.stream, since)),
            Standing::Away { .. } | Standing::Here { .. } => None,
        });
        if let Some((stream, order)) = resting {
            self.let_go(stream, order);
            self.choose_front(None);
        }
    }

    /// A page is gone for good since `order`.
    pub(super) fn let_go(&mut self, stream: u64, order: u64) {
        self.ended.push_back((stream, order));
        if self.ended.len() > ENDED_PAGES {
            self.ended.pop_front();
        }
        self.publishers.retain(|publisher| publisher.stream != stream);
    }

    /// Tells a viewer that the page which it follows went away or came back.
    pub(super) fn turns(&self, follow: &mut Follow, until: u64, out: &mut Vec<bytes::Bytes>) {
        let Some(front) = self.front_publisher() else { return };
        let order = front.standing.turn();
        let PageId { tab, document, .. } = front.page;
        if order == follow.turn || order > until {
            return;
        }
        follow.turn = order;
        let told: ServerToViewer = match front.standing {
            Standing::Away { .. } => StreamEnded { order, document }.into(),
            Standing::Here { .. } => StreamStarted { order, tab, document }.into(),
        };
        push(out, told);
    }
}

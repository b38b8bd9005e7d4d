//! Pages that are shown without a call, the plain way: the last sign that somebody may look, since when the customer
//! has no page open, and who looks. When it ends is worked out from those each time.
use shared::{AgentId, ContactId, Timestamp, contact::EndReason};

use super::{At, Model, Request};
use crate::{Refusal, record::WatchBy};

impl Request {
    /// Of those who came by a code and are still there, the first.
    pub(super) fn reader(&self) -> Option<AgentId> {
        let At::Shown { .. } = self.at else { return None };
        let mut by_code = self.watch.iter().filter(|watch| watch.by == WatchBy::Code);
        by_code.next().map(|watch| watch.agent)
    }

    /// When it ends if nothing happens.
    pub(in super::super) fn shown_until(&self) -> Option<Timestamp> {
        let At::Shown { sign, away_since } = self.at else { return None };
        let longest = self.requested_at + self.settings.show_limit;
        let ends = match away_since {
            Some(since) => since + self.settings.page_grace,
            None if self.watch.is_empty() => sign + self.settings.show_unseen,
            None => longest,
        };
        Some(ends.min(longest))
    }
}

impl Model {
    pub(super) fn shown_now(&self) -> usize {
        self.requests.values().filter(|request| matches!(request.at, At::Shown { .. })).count()
    }

    pub(super) fn pages_open(&mut self, id: ContactId, open: bool) -> Result<(), Refusal> {
        let now = self.now;
        let request = self.requests.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        // A call is none the worse for it.
        if let At::Shown { sign, away_since } = &mut request.at {
            if away_since.is_some() && open {
                *sign = now;
            }
            *away_since = if open { None } else { away_since.or(Some(now)) };
        }
        Ok(())
    }

    /// Somebody comes, went, or wants to come.
    pub(super) fn may_look(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        if let At::Shown { sign, .. } = &mut request.at {
            *sign = now;
            request.noted = request.noted.or(request.reader());
        }
    }

    /// Who had the code has left by his own will, and nobody else has it.
    pub(super) fn code_is_left(&mut self, id: ContactId) {
        if matches!(self.request(id).at, At::Shown { .. }) && self.request(id).reader().is_none() {
            self.finish(id, EndReason::Shown);
        }
    }
}

//! Pages that are shown without a call: the customer talks to an agent on a line of which nothing is known here, and
//! reads out a code.
//!
//! Such a contact has no leg and is never in line. The first who joins by a code has the part of the agent whose
//! contact it is. It ends at a word of either, when nobody looks for a while, when the customer has no page open, and
//! after [`crate::Settings::show_limit`] whatever happens.
use shared::{AgentId, ContactId, contact::EndReason};

use super::{Center, ContactState, contacts::Contact};
use crate::{
    Refusal, Settings,
    record::{WatchBy, WatchEnd},
};

/// Who has the customer's code, of a page that is shown without a call.
pub(super) fn reader(contact: &Contact) -> Option<AgentId> {
    let ContactState::Showing { .. } = contact.row.state else { return None };
    contact.row.watch.iter().find(|watch| watch.by == WatchBy::Code).map(|watch| watch.agent)
}

impl Center {
    pub(super) fn first_showing(&self) -> ContactState {
        let Settings { show_unseen, show_limit, .. } = *self.settings;
        ContactState::Showing { until: self.now + show_unseen.min(show_limit), away: false }
    }

    /// The customer has a page open, or none.
    pub(super) fn pages_open(&mut self, id: ContactId, open: bool) -> Result<(), Refusal> {
        let contact = self.contacts.get(&id).ok_or(Refusal::NoSuchContact)?;
        // Calls have their own rules for customers who are away.
        if let ContactState::Showing { away, .. } = contact.row.state
            && away == open
        {
            self.show_until(id, !open);
        }
        Ok(())
    }

    /// Somebody came, left, or is about to come. `end`: of one who had a code.
    pub(super) fn audience_changed(&mut self, id: ContactId, end: Option<WatchEnd>) {
        let Some(contact) = self.contacts.get(&id) else { return };
        let ContactState::Showing { away, .. } = contact.row.state else { return };
        let reader = reader(contact);
        if let Some(contact) = self.contacts.get_mut(&id) {
            // The record says who it was.
            contact.row.agent = contact.row.agent.or(reader);
        }
        if end == Some(WatchEnd::Left) && reader.is_none() {
            return self.finish(id, EndReason::Shown);
        }
        // Whoever is away has the time that a page has to come back, and no more.
        if !away {
            self.show_until(id, false);
        }
    }

    /// From now on: as long as somebody looks, or may come.
    pub(super) fn show_until(&mut self, id: ContactId, away: bool) {
        let Some(contact) = self.contacts.get(&id) else { return };
        let settings = &contact.settings;
        let most = contact.row.requested_at + settings.show_limit;
        let until = match (away, contact.row.watch.is_empty()) {
            (true, _) => self.now + settings.page_grace,
            (false, true) => self.now + settings.show_unseen,
            (false, false) => most,
        };
        self.set_state(id, ContactState::Showing { until: until.min(most), away });
    }
}

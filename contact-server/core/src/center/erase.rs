//! Erasing a contact: what is known of its customer goes, whatever it was doing.
use shared::{ContactId, api::WrapUp};

use super::{Center, ContactState};
use crate::record::{Change, Event, Person};

impl Center {
    /// Ends the contact if it is not over, asks for no wrap-up, and has its personal data deleted. One that is
    /// closed already is known to the store alone.
    pub(super) fn erase(&mut self, id: ContactId) {
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.wrap_up = WrapUp::default();
        }
        // Always allowed.
        drop(self.cancelled(id));
        if let Some(ContactState::WrapUp { .. }) = self.state_of(id) {
            self.close_wrap_up(id);
        }
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.person = Person::default();
        }
        self.limits.forget(id);
        self.record(Event::Erased { contact: id });
        self.store(Change::Erased(id));
    }
}

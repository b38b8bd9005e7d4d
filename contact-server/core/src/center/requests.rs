//! Requests, and what their customers change about them.
use std::sync::Arc;

use shared::{
    ContactId,
    api::{Channel, PageView},
    limits::TRAIL_PAGES,
};

use super::{Center, ContactState, contacts::Contact, limits::KEY_KEPT};
use crate::{
    Refusal,
    input::Requested,
    record::{Change, ContactRow, Event, Person},
};

/// How many contacts are not over: those that are called, those that only look alive, and pages that are shown.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) called: u32,
    pub(super) merged: u32,
    pub(super) shown: u32,
}

impl Open {
    pub(super) fn of(&mut self, row: &ContactRow) -> &mut u32 {
        match row.channel {
            Channel::Page => &mut self.shown,
            Channel::Telephone | Channel::Browser if row.merged => &mut self.merged,
            Channel::Telephone | Channel::Browser => &mut self.called,
        }
    }
}

impl Center {
    pub(super) fn requested(&mut self, request: Requested) -> Result<(), Refusal> {
        self.check_request(&request)?;
        let Requested { contact: id, channel, mut person, skill, due, token, token_expires_at, .. } = request;
        let Requested { idempotency, consent, .. } = request;
        let surplus = person.trail.len().saturating_sub(TRAIL_PAGES);
        person.trail.drain(..surplus);
        let number = self.number_asked(channel, &person);
        // A second request for a number gets its own place and token, and looks alive; it touches nothing.
        let merged = number.as_ref().is_some_and(|number| self.numbers.contains_key(number));
        if let Some(number) = number
            && !merged
        {
            self.numbers.insert(number, id);
        }
        self.last_place += 1;
        let opens = due.map(|(from, _)| from).filter(|from| *from > self.now);
        let state = match (channel, opens) {
            (Channel::Page, _) => self.first_showing(),
            (Channel::Telephone | Channel::Browser, Some(at)) => ContactState::Scheduled { at },
            (Channel::Telephone | Channel::Browser, None) => ContactState::Waiting { not_before: None },
        };
        let row = ContactRow {
            id,
            channel,
            skill,
            place: self.last_place,
            requested_at: self.now,
            due,
            merged,
            attempts: 0,
            consent: consent.clone(),
            sharing: true,
            settings: self.settings.version,
            agent: None,
            bridged_at: None,
            talked_ms: 0,
            ended_at: None,
            reason: None,
            closed: false,
            state: state.clone(),
            watch: Vec::new(),
            lead: super::LeadRow::default(),
            phase_since: self.now,
        };
        self.record(Event::Requested { contact: id, channel, skill: row.skill.clone(), consent, merged });
        if channel != Channel::Page {
            self.record(Event::Queued { contact: id, not_before: opens });
        }
        self.store(Change::Person(id, person.clone()));
        self.store(Change::ContactToken { hash: token, contact: id, expires_at: token_expires_at });
        let expires_at = self.now + KEY_KEPT;
        let (key, body) = (idempotency.key, idempotency.body);
        self.store(Change::Idempotency { key, body, contact: id, expires_at });
        self.limits.remember(idempotency, id, expires_at);
        let line = self.lines.intern(&row.skill);
        *self.open.of(&row) += 1;
        self.contacts.insert(id, Contact::new(row, person, Arc::clone(&self.settings), line));
        self.set_state(id, state);
        Ok(())
    }

    fn check_request(&mut self, request: &Requested) -> Result<(), Refusal> {
        self.limits.check_key(self.now, request.idempotency)?;
        if self.contacts.contains_key(&request.contact) {
            return Err(Refusal::AcceptedBefore(request.contact));
        }
        if !request.skill.is_empty() && !self.settings.skills.contains(&request.skill) {
            return Err(Refusal::SkillUnknown);
        }
        if request.due.is_some_and(|(from, until)| until <= self.now || until <= from) {
            return Err(Refusal::WindowPassed);
        }
        let number = self.number_asked(request.channel, &request.person);
        // Those that are merged take nobody's time, so they take nobody's place either.
        let (open, most) = match number.is_some_and(|number| self.numbers.contains_key(&number)) {
            _ if request.channel == Channel::Page => (self.open.shown, self.settings.shown_pages),
            true => (self.open.merged, self.settings.merged_contacts),
            false => (self.open.called, self.settings.open_contacts),
        };
        if open >= most {
            return Err(Refusal::TooManyOpen);
        }
        match request.channel {
            Channel::Telephone => self.limits.may_dial(self.now, &self.settings, &request.person),
            Channel::Browser => Ok(()),
            Channel::Page if self.settings.show_page => Ok(()),
            Channel::Page => Err(Refusal::ShowingOff),
        }
    }

    fn number_asked(&self, channel: Channel, person: &Person) -> Option<String> {
        let number = person.e164.as_deref().filter(|_| channel == Channel::Telephone)?;
        Some(self.limits.mark(number))
    }

    pub(super) fn page_viewed(&mut self, id: ContactId, page: PageView) -> Result<(), Refusal> {
        let contact = self.live_contact(id, "page view")?;
        if !contact.row.sharing {
            return Ok(()); // the customer pressed Stop: what follows is not kept
        }
        if contact.person.trail.last().is_some_and(|last| last.url == page.url) {
            return Ok(()); // a reload, a second tab or a reconnect: no step on the path
        }
        if contact.person.trail.len() >= TRAIL_PAGES {
            contact.person.trail.remove(0);
        }
        contact.person.trail.push(page.clone());
        self.changed_contacts.insert(id);
        self.store(Change::PageViewed(id, page));
        Ok(())
    }

    pub(super) fn context_set(&mut self, id: ContactId, context: String) -> Result<(), Refusal> {
        let contact = self.live_contact(id, "context")?;
        if !contact.row.sharing || contact.person.context.as_ref() == Some(&context) {
            return Ok(());
        }
        contact.person.context = Some(context.clone());
        self.changed_contacts.insert(id);
        self.store(Change::Context(id, context));
        Ok(())
    }

    pub(super) fn sharing_set(&mut self, id: ContactId, on: bool) -> Result<(), Refusal> {
        let contact = self.contacts.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        // Withdrawing is always allowed; an ended contact shows nothing anyway.
        if contact.row.state.is_over() || contact.row.sharing == on {
            return Ok(());
        }
        contact.row.sharing = on;
        self.changed_contacts.insert(id);
        self.record(Event::SharingSet { contact: id, on });
        Ok(())
    }

    fn live_contact(&mut self, id: ContactId, input: &'static str) -> Result<&mut Contact, Refusal> {
        let contact = self.contacts.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        if contact.row.state.is_over() {
            return Err(Refusal::NotNow { input, state: contact.row.state.name() });
        }
        Ok(contact)
    }
}

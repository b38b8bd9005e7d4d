//! What agents show and do in the page, on its way from a viewer to the page in front. The engine says who may;
//! here it is stamped with the contact's order and passed on, or refused.
use std::collections::VecDeque;

use bytes::Bytes;
use contact_core::effect::{Lead, LeadHold};
use shared::{
    AgentId, DocumentId,
    limits::PINNED_NOTES,
    refused,
    wire::{
        lead::{
            Act, ActAsked, ActAskedWithin, ActDone, ActOutcome, ActWithin, AddNote, Mark, Note, Notes, Point,
            Pointed, Power, PowerHeld, Powers, Standing, Standings, Step,
        },
        mirror::{Navigate, PushOutcome, ServerToHand, ServerToPublisher, ServerToViewer},
    },
};

use super::{Follow, Mirror, Publisher, Viewer, follow::push};
use crate::limits::{ACTS_PENDING, MARKS, OUTCOMES};

#[derive(Debug, Default)]
pub(super) struct Leading {
    state: Lead,
    order: u64,
    notes: Vec<Note>,
    last_note: u32,
    notes_order: u64,
    /// Acts that the page has not answered: order, viewer, the viewer's number.
    pending: VecDeque<(u64, u64, u32)>,
    origins: Vec<String>,
}

impl Leading {
    /// Whoever has control, if it is this agent.
    fn control(&self, agent: AgentId) -> Option<&LeadHold> {
        let mut holds = self.state.holds.iter();
        holds.find(|hold| hold.granted && hold.power == Power::Control && hold.agent == agent)
    }

    /// The first name of whoever has control.
    pub(super) fn leader(&self) -> Option<String> {
        let mut holds = self.state.holds.iter();
        let hold = holds.find(|hold| hold.granted && hold.power == Power::Control);
        hold.map(|hold| hold.name.clone())
    }

    fn powers(&self) -> Bytes {
        let held = |hold: &LeadHold| PowerHeld {
            number: hold.number,
            power: hold.power,
            by: hold.name.clone(),
            granted: hold.granted,
        };
        let powers = Powers {
            order: self.order,
            pointing: self.state.pointing,
            holds: self.state.holds.iter().map(held).collect(),
            origins: self.origins.clone(),
        };
        ServerToHand::from(powers).encode().into()
    }

    /// `leads`: the contact is that agent's.
    fn standings(&self, agent: AgentId, leads: bool) -> Standings {
        let asked = |power| {
            let mut holds = self.state.holds.iter();
            let found = holds.find(|hold| hold.agent == agent && hold.power == power);
            found.map(|hold| if hold.granted { Standing::Yes } else { Standing::Asked })
        };
        let point = match (self.state.may_point && leads, self.state.pointing) {
            (false, _) => Standing::Never,
            (true, true) => Standing::Yes,
            (true, false) => asked(Power::Point).unwrap_or(Standing::No),
        };
        let control = match self.state.may_control && leads {
            false => Standing::Never,
            true => asked(Power::Control).unwrap_or(Standing::No),
        };
        let other = |hold: &&LeadHold| hold.granted && hold.agent != agent;
        let led_by = self.state.holds.iter().find(other).map(|hold| hold.name.clone());
        Standings { order: self.order, point, control, led_by }
    }
}

impl Mirror {
    /// Where links may lead that an agent clicks.
    pub fn set_origins(&mut self, origins: &[String]) {
        self.leading.origins = origins.to_vec();
    }

    /// What the engine says of who may do what.
    pub fn set_lead(&mut self, lead: Lead) {
        if self.leading.state == lead {
            return;
        }
        self.leading.state = lead;
        self.leading.order = self.stamp();
        self.tape_leads();
        let powers = self.leading.powers();
        let concerns_pages = !self.leading.state.holds.is_empty();
        for publisher in &mut self.publishers {
            publisher.knows_powers |= concerns_pages;
            if publisher.knows_powers {
                publisher.outbox.send(powers.clone());
            }
        }
        self.wake_viewers();
    }

    /// Another agent leads now: what each may do is told again.
    pub(super) fn standings_changed(&mut self) {
        self.leading.order = self.stamp();
        self.wake_viewers();
    }

    /// The viewer, if the contact is its agent's: whoever only looks on leads nothing.
    fn leader(&self, serial: u64) -> Option<&Viewer> {
        self.viewer(serial).filter(|viewer| self.watcher == Some(viewer.agent))
    }

    /// A page that has just come is told what stands, if anything does.
    pub(super) fn brief(&mut self, serial: u64) {
        let (powers, notes) = (self.leading.powers(), self.notes_for_pages());
        let (has_holds, has_notes) = (!self.leading.state.holds.is_empty(), !self.leading.notes.is_empty());
        let Some(publisher) = self.publisher(serial) else { return };
        if publisher.knows_powers {
            return; // notes that went with the page before it were news to it already
        }
        if has_holds || has_notes {
            publisher.knows_powers = true;
            publisher.outbox.send(powers);
        }
        if has_notes {
            publisher.outbox.send(notes);
        }
    }

    /// Shows a mark in the page in front, and to the other viewers. What comes too late is worth nothing.
    pub fn point(&mut self, serial: u64, Point { document, epoch, mark }: Point) {
        if !self.leading.state.pointing || !self.sharing || self.front_document() != Some(document) {
            return;
        }
        let Some(by) = self.leader(serial).map(|viewer| viewer.name.clone()) else { return };
        let order = self.stamp();
        let pointed = Pointed { order, by, document, epoch, mark };
        self.show_mark(serial, pointed);
    }

    fn show_mark(&mut self, serial: u64, pointed: Pointed) {
        let powers = self.leading.powers();
        if let Some(front) = self.front.and_then(|front| self.of_stream(front)) {
            // The first mark of all finds out here what it needs.
            if !std::mem::replace(&mut front.knows_powers, true) {
                front.outbox.send(powers);
            }
            front.outbox.send(ServerToHand::from(pointed.clone()).encode());
        }
        self.tape_note(pointed.clone());
        let message = Bytes::from(ServerToViewer::from(pointed).encode());
        for viewer in self.viewers.iter_mut().filter(|viewer| viewer.serial != serial) {
            queue(&mut viewer.marks, MARKS, message.clone());
            viewer.wake.notify_one();
        }
    }

    /// The viewer is gone, and so is what it pointed at.
    pub(super) fn unpoint(&mut self, serial: u64) {
        let Some((name, document)) =
            self.leader(serial).map(|viewer| viewer.name.clone()).zip(self.front_document())
        else {
            return;
        };
        let known = self.front.and_then(|front| self.of_stream(front)).is_some_and(|page| page.knows_powers);
        if known {
            let order = self.stamp();
            self.show_mark(serial, Pointed { order, by: name, document, epoch: 0, mark: Mark::Gone });
        }
    }

    /// Passes a deed on to the page in front, or says why not.
    pub fn act(&mut self, serial: u64, act: Act) {
        self.act_at(serial, act, Vec::new());
    }

    /// The same, within a page in one of its frames: the page in front passes it on.
    pub fn act_within(&mut self, serial: u64, ActWithin { act, path }: ActWithin) {
        self.act_at(serial, act, path);
    }

    fn act_at(&mut self, serial: u64, Act { act, document, epoch, seq, deed }: Act, path: Vec<Step>) {
        // Control is of whoever leads, whatever else is said of it.
        let leads = self.leader(serial).map(|viewer| viewer.agent);
        let Some(number) = leads.and_then(|agent| self.leading.control(agent)).map(|hold| hold.number) else {
            return self.tell_outcome(serial, act, Some(refused::NO_CONTROL));
        };
        let here = self.front_publisher().filter(|front| self.sharing && !front.standing.is_away());
        match here.map(|front| front.page.document) {
            None => return self.tell_outcome(serial, act, Some(refused::NO_PAGE)),
            Some(front) if front != document => {
                return self.tell_outcome(serial, act, Some(refused::STALE));
            }
            Some(_) => {}
        }
        let order = self.stamp();
        self.leading.pending.push_back((order, serial, act));
        if self.leading.pending.len() > ACTS_PENDING
            && let Some((_, viewer, oldest)) = self.leading.pending.pop_front()
        {
            self.tell_outcome(viewer, oldest, Some(refused::TOO_FAST));
        }
        if let Some(front) = self.front_publisher() {
            let asked = ActAsked { order, number, epoch, seq, deed };
            let message = match path.is_empty() {
                true => ServerToHand::from(asked),
                false => ActAskedWithin { asked, path }.into(),
            };
            front.outbox.send(message.encode());
        }
    }

    /// The page says what became of a deed.
    pub fn act_done(&mut self, done: &ActDone) {
        let Some(at) = self.leading.pending.iter().position(|(order, ..)| *order == done.order) else {
            return;
        };
        if let Some((_, viewer, act)) = self.leading.pending.remove(at) {
            let code = done.refused.as_deref();
            let known = code.map(|code| {
                refused::ALL.into_iter().find(|known| *known == code).unwrap_or(refused::NOT_POSSIBLE)
            });
            self.tell_outcome(viewer, act, known);
        }
    }

    /// Refuses a deed that never left.
    pub fn refuse_act(&mut self, serial: u64, act: u32, code: &'static str) {
        self.tell_outcome(serial, act, Some(code));
    }

    fn tell_outcome(&mut self, serial: u64, act: u32, refused: Option<&str>) {
        let order = self.stamp();
        let outcome = ActOutcome { order, act, refused: refused.map(str::to_owned) };
        if let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.serial == serial) {
            queue(&mut viewer.outcomes, OUTCOMES, ServerToViewer::from(outcome).encode().into());
            viewer.wake.notify_one();
        }
    }

    /// Leads the page in front to `url` (or says why not), and tells every viewer what became of it.
    pub fn push_url(&mut self, serial: u64, url: String, refused: Option<&'static str>) {
        let Some((agent, by)) = self.viewer(serial).map(|viewer| (viewer.agent, viewer.name.clone())) else {
            return;
        };
        let front = self.front_publisher().filter(|front| !front.standing.is_away());
        let refused = match (refused, front) {
            _ if self.watcher != Some(agent) => Some("watching"),
            (Some(code), _) => Some(code),
            (None, _) if !self.sharing => Some("not_sharing"),
            (None, None) => Some("no_page"),
            (None, Some(front)) => {
                front.outbox.send(ServerToPublisher::from(Navigate { url: url.clone(), by }).encode());
                None
            }
        };
        let order = self.stamp();
        let outcome = PushOutcome { order, url, refused: refused.map(str::to_owned) };
        let message = Bytes::from(ServerToViewer::from(outcome).encode());
        for viewer in &mut self.viewers {
            viewer.outcomes.push_back(message.clone());
            if viewer.outcomes.len() > OUTCOMES {
                viewer.outcomes.pop_front();
            }
            viewer.wake.notify_one();
        }
    }

    /// Pins a note for both sides; the oldest goes where there are too many.
    pub fn add_note(&mut self, serial: u64, AddNote { document, epoch, at, text }: AddNote) {
        if !self.leading.state.pointing || !self.sharing || self.front_document() != Some(document) {
            return;
        }
        let Some(by) = self.leader(serial).map(|viewer| viewer.name.clone()) else { return };
        self.leading.last_note += 1;
        let note = self.leading.last_note;
        self.leading.notes.push(Note { note, by, document, epoch, at, text });
        if self.leading.notes.len() > PINNED_NOTES {
            self.leading.notes.remove(0);
        }
        self.tell_notes();
    }

    /// Either side may, the agent's if it leads.
    pub fn remove_note_by(&mut self, serial: u64, note: u32) {
        if self.leader(serial).is_some() {
            self.remove_note(note);
        }
    }

    pub fn remove_note(&mut self, note: u32) {
        self.keep_notes(|kept| kept.note != note);
    }

    /// What was pinned to elements of another document is gone with it.
    pub(super) fn unpin(&mut self) {
        let front = self.front_document();
        self.keep_notes(|note| note.at.is_none() || front.is_none_or(|document| document == note.document));
    }

    pub(super) fn forget_notes(&mut self) {
        self.keep_notes(|_| false);
    }

    fn keep_notes(&mut self, keep: impl Fn(&Note) -> bool) {
        let before = self.leading.notes.len();
        self.leading.notes.retain(keep);
        if self.leading.notes.len() != before {
            self.tell_notes();
        }
    }

    fn tell_notes(&mut self) {
        self.leading.notes_order = self.stamp();
        let (powers, notes) = (self.leading.powers(), self.notes_for_pages());
        for publisher in &mut self.publishers {
            if !std::mem::replace(&mut publisher.knows_powers, true) {
                publisher.outbox.send(powers.clone());
            }
            publisher.outbox.send(notes.clone());
        }
        self.wake_viewers();
    }

    fn notes_for_pages(&self) -> Bytes {
        let notes = Notes { order: self.leading.notes_order, notes: self.leading.notes.clone() };
        ServerToHand::from(notes).encode().into()
    }

    /// Snapshots that a viewer has not got, if they are not behind `until`.
    pub(super) fn lead_news(&self, agent: AgentId, follow: &mut Follow, until: u64, out: &mut Vec<Bytes>) {
        let Leading { order, notes_order, notes, .. } = &self.leading;
        if follow.lead_order != *order && *order <= until {
            follow.lead_order = *order;
            push(out, self.leading.standings(agent, self.watcher == Some(agent)));
        }
        if follow.notes_order != *notes_order && *notes_order <= until {
            follow.notes_order = *notes_order;
            push(out, Notes { order: *notes_order, notes: notes.clone() });
        }
    }

    /// Whether the agent looks in another window, too.
    pub fn sees(&self, agent: AgentId) -> bool {
        self.viewers.iter().any(|viewer| viewer.agent == agent)
    }

    #[cfg(test)]
    pub(super) fn leading_last_note(&self) -> u32 {
        self.leading.last_note
    }

    /// The order of the oldest deed that the page has not answered.
    #[cfg(test)]
    pub(super) fn leading_pending(&self) -> Option<u64> {
        self.leading.pending.front().map(|(order, ..)| *order)
    }

    #[cfg(test)]
    pub(super) fn leading_notes(&self) -> usize {
        self.leading.notes.len()
    }

    pub(super) fn viewer(&self, serial: u64) -> Option<&Viewer> {
        self.viewers.iter().find(|viewer| viewer.serial == serial)
    }

    pub(super) fn front_document(&self) -> Option<DocumentId> {
        self.front_publisher().map(|front: &Publisher| front.page.document)
    }
}

fn queue(waiting: &mut VecDeque<Bytes>, most: usize, message: Bytes) {
    waiting.push_back(message);
    if waiting.len() > most {
        waiting.pop_front();
    }
}

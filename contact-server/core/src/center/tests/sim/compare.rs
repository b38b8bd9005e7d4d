//! The product held against the model after every step.
use shared::{
    ContactId, Timestamp,
    api::WrapUp,
    contact::{CustomerStatus, EndReason, Phase},
};

use super::{engine::Step, world::World};
use crate::{Notice, center::ended, record::Event};

/// The lines as the model sees them, and since when they stand so.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Vec<ContactId>>,
    since: Timestamp,
}

const SKILLS: [&str; 3] = ["", "german", "french"];

impl World {
    pub(super) fn compare(&mut self, step: &Step) {
        self.compare_requests();
        self.compare_agents();
        self.compare_legs(step);
        self.compare_events(step);
        self.compare_commands(step);
        self.compare_deadline();
        self.compare_positions();
        if self.steps.is_multiple_of(8) {
            self.compare_everything();
        }
    }

    fn compare_requests(&self) {
        for (id, request) in &self.model.requests {
            let (row, expected) = (self.ledger.contacts.get(id), request.row());
            if row != Some(&expected) {
                self.fail(&format!("the row is   {row:?}\nthe model's {:?}", Some(expected)));
            }
            let person = self.ledger.persons.get(id).cloned().unwrap_or_default();
            self.must(person == request.asked.person, "a person's data differ");
            let kept = self.ledger.wrap_ups.get(id).map(|(wrap_up, _)| wrap_up);
            self.must(*kept.unwrap_or(&WrapUp::default()) == request.wrap_up, "a wrap-up differs");
            let status = self.center.status(*id).map(|mut status| {
                (status.position, status.wait_seconds) = (None, None);
                status
            });
            let expected = self.model.status(*id);
            if status != Some(expected.clone()) {
                self.fail(&format!("the status is {status:?}\nthe model's   {expected:?}"));
            }
            self.compare_ends(*id);
            let viewing = self.center.viewing(*id);
            if let Some(viewing) = &viewing {
                let watchers = viewing.watchers.iter().map(|watcher| watcher.agent);
                self.must(watchers.eq(request.watch.iter().map(|watch| watch.agent)), "others look on");
            }
            let viewing = viewing.map(|viewing| (viewing.agent, viewing.sharing));
            let closed = expected_closed(&self.model, *id);
            if !closed && viewing != Some(self.model.viewing(*id)) {
                self.fail(&format!(
                    "{viewing:?} may see the page, in the model {:?}",
                    self.model.viewing(*id)
                ));
            }
        }
    }

    /// Who comes back is told the same by the store alone.
    fn compare_ends(&self, id: ContactId) {
        let stored = self.ledger.contacts.get(&id).and_then(ended);
        let over = self.center.status(id).filter(|status| status.phase == Phase::Ended);
        if over != stored {
            self.fail(&format!(
                "the end is told as {over:?}
by the store as    {stored:?}"
            ));
        }
        let tells = |status: &CustomerStatus| status.reason == Some(EndReason::OptedOut);
        self.must(!stored.is_some_and(|status| tells(&status)), "an opt-out is told");
    }

    fn compare_agents(&self) {
        self.must(self.ledger.agents.len() == self.model.agents.len(), "an agent too many or too few");
        for id in self.model.agents.keys() {
            let (row, expected) = (self.ledger.agents.get(id), self.model.agent_row(*id));
            if row != Some(&expected) {
                self.fail(&format!("the agent is {row:?}\nthe model's {:?}", Some(expected)));
            }
            let Some((state, shown, today)) = self.center.agent_view(*id) else { continue };
            let doing = self.model.doing(*id);
            let is = (state.presence, state.contact, state.until);
            if is != doing || shown.map(|shown| shown.contact) != doing.1 {
                self.fail(&format!("{id} is shown {is:?}, in the model {doing:?}"));
            }
            let figures = (u64::from(today.calls), u64::from(today.talk_seconds));
            self.must(figures == self.model.today(*id), "today's figures differ");
        }
    }

    fn compare_legs(&self, step: &Step) {
        for leg in step.legs.iter().chain(&self.model.touched_legs) {
            let (is, expected) = (self.ledger.legs.get(leg), self.model.legs.get(leg));
            if is != expected {
                self.fail(&format!("the leg is  {is:?}\nthe model's {expected:?}"));
            }
        }
    }

    /// The same events, and those of one contact in the same order.
    fn compare_events(&self, step: &Step) {
        let sorted = |events: &[Event]| {
            let mut events: Vec<Event> = events.to_vec();
            events.retain(|event| !matches!(event, Event::Presence { .. }));
            events.sort_by_key(contact_of);
            events
        };
        let (is, expected) = (sorted(&step.events), sorted(&self.model.events));
        if is != expected {
            self.fail(&format!("the events are {is:?}\nthe model's    {expected:?}"));
        }
        self.must(
            step.signs == usize::from(self.model.gave_sign_of_life),
            "a sign of life too many or too few",
        );
        self.must(self.ledger.last_at == self.model.last_at, "a restart would count from another time");
        for event in &step.events {
            if let Event::Presence { agent, .. } = event
                && let Some(row) = self.ledger.agents.get(agent)
            {
                let newest = step.events.iter().rev().find_map(|event| match event {
                    Event::Presence { agent: of, presence } if of == agent => Some(*presence),
                    _ => None,
                });
                self.must(newest == Some(row.presence), "the newest presence is another");
            }
        }
    }

    /// The same commands, and those to one leg in the same order.
    fn compare_commands(&self, step: &Step) {
        let mut is: Vec<_> = step.dials.iter().map(|command| (command.leg, command.action.clone())).collect();
        let mut expected = self.model.commands.clone();
        is.sort_by_key(|(leg, _)| *leg);
        expected.sort_by_key(|(leg, _)| *leg);
        if is != expected {
            self.fail(&format!("the commands are {is:?}\nthe model's      {expected:?}"));
        }
        let displaced = step.notices.iter().filter_map(|notice| match notice {
            Notice::Displaced { agent, station } => Some((*agent, *station)),
            _ => None,
        });
        self.must(displaced.eq(self.model.displaced.iter().copied()), "another console was told to go");
    }

    fn compare_deadline(&self) {
        let next = self.model.deadlines().map(|(at, _)| at).chain(self.model.sign_of_life()).min();
        let fits = match self.center.poll_timeout() {
            Some((at, "positions changed")) => next.is_none_or(|next| at <= next),
            Some((at, why)) => next == Some(at) && !why.is_empty(),
            None => next.is_none(),
        };
        if !fits {
            self.fail(&format!(
                "the next deadline is {:?}, the model's {next:?}",
                self.center.poll_timeout()
            ));
        }
    }

    /// Positions are told within a second, unless the timers are late.
    fn compare_positions(&mut self) {
        let now = self.model.now;
        let lines: Vec<Vec<ContactId>> = SKILLS.iter().map(|skill| self.model.line(skill)).collect();
        if lines != self.lines.lines {
            self.lines = Lines { lines, since: now };
        }
        let late = self.center.poll_timeout().is_some_and(|(at, _)| at <= now);
        if late || now.0 < self.lines.since.0 + 1_000 {
            return;
        }
        for line in &self.lines.lines {
            for (id, position) in line.iter().zip(1..) {
                let is = self.center.status(*id).and_then(|status| status.position);
                if is != Some(position) {
                    self.fail(&format!("{id} is told position {is:?}, and it is {position}"));
                }
            }
        }
    }

    pub(super) fn compare_everything(&mut self) {
        let list: Vec<ContactId> = self.center.queue().waiting.iter().map(|entry| entry.contact).collect();
        let expected = self.model.waiting_list();
        if list != expected {
            self.fail(&format!("the waiting list is {list:?}, the model's {expected:?}"));
        }
        for skill in SKILLS {
            let (is, expected) = (self.center.wait_estimate(skill), self.model.estimate(skill));
            if is != expected {
                self.fail(&format!("the wait for {skill:?} is {is:?}, in the model {expected:?}"));
            }
        }
        let open = self.ledger.contacts.values().filter(|row| !row.closed).map(|row| row.id);
        self.must(open.eq(self.model.open()), "a request was lost, or is open for ever");
        let tokens = self.ledger.tokens.values().copied().collect::<std::collections::BTreeSet<_>>();
        let alive = self.model.requests.iter().filter(|(_, request)| request.ended.is_none());
        self.must(tokens.iter().eq(alive.map(|(id, _)| id)), "a token outlives its contact, or is lost");
        let live = self.ledger.legs.values().filter(|leg| leg.ended_at.is_none()).map(|leg| leg.leg);
        self.must(live.eq(self.model.live_legs()), "a leg's record is open, or was closed, and should not");
        let (is, expected) = (self.center.filled(), self.model.filled());
        if is != expected {
            self.fail(&format!("{is} percent of the room are taken, in the model {expected}"));
        }
        let opt_outs = self.ledger.opt_outs.iter();
        self.must(opt_outs.eq(self.model.opt_outs()), "other numbers opted out");
    }
}

fn expected_closed(model: &super::model::Model, id: ContactId) -> bool {
    model.requests[&id].at == super::model::At::Closed
}

fn contact_of(event: &Event) -> Option<ContactId> {
    match event {
        Event::Requested { contact, .. }
        | Event::Queued { contact, .. }
        | Event::Reserved { contact, .. }
        | Event::Dialed { contact, .. }
        | Event::Answered { contact, .. }
        | Event::Confirmed { contact }
        | Event::Offered { contact, .. }
        | Event::Accepted { contact, .. }
        | Event::OfferLapsed { contact, .. }
        | Event::Bridged { contact, .. }
        | Event::Held { contact, .. }
        | Event::LegEnded { contact, .. }
        | Event::WrapUpDone { contact, .. }
        | Event::Ended { contact, .. }
        | Event::SharingSet { contact, .. }
        | Event::OptedOut { contact }
        | Event::PowerAsked { contact, .. }
        | Event::PowerGranted { contact, .. }
        | Event::PowerRefused { contact, .. }
        | Event::PowerEnded { contact, .. }
        | Event::PointingStopped { contact }
        | Event::WatchBegan { contact, .. }
        | Event::WatchEnded { contact, .. }
        | Event::CodeMade { contact }
        | Event::Erased { contact } => Some(*contact),
        Event::Presence { .. } | Event::RecordingPlayed { .. } | Event::SettingsChanged { .. } => None,
    }
}

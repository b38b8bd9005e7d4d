//! One business.
//!
//! [`Center`] knows its requests, its calls and its agents, and decides who is called, when, and by whom. It
//! does not know how a leg is placed, who is connected, what a store looks like, or what time it is.
//!
//! A request waits for its turn. When an agent is free for it, its customer is called first; only a customer
//! who was reached (and pressed 1 where that is asked) makes an agent's leg ring; then the two are bridged.
//! The agent is either reserved before the dial, or chosen when the customer answers.
//!
//! # Invariants
//!
//! * No agent's leg rings unless the customer of that contact is on the line, and confirmed.
//! * Never two live legs to one number; a number is free once its last leg is known to be down.
//! * A leg's record and its [`crate::record::Event::Dialed`] come in the same batch as its `Originate`.
//! * An agent is tied to one contact, and a contact to one agent, and both agree.
//! * Between two inputs no agent is idle while a request is due that he could serve.
//! * A merged request has no leg and no agent, ever; nor has a page that is shown without a call.
//! * A refused input changes nothing.
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Arc,
};

use shared::{
    AgentId, ContactId, LegId, Timestamp,
    api::{LegRecord, Party},
    contact::EndReason,
};

use crate::{
    DialCommand, Effect, Input, Notice, Refusal, Settings,
    record::{Change, Event},
};

mod agents;
mod calling;
mod consoles;
mod contacts;
mod erase;
mod ids;
mod lead;
mod legs;
mod limits;
mod offers;
mod requests;
mod restore;
mod routing;
mod shown;
mod state;
#[cfg(test)]
mod tests;
mod views;
mod watch;

pub use contacts::END_READABLE;
pub use lead::{ASK_AGAIN, Hold, LeadRow};
pub use offers::{AWAY_DECLINED, AWAY_NO_VOICE, AWAY_NOT_ANSWERED};
pub use state::ContactState;
pub use views::{Census, ended};
pub use watch::{WATCHERS, Watch};

/// One business. See the module.
pub struct Center {
    now: Timestamp,
    business_name: String,
    /// The newest; every contact has the version that it started with.
    settings: Arc<Settings>,
    /// Not closed.
    contacts: BTreeMap<ContactId, contacts::Contact>,
    agents: BTreeMap<AgentId, agents::Agent>,
    /// Live.
    legs: BTreeMap<LegId, LegRecord>,
    /// The one open contact of a number that is really called.
    numbers: BTreeMap<String, ContactId>,
    open: requests::Open,
    last_place: u64,
    lines: routing::Lines,
    queue: views::WaitingList,
    limits: limits::Limits,
    hanging: legs::Hanging,
    handling: views::Handling,
    recent: views::Recent,
    deadlines: BTreeSet<(Timestamp, Due)>,
    /// When something that a restart counts from was last stored: an event, a sign of life.
    stored_at: Timestamp,
    /// To be stored and told at the end of the input.
    changed_contacts: BTreeSet<ContactId>,
    changed_agents: BTreeSet<AgentId>,
    /// Positions, the waiting list and what is live are not told before.
    refresh_at: Timestamp,
    /// Who may watch every contact.
    supervisors: BTreeSet<AgentId>,
    /// What is live may be another than what supervisors were told.
    live_changed: bool,
    /// The supervisors, and what they were told.
    told_live: (Vec<AgentId>, shared::wire::console::LiveContacts),
    out: Outbox,
    ids: ids::Ids,
}

/// Whose deadline it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Contact(ContactId),
    /// The console's grace.
    Agent(AgentId),
    /// A leg that was told to hang up.
    HangUp(LegId),
    Refresh,
}

/// Effects of one input, in the order in which they leave: what is stored, who is told, what is dialled. A
/// screen-pop therefore leaves before the offer and the bridge of the same batch.
#[derive(Default)]
struct Outbox {
    /// First, so that whatever refers to a contact finds it.
    contact_rows: VecDeque<Change>,
    changes: VecDeque<Change>,
    agent_rows: VecDeque<Change>,
    notices: VecDeque<Notice>,
    dials: VecDeque<DialCommand>,
}

impl Center {
    /// Applies one input. Take every effect before the next. If it is refused, nothing has changed.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<(), Refusal> {
        self.now = self.now.max(now);
        self.apply(input)?;
        self.route();
        self.tell_changes();
        Ok(())
    }

    /// Lets deadlines that lie at or before `now` take effect.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.expire();
        self.route();
        self.tell_changes();
        self.give_sign_of_life();
    }

    fn expire(&mut self) {
        while let Some(&(at, due)) = self.deadlines.first()
            && at <= self.now
        {
            self.deadlines.pop_first();
            match due {
                Due::Contact(contact) => self.contact_due(contact),
                Due::Agent(agent) => self.grace_over(agent),
                Due::HangUp(leg) => self.hung_up(leg),
                Due::Refresh => {}
            }
        }
    }

    /// What the world must do, in this order: changes, then notices, then commands to dialers.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let out = &mut self.out;
        let rows = out.contact_rows.pop_front().or_else(|| out.changes.pop_front());
        if let Some(change) = rows.or_else(|| out.agent_rows.pop_front()) {
            return Some(Effect::Store(change));
        }
        out.notices.pop_front().map(Effect::Tell).or_else(|| out.dials.pop_front().map(Effect::Dial))
    }

    /// When [`Self::handle_timeout`] is next due, and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, &'static str)> {
        let deadline = self.deadlines.first().map(|&(at, due)| (at, self.reason_of(due)));
        let sign = self.sign_of_life_at().map(|at| (at, "a call is up"));
        deadline.into_iter().chain(sign).min_by_key(|(at, _)| *at)
    }

    fn reason_of(&self, due: Due) -> &'static str {
        match due {
            Due::Contact(id) => {
                self.contacts.get(&id).and_then(contacts::Contact::deadline).map_or("", |(_, why)| why)
            }
            Due::Agent(_) => "a console did not come back",
            Due::HangUp(_) => "a leg that was hung up says nothing",
            Due::Refresh => "positions changed",
        }
    }

    fn apply(&mut self, input: Input) -> Result<(), Refusal> {
        match input {
            Input::Configured(settings) => self.configure(settings),
            Input::AgentSet(profile) => self.set_profile(profile),
            Input::AgentRemoved(agent) => return self.remove_agent(agent),
            Input::Requested(request) => return self.requested(*request),
            Input::Cancelled(contact) => return self.cancelled(contact),
            Input::PageViewed(contact, page) => return self.page_viewed(contact, page),
            Input::ContextSet(contact, context) => return self.context_set(contact, context),
            Input::SharingSet(contact, on) => return self.sharing_set(contact, on),
            Input::PagesOpen(contact, open) => return self.pages_open(contact, open),
            Input::PowerAsked { agent, contact, power } => return self.power_asked(agent, contact, power),
            Input::PowerAnswered { contact, number, consent } => {
                return self.power_answered(contact, number, consent);
            }
            Input::PowerStopped(contact, power) => return self.power_stopped(contact, power),
            Input::PowerDropped { agent, contact, power } => {
                return self.power_dropped(agent, contact, power);
            }
            Input::WatchAsked { agent, contact, by } => return self.watch_asked(agent, contact, by),
            Input::WatchLeft { agent, contact } => return self.watch_left(agent, contact),
            Input::CodeMade(contact) => return self.code_made(contact),
            Input::SignedIn { agent, station } => return self.signed_in(agent, station),
            Input::SignedOut { agent, station } => return self.signed_out(agent, station),
            Input::ConsoleLost { agent, station } => return self.console_lost(agent, station),
            Input::Ready(agent) => return self.go_ready(agent),
            Input::Away(agent, reason) => return self.go_away(agent, reason),
            Input::Accepted(agent, contact) => return self.accepted(agent, contact),
            Input::Declined(agent, contact) => return self.declined(agent, contact),
            Input::HungUp(agent, contact) => return self.agent_hung_up(agent, contact),
            Input::HoldSet(agent, contact, on) => return self.set_hold(agent, contact, on),
            Input::WrapUpSaved { agent, contact, wrap_up, done } => {
                return self.save_wrap_up(agent, contact, wrap_up, done);
            }
            Input::Dialer(leg, event) => self.dialer_said(leg, event),
            Input::RecordingPlayed { agent, contact } => {
                self.known_agent(agent)?;
                self.record(Event::RecordingPlayed { contact, agent });
            }
            Input::Erased(contacts) => contacts.into_iter().for_each(|contact| self.erase(contact)),
        }
        Ok(())
    }

    fn configure(&mut self, settings: Settings) {
        self.record(Event::SettingsChanged { version: settings.version });
        self.store(Change::Settings(settings.clone()));
        self.settings = Arc::new(settings);
    }

    /// Late, doubled and lost events are harmless: an event of a leg that is not live does nothing.
    fn dialer_said(&mut self, leg: LegId, event: crate::DialEvent) {
        use crate::DialEvent as E;
        let Some(record) = self.legs.get(&leg) else {
            if matches!(event, E::Failed { .. } | E::Ended { .. } | E::Unknown) {
                self.hung_up(leg);
            }
            return;
        };
        match record.party {
            Party::Customer => self.customer_event(record.contact, leg, event),
            Party::Agent => self.agent_event(record.contact, leg, event),
        }
    }

    fn contact_due(&mut self, id: ContactId) {
        use ContactState as S;
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        let closes = contact.served_until().0;
        match contact.row.state {
            S::Scheduled { .. } => self.set_state(id, S::Waiting { not_before: None }),
            S::Waiting { .. } if closes <= self.now => {
                let window = contact.row.due.is_some();
                let reason = if window { EndReason::WindowClosed } else { EndReason::NoAgent };
                self.finish(id, reason);
            }
            S::Waiting { .. } => self.set_state(id, S::Waiting { not_before: None }),
            S::Feigned { .. } | S::Dialing { .. } => self.not_answered(id),
            S::Confirming { .. } => self.not_confirmed(id),
            S::Holding { .. } => self.held_too_long(id),
            S::Offering { .. } => self.lapse(id, offers::Lapse::NotAnswered),
            S::Connecting { .. } => self.lapse(id, offers::Lapse::NoVoice),
            S::Closing { .. } => self.let_go(id),
            S::WrapUp { .. } => self.close_wrap_up(id),
            S::Showing { .. } => self.finish(id, EndReason::Shown),
            S::Talking { .. } | S::Ended => {}
        }
    }

    fn record(&mut self, event: Event) {
        self.stored_at = self.now;
        self.out.changes.push_back(Change::Event(self.now, event));
    }

    fn store(&mut self, change: Change) {
        self.out.changes.push_back(change);
    }

    fn tell(&mut self, notice: Notice) {
        self.out.notices.push_back(notice);
    }
}

/// Counts only: it holds personal data.
impl fmt::Debug for Center {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Center")
            .field("now", &self.now)
            .field("contacts", &self.contacts.len())
            .field("agents", &self.agents.len())
            .field("legs", &self.legs.len())
            .finish_non_exhaustive()
    }
}

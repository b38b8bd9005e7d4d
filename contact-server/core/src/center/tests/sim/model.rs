//! What the rules of the contact centre say, written down a second time and the plain way.
//!
//! The model has no indexes and no effects in flight: requests in one list, agents in another, and whatever
//! can be worked out from them is worked out anew each time it is asked for. Who an agent is tied to stands at
//! the request alone; presence, deadlines, queue and statuses follow. It shares data types with the product
//! and none of its decisions. Ids of legs and effects are the product's own: see [`Names`].
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use shared::{
    AgentId, ContactId, EffectId, LegId, StationId, Timestamp,
    api::{LegRecord, WrapUp},
    contact::{EndReason, Presence},
};

use crate::{
    Endpoint, Input, Refusal, Settings,
    effect::Action,
    input::Requested,
    record::{AgentProfile, Event},
};

mod agents;
mod calls;
mod customers;
mod lead;
mod restart;
mod shown;
mod turns;
mod views;
mod watch;

pub(super) const DAY: Duration = Duration::from_hours(24);

#[derive(Clone)]
pub(super) struct Model {
    pub(super) now: Timestamp,
    settings: Rc<Settings>,
    /// Open ones, and those that the last step closed.
    pub(super) requests: BTreeMap<ContactId, Request>,
    pub(super) agents: BTreeMap<AgentId, Worker>,
    /// All that there ever were.
    pub(super) legs: BTreeMap<LegId, LegRecord>,
    /// Of legs whose customer was erased: they count as before.
    erased_numbers: BTreeMap<LegId, String>,
    /// Told to hang up and not heard of since: until when their numbers count as taken.
    hanging: BTreeMap<LegId, (Timestamp, String)>,
    dials: Vec<(Timestamp, String, LegId)>,
    opt_outs: BTreeSet<String>,
    keys: BTreeMap<[u8; 32], ([u8; 32], ContactId, Timestamp)>,
    /// Closed since the last restart.
    recent: BTreeSet<ContactId>,
    /// Agent, end and seconds of every finished call.
    calls: Vec<(AgentId, Timestamp, u64)>,
    mean_handling_ms: u64,
    last_place: u64,
    /// Of the last event or sign of life.
    pub(super) last_at: Timestamp,
    /// When a line's order or its agents last changed.
    pub(super) line_changed_at: Timestamp,
    // What the last step did.
    pub(super) events: Vec<Event>,
    pub(super) gave_sign_of_life: bool,
    pub(super) commands: Vec<(LegId, Action)>,
    pub(super) displaced: Vec<(AgentId, StationId)>,
    pub(super) touched_legs: BTreeSet<LegId>,
    names: Names,
}

/// The ids that the product gave to what it did in this step; the model does the same and takes them over.
#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) dialled: Vec<(Endpoint, LegId, EffectId)>,
    pub(super) played: Vec<(LegId, EffectId)>,
}

#[derive(Clone)]
pub(super) struct Request {
    pub(super) asked: Requested,
    pub(super) settings: Rc<Settings>,
    pub(super) place: u64,
    pub(super) requested_at: Timestamp,
    pub(super) merged: bool,
    pub(super) attempts: u32,
    pub(super) sharing: bool,
    pub(super) lead: lead::Allowed,
    pub(super) watch: Vec<crate::center::Watch>,
    pub(super) at: At,
    pub(super) phase_since: Timestamp,
    /// The customer's live leg.
    pub(super) leg: Option<LegId>,
    /// Who is meant for it, rings, talks or wraps up.
    pub(super) agent: Option<AgentId>,
    /// Who has it, or last had it, for the record.
    pub(super) noted: Option<AgentId>,
    /// The customer's page navigates.
    pub(super) away: bool,
    /// Since when nothing is heard of the agent in a call.
    pub(super) unheard_since: Option<Timestamp>,
    pub(super) bridged_at: Option<Timestamp>,
    pub(super) talked_ms: u64,
    pub(super) ended: Option<(Timestamp, EndReason)>,
    pub(super) wrap_up: WrapUp,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum At {
    Scheduled(Timestamp),
    InLine { not_before: Option<Timestamp> },
    Feigned { until: Timestamp },
    Rings { until: Timestamp },
    Asked { wrong: u8, until: Timestamp },
    Held { until: Timestamp },
    Offered { agent_leg: LegId, until: Timestamp, hold_until: Timestamp },
    Accepted { agent_leg: LegId, until: Timestamp, hold_until: Timestamp },
    Talks { agent_leg: LegId, on_hold: bool, since: Timestamp },
    Farewell { effect: EffectId, reason: EndReason, until: Timestamp },
    WrapUp { until: Option<Timestamp> },
    Shown { sign: Timestamp, away_since: Option<Timestamp> },
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Console {
    Here(StationId),
    Lost { until: Timestamp },
    Gone,
}

#[derive(Clone)]
pub(super) struct Worker {
    pub(super) profile: AgentProfile,
    pub(super) console: Console,
    /// Would be ready if nothing else occupied him.
    ready: bool,
    pub(super) reason: Option<String>,
    pub(super) presence: Presence,
    pub(super) since: Timestamp,
    idle_since: Timestamp,
}

impl Model {
    pub(super) fn new(now: Timestamp, settings: Settings) -> Self {
        Self {
            now,
            settings: Rc::new(settings),
            requests: BTreeMap::new(),
            agents: BTreeMap::new(),
            legs: BTreeMap::new(),
            erased_numbers: BTreeMap::new(),
            hanging: BTreeMap::new(),
            dials: Vec::new(),
            opt_outs: BTreeSet::new(),
            keys: BTreeMap::new(),
            recent: BTreeSet::new(),
            calls: Vec::new(),
            mean_handling_ms: 180_000,
            last_place: 0,
            last_at: Timestamp(0),
            line_changed_at: Timestamp(0),
            events: Vec::new(),
            gave_sign_of_life: false,
            commands: Vec::new(),
            displaced: Vec::new(),
            touched_legs: BTreeSet::new(),
            names: Names::default(),
        }
    }

    pub(super) fn input(&mut self, now: Timestamp, input: &Input, names: Names) -> Result<(), Refusal> {
        self.begin(now, names);
        let phases = self.phases();
        self.apply(input)?;
        self.route();
        self.end(&phases);
        Ok(())
    }

    pub(super) fn timeout(&mut self, now: Timestamp, names: Names) {
        self.begin(now, names);
        let phases = self.phases();
        while let Some((at, due)) = self.deadlines().min()
            && at <= self.now
        {
            self.comes_due(due);
        }
        self.route();
        self.end(&phases);
        if self.sign_of_life().is_some_and(|at| at <= self.now) {
            self.last_at = self.now;
            self.gave_sign_of_life = true;
        }
    }

    /// While somebody is on the line something is stored every five seconds.
    pub(super) fn sign_of_life(&self) -> Option<Timestamp> {
        self.live_legs().next().map(|_| self.last_at + Duration::from_secs(5))
    }

    fn begin(&mut self, now: Timestamp, names: Names) {
        self.now = self.now.max(now);
        self.names = names;
        self.events.clear();
        self.gave_sign_of_life = false;
        self.commands.clear();
        self.displaced.clear();
        self.touched_legs.clear();
        let recent = &mut self.recent;
        self.requests.retain(|id, request| {
            let open = request.at != At::Closed;
            if !open {
                recent.insert(*id);
            }
            open
        });
    }

    fn end(&mut self, before: &BTreeMap<ContactId, shared::contact::Phase>) {
        let now = self.now;
        for (id, request) in &mut self.requests {
            if before.get(id) != Some(&views::phase(&request.at)) {
                request.phase_since = now;
            }
        }
        self.powers_end();
    }

    fn apply(&mut self, input: &Input) -> Result<(), Refusal> {
        match input.clone() {
            Input::Configured(settings) => {
                self.log(Event::SettingsChanged { version: settings.version });
                self.settings = Rc::new(settings);
                Ok(())
            }
            Input::AgentSet(profile) => self.hired(profile),
            Input::AgentRemoved(agent) => self.dismissed(agent),
            Input::Requested(request) => self.requested(*request),
            Input::Cancelled(contact) => self.cancelled(contact),
            Input::PageViewed(contact, page) => self.page_viewed(contact, page),
            Input::ContextSet(contact, context) => self.context_set(contact, context),
            Input::SharingSet(contact, on) => self.sharing_set(contact, on),
            Input::PowerAsked { agent, contact, power } => self.asks_power(agent, contact, power),
            Input::PowerAnswered { contact, number, consent } => self.answers_power(contact, number, consent),
            Input::PowerStopped(contact, power) => self.stops_power(contact, power),
            Input::PowerDropped { agent, contact, power } => self.drops_power(agent, contact, power),
            Input::WatchAsked { agent, contact, by } => self.asks_to_watch(agent, contact, by),
            Input::WatchLeft { agent, contact } => self.leaves_watch(agent, contact),
            Input::CodeMade(contact) => self.wants_code(contact),
            Input::PagesOpen(contact, open) => self.pages_open(contact, open),
            Input::SignedIn { agent, station } => self.signed_in(agent, station),
            Input::SignedOut { agent, station } => self.signed_out(agent, station),
            Input::ConsoleLost { agent, station } => self.console_lost(agent, station),
            Input::Ready(agent) => self.says_ready(agent),
            Input::Away(agent, reason) => self.says_away(agent, reason),
            Input::Accepted(agent, contact) => self.accepts(agent, contact),
            Input::Declined(agent, contact) => self.declines(agent, contact),
            Input::HungUp(agent, contact) => self.hangs_up(agent, contact),
            Input::HoldSet(agent, contact, on) => self.holds(agent, contact, on),
            Input::WrapUpSaved { agent, contact, wrap_up, done } => {
                self.wraps_up(agent, contact, wrap_up, done)
            }
            Input::Erased(contacts) => {
                contacts.into_iter().for_each(|contact| self.erased(contact));
                Ok(())
            }
            Input::RecordingPlayed { agent, .. } if !self.agents.contains_key(&agent) => {
                Err(Refusal::NoSuchAgent)
            }
            Input::RecordingPlayed { agent, contact } => {
                self.log(Event::RecordingPlayed { contact, agent });
                Ok(())
            }
            Input::Dialer(leg, event) => {
                self.dialer_says(leg, event);
                Ok(())
            }
        }
    }

    fn log(&mut self, event: Event) {
        self.last_at = self.now;
        self.events.push(event);
    }

    fn command(&mut self, leg: LegId, action: Action) {
        self.commands.push((leg, action));
    }

    /// An open request, in whatever state.
    fn request(&mut self, id: ContactId) -> &mut Request {
        self.requests.get_mut(&id).expect("the model knows the request")
    }

    fn skilled(&self, agent: AgentId, skill: &str) -> bool {
        skill.is_empty() || self.agents.get(&agent).is_some_and(|w| w.profile.skills.contains(skill))
    }
}

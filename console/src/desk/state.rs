//! What the desk knows, and how each thing that happens changes it. Pure.
//!
//! The server's snapshots replace what was known; only what the agent types (the wrap-up draft) and what
//! this page's voice does are the console's own.
use std::rc::Rc;

use shared::{
    ContactId, LegId, Timestamp,
    api::WrapUp,
    close,
    contact::{Phase, Presence},
    wire::{
        LegTrouble,
        console::{AgentState, ContactShown, LiveContacts, Queue, ServerToConsole, Today, Welcome},
    },
};
use yew::Reducible;

/// The connection to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Connecting,
    Up,
    Down,
    Closed { code: u16 },
}

/// The voice leg in this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    None,
    /// The server rings this page.
    Invited(LegId),
    Connecting(LegId),
    Live {
        leg: LegId,
        muted: bool,
    },
    /// Media are away and being mended.
    Broken {
        leg: LegId,
        muted: bool,
    },
    Failed(LegTrouble),
    /// In mid-call, with a page that was loaded again: the browser gives it no microphone by itself. The leg lives
    /// on for a while.
    Stopped {
        leg: LegId,
        why: LegTrouble,
    },
}

impl Voice {
    pub(crate) fn leg(self) -> Option<LegId> {
        match self {
            Self::Invited(leg)
            | Self::Connecting(leg)
            | Self::Live { leg, .. }
            | Self::Broken { leg, .. }
            | Self::Stopped { leg, .. } => Some(leg),
            Self::None | Self::Failed(_) => None,
        }
    }

    pub(crate) fn muted(self) -> bool {
        matches!(self, Self::Live { muted: true, .. } | Self::Broken { muted: true, .. })
    }
}

/// The wrap-up as typed, and how much of it the server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) contact: ContactId,
    pub(crate) wrap_up: WrapUp,
    /// Counts up with each edit.
    pub(crate) revision: u32,
    /// The last revision that the server stored.
    pub(crate) saved: u32,
}

/// Somebody else's contact, at which this agent looks on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watching {
    pub(crate) contact: ContactId,
    /// Empty where a code led there.
    pub(crate) label: String,
    /// The capability, once it is there.
    pub(crate) token: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeskState {
    pub(crate) link: Link,
    /// Server's clock minus the browser's, in milliseconds.
    pub(crate) skew_ms: i64,
    pub(crate) welcome: Option<Welcome>,
    pub(crate) agent: Option<AgentState>,
    pub(crate) queue: Queue,
    pub(crate) today: Option<Today>,
    pub(crate) contact: Option<ContactShown>,
    pub(crate) draft: Option<Draft>,
    pub(crate) voice: Voice,
    /// The capability to see the page of that contact.
    pub(crate) view: Option<(ContactId, String)>,
    /// What is live in the business; supervisors are told.
    pub(crate) live: Option<LiveContacts>,
    pub(crate) watch: Option<Watching>,
    /// Something that the agent should read; goes away with the next action.
    pub(crate) notice: Option<String>,
    /// The browser holds sound back until a gesture.
    pub(crate) sound_blocked: bool,
}

pub(crate) enum Happened {
    Link(Link),
    /// A message, and the browser's clock when it came.
    Server(ServerToConsole, Timestamp),
    Voice(Voice),
    Muted(bool),
    SoundBlocked(bool),
    Typed(WrapUp),
    Notice(Option<String>),
    /// The agent wants to look on, at the contact that is called so.
    Watches(ContactId, String),
    /// The agent looks on no more; with why, if it was not the agent's wish.
    WatchOver(ContactId, Option<&'static str>),
}

impl Default for DeskState {
    fn default() -> Self {
        Self {
            link: Link::Connecting,
            skew_ms: 0,
            welcome: None,
            agent: None,
            queue: Queue { waiting: Vec::new(), total: 0 },
            today: None,
            contact: None,
            draft: None,
            voice: Voice::None,
            view: None,
            live: None,
            watch: None,
            notice: None,
            sound_blocked: false,
        }
    }
}

impl Reducible for DeskState {
    type Action = Happened;

    fn reduce(self: Rc<Self>, happened: Happened) -> Rc<Self> {
        let mut next = (*self).clone();
        next.apply(happened);
        Rc::new(next)
    }
}

impl DeskState {
    fn apply(&mut self, happened: Happened) {
        match happened {
            Happened::Link(link) => {
                self.link = link;
                if link == (Link::Closed { code: close::DISPLACED }) {
                    self.voice = Voice::None;
                }
            }
            Happened::Server(message, now) => self.hear(message, now),
            Happened::Voice(voice) => self.voice = voice,
            Happened::Muted(on) => {
                if let Voice::Live { muted, .. } | Voice::Broken { muted, .. } = &mut self.voice {
                    *muted = on;
                }
            }
            Happened::SoundBlocked(blocked) => self.sound_blocked = blocked,
            Happened::Typed(wrap_up) => {
                if let Some(draft) = &mut self.draft {
                    draft.wrap_up = wrap_up;
                    draft.revision += 1;
                }
            }
            Happened::Notice(notice) => self.notice = notice,
            Happened::Watches(contact, label) => {
                self.watch = Some(Watching { contact, label, token: None });
            }
            Happened::WatchOver(contact, why) => {
                if self.watch.take_if(|watch| watch.contact == contact).is_some() && why.is_some() {
                    self.notice = why.map(str::to_owned);
                }
            }
        }
    }

    fn hear(&mut self, message: ServerToConsole, now: Timestamp) {
        use ServerToConsole as M;
        match message {
            M::Welcome(welcome) => {
                self.set_clock(welcome.now, now);
                self.welcome = Some(welcome);
                self.link = Link::Up;
            }
            M::Pong(pong) => self.set_clock(pong.now, now),
            M::AgentState(agent) => self.stand(agent),
            M::Queue(queue) => self.queue = queue,
            M::Today(today) => self.today = Some(today),
            M::ContactShown(contact) => self.show(contact),
            M::ContactCleared(cleared) => self.clear(cleared.contact),
            M::WrapUpSaved(saved) => {
                if let Some(draft) = self.draft.as_mut().filter(|draft| draft.contact == saved.contact) {
                    draft.saved = draft.saved.max(saved.revision);
                }
            }
            M::ViewGranted(granted) => self.granted(granted.contact, granted.token),
            M::LiveContacts(live) => self.live = Some(live),
            M::Refused(refused) => {
                self.watch.take_if(|watch| watch.token.is_none());
                self.notice = Some(refused.detail);
            }
            M::LegInvite(invite) => {
                if self.voice.leg() != Some(invite.leg) {
                    self.voice = Voice::Invited(invite.leg);
                }
            }
            M::LegGone(gone) => {
                if self.voice.leg() == Some(gone.leg) {
                    self.voice = Voice::None;
                    self.sound_blocked = false;
                }
            }
            // The voice hook takes the answer straight from the socket.
            M::LegAnswer(_) | M::Unknown { .. } => {}
        }
    }

    /// After a lost connection the page goes on where it was, if the contact is still the agent's.
    fn stand(&mut self, agent: AgentState) {
        if self.contact.as_ref().is_some_and(|shown| Some(shown.contact) != agent.contact) {
            self.contact = None;
            self.view = None;
        }
        self.agent = Some(agent);
    }

    fn set_clock(&mut self, server: Timestamp, browser: Timestamp) {
        self.skew_ms = i64::try_from(server.0).unwrap_or(i64::MAX).saturating_sub_unsigned(browser.0);
    }

    fn show(&mut self, contact: ContactShown) {
        // What is being typed wins over the server's copy of it; a new contact brings its own.
        if self.draft.as_ref().is_none_or(|draft| draft.contact != contact.contact) {
            let wrap_up = contact.wrap_up.clone();
            self.draft = Some(Draft { contact: contact.contact, wrap_up, revision: 0, saved: 0 });
        }
        if self.view.as_ref().is_some_and(|(of, _)| *of != contact.contact) {
            self.view = None;
        }
        self.contact = Some(contact);
    }

    /// A page that is neither the agent's own nor asked for by name is one that a code led to.
    fn granted(&mut self, contact: ContactId, token: String) {
        match &mut self.watch {
            Some(watch) if watch.contact == contact => watch.token = Some(token),
            _ if self.contact.as_ref().is_some_and(|shown| shown.contact == contact) => {
                self.view = Some((contact, token));
            }
            _ => self.watch = Some(Watching { contact, label: String::new(), token: Some(token) }),
        }
    }

    fn clear(&mut self, contact: ContactId) {
        if self.contact.as_ref().is_some_and(|shown| shown.contact == contact) {
            self.contact = None;
            self.draft = None;
            self.view = None;
        }
    }

    pub(crate) fn presence(&self) -> Presence {
        self.agent.as_ref().map_or(Presence::Offline, |agent| agent.presence)
    }

    /// The contact that rings here now.
    pub(crate) fn offer(&self) -> Option<&ContactShown> {
        self.contact.as_ref().filter(|_| self.presence() == Presence::Ringing)
    }

    /// The contact that the agent talks in.
    pub(crate) fn call(&self) -> Option<&ContactShown> {
        let contact = self.contact.as_ref()?;
        matches!(contact.phase, Phase::Talking | Phase::OnHold | Phase::Connecting)
            .then_some(contact)
            .filter(|_| self.presence() == Presence::Talking)
    }

    /// When the server ends the call, because it hears nothing of this agent. None: it hears him, or did just now.
    pub(crate) fn call_waits_until(&self) -> Option<Timestamp> {
        self.agent.as_ref().filter(|agent| agent.presence == Presence::Talking)?.until
    }

    /// A draft that the server has not got yet.
    pub(crate) fn unsaved(&self) -> Option<&Draft> {
        self.draft.as_ref().filter(|draft| draft.revision > draft.saved)
    }
}

#[cfg(test)]
mod tests;

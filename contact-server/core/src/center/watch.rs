//! Who looks at a customer's page beside the agent whose contact it is.
//!
//! A supervisor may watch any open contact of the business, another agent one whose customer gave a code. Watching
//! gives no power in the page, unless nobody is called and the customer gave the code for it ([`super::shown`]). It ends with the contact, with the watcher's shift, and, for a supervisor, with the
//! role.
use serde::{Deserialize, Serialize};
use shared::{
    AgentId, ContactId, Timestamp,
    contact::Presence,
    wire::console::{LiveContacts, LiveEntry},
};

use super::{Center, ContactState, contacts::Contact, shown::reader, views::label};
use crate::{
    Notice, Refusal,
    effect::{Viewing, Watcher},
    record::{Event, WatchBy, WatchEnd},
};

/// Of one contact, beside its own agent.
pub const WATCHERS: usize = 12;
/// Entries of the list of live contacts.
const LIVE_ENTRIES: usize = 100;

/// One who watches. Part of the contact's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub agent: AgentId,
    pub by: WatchBy,
    pub since: Timestamp,
}

impl Center {
    /// Who may see the page of an open contact, and whether its customer allows it.
    pub fn viewing(&self, contact: ContactId) -> Option<Viewing> {
        self.contacts.get(&contact).map(|open| self.viewing_of(open))
    }

    pub(super) fn viewing_of(&self, contact: &Contact) -> Viewing {
        let by_name = contact.settings.name_supervisors;
        let named = |watch: &Watch| Watcher {
            agent: watch.agent,
            name: match watch.by {
                WatchBy::Supervisor if !by_name => None,
                WatchBy::Supervisor | WatchBy::Code => {
                    self.agents.get(&watch.agent).map(|agent| agent.first_name())
                }
            },
        };
        Viewing {
            agent: self.viewer(contact),
            watchers: contact.row.watch.iter().map(named).collect(),
            sharing: contact.row.sharing,
        }
    }

    /// Whether a customer's code gives an agent anything, or why it is refused now.
    pub fn code_gives(&self, agent: AgentId, contact: ContactId) -> Result<bool, Refusal> {
        self.watching_gives(agent, contact, WatchBy::Code)
    }

    /// Whether looking on gives an agent anything, or why it is refused: who sees the page already has no use for it, but
    /// for a supervisor with the code of a page that is shown without a call, who has no part in it by the role.
    fn watching_gives(&self, agent: AgentId, id: ContactId, by: WatchBy) -> Result<bool, Refusal> {
        self.known_agent(agent)?;
        let contact = self.contacts.get(&id).ok_or(Refusal::NoSuchContact)?;
        if by == WatchBy::Supervisor && !self.supervises(agent) {
            return Err(Refusal::NotYours);
        }
        if contact.row.state.is_over() {
            return Err(Refusal::NotNow { input: "watching", state: contact.row.state.name() });
        }
        if by == WatchBy::Code && !contact.row.sharing {
            return Err(Refusal::NotNow { input: "watching", state: "stopped" });
        }
        if !self.is_on_shift(agent) {
            return Err(Refusal::NotNow { input: "watching", state: "offline" });
        }
        let watches = contact.row.watch.iter().find(|watch| watch.agent == agent).map(|watch| watch.by);
        match (watches, by) {
            (None, _) if self.viewer(contact) == Some(agent) => Ok(false),
            (None, _) if contact.row.watch.len() >= WATCHERS => {
                Err(Refusal::NotNow { input: "watching", state: "watched by many" })
            }
            (None, _) => Ok(true),
            (Some(WatchBy::Supervisor), WatchBy::Code) => {
                Ok(matches!(contact.row.state, ContactState::Showing { .. }))
            }
            (Some(_), _) => Ok(false),
        }
    }

    /// An agent wants to look on. Whoever sees the page already goes on doing so.
    pub(super) fn watch_asked(&mut self, agent: AgentId, id: ContactId, by: WatchBy) -> Result<(), Refusal> {
        if !self.watching_gives(agent, id, by)? {
            return Ok(());
        }
        let now = self.now;
        // Behind whoever had a code before: the part is the first's.
        self.end_watches(id, WatchEnd::Left, |watch| watch.agent == agent);
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.row.watch.push(Watch { agent, by, since: now });
        }
        self.changed_contacts.insert(id);
        self.record(Event::WatchBegan { contact: id, agent, by });
        self.audience_changed(id, None);
        Ok(())
    }

    /// Always allowed.
    pub(super) fn watch_left(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        if !self.contacts.contains_key(&id) {
            return Err(Refusal::NoSuchContact);
        }
        self.end_watches(id, WatchEnd::Left, |watch| watch.agent == agent);
        Ok(())
    }

    /// The customer wants a code with which an agent may look on.
    pub(super) fn code_made(&mut self, id: ContactId) -> Result<(), Refusal> {
        let contact = self.contacts.get(&id).ok_or(Refusal::NoSuchContact)?;
        if contact.row.state.is_over() {
            return Err(Refusal::NotNow { input: "a code", state: contact.row.state.name() });
        }
        if !contact.row.sharing {
            return Err(Refusal::NotNow { input: "a code", state: "stopped" });
        }
        self.record(Event::CodeMade { contact: id });
        self.audience_changed(id, None);
        Ok(())
    }

    /// The agent's shift, role or place in the business changed: what is watched is looked at again.
    pub(super) fn watcher_changed(&mut self, agent: AgentId) {
        let watched = self.contacts.values().filter(|contact| {
            let mut watches = contact.row.watch.iter();
            watches.any(|watch| watch.agent == agent)
        });
        self.changed_contacts.extend(watched.map(|contact| contact.row.id));
    }

    /// Ends what nobody may watch any more. Called before a contact's row is stored.
    pub(super) fn straighten_watch(&mut self, id: ContactId) {
        let Some(contact) = self.contacts.get(&id).filter(|contact| !contact.row.watch.is_empty()) else {
            return;
        };
        let over = contact.row.state.is_over();
        let may = |watch: &Watch| {
            let role = watch.by != WatchBy::Supervisor || self.supervises(watch.agent);
            !over && role && self.is_on_shift(watch.agent)
        };
        let stay: Vec<AgentId> =
            contact.row.watch.iter().filter(|watch| may(watch)).map(|watch| watch.agent).collect();
        self.end_watches(id, WatchEnd::Over, |watch| !stay.contains(&watch.agent));
    }

    fn end_watches(&mut self, id: ContactId, end: WatchEnd, ends: impl Fn(&Watch) -> bool) {
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        let ended: Vec<Watch> = contact.row.watch.extract_if(.., |watch| ends(watch)).collect();
        for Watch { agent, by, .. } in ended {
            self.changed_contacts.insert(id);
            self.record(Event::WatchEnded { contact: id, agent, end });
            self.audience_changed(id, (by == WatchBy::Code).then_some(end));
        }
    }

    fn supervises(&self, agent: AgentId) -> bool {
        self.supervisors.contains(&agent)
    }

    fn is_on_shift(&self, agent: AgentId) -> bool {
        self.agents.get(&agent).is_some_and(|agent| agent.duty.presence() != Presence::Offline)
    }

    /// Contacts that an agent has now, the longest-standing first, as supervisors are shown them.
    pub fn live(&self) -> LiveContacts {
        let tied = self.agents.values().filter_map(|agent| Some((agent, agent.duty.contact()?)));
        let open = tied.filter_map(|(agent, id)| Some((agent, self.contacts.get(&id)?)));
        let shown =
            self.contacts.values().filter_map(|contact| Some((self.agents.get(&reader(contact)?)?, contact)));
        let mut live: Vec<_> =
            open.filter(|(_, contact)| !contact.row.state.is_over()).chain(shown).collect();
        live.sort_by_key(|(_, contact)| (contact.row.requested_at, contact.row.id));
        let entry = |(agent, contact): &(&super::agents::Agent, &Contact)| LiveEntry {
            contact: contact.row.id,
            phase: contact.row.state.phase(),
            channel: contact.row.channel,
            since: contact.row.phase_since,
            agent: agent.profile.name.clone(),
            label: label(contact),
            sharing: contact.row.sharing,
            watching: u32::try_from(contact.row.watch.len()).unwrap_or(u32::MAX),
        };
        LiveContacts {
            contacts: live.iter().take(LIVE_ENTRIES).map(entry).collect(),
            total: u32::try_from(live.len()).unwrap_or(u32::MAX),
        }
    }

    /// Tells supervisors who are there what is live, if it is not what they were told.
    pub(super) fn tell_live(&mut self) {
        let there: Vec<AgentId> =
            self.supervisors.iter().copied().filter(|agent| self.is_on_shift(*agent)).collect();
        if there.is_empty() {
            return;
        }
        let now = (there, self.live());
        if self.told_live != now {
            self.told_live = now.clone();
            let (supervisors, live) = now;
            self.tell(Notice::Live { supervisors, live });
        }
    }
}

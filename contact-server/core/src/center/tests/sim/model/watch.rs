//! Who looks on, the plain way: a list at the request, gone through at the end of every step.
use shared::{AgentId, ContactId, contact::Presence};

use super::{At, Model};
use crate::{
    Refusal,
    center::{WATCHERS, Watch},
    record::{Event, WatchBy, WatchEnd},
};

impl Model {
    pub(super) fn asks_to_watch(
        &mut self,
        agent: AgentId,
        id: ContactId,
        by: WatchBy,
    ) -> Result<(), Refusal> {
        let since = self.now;
        let Some(worker) = self.agents.get(&agent) else { return Err(Refusal::NoSuchAgent) };
        let request = self.requests.get(&id).ok_or(Refusal::NoSuchContact)?;
        let not_now = Err(Refusal::NotNow { input: "", state: "" });
        match by {
            WatchBy::Supervisor if !worker.profile.supervisor => return Err(Refusal::NotYours),
            WatchBy::Code if !request.sharing => return not_now,
            _ => {}
        }
        if request.over() || self.doing(agent).0 == Presence::Offline {
            return not_now;
        }
        let own = self.viewing(id).0 == Some(agent);
        let before = request.watch.iter().find(|watch| watch.agent == agent).map(|watch| watch.by);
        let shown = matches!(request.at, At::Shown { .. });
        match (before, by) {
            (Some(WatchBy::Supervisor), WatchBy::Code) if shown => {
                self.watches_end(id, WatchEnd::Left, |watch| watch.agent == agent);
            }
            (Some(_), _) => return Ok(()),
            (None, _) if own => return Ok(()),
            (None, _) if request.watch.len() >= WATCHERS => return not_now,
            (None, _) => {}
        }
        self.request(id).watch.push(Watch { agent, by, since });
        self.log(Event::WatchBegan { contact: id, agent, by });
        self.may_look(id);
        Ok(())
    }

    pub(super) fn leaves_watch(&mut self, agent: AgentId, id: ContactId) -> Result<(), Refusal> {
        self.requests.get(&id).ok_or(Refusal::NoSuchContact)?;
        self.watches_end(id, WatchEnd::Left, |watch| watch.agent == agent);
        Ok(())
    }

    pub(super) fn wants_code(&mut self, id: ContactId) -> Result<(), Refusal> {
        let request = self.requests.get(&id).ok_or(Refusal::NoSuchContact)?;
        if request.over() || !request.sharing {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        self.log(Event::CodeMade { contact: id });
        self.may_look(id);
        Ok(())
    }

    /// At the end of every step: of an open request, by whoever is there and may.
    pub(super) fn only_those_watch_who_may(&mut self, id: ContactId) {
        let over = self.requests[&id].over();
        let watches = self.requests[&id].watch.clone();
        let gone: Vec<AgentId> = watches
            .iter()
            .filter(|watch| {
                let Some(worker) = self.agents.get(&watch.agent) else { return true };
                let role = worker.profile.supervisor || watch.by == WatchBy::Code;
                over || !role || self.doing(watch.agent).0 == Presence::Offline
            })
            .map(|watch| watch.agent)
            .collect();
        self.watches_end(id, WatchEnd::Over, |watch| gone.contains(&watch.agent));
    }

    fn watches_end(&mut self, id: ContactId, end: WatchEnd, ends: impl Fn(&Watch) -> bool) {
        let (out, stay): (Vec<_>, Vec<_>) =
            self.request(id).watch.iter().cloned().partition(|watch| ends(watch));
        self.request(id).watch = stay;
        for watch in &out {
            self.log(Event::WatchEnded { contact: id, agent: watch.agent, end });
            self.may_look(id);
        }
        if end == WatchEnd::Left && out.iter().any(|watch| watch.by == WatchBy::Code) {
            self.code_is_left(id);
        }
    }
}

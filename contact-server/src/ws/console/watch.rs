//! Looking on at contacts that are others'.
use std::ops::ControlFlow;

use contact_core::{Input, record::WatchBy};
use shared::{ContactId, close, wire::console::ViewGranted};
use store::{Scope, Token};

use super::{Closed, Console, Flow, Session, internal};
use crate::{
    ids, limits,
    ports::EngineError,
    problem::{ApiError, Denied},
    session_code::{self, Then},
};

impl Console {
    /// A supervisor looks on.
    pub(super) async fn watch(&mut self, contact: ContactId) -> Flow {
        let input = Input::WatchAsked { agent: self.session.agent, contact, by: WatchBy::Supervisor };
        match self.input(input).await? {
            Ok(()) => self.grant_view(contact).await,
            Err(error) => {
                self.refuse(&error);
                Flow::Continue(())
            }
        }
    }

    /// Looks on no more. Whoever did not has nothing to be told.
    pub(super) async fn unwatch(&self, contact: ContactId) -> Flow {
        let input = Input::WatchLeft { agent: self.session.agent, contact };
        self.input(input).await.map_continue(drop)
    }

    /// Looks on with a customer's code. Whatever is wrong with it, the answer is the same.
    pub(super) async fn join_by_code(&mut self, code: &str) -> Flow {
        let (edge, now) = (self.edge.clone(), self.edge.now());
        let Session { business, agent, .. } = self.session;
        let tried = edge.code_tries.take((business, agent), now);
        if let Err(retry_after) = tried.and_then(|()| edge.code_tries_of_all.take(business, now)) {
            tracing::warn!(%business, %agent, "too many session codes were tried");
            self.refuse(&ApiError::TooMany { retry_after });
            return Flow::Continue(());
        }
        match self.joined(code).await? {
            Some(contact) => self.grant_view(contact).await,
            None => {
                tracing::info!(%business, %agent, "a session code was wrong");
                self.refuse(&Denied::BadSessionCode.into());
                Flow::Continue(())
            }
        }
    }

    /// The contact of a code with which this agent sees the page now. One that gives the agent nothing, or that is
    /// refused, stays good: only a customer who stops showing the page in this very moment has to give another.
    async fn joined(&self, code: &str) -> ControlFlow<Closed, Option<ContactId>> {
        let Session { business, agent, .. } = self.session;
        let Some(contact) = self.contact_of(code, Then::StaysGood).await? else {
            return ControlFlow::Continue(None);
        };
        match self.edge.app.snapshots.code_gives(business, agent, contact).await {
            Ok(true) => {}
            Ok(false) => return ControlFlow::Continue(Some(contact)),
            Err(EngineError::Refused(_)) => return ControlFlow::Continue(None),
            Err(error) => return ControlFlow::Break(internal(&error)),
        }
        // Of two agents with one code one looks on.
        let Some(contact) = self.contact_of(code, Then::IsUsedUp).await? else {
            return ControlFlow::Continue(None);
        };
        let input = Input::WatchAsked { agent, contact, by: WatchBy::Code };
        let is_done = self.input(input).await?.is_ok();
        ControlFlow::Continue(is_done.then_some(contact))
    }

    async fn contact_of(&self, code: &str, then: Then) -> ControlFlow<Closed, Option<ContactId>> {
        let (store, now) = (&*self.edge.app.store, self.edge.now());
        match session_code::contact_of(store, self.session.business, code, now, then).await {
            Ok(contact) => ControlFlow::Continue(contact),
            Err(error) => ControlFlow::Break(internal(&error)),
        }
    }

    /// A capability to see the page, for a contact that is this agent's now or that the agent watches, and for no
    /// other.
    pub(super) async fn grant_view(&mut self, contact: ContactId) -> Flow {
        if self.grants.take(limits::VIEW_GRANTS, 1, self.edge.now()).is_err() {
            return Flow::Break(close::TOO_MANY);
        }
        let Session { business, agent, .. } = self.session;
        let viewing = match self.edge.app.snapshots.customer(business, contact).await {
            Ok(snapshot) => snapshot.map(|snapshot| snapshot.viewing).unwrap_or_default(),
            Err(error) => return Flow::Break(internal(&error)),
        };
        let watches = viewing.watchers.iter().any(|watcher| watcher.agent == agent);
        if viewing.agent != Some(agent) && !watches {
            self.refuse(&ApiError::Refused(contact_core::Refusal::NotYours));
            return Flow::Continue(());
        }
        let token = ids::token();
        let viewer = Token {
            hash: ids::hash(&token),
            business,
            scope: Scope::Viewer { agent, contact },
            // No longer than the session that it came from.
            expires_at: self.session.expires_at.min(self.edge.now() + limits::VIEWER_TOKEN),
        };
        if let Err(error) = self.edge.app.store.put_token(&viewer).await {
            return Flow::Break(internal(&error));
        }
        self.send(ViewGranted { contact, token });
        Flow::Continue(())
    }
}

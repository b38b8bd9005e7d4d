//! `/ws/console`: an agent's console.
use axum::http::HeaderMap;
use bytes::Bytes;
use contact_core::{Endpoint, Input};
use shared::{
    AgentId, BusinessId, LegId, StationId, Timestamp, close,
    limits::SDP_BYTES,
    wire::{
        LegAnswer, LegGone, LegOffer, Ping, Pong,
        console::{
            ConsoleToServer, GoAway, Hold, Refused, SaveWrapUp, ServerToConsole, Welcome, WrapUpSaved,
        },
    },
};
use std::{ops::ControlFlow, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};

mod watch;

use super::{
    Closed, Flow,
    connection::{Connection, Lease, Line, Peer, check_version, heartbeat_ms},
    widget::internal,
};
use crate::{
    auth::{self, Session},
    edge::Edge,
    http::checks,
    hub::{
        desks,
        outbox::{Batch, Outbox, Slot},
    },
    ids,
    limits::{self, Bucket},
    ports::EngineError,
    problem::{ApiError, Code},
    sites::Site,
};

pub async fn serve(edge: &Edge, mut connection: Box<Connection>, headers: &HeaderMap) {
    let outbox = Arc::new(Outbox::default());
    match Box::pin(enter(edge, &mut connection, headers, outbox.clone())).await {
        Ok(mut console) => {
            let count = console.count.clone();
            let Session { business, agent, .. } = console.session;
            tokio::select! {
                () = connection.run(&mut console) => {}
                () = count_earlier(edge, business, agent, &count) => {}
            }
            console.lost().await;
        }
        Err(code) => connection.tell_and_close(&outbox, code).await,
    }
}

async fn enter(
    edge: &Edge,
    connection: &mut Connection,
    headers: &HeaderMap,
    outbox: Arc<Outbox>,
) -> Result<Console, Closed> {
    let hello = connection
        .hello(|bytes| match ConsoleToServer::decode(bytes) {
            Ok(ConsoleToServer::Hello(hello)) => Some(hello),
            Ok(_) | Err(_) => None,
        })
        .await?;
    check_version(hello.version)?;
    // The cookie comes with sockets of any site: what counts is the page that opened it.
    if auth::origin(headers) != Some(&edge.origin) {
        return Err(close::ORIGIN);
    }
    let session = match auth::session(edge, headers).await {
        Ok(session) => session,
        Err(ApiError::Denied(_)) => return Err(close::UNAUTHORIZED),
        Err(error) => return Err(internal(&error)),
    };
    let site = edge.app.sites.by_id(session.business).ok_or(close::UNAUTHORIZED)?;
    if !hello.take_over && is_connected_elsewhere(edge, &session).await {
        let refused = Refused {
            code: Code::ConnectedElsewhere.text().to_owned(),
            detail: "You are connected in another window. Take over here, or go on there.".to_owned(),
        };
        outbox.send(ServerToConsole::from(refused).encode());
        return Err(close::DISPLACED);
    }
    outbox.send(ServerToConsole::from(welcome(edge, &site)).encode());
    let station = StationId(ids::fresh(edge.now()));
    let line = Line::with_outbox(outbox.clone(), edge.now());
    let count = Arc::new(Notify::new());
    edge.hub.desks().join(
        session.business,
        session.agent,
        desks::Console { station, session: session.hash, outbox, count: count.clone() },
    );
    let grants = Bucket::full(limits::VIEW_GRANTS, edge.now());
    let console = Console { edge: edge.clone(), session, site, station, line, count, grants };
    console.sign_in().await?;
    Ok(console)
}

/// Counts the earlier contacts of whomever the agent is shown, which the engine does not know.
async fn count_earlier(edge: &Edge, business: BusinessId, agent: AgentId, count: &Notify) {
    loop {
        count.notified().await;
        let Some(contact) = edge.hub.desks().uncounted(business, agent) else { continue };
        match edge.app.store.earlier_contacts(business, contact).await {
            Ok(earlier) => edge.hub.desks().set_earlier(business, agent, contact, earlier),
            // The screen-pop stands without the figure.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "earlier contacts unknown")
            }
        }
    }
}

/// Another window of the agent is connected, and answers.
async fn is_connected_elsewhere(edge: &Edge, session: &Session) -> bool {
    let current = edge.hub.desks().current(session.business, session.agent).cloned();
    let Some(current) = current else { return false };
    let answers = timeout(limits::PROBE_WITHIN, current.outbox.probe()).await.is_ok();
    if !answers {
        current.outbox.close(close::HEARTBEAT_MISSED);
    }
    answers
}

fn welcome(edge: &Edge, site: &Site) -> Welcome {
    Welcome {
        version: shared::ProtocolVersion::CURRENT,
        now: edge.now(),
        heartbeat_ms: heartbeat_ms(),
        dispositions: site.business.dispositions.clone(),
        away_reasons: site.business.away_reasons.clone(),
        currency: site.business.currency.clone(),
    }
}

struct Console {
    edge: Edge,
    session: Session,
    site: Arc<Site>,
    station: StationId,
    line: Line,
    count: Arc<Notify>,
    grants: Bucket,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.edge.hub.desks().leave(self.session.business, self.session.agent, self.station);
    }
}

impl Peer for Console {
    fn now(&self) -> Timestamp {
        self.edge.now()
    }

    fn next_look(&self) -> Duration {
        self.lease().next_look(&self.edge)
    }

    async fn look_again(&mut self) -> Flow {
        self.lease().look_again(&self.edge).await
    }

    async fn ready(&self) {
        self.line.outbox.ready().await;
    }

    fn batch(&mut self) -> Batch {
        self.line.outbox.take()
    }

    fn heard(&self) {
        self.line.outbox.heard();
    }

    async fn message(&mut self, bytes: Bytes) -> Flow {
        self.line.check_rate(self.edge.now())?;
        let Ok(message) = ConsoleToServer::decode(&bytes) else { return Flow::Break(close::MALFORMED) };
        let agent = self.session.agent;
        let input = match message {
            ConsoleToServer::Ping(Ping { nonce }) => {
                self.send(Pong { nonce, now: self.edge.now() });
                return Flow::Continue(());
            }
            ConsoleToServer::GoReady(_) => Input::Ready(agent),
            ConsoleToServer::GoAway(GoAway { reason }) => match checks::label("reason", &reason) {
                Ok(()) => Input::Away(agent, reason),
                Err(_) => return Flow::Break(close::MALFORMED),
            },
            ConsoleToServer::Accept(accept) => Input::Accepted(agent, accept.contact),
            ConsoleToServer::Decline(decline) => Input::Declined(agent, decline.contact),
            ConsoleToServer::HangUp(hang_up) => Input::HungUp(agent, hang_up.contact),
            ConsoleToServer::Hold(Hold { contact, on }) => Input::HoldSet(agent, contact, on),
            ConsoleToServer::SaveWrapUp(save) => return self.save_wrap_up(save).await,
            ConsoleToServer::ViewRequest(request) => return self.grant_view(request.contact).await,
            ConsoleToServer::Watch(watch) => return self.watch(watch.contact).await,
            ConsoleToServer::Unwatch(unwatch) => return self.unwatch(unwatch.contact).await,
            ConsoleToServer::JoinByCode(join) => return self.join_by_code(&join.code).await,
            ConsoleToServer::LegOffer(LegOffer { leg, sdp }) => return self.offer(leg, sdp).await,
            ConsoleToServer::LegFailed(failed) => {
                let from = Endpoint::Console(agent);
                self.edge.app.legs.trouble(self.session.business, &from, failed.leg, failed.why);
                return Flow::Continue(());
            }
            ConsoleToServer::Hello(_) => return Flow::Break(close::MALFORMED),
            ConsoleToServer::Unknown { .. } => return Flow::Continue(()),
        };
        if let Err(error) = self.input(input).await? {
            self.refuse(&error);
        }
        Flow::Continue(())
    }
}

impl Console {
    fn lease(&self) -> Lease {
        Lease { hash: self.session.hash, expires_at: self.session.expires_at }
    }

    /// Makes this the agent's station, and shows how things stand.
    async fn sign_in(&self) -> Result<(), Closed> {
        let Session { business, agent, .. } = self.session;
        let app = &self.edge.app;
        let input = Input::SignedIn { agent, station: self.station };
        app.engine.input(business, input).await.map_err(|error| internal(&error))?;
        let snapshot = app.snapshots.console(business, agent).await.map_err(|error| internal(&error))?;
        let snapshot = snapshot.ok_or(close::UNAUTHORIZED)?;
        let outbox = &self.line.outbox;
        outbox.show_first(Slot::Agent, ServerToConsole::from(snapshot.state).encode());
        outbox.show_first(Slot::Queue, ServerToConsole::from(snapshot.queue).encode());
        outbox.show_first(Slot::Today, ServerToConsole::from(snapshot.today).encode());
        if let Some(shown) = snapshot.shown
            && !outbox.was_told(Slot::Shown(shown.contact))
        {
            self.edge.hub.desks().show_contact(business, agent, *shown);
        }
        tracing::info!(%agent, station = %self.station, "console connected");
        Ok(())
    }

    /// The socket is gone; the agent may come back.
    async fn lost(self) {
        let Session { business, agent, .. } = self.session;
        tracing::info!(%agent, station = %self.station, "console lost");
        // Displaced and signed-out stations are nothing to the engine any more.
        self.edge.app.engine.post(business, Input::ConsoleLost { agent, station: self.station }).await;
    }

    /// Ends the connection if the engine is away; a refusal is for the agent to read.
    async fn input(&self, input: Input) -> ControlFlow<Closed, Result<(), ApiError>> {
        match self.edge.app.engine.input(self.session.business, input).await {
            Ok(()) => ControlFlow::Continue(Ok(())),
            Err(EngineError::Refused(refusal)) => ControlFlow::Continue(Err(ApiError::Refused(refusal))),
            Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
                ControlFlow::Break(internal(&error))
            }
        }
    }

    async fn save_wrap_up(&self, save: SaveWrapUp) -> Flow {
        let SaveWrapUp { contact, wrap_up, revision, done } = save;
        if let Err(error) = checks::wrap_up(&self.site.business, &wrap_up) {
            self.refuse(&error);
            return Flow::Continue(());
        }
        let input = Input::WrapUpSaved { agent: self.session.agent, contact, wrap_up, done };
        match self.input(input).await? {
            Ok(()) => self.send(WrapUpSaved { contact, revision }),
            Err(error) => self.refuse(&error),
        }
        Flow::Continue(())
    }

    async fn offer(&self, leg: LegId, sdp: String) -> Flow {
        if sdp.len() > SDP_BYTES {
            return Flow::Break(close::MALFORMED);
        }
        let from = Endpoint::Console(self.session.agent);
        match self.edge.app.legs.offer(self.session.business, &from, leg, sdp).await {
            Ok(sdp) => self.send(LegAnswer { leg, sdp }),
            Err(error) => {
                tracing::info!(%leg, %error, "offer of a console refused");
                self.send(LegGone { leg });
            }
        }
        Flow::Continue(())
    }

    fn send(&self, message: impl Into<ServerToConsole>) {
        self.line.outbox.send(message.into().encode());
    }

    fn refuse(&self, error: &ApiError) {
        let problem = error.problem();
        self.send(Refused { code: problem.code, detail: problem.detail });
    }
}

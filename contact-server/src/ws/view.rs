//! `/ws/view`: a replica follows the customer's page.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contact_core::Input;
use shared::{
    AgentId, Timestamp, close,
    limits::{PINNED_CHARS, URL_BYTES},
    refused,
    wire::{
        Ping, Pong,
        lead::{ActWithin, AskPower, DropPower, Power, RemoveNote},
        mirror::{KeyframeNeeded, PushUrl, ServerToViewer, ViewerHello, ViewerToServer, ViewerWelcome},
    },
};
use store::{Scope, Token};
use tokio::{runtime::Handle, sync::Notify};
use url::Url;

mod lead;

use super::{
    Closed, Flow,
    connection::{Connection, Lease, Peer, check_version, heartbeat_ms},
    widget::internal,
};
use crate::{
    edge::Edge,
    hub::{
        Seat,
        mirror::{Follow, Rest},
        outbox::Batch,
    },
    ids,
    limits::{ACTS, Bucket, MESSAGES, POINTS},
    ports::EngineError,
    sites::Site,
};

pub async fn serve(edge: &Edge, mut connection: Box<Connection>, is_own_page: bool) {
    match Box::pin(enter(edge, &mut connection, is_own_page)).await {
        Ok(mut viewer) => connection.run(&mut viewer).await,
        Err(code) => connection.close(code).await,
    }
}

async fn enter(edge: &Edge, connection: &mut Connection, is_own_page: bool) -> Result<Viewer, Closed> {
    let hello = connection
        .hello(|bytes| match ViewerToServer::decode(bytes) {
            Ok(ViewerToServer::ViewerHello(hello)) => Some(hello),
            Ok(_) | Err(_) => None,
        })
        .await?;
    let ViewerHello { version, token, resume } = hello;
    check_version(version)?;
    if !is_own_page {
        return Err(close::ORIGIN);
    }
    let hash = ids::hash(&token);
    let found = edge.app.store.find_token(&hash, edge.now()).await;
    let (business, agent, contact, expires_at) = match found.map_err(|error| internal(&error))? {
        Some(Token { business, scope: Scope::Viewer { agent, contact }, expires_at, .. }) => {
            (business, agent, contact, expires_at)
        }
        Some(_) | None => return Err(close::UNAUTHORIZED),
    };
    let lease = Lease { hash, expires_at };
    let site = edge.app.sites.by_id(business).ok_or(close::UNAUTHORIZED)?;
    let login = edge.app.store.agent_login(business, agent).await.map_err(|error| internal(&error))?;
    let name = first_name(&login.ok_or(close::UNAUTHORIZED)?.name);

    let seat = edge.hub.enter(business, contact);
    let snapshot = edge.app.snapshots.customer(business, contact).await.map_err(|error| internal(&error))?;
    let now = edge.now();
    let serial = edge.hub.serial();
    let (welcome, follow, wake) = {
        let mut room = seat.lock();
        room.learn(snapshot.ok_or(close::FINISHED)?);
        // The capability is good only as long as the contact is this agent's, or one that the agent watches.
        if room.is_finished() || !room.mirror.may_see(agent) {
            return Err(close::FINISHED);
        }
        let welcome = ViewerWelcome {
            version: shared::ProtocolVersion::CURRENT,
            now,
            heartbeat_ms: heartbeat_ms(),
            sharing: room.mirror.sharing(),
            origins: site.business.origins.clone(),
        };
        let joined = room.mirror.join_viewer(serial, (agent, name), resume, now);
        let (follow, wake) = joined.map_err(|_| close::TOO_MANY)?;
        room.tell_status();
        (welcome, follow, wake)
    };
    tracing::debug!(%contact, %agent, "viewer joined");
    let replies = vec![ServerToViewer::from(welcome).encode().into()];
    let edge = edge.clone();
    let (bucket, points, acts) =
        (Bucket::full(MESSAGES, now), Bucket::full(POINTS, now), Bucket::full(ACTS, now));
    let more = false;
    Ok(Viewer { edge, agent, lease, site, seat, serial, follow, wake, replies, more, bucket, points, acts })
}

/// What customers are told of who looks at their page.
fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or_default().to_owned()
}

struct Viewer {
    edge: Edge,
    agent: AgentId,
    lease: Lease,
    site: Arc<Site>,
    seat: Seat,
    serial: u64,
    follow: Follow,
    wake: Arc<Notify>,
    /// The welcome, and pongs.
    replies: Vec<Bytes>,
    more: bool,
    bucket: Bucket,
    points: Bucket,
    acts: Bucket,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut room = self.seat.lock();
        room.mirror.leave_viewer(self.serial);
        room.tell_status();
        if room.mirror.sees(self.agent) {
            return;
        }
        drop(room);
        // Whoever does not see the page any more has no control of it.
        let (edge, business) = (self.edge.clone(), self.seat.business);
        let (agent, contact) = (self.agent, self.seat.contact);
        let gone = Input::PowerDropped { agent, contact, power: Power::Control };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { edge.app.engine.post(business, gone).await });
        }
    }
}

impl Peer for Viewer {
    fn now(&self) -> Timestamp {
        self.edge.now()
    }

    fn next_look(&self) -> Duration {
        self.lease.next_look(&self.edge)
    }

    async fn look_again(&mut self) -> Flow {
        self.lease.look_again(&self.edge).await
    }

    async fn ready(&self) {
        if !self.more && self.replies.is_empty() {
            self.wake.notified().await;
        }
    }

    fn batch(&mut self) -> Batch {
        let mut messages = std::mem::take(&mut self.replies);
        let rest = self.seat.lock().mirror.next(self.serial, &mut self.follow, &mut messages);
        self.more = rest == Rest::More;
        let close = match rest {
            Rest::Close(code) => Some(code),
            Rest::Nothing | Rest::More => None,
        };
        Batch { messages, probe: false, close }
    }

    async fn message(&mut self, bytes: Bytes) -> Flow {
        let now = self.edge.now();
        let message = ViewerToServer::decode(&bytes);
        match message {
            // These come many a second, and what is too much is no fault.
            Ok(ViewerToServer::Point(point)) => {
                if !lead::fits(&point) {
                    return Flow::Break(close::MALFORMED);
                }
                if self.points.take(POINTS, 1, now).is_ok() {
                    self.seat.lock().mirror.point(self.serial, point);
                }
                Flow::Continue(())
            }
            Ok(ViewerToServer::Act(act)) => self.act(ActWithin { act, path: Vec::new() }, now),
            Ok(ViewerToServer::ActWithin(within)) => self.act(within, now),
            _ if self.bucket.take(MESSAGES, 1, now).is_err() => Flow::Break(close::TOO_MANY),
            Ok(message) => self.other(message, now).await,
            Err(_) => Flow::Break(close::MALFORMED),
        }
    }
}

impl Viewer {
    fn act(&mut self, within: ActWithin, now: Timestamp) -> Flow {
        if !lead::is_possible(&within) {
            return Flow::Break(close::MALFORMED);
        }
        let mirror = &mut self.seat.lock().mirror;
        match self.acts.take(ACTS, 1, now) {
            Ok(()) => mirror.act_within(self.serial, within),
            Err(_) => mirror.refuse_act(self.serial, within.act.act, refused::TOO_FAST),
        }
        Flow::Continue(())
    }

    async fn other(&mut self, message: ViewerToServer, now: Timestamp) -> Flow {
        match message {
            ViewerToServer::Ping(Ping { nonce }) => {
                self.replies.push(ServerToViewer::from(Pong { nonce, now }).encode().into());
            }
            ViewerToServer::KeyframeNeeded(KeyframeNeeded { document }) => {
                self.seat.lock().mirror.need_keyframe(self.serial, &mut self.follow, document, now);
            }
            ViewerToServer::PushUrl(PushUrl { url }) if url.len() <= URL_BYTES => {
                let refused = check_pushed(&url, &self.site).err();
                self.seat.lock().mirror.push_url(self.serial, url, refused);
            }
            ViewerToServer::AskPower(AskPower { power }) => {
                let (agent, contact) = (self.agent, self.seat.contact);
                return self.input(Input::PowerAsked { agent, contact, power }).await;
            }
            ViewerToServer::DropPower(DropPower { power }) => {
                let (agent, contact) = (self.agent, self.seat.contact);
                return self.input(Input::PowerDropped { agent, contact, power }).await;
            }
            ViewerToServer::AddNote(mut note) => {
                note.text = note.text.trim().to_owned();
                if note.text.is_empty() || note.text.chars().count() > PINNED_CHARS {
                    return Flow::Break(close::MALFORMED);
                }
                self.seat.lock().mirror.add_note(self.serial, note);
            }
            ViewerToServer::RemoveNote(RemoveNote { note }) => {
                self.seat.lock().mirror.remove_note_by(self.serial, note);
            }
            ViewerToServer::Unknown { .. } => {}
            ViewerToServer::ViewerHello(_)
            | ViewerToServer::PushUrl(_)
            | ViewerToServer::Point(_)
            | ViewerToServer::Act(_)
            | ViewerToServer::ActWithin(_) => return Flow::Break(close::MALFORMED),
        }
        Flow::Continue(())
    }

    async fn input(&self, input: Input) -> Flow {
        match self.edge.app.engine.input(self.seat.business, input).await {
            Ok(()) => Flow::Continue(()),
            // Too soon after a no, or overtaken: 0 is the question itself.
            Err(EngineError::Refused(_)) => {
                self.seat.lock().mirror.refuse_act(self.serial, 0, refused::TOO_FAST);
                Flow::Continue(())
            }
            Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
                Flow::Break(internal(&error))
            }
        }
    }
}

/// Only pages of the business's own origins are pushed. Returns a stable code.
fn check_pushed(url: &str, site: &Site) -> Result<(), &'static str> {
    let url = Url::parse(url).map_err(|_| "bad_url")?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err("bad_url");
    }
    if site.allows_origin(&url.origin().ascii_serialization()) { Ok(()) } else { Err("foreign_origin") }
}

#[cfg(test)]
mod tests {
    use contact_core::Settings;

    use super::*;
    use crate::sites::tests::business;

    #[test]
    fn only_pages_of_the_business_are_pushed() {
        let site = Site { business: business("key"), settings: Settings::default() };
        assert_eq!(check_pushed("https://shop.example/cart?a=1#b", &site), Ok(()));
        for (url, code) in [
            ("https://shop.example.evil/", "foreign_origin"),
            ("http://shop.example/", "foreign_origin"),
            ("https://evil.example/https://shop.example/", "foreign_origin"),
            ("https://shop.example@evil.example/", "bad_url"),
            ("javascript:alert(1)", "bad_url"),
            ("data:text/html,x", "bad_url"),
            ("//shop.example/", "bad_url"),
            ("/cart", "bad_url"),
        ] {
            assert_eq!(check_pushed(url, &site), Err(code), "{url}");
        }
    }

    #[test]
    fn customers_are_told_first_names_alone() {
        assert_eq!(first_name("Ada King Lovelace"), "Ada");
        assert_eq!(first_name("  "), "");
    }
}

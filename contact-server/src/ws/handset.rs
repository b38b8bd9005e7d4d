//! `/ws/handset`: the demo's virtual telephone.
use std::time::Duration;

use bytes::Bytes;
use contact_core::Endpoint;
use shared::{
    BusinessId, LegId, Timestamp, close,
    limits::SDP_BYTES,
    wire::{
        LegAnswer, LegGone, LegOffer, Ping, Pong,
        handset::{HandsetToServer, Hello, ServerToHandset, Welcome},
    },
};
use store::{Scope, Token};

use super::{
    Closed, Flow,
    connection::{Connection, Lease, Line, Peer, check_version, heartbeat_ms},
    widget::internal,
};
use crate::{edge::Edge, hub::outbox::Batch, ids, numbers};

pub async fn serve(edge: &Edge, mut connection: Box<Connection>, is_own_page: bool) {
    match Box::pin(enter(edge, &mut connection, is_own_page)).await {
        Ok(mut handset) => connection.run(&mut handset).await,
        Err(code) => connection.close(code).await,
    }
}

async fn enter(edge: &Edge, connection: &mut Connection, is_own_page: bool) -> Result<Handset, Closed> {
    let hello = connection
        .hello(|bytes| match HandsetToServer::decode(bytes) {
            Ok(HandsetToServer::Hello(hello)) => Some(hello),
            Ok(_) | Err(_) => None,
        })
        .await?;
    let Hello { version, token } = hello;
    check_version(version)?;
    if !is_own_page {
        return Err(close::ORIGIN);
    }
    let hash = ids::hash(&token);
    let found = edge.app.store.find_token(&hash, edge.now()).await;
    let (business, e164, expires_at) = match found.map_err(|error| internal(&error))? {
        Some(Token { business, scope: Scope::Handset { e164 }, expires_at, .. }) => {
            (business, e164, expires_at)
        }
        Some(_) | None => return Err(close::UNAUTHORIZED),
    };
    let lease = Lease { hash, expires_at };
    let number =
        numbers::parse(&e164, None, true).map_or_else(|_| e164.clone(), |number| number.international);
    let line = Line::new(edge.now());
    let welcome = Welcome {
        version: shared::ProtocolVersion::CURRENT,
        now: edge.now(),
        heartbeat_ms: heartbeat_ms(),
        e164: e164.clone(),
        number,
    };
    line.outbox.send(ServerToHandset::from(welcome).encode());
    let serial = edge.hub.serial();
    if !edge.hub.phones().join(business, &e164, serial, line.outbox.clone()) {
        return Err(close::TOO_MANY);
    }
    Ok(Handset { edge: edge.clone(), business, e164, lease, serial, line })
}

struct Handset {
    edge: Edge,
    business: BusinessId,
    e164: String,
    lease: Lease,
    serial: u64,
    line: Line,
}

impl Drop for Handset {
    fn drop(&mut self) {
        self.edge.hub.phones().leave(self.business, &self.e164, self.serial);
    }
}

impl Peer for Handset {
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
        self.line.outbox.ready().await;
    }

    fn batch(&mut self) -> Batch {
        self.line.outbox.take()
    }

    async fn message(&mut self, bytes: Bytes) -> Flow {
        self.line.check_rate(self.edge.now())?;
        let Ok(message) = HandsetToServer::decode(&bytes) else { return Flow::Break(close::MALFORMED) };
        let legs = &self.edge.app.legs;
        let from = Endpoint::Telephone(self.e164.clone());
        match message {
            HandsetToServer::Ping(Ping { nonce }) => self.send(Pong { nonce, now: self.edge.now() }),
            HandsetToServer::LegOffer(LegOffer { leg, sdp }) => return self.offer(&from, leg, sdp).await,
            HandsetToServer::LegFailed(failed) => legs.trouble(self.business, &from, failed.leg, failed.why),
            HandsetToServer::Reject(reject) => legs.reject(self.business, &from, reject.leg),
            HandsetToServer::Digit(key) if matches!(key.digit, '0'..='9' | '*' | '#') => {
                legs.digit(self.business, &from, key.leg, key.digit);
            }
            HandsetToServer::HangUp(hang_up) => legs.hang_up(self.business, &from, hang_up.leg),
            HandsetToServer::Digit(_) | HandsetToServer::Hello(_) => return Flow::Break(close::MALFORMED),
            HandsetToServer::Unknown { .. } => {}
        }
        Flow::Continue(())
    }
}

impl Handset {
    async fn offer(&self, from: &Endpoint, leg: LegId, sdp: String) -> Flow {
        if sdp.len() > SDP_BYTES {
            return Flow::Break(close::MALFORMED);
        }
        match self.edge.app.legs.offer(self.business, from, leg, sdp).await {
            Ok(sdp) => self.send(LegAnswer { leg, sdp }),
            Err(error) => {
                tracing::info!(%leg, %error, "offer of a handset refused");
                self.send(LegGone { leg });
            }
        }
        Flow::Continue(())
    }

    fn send(&self, message: impl Into<ServerToHandset>) {
        self.line.outbox.send(message.into().encode());
    }
}

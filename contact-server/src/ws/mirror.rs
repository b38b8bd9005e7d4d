//! `/ws/mirror`: a customer's page publishes what it shows.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use contact_core::Input;
use shared::{
    Timestamp, close, consent,
    wire::{
        Ping, Pong,
        lead::{AnswerPower, RemoveNote, StopPower},
        mirror::{InFront, Masking, PublisherHello, PublisherToServer, PublisherWelcome, ServerToPublisher},
    },
};
use store::Business;

use super::{
    Closed, Flow,
    connection::{Connection, Peer, check_version, heartbeat_ms},
    widget::{Customer, admit, internal},
};
use crate::{
    archive::tape::Tape,
    edge::Edge,
    hub::{
        Seat,
        frame::{self, Said},
        mirror::PageId,
        outbox::{Batch, Outbox},
    },
    limits::{Bucket, FRAME_KIB, FRAMES},
    ports::EngineError,
};

pub async fn serve(edge: &Edge, mut connection: Box<Connection>, origin: Option<String>) {
    match Box::pin(enter(edge, &mut connection, origin.as_deref())).await {
        Ok(mut publisher) => connection.run(&mut publisher).await,
        Err(code) => connection.close(code).await,
    }
}

async fn enter(edge: &Edge, connection: &mut Connection, origin: Option<&str>) -> Result<Publisher, Closed> {
    let hello = connection
        .hello(|bytes| match PublisherToServer::decode(bytes) {
            Ok(PublisherToServer::PublisherHello(hello)) => Some(hello),
            Ok(_) | Err(_) => None,
        })
        .await?;
    let PublisherHello { version, token, tab, document } = hello;
    check_version(version)?;
    let customer = admit(edge, &token, origin, false).await?;
    let Customer { business, contact, .. } = customer;
    let site = edge.app.sites.by_id(business).ok_or(close::UNAUTHORIZED)?;

    let seat = edge.hub.enter(business, contact);
    let tape = tape(edge, &site.business, &seat).await;
    let snapshot = edge.app.snapshots.customer(business, contact).await.map_err(|error| internal(&error))?;
    let now = edge.now();
    let serial = edge.hub.serial();
    let outbox = Arc::new(Outbox::default());
    {
        let mut room = seat.lock();
        room.learn(snapshot.ok_or(close::FINISHED)?);
        if room.is_finished() {
            return Err(close::FINISHED);
        }
        let masking = masking(&site.business, edge.app.config.demo);
        let mask_selectors = crate::masking::rules(&site.business);
        let page = PageId { tab, document, masking, mask_selectors: mask_selectors.clone() };
        let welcome = PublisherWelcome {
            version: shared::ProtocolVersion::CURRENT,
            now,
            heartbeat_ms: heartbeat_ms(),
            sharing: room.mirror.sharing(),
            masking,
            mask_selectors,
        };
        outbox.send(ServerToPublisher::from(welcome).encode());
        room.mirror.set_origins(&site.business.origins);
        if let Some(tape) = tape {
            room.mirror.record(tape, site.business.pause_recording.clone(), now);
            room.tell_status();
        }
        room.mirror.join_publisher(serial, page, outbox.clone(), now).map_err(|_| close::TOO_MANY)?;
    }
    tracing::debug!(%contact, %tab, %document, "page publishes");
    Ok(Publisher {
        edge: edge.clone(),
        customer,
        seat,
        serial,
        outbox,
        frames: Bucket::full(FRAMES, now),
        kib: Bucket::full(FRAME_KIB, now),
    })
}

/// Where the business records, and this customer agreed to a text that says so. Pages without masks are never recorded.
async fn tape(edge: &Edge, business: &Business, seat: &Seat) -> Option<Tape> {
    let is_masked = masking(business, edge.app.config.demo) != Masking::Off;
    if !business.record_cobrowse || !is_masked || !seat.lock().mirror.wants_tape() {
        return None;
    }
    let detail = edge.app.store.contact(business.id, seat.contact).await;
    let detail = detail.inspect_err(|error| {
        tracing::warn!(contact = %seat.contact, %error, "whether a contact may be recorded cannot be read");
    });
    let agreed = detail.ok().flatten().is_some_and(|detail| consent::covers_recording(&detail.consent));
    if agreed { edge.app.archive.begin(business.id, seat.contact) } else { None }
}

/// `mask_off` counts on a demo server alone: whoever sets it elsewhere still gets everything masked.
pub fn masking(business: &Business, demo: bool) -> Masking {
    match (business.mask_strict, business.mask_off) {
        (true, _) => Masking::Strict,
        (false, true) if demo => Masking::Off,
        (false, _) => Masking::Balanced,
    }
}

struct Publisher {
    edge: Edge,
    customer: Customer,
    seat: Seat,
    serial: u64,
    outbox: Arc<Outbox>,
    frames: Bucket,
    kib: Bucket,
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.seat.lock().mirror.leave_publisher(self.serial, self.edge.now());
    }
}

impl Peer for Publisher {
    fn now(&self) -> Timestamp {
        self.edge.now()
    }

    fn next_look(&self) -> Duration {
        self.customer.next_look(&self.edge)
    }

    async fn look_again(&mut self) -> Flow {
        self.customer.look_again(&self.edge).await
    }

    async fn ready(&self) {
        self.outbox.ready().await;
    }

    fn batch(&mut self) -> Batch {
        self.outbox.take()
    }

    async fn message(&mut self, bytes: Bytes) -> Flow {
        let now = self.edge.now();
        let kib = u32::try_from(bytes.len().div_ceil(1_024)).unwrap_or(u32::MAX);
        if self.frames.take(FRAMES, 1, now).and_then(|()| self.kib.take(FRAME_KIB, kib, now)).is_err() {
            return Flow::Break(close::TOO_MANY);
        }
        let Ok((said, rest)) = frame::said(&bytes) else { return Flow::Break(close::MALFORMED) };
        if !said.is_nothing() {
            self.said(&said);
        }
        if rest.is_empty() && !bytes.is_empty() {
            return Flow::Continue(());
        }
        match frame::read(rest) {
            Ok(Some(frame)) => match self.seat.lock().mirror.take(self.serial, &frame, now) {
                Ok(()) => Flow::Continue(()),
                Err(_) => Flow::Break(close::MALFORMED),
            },
            Ok(None) => self.other(rest).await,
            Err(_) => Flow::Break(close::MALFORMED),
        }
    }
}

impl Publisher {
    /// Counts for the frame behind it.
    fn said(&self, Said { page, parts, frames }: &Said) {
        let mirror = &mut self.seat.lock().mirror;
        for page in frames {
            mirror.frame_says(self.serial, page);
        }
        if let Some(page) = page {
            mirror.page_says(self.serial, page);
        }
        if let Some(parts) = parts {
            mirror.parts_say(self.serial, &parts.pages);
        }
    }

    async fn other(&self, bytes: &[u8]) -> Flow {
        match PublisherToServer::decode(bytes) {
            Ok(PublisherToServer::Ping(Ping { nonce })) => {
                let pong = Pong { nonce, now: self.edge.now() };
                self.outbox.send(ServerToPublisher::from(pong).encode());
            }
            Ok(PublisherToServer::InFront(InFront { yes })) => {
                self.seat.lock().mirror.set_in_front(self.serial, yes, self.edge.now());
            }
            Ok(PublisherToServer::AnswerPower(AnswerPower { number, consent })) => {
                // Consent is to a text that there is.
                let known = [consent::CONTROL_VERSION, consent::POINT_VERSION];
                if consent.as_deref().is_some_and(|version| !known.contains(&version)) {
                    return Flow::Break(close::MALFORMED);
                }
                let contact = self.seat.contact;
                return self.input(Input::PowerAnswered { contact, number, consent }).await;
            }
            Ok(PublisherToServer::StopPower(StopPower { power })) => {
                // Heard also by a business that is just being rebuilt: the page says it once.
                let stopped = Input::PowerStopped(self.seat.contact, power);
                self.edge.app.engine.post(self.customer.business, stopped).await;
            }
            Ok(PublisherToServer::ActDone(done)) => self.seat.lock().mirror.act_done(&done),
            Ok(PublisherToServer::RemoveNote(RemoveNote { note })) => {
                self.seat.lock().mirror.remove_note(note);
            }
            Ok(PublisherToServer::Unknown { .. }) => {}
            Ok(
                PublisherToServer::PublisherHello(_)
                | PublisherToServer::Frame(_)
                | PublisherToServer::PageSays(_)
                | PublisherToServer::PartsSay(_)
                | PublisherToServer::FrameSays(_),
            )
            | Err(_) => return Flow::Break(close::MALFORMED),
        }
        Flow::Continue(())
    }

    async fn input(&self, input: Input) -> Flow {
        match self.edge.app.engine.input(self.customer.business, input).await {
            // What does not apply any more was overtaken; the powers say how things stand.
            Ok(()) | Err(EngineError::Refused(_)) => Flow::Continue(()),
            Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
                Flow::Break(internal(&error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::new_business;

    #[test]
    fn masking_is_off_on_a_demo_server_alone() {
        let plain = new_business("Shop", "GB", shared::Timestamp(0));
        let off = Business { mask_off: true, ..plain.clone() };
        let both = Business { mask_strict: true, ..off.clone() };
        assert_eq!(masking(&plain, true), Masking::Balanced);
        assert_eq!(masking(&off, true), Masking::Off);
        assert_eq!(masking(&off, false), Masking::Balanced);
        assert_eq!(masking(&both, true), Masking::Strict);
    }
}

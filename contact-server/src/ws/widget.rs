//! `/ws/widget`: a customer's page.
use std::time::Duration;

use bytes::Bytes;
use contact_core::{Endpoint, Input, center, record::TokenHash};
use shared::{
    BusinessId, ContactId, LegId, TabId, Timestamp,
    api::Channel,
    close,
    limits::{CONTEXT_BYTES, SDP_BYTES},
    wire::{
        LegAnswer, LegGone, LegOffer, Ping, Pong,
        widget::{
            ContextSet, Hello, PageViewed, ServerToWidget, SessionCode, Share, Status, Welcome,
            WidgetToServer,
        },
    },
};
use tokio::runtime::Handle;

use super::{
    Closed, Flow,
    connection::{Connection, Line, Peer, check_version, heartbeat_ms, look_after},
};
use crate::{
    edge::Edge,
    http::checks,
    hub::{
        Seat,
        outbox::{Batch, Outbox},
    },
    ids,
    limits::{CUSTOMERS_LOOK_LESS, SESSION_CODE},
    ports::EngineError,
    session_code,
};

/// A page that has shown a good token.
pub struct Customer {
    pub business: BusinessId,
    pub contact: ContactId,
    hash: TokenHash,
}

impl Customer {
    pub fn next_look(&self, edge: &Edge) -> Duration {
        look_after(edge, CUSTOMERS_LOOK_LESS)
    }

    /// Ends the connection if the token is not good any more. A database that is away ends nothing.
    pub async fn look_again(&self, edge: &Edge) -> Flow {
        match edge.app.store.find_contact_token(&self.hash, edge.now()).await {
            Ok(Some(_)) => Flow::Continue(()),
            Ok(None) => Flow::Break(close::UNAUTHORIZED),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a token cannot be looked at now");
                Flow::Continue(())
            }
        }
    }
}

/// Finds the contact of a token, for a page of an origin of its business; `own`: or for a page of this server, which
/// the small window is ([`crate::call`]).
pub async fn admit(edge: &Edge, token: &str, origin: Option<&str>, own: bool) -> Result<Customer, Closed> {
    let hash = ids::hash(token);
    let found = edge.app.store.find_contact_token(&hash, edge.now()).await;
    let (business, contact) = found.map_err(|error| internal(&error))?.ok_or(close::UNAUTHORIZED)?;
    let site = edge.app.sites.by_id(business).ok_or(close::UNAUTHORIZED)?;
    let may = |origin: &str| site.allows_origin(origin) || own && origin == edge.origin;
    if !origin.is_some_and(may) {
        return Err(close::ORIGIN);
    }
    Ok(Customer { business, contact, hash })
}

/// Logs a failure of ours; the client comes back.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Closed {
    tracing::error!(error, "a socket failed");
    close::INTERNAL
}

pub async fn serve(edge: &Edge, mut connection: Box<Connection>, origin: Option<String>) {
    match Box::pin(enter(edge, &mut connection, origin.as_deref())).await {
        Ok(mut page) => connection.run(&mut page).await,
        Err(Refused { outbox, code }) => connection.tell_and_close(&outbox, code).await,
    }
}

struct Refused {
    /// What is to be said before the close.
    outbox: Outbox,
    code: Closed,
}

impl From<Closed> for Refused {
    fn from(code: Closed) -> Self {
        Self { outbox: Outbox::default(), code }
    }
}

async fn enter(edge: &Edge, connection: &mut Connection, origin: Option<&str>) -> Result<Page, Refused> {
    let hello = connection
        .hello(|bytes| match WidgetToServer::decode(bytes) {
            Ok(WidgetToServer::Hello(hello)) => Some(hello),
            Ok(_) | Err(_) => None,
        })
        .await?;
    let Hello { version, token, tab, voice } = hello;
    check_version(version)?;
    let customer = admit(edge, &token, origin, true).await?;
    let Customer { business, contact, .. } = customer;

    let welcome =
        Welcome { version: shared::ProtocolVersion::CURRENT, now: edge.now(), heartbeat_ms: heartbeat_ms() };
    let seat = edge.hub.enter(business, contact);
    let shown = match edge.app.snapshots.customer(business, contact).await {
        Ok(Some(snapshot)) => {
            let shown = snapshot.status.channel == Channel::Page;
            seat.lock().learn(snapshot);
            shown
        }
        Ok(None) => return Err(ended(edge, welcome, business, contact).await),
        Err(error) => return Err(internal(&error).into()),
    };
    let line = Line::new(edge.now());
    let serial = edge.hub.serial();
    seat.lock().join_widget(serial, voice, line.outbox.clone(), welcome).map_err(|_| close::TOO_MANY)?;
    tracing::debug!(%contact, %tab, voice, "page connected");
    let page = Page { edge: edge.clone(), customer, seat, serial, tab, line, shown };
    if shown {
        page.tell_pages();
    }
    Ok(page)
}

/// A contact that is closed: its page is shown how it ended.
async fn ended(edge: &Edge, welcome: Welcome, business: BusinessId, contact: ContactId) -> Refused {
    let row = match edge.app.store.contact_row(business, contact).await {
        Ok(row) => row,
        Err(error) => return internal(&error).into(),
    };
    let Some(status) = row.as_ref().and_then(center::ended) else { return close::FINISHED.into() };
    let outbox = Outbox::default();
    outbox.send(ServerToWidget::from(welcome).encode());
    outbox.send(ServerToWidget::from(Status { status, viewers: Vec::new() }).encode());
    Refused { outbox, code: close::FINISHED }
}

struct Page {
    edge: Edge,
    customer: Customer,
    seat: Seat,
    serial: u64,
    tab: TabId,
    line: Line,
    /// Nobody is called: what is shown ends with its last page.
    shown: bool,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.seat.lock().leave_widget(self.serial);
        if self.shown {
            self.tell_pages();
        }
        tracing::debug!(contact = %self.seat.contact, tab = %self.tab, "page left");
    }
}

impl Peer for Page {
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
        self.line.outbox.ready().await;
    }

    fn batch(&mut self) -> Batch {
        self.line.outbox.take()
    }

    async fn message(&mut self, bytes: Bytes) -> Flow {
        self.line.check_rate(self.edge.now())?;
        let Ok(message) = WidgetToServer::decode(&bytes) else { return Flow::Break(close::MALFORMED) };
        let contact = self.seat.contact;
        match message {
            WidgetToServer::Ping(Ping { nonce }) => {
                let pong = Pong { nonce, now: self.edge.now() };
                self.line.outbox.send(ServerToWidget::from(pong).encode());
                Flow::Continue(())
            }
            WidgetToServer::Cancel(_) => self.withdraw(Input::Cancelled(contact)).await,
            WidgetToServer::PageViewed(PageViewed { page }) => match checks::page(&page) {
                Ok(page) => self.input(Input::PageViewed(contact, page)).await,
                Err(_) => Flow::Break(close::MALFORMED),
            },
            WidgetToServer::ContextSet(ContextSet { context }) => match checks::context(Some(&context)) {
                Ok(_) if context.len() <= CONTEXT_BYTES => {
                    self.input(Input::ContextSet(contact, context)).await
                }
                Ok(_) | Err(_) => Flow::Break(close::MALFORMED),
            },
            WidgetToServer::Share(Share { on: false }) => {
                self.withdraw(Input::SharingSet(contact, false)).await
            }
            WidgetToServer::Share(Share { on: true }) => self.input(Input::SharingSet(contact, true)).await,
            WidgetToServer::LegOffer(LegOffer { leg, sdp }) => self.offer(leg, sdp).await,
            WidgetToServer::LegFailed(failed) => {
                let from = Endpoint::Page(contact);
                self.edge.app.legs.trouble(self.seat.business, &from, failed.leg, failed.why);
                Flow::Continue(())
            }
            WidgetToServer::CodeWanted(_) => self.give_code().await,
            // A second hello, or a kind of a newer revision.
            WidgetToServer::Hello(_) => Flow::Break(close::MALFORMED),
            WidgetToServer::Unknown { .. } => Flow::Continue(()),
        }
    }
}

impl Page {
    /// Says whether a page is open, as it is when the engine is asked: pages come and go together.
    fn tell_pages(&self) {
        let (edge, seat) = (self.edge.clone(), self.edge.hub.enter(self.seat.business, self.seat.contact));
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                loop {
                    let open = seat.lock().has_widgets();
                    edge.app.engine.post(seat.business, Input::PagesOpen(seat.contact, open)).await;
                    // Whoever was overtaken meanwhile says so.
                    if seat.lock().has_widgets() == open {
                        break;
                    }
                }
            });
        }
    }

    /// What a customer takes back is heard, also by a business that is just being rebuilt: the page says it once.
    async fn withdraw(&self, input: Input) -> Flow {
        self.edge.app.engine.post(self.seat.business, input).await;
        Flow::Continue(())
    }

    async fn input(&self, input: Input) -> Flow {
        match self.edge.app.engine.input(self.seat.business, input).await {
            // What does not apply any more was overtaken; the status says how things stand.
            Ok(()) | Err(EngineError::Refused(_)) => Flow::Continue(()),
            Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
                Flow::Break(internal(&error))
            }
        }
    }

    /// A code for the customer to read to an agent, in place of the one before.
    async fn give_code(&self) -> Flow {
        let (edge, now) = (&self.edge, self.edge.now());
        let (business, contact) = (self.seat.business, self.seat.contact);
        if let Err(seconds) = edge.codes.take((business, contact), now) {
            self.line.outbox.send(ServerToWidget::from(SessionCode { code: None, seconds }).encode());
            return Flow::Continue(());
        }
        let given = match edge.app.engine.input(business, Input::CodeMade(contact)).await {
            Ok(()) => session_code::give(&*edge.app.store, business, contact, now).await,
            Err(EngineError::Refused(_)) => Ok(None),
            Err(error @ (EngineError::Unavailable | EngineError::NoSuchBusiness)) => {
                return Flow::Break(internal(&error));
            }
        };
        let answer = match given {
            Ok(Some(code)) => {
                let seconds = u32::try_from(SESSION_CODE.as_secs()).unwrap_or(u32::MAX);
                SessionCode { code: Some(code), seconds }
            }
            Ok(None) => SessionCode { code: None, seconds: 0 },
            Err(error) => return Flow::Break(internal(&error)),
        };
        self.line.outbox.send(ServerToWidget::from(answer).encode());
        Flow::Continue(())
    }

    async fn offer(&self, leg: LegId, sdp: String) -> Flow {
        if sdp.len() > SDP_BYTES {
            return Flow::Break(close::MALFORMED);
        }
        let from = Endpoint::Page(self.seat.contact);
        let message = match self.edge.app.legs.offer(self.seat.business, &from, leg, sdp).await {
            Ok(sdp) => ServerToWidget::from(LegAnswer { leg, sdp }),
            Err(error) => {
                tracing::info!(%leg, %error, "offer of a page refused");
                LegGone { leg }.into()
            }
        };
        self.line.outbox.send(message.encode());
        Flow::Continue(())
    }
}

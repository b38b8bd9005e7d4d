//! What every handler and socket of the edge shares: the [`App`], the [`Hub`], and the buckets that hold
//! callers to their rates.
use std::{net::IpAddr, ops::Deref, sync::Arc};

use shared::{AgentId, BusinessId, ContactId, Timestamp};
use tokio::sync::Semaphore;

use crate::{
    app::App,
    crowd::{Asked, Crowd},
    hub::Hub,
    limits::{self, Buckets},
    lobby::Lobby,
    passwords::Aside,
};

/// Cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

pub struct Parts {
    pub app: App,
    pub hub: Arc<Hub>,
    /// How browsers name this server's own pages in `Origin`.
    pub origin: String,
    /// The same for sockets, as a Content-Security-Policy names it: `wss://calls.example`.
    pub socket_origin: String,
    pub all: Buckets<IpAddr>,
    pub requests: Buckets<IpAddr>,
    pub numbers: Buckets<IpAddr>,
    pub sign_in: Buckets<IpAddr>,
    /// By hash of the login name.
    pub logins: Buckets<[u8; 32]>,
    /// Session codes that one agent tries, and those that all agents of a business try.
    pub code_tries: Buckets<(BusinessId, AgentId)>,
    pub code_tries_of_all: Buckets<BusinessId>,
    /// Codes that are made for one contact.
    pub codes: Buckets<(BusinessId, ContactId)>,
    pub sign_ins_of_people: Buckets<()>,
    pub passwords: Aside,
    /// Connections in all.
    pub sockets: Arc<Semaphore>,
    /// Those that have not said hello.
    pub lobby: Arc<Lobby>,
    /// Connections by address.
    pub crowd: Arc<Crowd<IpAddr>>,
    /// Numbers that were asked for, by address.
    pub asked: Asked,
}

impl Deref for Edge {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Edge {
    pub fn new(app: App, hub: Arc<Hub>) -> Self {
        let rates = app.config.rates.clone();
        let origin = app.config.public_url.origin().ascii_serialization();
        Self(Arc::new(Parts {
            // "http" becomes "ws", and "https" becomes "wss".
            socket_origin: origin.replacen("http", "ws", 1),
            origin,
            hub,
            all: Buckets::new(rates.all),
            requests: Buckets::new(rates.requests),
            numbers: Buckets::new(rates.numbers),
            sign_in: Buckets::new(rates.sign_in),
            logins: Buckets::new(rates.login),
            code_tries: Buckets::new(limits::CODE_TRIES),
            code_tries_of_all: Buckets::new(limits::CODE_TRIES_OF_ALL),
            codes: Buckets::new(limits::CODES),
            sign_ins_of_people: Buckets::new(limits::SIGN_INS_OF_PEOPLE),
            passwords: Aside::default(),
            sockets: Arc::new(Semaphore::new(limits::SOCKETS)),
            lobby: Arc::new(Lobby::new(limits::SOCKETS_UNKNOWN)),
            crowd: Arc::new(Crowd::new(app.config.shares.sockets_per_address)),
            asked: Asked::new(app.config.shares.numbers_per_address),
            app,
        }))
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Browsers reach this server by TLS (its own or a proxy's).
    pub fn secure(&self) -> bool {
        self.app.config.public_url.scheme() == "https"
    }
}

//! Drives a real `ringside` process with many customers and agents, over HTTP and WebSockets, without
//! browsers: customers and agents behave as the widget and the console do, calls are carried by the
//! `simulated` dialer.
//!
//! - [`chaos`]: kills the server again and again, and audits what it kept.
//! - [`quiet`]: kills it during a call in which nothing happens.
//! - [`trouble`]: takes its disk away.
//! - [`flood`]: a neighbour's times while strangers do all that they can.
//! - [`trace`]: looks for an answer that left before its data were on disk.
//! - [`bench`], [`soak`]: figures.
pub mod agent;
pub mod audit;
pub mod bare;
pub mod bench;
pub mod chaos;
pub mod cobrowse;
pub mod crowd;
pub mod customer;
pub mod flood;
pub mod http;
pub mod journal;
pub mod people;
pub mod place;
pub mod probe;
pub mod process;
pub mod quiet;
pub mod soak;
pub mod socket;
pub mod trace;
pub mod trouble;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use shared::ContactId;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

/// What all who take part in a trial share.
pub struct World {
    pub addr: SocketAddr,
    /// Of the server's own pages.
    pub origin: String,
    /// True once the agents may go home.
    pub over: watch::Sender<bool>,
    /// When the server last became ready.
    ready_at: Mutex<Option<Instant>>,
    healing: Mutex<Vec<Duration>>,
    offers: Mutex<BTreeMap<ContactId, Instant>>,
    faults: Mutex<Vec<String>>,
    addresses: AtomicU32,
    /// Viewer tokens that agents were given.
    pub grants: Option<mpsc::Sender<(ContactId, String)>>,
}

impl World {
    pub fn new(place: &place::Place) -> Self {
        Self {
            addr: place.addr,
            origin: place.origin(),
            over: watch::Sender::new(false),
            ready_at: Mutex::default(),
            healing: Mutex::default(),
            offers: Mutex::default(),
            faults: Mutex::default(),
            addresses: AtomicU32::new(0),
            grants: None,
        }
    }

    pub fn server_is_ready(&self) {
        *lock(&self.ready_at) = Some(Instant::now());
    }

    /// A client that had lost its connection has one again: how long that took since the server was ready.
    fn healed(&self, lost_at: Option<Instant>, at: Instant) {
        let (Some(lost), Some(ready)) = (lost_at, *lock(&self.ready_at)) else { return };
        lock(&self.healing).push(at.saturating_duration_since(lost.max(ready)));
    }

    /// An agent was rung for the contact; the first time counts.
    fn offered(&self, contact: ContactId) {
        lock(&self.offers).entry(contact).or_insert_with(Instant::now);
    }

    pub fn offered_at(&self, contact: ContactId) -> Option<Instant> {
        lock(&self.offers).get(&contact).copied()
    }

    /// The address of a customer of its own, as the proxy (which the rig is) says it; of RFC 2544's networks.
    pub fn somebody(&self) -> String {
        let n = self.addresses.fetch_add(1, Ordering::Relaxed) % (2 << 16);
        Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | n).to_string()
    }

    /// Something that must not be.
    pub fn fault(&self, what: String) {
        lock(&self.faults).push(what);
    }

    pub fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }

    /// How long clients took to come back, shortest first.
    pub fn healing(&self) -> Vec<Duration> {
        let mut healing = lock(&self.healing).clone();
        healing.sort();
        healing
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What the edge is given: everything that a request or a socket may use.
//!
//! The engine side builds it (`run`), the edge side holds a clone in its router's state.
use std::sync::Arc;

use store::Store;

use crate::{
    archive::Archive,
    attack::Guard,
    clock::Clock,
    config::Config,
    health::Health,
    metrics::Metrics,
    ports::{BrowserLegs, Lines, SharedDirectory, SharedEngine, Snapshots},
    sites::Sites,
    stopping::Stopping,
    trace::Traces,
};

/// Cheap to clone: shared handles only.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub store: Arc<dyn Store>,
    pub engine: SharedEngine,
    /// What a page or console that (re)connects must show.
    pub snapshots: Arc<dyn Snapshots>,
    pub legs: Arc<dyn BrowserLegs>,
    pub lines: Arc<dyn Lines>,
    pub directory: SharedDirectory,
    /// The businesses as their operators set them, always the newest.
    pub sites: Arc<Sites>,
    pub health: Arc<Health>,
    pub metrics: Arc<Metrics>,
    /// Asks for proofs of work under attack.
    pub guard: Arc<Guard>,
    pub traces: Arc<Traces>,
    /// What is recorded of co-browsing.
    pub archive: Archive,
    /// Says when the server goes down; sockets register here, so that it can wait for them.
    pub stopping: Stopping,
}

//! How the server tells its connections that it goes down, and waits until they have gone.
use std::sync::Arc;

use tokio::sync::watch;

/// The switch that a shutdown turns. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopping(Arc<watch::Sender<bool>>);

/// Held by a connection as long as it lives; the shutdown waits (within its limit) until all are dropped.
#[derive(Debug)]
pub struct Connection(watch::Receiver<bool>);

impl Default for Stopping {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stopping {
    /// Registers a connection. One that registers after the shutdown began is told at once.
    pub fn connection(&self) -> Connection {
        Connection(self.0.subscribe())
    }

    /// True once the server goes down: nothing new is taken on.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// How many connections are up.
    pub fn connections(&self) -> usize {
        self.0.receiver_count()
    }

    /// Tells every connection to go.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until every connection has gone.
    pub async fn all_gone(&self) {
        self.0.closed().await;
    }
}

impl Connection {
    /// Waits until the server goes down: close with [`shared::close::GOING_AWAY`] then. Cancel-safe.
    pub async fn stopping(&mut self) {
        if self.0.wait_for(|stopping| *stopping).await.is_err() {
            // The switch itself is gone, and the server with it.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_tells_connections_and_waits_for_them() {
        let stopping = Stopping::default();
        let mut early = stopping.connection();
        stopping.begin();
        early.stopping().await;
        let mut late = stopping.connection();
        late.stopping().await;
        assert!(stopping.has_begun());

        let gone = tokio::spawn({
            let stopping = stopping.clone();
            async move { stopping.all_gone().await }
        });
        drop(early);
        tokio::task::yield_now().await;
        assert!(!gone.is_finished(), "one connection is still up");
        drop(late);
        gone.await.unwrap();
    }
}

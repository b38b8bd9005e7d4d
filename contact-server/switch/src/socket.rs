//! The one UDP socket.
use std::{cell::Cell, io, net::SocketAddr};

use tokio::net::UdpSocket;

/// Sends without waiting: voice that can't leave now is of no use later.
pub(crate) struct MediaSocket {
    udp: UdpSocket,
    unsent: Cell<u64>,
}

impl MediaSocket {
    pub(crate) fn new(udp: UdpSocket) -> Self {
        Self { udp, unsent: Cell::new(0) }
    }

    pub(crate) fn send(&self, datagram: &[u8], to: SocketAddr) {
        if self.udp.try_send_to(datagram, to).is_err() {
            self.unsent.set(self.unsent.get() + 1);
        }
    }

    /// Datagrams that the operating system had no room for.
    pub(crate) fn unsent(&self) -> u64 {
        self.unsent.get()
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.udp.readable().await
    }

    /// None if nothing is waiting. An error of a send (a port that nobody listens on) comes back here; it
    /// says nothing of this socket.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> Option<io::Result<(usize, SocketAddr)>> {
        match self.udp.try_recv_from(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            result => Some(result),
        }
    }
}

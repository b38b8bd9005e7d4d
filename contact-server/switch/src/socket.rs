//! The one UDP socket.
use std::{cell::Cell, io, net::SocketAddr};

use tokio::net::UdpSocket;

/// Datagrams with their receivers.
#[cfg(feature = "fuzzing")]
pub(crate) type Sent = Vec<(SocketAddr, Vec<u8>)>;

/// Sends without waiting: voice that can't leave now is of no use later.
pub(crate) struct MediaSocket {
    udp: UdpSocket,
    unsent: Cell<u64>,
    /// What would have left: the fuzzer's sockets send nothing.
    #[cfg(feature = "fuzzing")]
    sent: std::cell::RefCell<Option<Sent>>,
}

impl MediaSocket {
    pub(crate) fn new(udp: UdpSocket) -> Self {
        Self {
            udp,
            unsent: Cell::new(0),
            #[cfg(feature = "fuzzing")]
            sent: std::cell::RefCell::default(),
        }
    }

    /// From the first call on nothing leaves; returns what would have since the last.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn take_sent(&self) -> Sent {
        self.sent.replace(Some(Vec::new())).unwrap_or_default()
    }

    pub(crate) fn send(&self, datagram: &[u8], to: SocketAddr) {
        #[cfg(feature = "fuzzing")]
        if let Some(sent) = self.sent.borrow_mut().as_mut() {
            sent.push((to, datagram.to_vec()));
            return;
        }
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

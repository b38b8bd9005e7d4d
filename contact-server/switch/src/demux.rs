//! Whose datagram is it? One UDP port carries every session.
//!
//! A STUN check names the session by the local ufrag in its USERNAME (RFC 8445, section 7.2.2); everything
//! else is known by its source address, once a check from there has proved to know the session's password.
//! Who proved nothing leaves no trace here: an unknown sender costs a look-up and no memory.
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    time::Instant,
};

use shared::LegId;

use crate::limits::{ADDRESS_IDLE, ADDRESSES_PER_SESSION};

/// One media session of one leg. The second of a pair is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionId {
    pub(crate) leg: LegId,
    pub(crate) number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A STUN check that names the session. It has proved nothing yet.
    Check(SessionId),
    /// From an address that has proved itself.
    Media(SessionId),
}

#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, SessionId>,
    by_address: HashMap<SocketAddr, Holder>,
    sessions: BTreeMap<SessionId, Known>,
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    session: SessionId,
    proved: Instant,
}

#[derive(Debug)]
struct Known {
    ufrag: String,
    addresses: Vec<SocketAddr>,
}

impl Demux {
    pub(crate) fn register(&mut self, ufrag: String, session: SessionId) {
        self.by_ufrag.insert(ufrag.clone(), session);
        self.sessions.insert(session, Known { ufrag, addresses: Vec::new() });
    }

    /// Forgets the session with all that led to it. Idempotent.
    pub(crate) fn forget(&mut self, session: SessionId) {
        let Some(known) = self.sessions.remove(&session) else { return };
        self.by_ufrag.remove(&known.ufrag);
        for address in known.addresses {
            self.by_address.remove(&address);
        }
    }

    pub(crate) fn knows_ufrag(&self, ufrag: &str) -> bool {
        self.by_ufrag.contains_key(ufrag)
    }

    /// None: nobody's.
    pub(crate) fn route(&self, from: SocketAddr, datagram: &[u8]) -> Option<Route> {
        if is_stun(datagram) {
            let ufrag = local_ufrag(datagram)?;
            return self.by_ufrag.get(ufrag).copied().map(Route::Check);
        }
        self.by_address.get(&from).map(|holder| Route::Media(holder.session))
    }

    /// A check of `session` from `from` has proved that it knows the password. False if the address is
    /// held by another leg's living session, or the session has its fill of addresses.
    pub(crate) fn prove(&mut self, now: Instant, from: SocketAddr, session: SessionId) -> bool {
        if !self.sessions.contains_key(&session) {
            return false;
        }
        let idle = |holder: &Holder| now.saturating_duration_since(holder.proved) >= ADDRESS_IDLE;
        match self.by_address.get_mut(&from) {
            Some(holder) if holder.session == session => {
                holder.proved = now;
                return true;
            }
            Some(holder) if holder.session.leg != session.leg && !idle(holder) => return false,
            Some(holder) => {
                let before = holder.session;
                if let Some(known) = self.sessions.get_mut(&before) {
                    known.addresses.retain(|&address| address != from);
                }
                self.by_address.remove(&from);
            }
            None => {}
        }
        let Some(known) = self.sessions.get_mut(&session) else { return false };
        if known.addresses.len() >= ADDRESSES_PER_SESSION {
            let stale =
                known.addresses.iter().position(|address| self.by_address.get(address).is_none_or(idle));
            let Some(stale) = stale else { return false };
            self.by_address.remove(&known.addresses.swap_remove(stale));
        }
        known.addresses.push(from);
        self.by_address.insert(from, Holder { session, proved: now });
        true
    }
}

const STUN_HEADER_BYTES: usize = 20;
const STUN_BINDING_REQUEST: [u8; 2] = [0, 1];
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const STUN_USERNAME: [u8; 2] = [0, 6];

/// The first byte tells STUN from DTLS, RTP and RTCP (RFC 7983, section 7).
fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|&byte| byte < 4)
}

/// The part of USERNAME before the colon, which is the receiver's own ufrag. Only a binding request has one
/// for us: an ICE-lite agent asks nothing and so awaits no answers.
fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    let (header, mut rest) = datagram.split_at_checked(STUN_HEADER_BYTES)?;
    if header[..2] != STUN_BINDING_REQUEST || header[4..8] != STUN_COOKIE {
        return None;
    }
    loop {
        let (head, tail) = rest.split_at_checked(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[..2] == STUN_USERNAME {
            let username = std::str::from_utf8(tail.get(..length)?).ok()?;
            return username.split_once(':').map(|(local, _)| local);
        }
        rest = tail.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
#[path = "demux_tests.rs"]
mod tests;

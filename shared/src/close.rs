//! WebSocket close codes. Whether a client should come back follows from the number alone, so that an old
//! client treats a new code rightly: 4000-4499 come back (after a pause), 4500-4999 do not.

/// The server goes down or moves; come back at once, with jitter.
pub const GOING_AWAY: u16 = 1001;
/// No heartbeat arrived in time.
pub const HEARTBEAT_MISSED: u16 = 4000;
/// The peer read too slowly, and its queue was full.
pub const TOO_SLOW: u16 = 4001;
/// Something failed inside the server; nothing is lost.
pub const INTERNAL: u16 = 4002;
/// Too many connections or messages; come back later.
pub const TOO_MANY: u16 = 4003;

/// The token is unknown, expired or revoked.
pub const UNAUTHORIZED: u16 = 4500;
/// A message did not decode, or broke a limit.
pub const MALFORMED: u16 = 4501;
/// The protocol revision is not served any more: reload.
pub const VERSION: u16 = 4502;
/// The same agent signed in somewhere else.
pub const DISPLACED: u16 = 4503;
/// What the socket was about has ended.
pub const FINISHED: u16 = 4504;
/// The origin of the page is not on the list.
pub const ORIGIN: u16 = 4505;

/// A client whose socket closed with this code should connect again.
pub fn should_reconnect(code: u16) -> bool {
    !(4500..5000).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_back_unless_told_otherwise() {
        assert!(should_reconnect(1006), "a lost network");
        assert!(should_reconnect(GOING_AWAY));
        assert!(should_reconnect(TOO_SLOW));
        assert!(!should_reconnect(DISPLACED));
        assert!(!should_reconnect(UNAUTHORIZED));
    }
}

//! Codes beside the causes: the SIP responses that mean the same (RFC 3261, section 21), so that records
//! read alike whichever driver placed the leg.
pub(super) const NOT_ALLOWED: u16 = 403;
pub(super) const NO_ANSWER: u16 = 408;
pub(super) const UNREACHABLE: u16 = 480;
pub(super) const BUSY: u16 = 486;
pub(super) const NOT_ACCEPTABLE: u16 = 488;
pub(super) const OVERLOADED: u16 = 503;
pub(super) const NOT_CONNECTED: u16 = 504;
pub(super) const REJECTED: u16 = 603;

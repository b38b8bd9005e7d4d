//! Every bound of the edge by its name, and the token buckets that hold callers to their rates.
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use shared::Timestamp;

/// A connection that says nothing is closed after this.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How often a client sends its heartbeat; twice this without any message closes the connection.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// A peer that takes no byte for this long is let go.
pub const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long a closing handshake may take before the connection is dropped.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// A console that stands in the way of another one must answer a ping within this, or it counts as gone.
pub const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// See [`Shares::recheck_seconds`].
pub const CUSTOMERS_LOOK_LESS: u32 = 10;

/// What one connection is read in one go, bytes; then everybody else has a turn.
pub const READ_AT_ONCE: usize = 32 * 1024;
/// Pings and pongs of somebody who has not said hello.
pub const CONTROL_UNKNOWN: usize = 8;
/// What is read of a peer whose connection we close, bytes, so that it hears why: what it had sent before it knew.
pub const GOODBYE_BYTES: usize = 1024 * 1024;
/// Socket buffers, bytes. Small ones cost least CPU and memory (measured: ARCHITECTURE's relay bench).
pub const READ_BUFFER: usize = 4 * 1024;
pub const WRITE_BUFFER: usize = 16 * 1024;

/// Connections in all, those that have not said hello included.
pub const SOCKETS: usize = 50_000;
/// Connections that have not said hello yet.
pub const SOCKETS_UNKNOWN: usize = 2_000;
/// What one of them may send until it has: no message is collected of somebody unknown.
pub const HELLO_BYTES: usize = 16 * 1024;
/// Bytes of messages that are not whole yet, of all connections; past it whoever holds more than
/// [`UNFINISHED_ALWAYS`] of one is cut off, if it sends more: whole messages of a mirror may have 8 MiB.
pub const UNFINISHED_BYTES: usize = 256 * 1024 * 1024;
pub const UNFINISHED_ALWAYS: usize = 128 * 1024;
/// TCP connections that one peer may hold beside its sockets.
pub const REQUESTS_BESIDE: u32 = 256;
/// A body that has not come whole within this is refused.
pub const BODY_WITHIN: Duration = Duration::from_secs(15);
/// Seconds after which somebody who holds too many connections may try again.
pub const CROWDED_RETRY: u32 = 10;
/// Tabs of one customer; past it a tab is told to come back later.
pub const WIDGETS_PER_CONTACT: usize = 16;
pub const PUBLISHERS_PER_CONTACT: usize = 8;
pub const VIEWERS_PER_CONTACT: usize = 16;
/// Pages of other origins in the frames of one page, at all depths.
pub const PARTS: usize = 64;
pub const HANDSETS_PER_NUMBER: usize = 4;

/// What may wait for a status socket, in bytes.
pub const OUTBOX_BYTES: usize = 256 * 1024;
/// Lines of the log that wait for whoever reads it, in bytes; as much again is being written.
pub const LOG_BYTES: usize = 1024 * 1024;
/// Patches that weigh more than this, and so many times their keyframe, are worth a new keyframe: what is kept
/// of a page that is looked at for hours stays small, and so does what a late viewer is sent.
pub const RENEW_BYTES: usize = 128 * 1024;
pub const RENEW_TIMES: usize = 4;
/// Bytes of frames that are kept of one document: one keyframe and the patches since.
pub const STREAM_BYTES: usize = 12 * 1024 * 1024;
/// Bytes of frames that are kept in all. Past it, pages that nobody looks at are not kept.
pub const MIRROR_BYTES: usize = 1024 * 1024 * 1024;
/// Bytes that are fed to a viewer before each flush.
pub const BATCH_BYTES: usize = 64 * 1024;
/// Pages of one contact that went away, of which viewers may not have heard.
pub const ENDED_PAGES: usize = 32;
/// How long the log of a page that was cut off is kept for it. As long as pages go on by themselves.
pub const PAGE_RESTS: Duration = Duration::from_mins(1);
/// Push outcomes that wait for a viewer.
pub const OUTCOMES: usize = 32;
/// Marks of other viewers that wait for a viewer.
pub const MARKS: usize = 64;
/// Deeds that a page has not answered; past it the oldest counts as refused.
pub const ACTS_PENDING: usize = 256;
/// A budget or a viewer's trouble asks the page for a keyframe at most this often.
pub const KEYFRAME_EVERY: Duration = Duration::from_secs(30);
/// A recording that may go on after a page that was left out asks at most this often.
pub const HURRY_EVERY: Duration = Duration::from_secs(5);

/// What gathers before it is sealed and written to a recording: so much, or so long.
pub const SEGMENT_BYTES: usize = 512 * 1024;
pub const SEGMENT_EVERY: Duration = Duration::from_secs(2);
/// Written segments that a power cut may take with it; a crash of the server alone takes none.
pub const SEGMENTS_PER_SYNC: usize = 5;
/// What may wait for the disk of one recording, and of all; past it the recording has a gap.
pub const TAPE_BYTES: usize = 4 * 1024 * 1024;
pub const TAPES_BYTES: usize = 256 * 1024 * 1024;
/// Recordings that write at the same moment.
pub const RECORDINGS_AT_DISK: usize = 4;
/// One recording; past it, it ends.
pub const RECORDING_BYTES: u64 = 256 * 1024 * 1024;
pub const RECORDING_SEGMENTS: usize = 32 * 1024;
/// How long recordings of a contact may be played before it must be asked for again.
pub const PLAY_TOKEN: Duration = Duration::from_hours(2);

/// Messages a second on a socket that people type and click at, and how many at once.
pub const MESSAGES: Rate = Rate { burst: 60, per_minute: 1_200 };
/// Marks that one viewer shows in a page; what is more is dropped.
pub const POINTS: Rate = Rate { burst: 120, per_minute: 2_400 };
/// Deeds of one viewer; what is more is refused.
pub const ACTS: Rate = Rate { burst: 60, per_minute: 1_800 };
/// Mirror frames: a page that changes at every animation frame, and pointer moves.
pub const FRAMES: Rate = Rate { burst: 600, per_minute: 12_000 };
/// Mirror bytes in KiB: two of the greatest keyframes at once, 2 MiB a second in the long run.
pub const FRAME_KIB: Rate = Rate { burst: 16 * 1024, per_minute: 60 * 2 * 1024 };

/// Pings and pongs, which count for nothing else.
pub const CONTROL: Rate = Rate { burst: 60, per_minute: 600 };
/// Capabilities to see a page that one console is given.
pub const VIEW_GRANTS: Rate = Rate { burst: 20, per_minute: 30 };

/// How long a session code is good.
pub const SESSION_CODE: Duration = Duration::from_mins(5);
/// Codes that one customer is given.
pub const CODES: Rate = Rate { burst: 5, per_minute: 4 };
/// Codes that one agent tries, right or wrong, and those that all agents of a business do.
pub const CODE_TRIES: Rate = Rate { burst: 5, per_minute: 3 };
pub const CODE_TRIES_OF_ALL: Rate = Rate { burst: 60, per_minute: 60 };

/// How often one replica that lost the thread is sent the whole page again.
pub const RESENDS: Rate = Rate { burst: 3, per_minute: 6 };

/// Sign-ins of all addresses that are verified as those of people who come to work; more are a crowd's.
pub const SIGN_INS_OF_PEOPLE: Rate = Rate { burst: 10, per_minute: 30 };
/// Sign-ins that wait for their turn; past it they are told to come back.
pub const PASSWORDS_WAITING: usize = 64;
pub const LOGIN_BYTES: usize = 128;

pub const CONTACT_TOKEN: Duration = Duration::from_hours(24);
pub const AGENT_SESSION: Duration = Duration::from_hours(12);
pub const VIEWER_TOKEN: Duration = Duration::from_hours(4);
pub const HANDSET_TOKEN: Duration = Duration::from_hours(7 * 24);

/// A customer's name, in characters.
pub const NAME_CHARS: usize = 100;
/// A number as typed, in characters.
pub const NUMBER_CHARS: usize = 40;
/// Names of skills, zones, languages, dispositions and versions, in bytes.
pub const LABEL_BYTES: usize = 64;
pub const DISPOSITION_BYTES: usize = 100;
/// What is ordered, on one line, in characters.
pub const ITEM_CHARS: usize = 200;
/// A search in the history, in characters.
pub const SEARCH_CHARS: usize = 100;

/// Addresses that one set of buckets remembers in each of its two generations.
const REMEMBERED: usize = 32_768;

/// How many at once, and how many in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub burst: u32,
    pub per_minute: u32,
}

/// What one address may ask of the public interface. Part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Whatever is no file: requests of every kind, and sockets that are opened.
    pub all: Rate,
    /// Call requests.
    pub requests: Rate,
    /// Questions whether a number can be called, and what a site offers.
    pub numbers: Rate,
    /// Sign-ins from one address, right or wrong; codes of handsets.
    pub sign_in: Rate,
    /// Sign-ins to one login from anywhere.
    pub login: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            all: Rate { burst: 1_000, per_minute: 12_000 },
            requests: Rate { burst: 20, per_minute: 10 },
            numbers: Rate { burst: 120, per_minute: 120 },
            sign_in: Rate { burst: 20, per_minute: 20 },
            login: Rate { burst: 10, per_minute: 6 },
        }
    }
}

/// How much one address may hold at a time. Part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Open sockets. A shop's visitors behind one address share them, and so do a call centre's agents.
    pub sockets_per_address: u32,
    /// Different telephone numbers that one address may ask calls to, in 24 hours.
    pub numbers_per_address: u32,
    /// How soon an open socket of an agent notices that its session was ended by another process. Customers'
    /// sockets look [`CUSTOMERS_LOOK_LESS`] times as seldom.
    pub recheck_seconds: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self { sockets_per_address: 1_000, numbers_per_address: 10, recheck_seconds: 30 }
    }
}

/// One caller's bucket. Holds thousandths of tokens, so that slow rates refill smoothly.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    millis: u64,
    at: Timestamp,
}

impl Bucket {
    pub fn full(rate: Rate, now: Timestamp) -> Self {
        Self { millis: u64::from(rate.burst) * 1_000, at: now }
    }

    /// Takes `count` tokens, or takes none and returns the whole seconds until they are there.
    pub fn take(&mut self, rate: Rate, count: u32, now: Timestamp) -> Result<(), u32> {
        let elapsed = now.0.saturating_sub(self.at.0);
        let refill = elapsed.saturating_mul(u64::from(rate.per_minute)) / 60;
        let most = u64::from(rate.burst) * 1_000;
        // Time that bought nothing yet is kept, or a caller who asks often would never be refilled.
        if refill > 0 || self.millis >= most {
            self.millis = self.millis.saturating_add(refill).min(most);
            self.at = now;
        }
        let price = u64::from(count) * 1_000;
        if let Some(left) = self.millis.checked_sub(price) {
            self.millis = left;
            return Ok(());
        }
        let missing_ms = (price - self.millis) * 60 / u64::from(rate.per_minute.max(1));
        Err(u32::try_from(missing_ms.div_ceil(1_000)).unwrap_or(u32::MAX).max(1))
    }
}

/// Buckets by caller in bounded memory: two generations, the older of which is forgotten when the younger
/// is full. Whoever is forgotten has not asked for as long as thousands of others did.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    generations: Mutex<[HashMap<K, Bucket>; 2]>,
}

impl<K: std::hash::Hash + Eq> Buckets<K> {
    pub fn new(rate: Rate) -> Self {
        Self { rate, generations: Mutex::new([HashMap::new(), HashMap::new()]) }
    }

    /// Takes one token of that caller, or returns the seconds until there is one.
    pub fn take(&self, caller: K, now: Timestamp) -> Result<(), u32> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        let mut bucket = match young.remove(&caller).or_else(|| old.remove(&caller)) {
            Some(bucket) => bucket,
            None => Bucket::full(self.rate, now),
        };
        let taken = bucket.take(self.rate, 1, now);
        if young.len() >= REMEMBERED {
            *old = std::mem::take(young);
        }
        young.insert(caller, bucket);
        taken
    }
}

/// The caller that an address stands for: IPv6 customers own at least a /64 (RFC 6177).
pub fn caller(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Rate = Rate { burst: 2, per_minute: 6 };

    #[test]
    fn burst_passes_then_the_rate_holds() {
        let mut bucket = Bucket::full(SLOW, Timestamp(0));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(0)), Ok(()));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(0)), Ok(()));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(0)), Err(10));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(9_000)), Err(1));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(10_000)), Ok(()));
        assert_eq!(bucket.take(SLOW, 1, Timestamp(10_000)), Err(10));
    }

    #[test]
    fn asking_without_pause_does_not_starve_the_refill() {
        let mut bucket = Bucket::full(SLOW, Timestamp(0));
        let passed = (0..60_000).filter(|ms| bucket.take(SLOW, 1, Timestamp(*ms)).is_ok()).count();
        assert_eq!(passed, 2 + 5);
    }

    #[test]
    fn callers_do_not_share_a_bucket_and_memory_is_bounded() {
        let buckets = Buckets::new(SLOW);
        for caller in 0..u32::try_from(REMEMBERED * 3).unwrap() {
            assert_eq!(buckets.take(caller, Timestamp(0)), Ok(()));
        }
        let [young, old] = &*buckets.generations.lock().unwrap();
        assert!(young.len() + old.len() <= 2 * REMEMBERED);
    }

    #[test]
    fn one_ipv6_network_is_one_caller() {
        let a: IpAddr = "2001:db8:1:2:3::4".parse().unwrap();
        let b: IpAddr = "2001:db8:1:2:ffff::1".parse().unwrap();
        assert_eq!(caller(a), caller(b));
        assert_eq!(caller("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}

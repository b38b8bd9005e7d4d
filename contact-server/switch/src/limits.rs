//! Every bound of the switch, with its unit.
use std::time::Duration;

/// One frame of voice, and the beat of the mixer.
pub const TICK: Duration = Duration::from_millis(20);
/// Samples in a tick at 8 kHz; also what the RTP clock of PCMU advances.
pub const TICK_SAMPLES: u32 = 160;
/// Past so many ticks behind (a machine that slept), the missed ones are passed over instead of made up for.
pub const TICKS_BEHIND: u32 = 10;

/// A leg that has sent voice and sends none for so long has lost its media. Browsers send a packet every
/// 20 ms, muted or not.
pub const VOICE_SILENCE: Duration = Duration::from_secs(2);
/// A session whose browser asks for no consent for so long is dead, also if it never sends voice (RFC 7675
/// asks every 5 s, Chromium every 2.5 s).
pub const CONSENT: Duration = Duration::from_secs(10);

/// Legs that one switch carries.
pub const LEGS: usize = 10_000;
/// Commands that wait for the media task.
pub const COMMAND_QUEUE: usize = 65_536;
/// Commands done between two looks at the clock.
pub const COMMANDS_PER_ROUND: usize = 64;
/// Events that wait for their reader in the channel, and behind it.
pub const EVENT_QUEUE: usize = 4_096;
pub const EVENT_BACKLOG: usize = 65_536;

/// Datagrams read between two looks at the clock, so that no flood holds up the mixer.
pub const DATAGRAMS_PER_ROUND: usize = 64;
/// Largest datagram that is looked at, in bytes: no honest one exceeds the network's 1500.
pub const DATAGRAM_BYTES: usize = 2_000;
/// Datagrams that one session may bring in one tick; one is usual, more come after a jam on the way.
pub const SESSION_DATAGRAMS_PER_TICK: u32 = 100;
/// Addresses from which one session may be heard at a time: a browser's interfaces and NAT mappings.
pub const ADDRESSES_PER_SESSION: usize = 8;
/// An address that has not proved itself for so long may be taken over by another session.
pub const ADDRESS_IDLE: Duration = CONSENT;

//! The server as those see it who run it: what they erase, back up, measure and check.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
mod backups;
mod bridge;
mod doctor;
mod erasure;
mod process;
mod retention;
mod search;
mod seen;

//! The rules as claims, and a simulation of random histories. Helpers: [`stage`], [`ledger`].
#![expect(clippy::wildcard_enum_match_arm, reason = "a claim looks at a few variants and at nothing else")]
mod agents;
mod calls;
mod erasures;
mod lead;
mod ledger;
mod requests;
mod restarts;
mod shown;
mod sim;
mod stage;
mod watch;

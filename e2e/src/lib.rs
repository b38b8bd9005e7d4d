//! What browser stories share: a stage (server and shop on two sites), people with browsers of their own, an
//! ear that tells tones apart, and a tap on everything that leaves a browser.
//!
//! Everything is real: the built server with a database on disk, Chromium, UDP, DTLS-SRTP. Nothing here waits
//! for a length of time where an event can be waited for.
pub mod agent;
pub mod api;
pub mod axe;
pub mod ear;
pub mod handset;
pub mod main_job;
pub mod merchant;
pub mod mirrored;
pub mod person;
pub mod recorded;
pub mod relay;
pub mod shopper;
pub mod socket;
pub mod stage;
pub mod tap;

pub use person::{Mic, Person, Troupe};
pub use stage::{Stage, StageOptions};

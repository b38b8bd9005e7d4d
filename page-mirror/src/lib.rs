//! The page as data.
//!
//! A recorder in the customer's page hands over one batch of what changed ([`record::Recorder`]), which
//! becomes the bytes of a frame; a viewer turns frames into one batch of operations on a document of its
//! own ([`replay::Replica`]). Both keep the same [`tree`], so that a batch that would not apply is noticed
//! before it is sent.
//!
//! This crate knows no browser, no clock, no random source and no socket. It decides everything that must
//! not go wrong: what is masked ([`mask`]), what a replica may hold ([`replay`]'s allow-lists), and how
//! large anything may grow ([`limits`]).
//!
//! # Invariants
//! - After each frame the replica's tree equals the recorder's.
//! - Decoding is total: any bytes give an error or a valid change, within the limits.
//! - A value that is masked is not in the bytes.
pub mod codec;
pub mod limits;
pub mod mask;
pub mod parts;
pub mod record;
#[cfg(feature = "replay")]
pub mod replay;
pub mod tree;

mod words;

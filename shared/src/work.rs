//! Proof of work: what a server that is under attack asks for before it takes a request. How a proof is looked for,
//! and how it is checked.
//!
//! A challenge is a text, and its seed the SHA-256 of that text. A proof names a nonce for each of [`PIECES`] pieces:
//! the SHA-256 of seed, piece and nonce begins with as many zero bits as the challenge asks for. Many small searches
//! take everybody about as long; one great search may take five times its mean.
use alloc::{string::String, vec::Vec};
use core::{fmt::Write as _, ops::RangeInclusive};

use sha2::{Digest as _, Sha256};

extern crate alloc;

/// Searches that one proof takes.
pub const PIECES: u8 = 16;
/// Zero bits that a challenge may ask for. Each doubles the work.
pub const BITS: RangeInclusive<u8> = 1..=20;
/// The request's header that carries a proof.
pub const HEADER: &str = "ringside-proof";

/// Hexadecimal digits of a nonce.
const DIGITS: usize = 8;

/// A search that can be done bit by bit.
pub struct Search<'a> {
    challenge: &'a str,
    seed: [u8; 32],
    bits: u8,
    found: Vec<u32>,
    next: u32,
}

impl<'a> Search<'a> {
    /// None: no server of this version asks for so many bits.
    pub fn new(challenge: &'a str, bits: u8) -> Option<Self> {
        let search = || Self { challenge, seed: seed(challenge), bits, found: Vec::new(), next: 0 };
        BITS.contains(&bits).then(search)
    }

    /// Tries that many nonces. The proof, once it is whole: the value of the [`HEADER`].
    pub fn go_on(&mut self, tries: u32) -> Option<String> {
        for _ in 0..tries {
            if self.found.len() >= usize::from(PIECES) {
                return Some(self.proof());
            }
            let nonce = self.next;
            self.next = nonce.wrapping_add(1);
            if solves(&self.seed, self.found.len(), nonce, self.bits) {
                self.found.push(nonce);
                self.next = 0;
            }
        }
        None
    }

    fn proof(&self) -> String {
        let mut proof = String::from(self.challenge);
        proof.push('.');
        for nonce in &self.found {
            // A String takes every write.
            let _ = write!(proof, "{nonce:08x}");
        }
        proof
    }
}

/// The challenge that a proof names, and its nonces as they are written; None if it has another shape.
pub fn parts(proof: &str) -> Option<(&str, &str)> {
    let (challenge, nonces) = proof.split_once('.')?;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (nonces.len() == usize::from(PIECES) * DIGITS && is_hex(nonces)).then_some((challenge, nonces))
}

/// True if each of the nonces solves its piece. It takes [`PIECES`] hashes at most.
pub fn is_done(challenge: &str, nonces: &str, bits: u8) -> bool {
    let seed = seed(challenge);
    let mut pieces = 0;
    for digits in nonces.as_bytes().chunks(DIGITS) {
        let nonce = core::str::from_utf8(digits).ok().and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if !nonce.is_some_and(|nonce| solves(&seed, pieces, nonce, bits)) {
            return false;
        }
        pieces += 1;
    }
    pieces == usize::from(PIECES)
}

fn seed(challenge: &str) -> [u8; 32] {
    Sha256::digest(challenge.as_bytes()).into()
}

/// Seed, piece and nonce fit one block of SHA-256.
fn solves(seed: &[u8; 32], piece: usize, nonce: u32, bits: u8) -> bool {
    let mut block = [0; 40];
    block[..32].copy_from_slice(seed);
    block[32..36].copy_from_slice(&(piece as u32).to_be_bytes());
    block[36..].copy_from_slice(&nonce.to_be_bytes());
    let hash = Sha256::digest(block);
    let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    first.leading_zeros() >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_found_is_a_proof_of_that_challenge_and_of_no_other() {
        let proof = found("challenge", 4);
        let (challenge, nonces) = parts(&proof).unwrap();
        assert_eq!(challenge, "challenge");
        assert!(is_done(challenge, nonces, 4));
        assert!(!is_done("another", nonces, 4) && !is_done(challenge, nonces, 12));
    }

    /// What is in the field must go on being understood: never change it.
    #[test]
    fn a_proof_is_written_like_this_for_ever() {
        // Worked out by another program (Python's hashlib).
        let golden = "c.00000000000000050000000300000009000000000000002b0000001300000001\
            00000009000000110000000e0000000100000000000000080000000500000008";
        assert_eq!(found("c", 3), golden);
    }

    #[test]
    fn one_wrong_nonce_and_one_that_is_missing_make_no_proof() {
        let proof = found("challenge", 6);
        let (challenge, nonces) = parts(&proof).unwrap();
        for piece in 0..usize::from(PIECES) {
            let mut wrong = nonces.to_owned();
            wrong.replace_range(piece * DIGITS..(piece + 1) * DIGITS, "ffffffff");
            assert!(!is_done(challenge, &wrong, 6), "piece {piece}");
        }
        assert!(!is_done(challenge, &nonces[DIGITS..], 6) && !is_done(challenge, "", 6));
        assert_eq!(parts(&proof[..proof.len() - 1]), None);
        assert_eq!(parts(&["challenge.", &"+".repeat(128)].concat()), None);
    }

    #[test]
    fn nobody_looks_for_what_no_server_asks() {
        assert!(Search::new("c", 0).is_none() && Search::new("c", 21).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_a_proof_is_read_without_a_fault(text in ".{0,200}", bits: u8) {
            if let Some((challenge, nonces)) = parts(&text) {
                is_done(challenge, nonces, bits);
            }
        }
    }

    fn found(challenge: &str, bits: u8) -> String {
        let mut search = Search::new(challenge, bits).unwrap();
        core::iter::from_fn(|| Some(search.go_on(100))).flatten().next().unwrap()
    }
}

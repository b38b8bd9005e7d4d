//! Challenges that the server need not remember, and the proofs that it must: those that were used.
//!
//! A challenge says its difficulty, its end and a random salt, and carries a MAC over these and over whom it was given
//! to: business, origin, network. So it is good for nobody else, and what is remembered of it is its salt, until its end.
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use shared::{BusinessId, Timestamp, work};

use crate::ids;

/// How long a challenge is good for. Slow telephones and background tabs need seconds.
pub const GOOD_FOR: Duration = Duration::from_secs(120);

/// Version, bits, end, salt; then the MAC.
const HEAD: usize = 1 + 1 + 8 + SALT;
const SALT: usize = 16;
const MAC: usize = 16;
const VERSION: u8 = 1;

/// Who is asked for a proof.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    pub business: BusinessId,
    pub origin: &'a str,
    pub network: IpAddr,
}

/// Makes challenges and knows its own again.
pub struct Mint {
    secret: [u8; 32],
}

/// A challenge that was solved: what must not come again, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Solved {
    end: Timestamp,
    salt: [u8; SALT],
}

/// Why a proof counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    #[error("it is not written as a proof")]
    Unreadable,
    /// Of somebody else, of another server, or bent.
    #[error("the challenge was not given to this visitor")]
    Foreign,
    #[error("the challenge is too old")]
    Expired,
    #[error("the challenge is not solved")]
    Unsolved,
    #[error("the proof was used before")]
    Spent,
}

impl Mint {
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    pub fn challenge(&self, to: Visitor<'_>, bits: u8, now: Timestamp, salt: u128) -> String {
        let mut bytes = vec![VERSION, bits];
        bytes.extend((now + GOOD_FOR).0.to_be_bytes());
        bytes.extend(salt.to_be_bytes());
        let mac = self.mac(to, &bytes).finalize().into_bytes();
        bytes.extend(&mac[..MAC]);
        ids::hex(&bytes)
    }

    /// Looks whether it was given out before it hashes a single nonce.
    pub fn check(&self, proof: &str, of: Visitor<'_>, now: Timestamp) -> Result<Solved, Bad> {
        let (challenge, nonces) = work::parts(proof).ok_or(Bad::Unreadable)?;
        let bytes = unhex(challenge).ok_or(Bad::Unreadable)?;
        let (head, mac) = bytes.split_at(HEAD);
        self.mac(of, head).verify_truncated_left(mac).map_err(|_| Bad::Foreign)?;
        let [_, bits, rest @ ..] = head else { return Err(Bad::Unreadable) };
        let (end, salt) = rest.split_at(8);
        let end = Timestamp(u64::from_be_bytes(end.try_into().map_err(|_| Bad::Unreadable)?));
        let salt = salt.try_into().map_err(|_| Bad::Unreadable)?;
        if end <= now {
            return Err(Bad::Expired);
        }
        if !work::is_done(challenge, nonces, *bits) {
            return Err(Bad::Unsolved);
        }
        Ok(Solved { end, salt })
    }

    fn mac(&self, visitor: Visitor<'_>, head: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        let network = match visitor.network {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        mac.update(head);
        mac.update(&visitor.business.0.to_be_bytes());
        mac.update(&network.octets());
        // Hashed, so that every part has one length.
        mac.update(&Sha256::digest(visitor.origin));
        mac
    }
}

/// Exactly the length of a challenge, in the digits that this server writes.
fn unhex(text: &str) -> Option<[u8; HEAD + MAC]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; HEAD + MAC];
    let pairs = text.as_bytes();
    if pairs.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs.chunks(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Proofs that were used and could come again, in bounded memory.
#[derive(Debug)]
pub struct Spent {
    most: usize,
    /// The first to end is the first.
    proofs: BTreeSet<Solved>,
}

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    Done,
    Before,
    /// There is no room to remember it, until then.
    Full(Timestamp),
}

impl Spent {
    pub fn new(most: usize) -> Self {
        Self { most, proofs: BTreeSet::new() }
    }

    pub fn spend(&mut self, proof: Solved, now: Timestamp) -> Spending {
        while self.proofs.first().is_some_and(|first| first.end <= now) {
            self.proofs.pop_first();
        }
        if self.proofs.contains(&proof) {
            return Spending::Before;
        }
        if self.proofs.len() >= self.most {
            return Spending::Full(self.proofs.first().map_or(now + GOOD_FOR, |first| first.end));
        }
        self.proofs.insert(proof);
        Spending::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const BITS: u8 = 3;

    #[test]
    fn a_proof_is_good_for_whom_it_was_asked_of_until_it_ends() {
        let mint = Mint::new([7; 32]);
        let challenge = mint.challenge(visitor(), BITS, NOW, 42);
        let proof = solve(&challenge, BITS);
        assert!(mint.check(&proof, visitor(), NOW).is_ok());
        let last = Timestamp(NOW.0 + 119_999);
        assert!(mint.check(&proof, visitor(), last).is_ok());
        assert_eq!(mint.check(&proof, visitor(), NOW + GOOD_FOR), Err(Bad::Expired));
        for foreign in [
            Visitor { business: BusinessId(2), ..visitor() },
            Visitor { origin: "https://other.example", ..visitor() },
            Visitor { network: "198.51.101.0".parse().unwrap(), ..visitor() },
            Visitor { network: "2001:db8::".parse().unwrap(), ..visitor() },
        ] {
            assert_eq!(mint.check(&proof, foreign, NOW), Err(Bad::Foreign), "{foreign:?}");
        }
        assert_eq!(Mint::new([8; 32]).check(&proof, visitor(), NOW), Err(Bad::Foreign), "another server's");
    }

    #[test]
    fn nothing_of_a_challenge_can_be_changed() {
        let mint = Mint::new([7; 32]);
        let challenge = mint.challenge(visitor(), BITS, NOW, 42);
        let proof = solve(&challenge, BITS);
        for place in 0..challenge.len() {
            let mut bent = proof.clone();
            let other = if &bent[place..=place] == "0" { "1" } else { "0" };
            bent.replace_range(place..=place, other);
            assert_eq!(mint.check(&bent, visitor(), NOW), Err(Bad::Foreign), "digit {place}");
        }
    }

    #[test]
    fn work_that_is_too_easy_and_what_is_no_proof_count_for_nothing() {
        let mint = Mint::new([7; 32]);
        let challenge = mint.challenge(visitor(), 12, NOW, 42);
        assert_eq!(mint.check(&solve(&challenge, 4), visitor(), NOW), Err(Bad::Unsolved));
        let zeros = "0".repeat(128);
        for text in
            ["", ".", &challenge, &[&challenge, "."].concat(), &["Z", &challenge[1..], ".", &zeros].concat()]
        {
            assert_eq!(mint.check(text, visitor(), NOW), Err(Bad::Unreadable), "{text}");
        }
    }

    #[test]
    fn each_proof_counts_once_and_where_there_is_no_room_none_counts() {
        let proof = |end: u64, n: u8| Solved { end: Timestamp(end), salt: [n; SALT] };
        let mut spent = Spent::new(2);
        assert_eq!(spent.spend(proof(50, 1), Timestamp(0)), Spending::Done);
        assert_eq!(spent.spend(proof(50, 1), Timestamp(49)), Spending::Before);
        assert_eq!(spent.spend(proof(90, 2), Timestamp(0)), Spending::Done);
        assert_eq!(spent.spend(proof(90, 3), Timestamp(0)), Spending::Full(Timestamp(50)));
        assert_eq!(spent.spend(proof(90, 3), Timestamp(50)), Spending::Done, "one has ended");
        assert_eq!(spent.proofs.len(), 2);
    }

    fn visitor() -> Visitor<'static> {
        let network = "198.51.100.0".parse().unwrap();
        Visitor { business: BusinessId(1), origin: "https://shop.example", network }
    }

    fn solve(challenge: &str, bits: u8) -> String {
        let mut search = work::Search::new(challenge, bits).unwrap();
        std::iter::from_fn(|| Some(search.go_on(100))).flatten().next().unwrap()
    }
}

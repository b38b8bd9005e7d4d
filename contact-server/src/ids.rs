//! Where ids, tokens and seeds come from: the operating system's random source.
use contact_core::record::TokenHash;
use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use shared::Timestamp;

/// Makes a 128-bit id in the layout of UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random
/// bits. New rows stand near each other in an index; nothing else may be read from the order.
pub fn fresh(now: Timestamp) -> u128 {
    let random = u128::from_be_bytes(random_bytes());
    let time = u128::from(now.0 & 0xFFFF_FFFF_FFFF) << 80;
    let version = 0x7_u128 << 76;
    let variant = 0b10_u128 << 62;
    let free = !(0xFFFF_FFFF_FFFF_u128 << 80 | 0xF_u128 << 76 | 0b11_u128 << 62);
    time | version | variant | (random & free)
}

/// Makes a 256-bit bearer token: 64 hexadecimal digits. Only its [`hash`] is kept.
pub fn token() -> String {
    hex(&random_bytes::<32>())
}

/// What is stored of a token. Looking up a hash tells an attacker nothing by its time, so no comparison of
/// tokens needs to be constant-time.
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Random bytes for a `Center`, which derives its leg and effect ids from them.
pub fn seed() -> [u8; 32] {
    random_bytes()
}

/// The id of a span in a trace; never nought.
pub fn span() -> u64 {
    u64::from_be_bytes(random_bytes()).max(1)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// For keys, nonces and the like.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without the system's random source no token is safe: stopping is the only right answer.
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system's random source works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_has_the_layout_of_uuid_v7() {
        let id = fresh(Timestamp(0x0191_2345_6789));
        assert_eq!(id >> 80, 0x0191_2345_6789);
        assert_eq!(id >> 76 & 0xF, 7, "version");
        assert_eq!(id >> 62 & 0b11, 0b10, "variant");
        assert_ne!(id, fresh(Timestamp(0x0191_2345_6789)));
    }

    #[test]
    fn token_is_256_bits_and_hashes_with_sha_256() {
        let token = token();
        assert_eq!(token.len(), 64);
        assert_ne!(token, super::token());
        assert_eq!(hex(&hash("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

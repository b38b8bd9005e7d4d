//! Sealed bytes: AES-256 in Galois/Counter Mode (NIST SP 800-38D), by AWS-LC.
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

pub const KEY_BYTES: usize = 32;
/// What sealing adds.
pub const TAG_BYTES: usize = 16;

/// What was sealed with another key, in another place, or has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed does not open with this key")]
pub struct SealError;

/// The bytes of a recording's key, opened.
pub type Opened = Box<[u8; KEY_BYTES]>;

/// Seals and opens. Tells nothing in `Debug`.
pub struct DataKey(LessSafeKey);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey")
    }
}

impl DataKey {
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of this length is one");
        Self(LessSafeKey::new(key))
    }

    /// No nonce may ever come twice with one key.
    pub fn seal(&self, nonce: [u8; 12], bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::with_capacity(plain.len() + TAG_BYTES);
        out.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce, Aad::from(bound), &mut out).map_err(|_| SealError)?;
        Ok(out)
    }

    /// A key that was sealed.
    pub fn open(&self, nonce: [u8; 12], bound: &[u8], sealed: &[u8]) -> Result<Opened, SealError> {
        let plain = self.open_all(nonce, bound, sealed.to_vec())?;
        Ok(Box::new(<[u8; KEY_BYTES]>::try_from(plain.as_slice()).map_err(|_| SealError)?))
    }

    pub fn open_all(&self, nonce: [u8; 12], bound: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self.0.open_in_place(nonce, Aad::from(bound), &mut sealed).map_err(|_| SealError)?;
        let length = plain.len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

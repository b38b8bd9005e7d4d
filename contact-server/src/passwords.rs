//! Agents' passwords: argon2id in PHC strings.
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use rand::{TryRng as _, rngs::SysRng};

mod aside;
pub use aside::{Aside, AsideError};

/// Fewer characters are refused; NIST SP 800-63B, section 3.1.1.2, asks for at least 8 with a second factor
/// and 15 without. A call centre's console has none yet, so the middle is required and the rest advised.
pub const SHORTEST: usize = 10;
/// More bytes are refused before any hashing, so that nobody makes the server hash a book.
pub const LONGEST_BYTES: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password has fewer than {SHORTEST} characters: choose a longer one")]
    TooShort,
    #[error("the password is longer than {LONGEST_BYTES} bytes: choose a shorter one")]
    TooLong,
    #[error("the password cannot be hashed")]
    Hash,
}

/// Returns the PHC string. Takes tens of milliseconds of CPU: call it from a blocking thread.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordError::TooShort);
    }
    if password.len() > LONGEST_BYTES {
        return Err(PasswordError::TooLong);
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// True if the password is the one of the PHC string; false also for a string that is none. As slow as
/// [`hash`].
pub fn verify(password: &str, phc: &str) -> bool {
    password.len() <= LONGEST_BYTES
        && PasswordHash::new(phc)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Makes a password that can be read out: 20 letters and digits without look-alikes, about 98 bits.
pub fn generate() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    // Without the system's random source no password is safe: stopping is the only right answer.
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system's random source works");
    bytes.iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_passes() {
        let phc = hash("correct horse").unwrap();
        assert!(phc.starts_with("$argon2id$"));
        assert!(verify("correct horse", &phc));
        assert!(!verify("correct horsf", &phc));
        assert!(!verify("correct horse", "not a hash"));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash("123456789"), Err(PasswordError::TooShort));
        assert_eq!(hash(&"x".repeat(257)), Err(PasswordError::TooLong));
        assert!(hash(&generate()).is_ok());
    }
}

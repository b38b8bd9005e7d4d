//! Agents' passwords: argon2id in PHC strings.
use argon2::{
    Algorithm, Argon2, Block, Params,
    password_hash::{
        PasswordHasher as _,
        phc::{Output, PasswordHash},
    },
};
use rand::{TryRng as _, rngs::SysRng};

mod aside;
pub use aside::{Aside, AsideError, Lane};

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

/// What a password is verified in: 19 MiB, once it was.
#[derive(Default)]
pub struct Memory(Vec<Block>);

/// True if the password is the one of the PHC string; false also for a string that is none. As slow as
/// [`hash`].
pub fn verify(password: &str, phc: &str) -> bool {
    verify_in(&mut Memory::default(), password, phc)
}

/// As [`verify`]. Memory that was used before saves the system taking it back and clearing it.
pub fn verify_in(memory: &mut Memory, password: &str, phc: &str) -> bool {
    password.len() <= LONGEST_BYTES && is_of(memory, password, phc).unwrap_or(false)
}

fn is_of(Memory(blocks): &mut Memory, password: &str, phc: &str) -> Option<bool> {
    let known = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&known).ok()?;
    let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
    let version = known.version?.try_into().ok()?;
    let (salt, expected) = (known.salt?, known.hash?);
    blocks.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(algorithm, version, params);
    let mut made = vec![0; expected.len()];
    let password = password.as_bytes();
    argon2.hash_password_into_with_memory(password, &salt, &mut made, &mut blocks[..]).ok()?;
    // In a time that says nothing of where they differ.
    Some(Output::new(&made).ok()? == expected)
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
        assert!(!verify("correct horse", &phc[..phc.rfind('$').unwrap()]));
    }

    #[test]
    fn memory_that_was_used_before_changes_nothing() {
        let (one, other) = (hash("correct horse").unwrap(), hash("battery staple").unwrap());
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert!(verify_in(&mut memory, "correct horse", &one));
            assert!(!verify_in(&mut memory, "correct horse", &other));
            assert!(verify_in(&mut memory, "battery staple", &other));
        }
        // As anybody else's argon2id reads it (phc-winner-argon2, test.c: t=2, m=256, p=1).
        let known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify_in(&mut memory, "password", known));
        assert!(!verify_in(&mut memory, "passwore", known));
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash("123456789"), Err(PasswordError::TooShort));
        assert_eq!(hash(&"x".repeat(257)), Err(PasswordError::TooLong));
        assert!(hash(&generate()).is_ok());
    }
}

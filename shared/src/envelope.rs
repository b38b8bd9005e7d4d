//! One message on the wire: what it is, how long, and its body in postcard.
//!
//! postcard cannot pass over what it does not know, so the envelope does: `kind` (u16, little-endian),
//! length of the body in bytes (u32, little-endian), body. Bodies are flat structs; fields are only ever
//! appended under a new kind. A kind that this build does not know decodes as `Unknown`; receivers go on.
use alloc::vec::Vec;

use serde::{Serialize, de::DeserializeOwned};

extern crate alloc;

/// Why bytes from a peer are no message. The connection is closed with [`crate::close::MALFORMED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("the message ends before its length says")]
    Truncated,
    #[error("bytes follow the message")]
    Trailing,
    #[error("the body of kind {0} does not decode")]
    Body(u16),
}

/// Bytes before the body.
pub const HEADER_BYTES: usize = 6;

/// Splits the front message off `bytes`: (kind, body, what follows).
pub fn split(bytes: &[u8]) -> Result<(u16, &[u8], &[u8]), WireError> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(WireError::Truncated)?;
    let kind = u16::from_le_bytes([header[0], header[1]]);
    let length = u32::from_le_bytes([header[2], header[3], header[4], header[5]]);
    let length = usize::try_from(length).map_err(|_| WireError::Truncated)?;
    let (body, rest) = rest.split_at_checked(length).ok_or(WireError::Truncated)?;
    Ok((kind, body, rest))
}

/// Reads a body that must be used up to its last byte.
pub fn body<T: DeserializeOwned>(kind: u16, bytes: &[u8]) -> Result<T, WireError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(WireError::Body(kind)),
    }
}

/// Writes the whole message.
pub fn write<T: Serialize>(kind: u16, body: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    // Not `expect`: it would print the error, and printing weighs 4 kB in every browser.
    let Ok(mut out) = postcard::to_extend(body, out) else { unreachable!("a Vec takes every byte") };
    let length = u32::try_from(out.len() - HEADER_BYTES).expect("messages are far below 4 GiB");
    out[2..HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
    out
}

/// Declares one direction of a protocol: an enum with one variant a kind, its codec, and `Unknown`.
#[macro_export]
macro_rules! messages {
    ($(#[$doc:meta])* pub enum $name:ident { $($kind:literal => $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($variant($variant),)+
            /// A kind that this build does not know. Receivers go on.
            Unknown { kind: u16 },
        }

        impl $name {
            /// Writes one message with its envelope. `Unknown` cannot be sent and gives no bytes.
            pub fn encode(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(body) => $crate::envelope::write($kind, body),)+
                    Self::Unknown { .. } => Vec::new(),
                }
            }

            /// Reads one message that fills `bytes`: a WebSocket frame carries one.
            pub fn decode(bytes: &[u8]) -> Result<Self, $crate::WireError> {
                let (kind, body, rest) = $crate::envelope::split(bytes)?;
                if !rest.is_empty() {
                    return Err($crate::WireError::Trailing);
                }
                match kind {
                    $($kind => $crate::envelope::body(kind, body).map(Self::$variant),)+
                    kind => Ok(Self::Unknown { kind }),
                }
            }
        }

        $(impl From<$variant> for $name {
            fn from(body: $variant) -> Self {
                Self::$variant(body)
            }
        })+
    };
}

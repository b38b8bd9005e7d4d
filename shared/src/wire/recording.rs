//! What a recording of co-browsing holds: entries one after the other, each in its envelope ([`crate::envelope`]).
//!
//! A recording outlives the build that made it: kinds are append-only like those of the sockets, and a reader passes
//! over what it does not know.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, WireError, envelope, messages};

extern crate alloc;

/// What viewers were told, as they got it: a message of [`super::mirror::ServerToViewer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub at: Timestamp,
    pub message: Vec<u8>,
}

/// From here on something is missing, until the next keyframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub at: Timestamp,
    pub why: Miss,
}

/// Append; never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Miss {
    /// The disk or the server could not keep up.
    Late,
    /// The page is of a kind that is not recorded: payment, cards, identity.
    LeftOut,
    /// Nobody looked at it.
    Unseen,
    /// The customer stopped showing the page.
    Stopped,
}

/// An agent was given control of the page (the first name), or nobody has it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Led {
    pub at: Timestamp,
    pub by: Option<String>,
}

messages! {
    pub enum Recorded {
        1 => Told,
        2 => Missed,
        3 => Led,
    }
}

impl Recorded {
    /// Splits the first entry off.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (_, _, rest) = envelope::split(bytes)?;
        let entry = bytes.get(..bytes.len() - rest.len()).ok_or(WireError::Truncated)?;
        Ok((Self::decode(entry)?, rest))
    }

    /// When it happened; None for what this build does not know.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Told(told) => Some(told.at),
            Self::Missed(missed) => Some(missed.at),
            Self::Led(led) => Some(led.at),
            Self::Unknown { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_one_after_the_other_and_strangers_are_passed_over() {
        let told = Recorded::from(Told { at: Timestamp(7), message: Vec::from([1, 2, 3]) });
        let missed = Recorded::from(Missed { at: Timestamp(8), why: Miss::LeftOut });
        let mut bytes = told.encode();
        bytes.extend_from_slice(&[9, 9, 1, 0, 0, 0, 5]);
        bytes.extend(missed.encode());
        let (first, rest) = Recorded::split(&bytes).unwrap();
        let (second, rest) = Recorded::split(rest).unwrap();
        let (third, rest) = Recorded::split(rest).unwrap();
        assert_eq!((first, second), (told, Recorded::Unknown { kind: 0x0909 }));
        assert_eq!((third.at(), third, rest), (Some(Timestamp(8)), missed, &[][..]));
        assert_eq!(Recorded::split(&bytes[..5]), Err(WireError::Truncated));
    }
}

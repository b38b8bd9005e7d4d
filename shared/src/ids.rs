//! 128-bit identifiers, one type for each thing that is identified.
//!
//! They are made in the shell (UUIDv7 layout) or derived in `core` from a seed that the shell gave. Their
//! order means nothing: order comes from a business's event `seq`. In JSON they are 32 lower-case
//! hexadecimal digits; in postcard 16 bytes.
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct ParseIdError;

fn parse(text: &str) -> Result<u128, ParseIdError> {
    if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ParseIdError);
    }
    u128::from_str_radix(text, 16).map_err(|_| ParseIdError)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:032x})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.to_be_bytes().serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(HexVisitor).map(Self)
                } else {
                    <[u8; 16]>::deserialize(deserializer).map(|bytes| Self(u128::from_be_bytes(bytes)))
                }
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some("^[0-9a-f]{32}$"))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )+};
}

struct HexVisitor;

impl de::Visitor<'_> for HexVisitor {
    type Value = u128;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 hexadecimal digits")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<u128, E> {
        parse(text).map_err(E::custom)
    }
}

ids! {
    /// A tenant.
    BusinessId,
    /// One customer's journey from the click to the wrap-up.
    ContactId,
    /// Somebody who takes calls.
    AgentId,
    /// One side of a call.
    LegId,
    /// One command to a dialer, so that a duplicate delivery does nothing.
    EffectId,
    /// One sign-in of an agent: a console and its voice leg. A new one drops the old.
    StationId,
    /// One browser tab of a customer.
    TabId,
    /// One document (page load) in a tab.
    DocumentId,
    /// One piece of a contact's recorded co-browsing: what one run of the server took down without a stop.
    RecordingId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_a_hex_string_in_json_and_sixteen_bytes_in_postcard() {
        let id = ContactId(0xAB);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"000000000000000000000000000000ab\"");
        assert_eq!(serde_json::from_str::<ContactId>(&json).unwrap(), id);
        let bytes = postcard::to_allocvec(&id).unwrap();
        assert_eq!(bytes.len(), 16);
        assert_eq!(postcard::from_bytes::<ContactId>(&bytes).unwrap(), id);
    }

    #[test]
    fn signs_and_short_texts_are_no_ids() {
        for text in ["", "ab", "+00000000000000000000000000000ab", "g0000000000000000000000000000000"] {
            assert_eq!(text.parse::<LegId>(), Err(ParseIdError), "{text}");
        }
    }
}

//! Types that cross a process boundary, and nothing else: ids, time, wire messages, close codes.
//!
//! The bottom of the house: it knows no other crate of this workspace, no clock, no random source, no
//! socket. It builds for `wasm32-unknown-unknown`.
pub mod api;
pub mod close;
pub mod consent;
pub mod contact;
pub mod envelope;
pub mod ids;
pub mod limits;
pub mod refused;
pub mod time;
pub mod version;
pub mod wire;
pub mod work;

pub use envelope::WireError;
pub use ids::{AgentId, BusinessId, ContactId, DocumentId, EffectId, LegId, RecordingId, StationId, TabId};
pub use time::Timestamp;
pub use version::ProtocolVersion;

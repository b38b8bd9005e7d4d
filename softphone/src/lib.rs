//! What a browser needs to carry one leg: a microphone, a WebRTC session that mends itself, a place to hear
//! the other side, and a WebSocket that comes back. Used by widget, console and handset.
//!
//! It decides nothing about a call: it knows one leg id and turns [`shared::wire::LegInvite`] into offers.
//! Everything that it takes from the browser (tracks, elements, closures, timers) is given back on drop.
//!
//! A leg's life: [`Microphone::request`] at the user's click, [`Softphone::start`] at the invite, every
//! [`PhoneEvent::Offer`] to the server, its answer to [`Softphone::answer`], drop at `LegGone`.
pub mod dom;
mod levels;
mod microphone;
pub mod pace;
mod phone;
mod renewal;
mod session;
pub mod socket;
mod speaker;

pub use levels::{Levels, SILENCE_DBFS};
pub use microphone::{InputDevice, Microphone, inputs};
pub use phone::{PhoneEvent, Softphone, StartOptions};
pub use socket::{Socket, SocketEvent};

//! The rules of the contact centre, and nothing that touches the world.
//!
//! One business is one [`Center`]. It decides who is called, when, by whom, and what is kept about it. It
//! knows no clock, no random source, no socket, no database and no async runtime: it takes `now` and an
//! [`Input`], and gives back [`Effect`]s.
//!
//! # Driving it
//!
//! Hand it one input with the current time, then take every effect before the next input. Sleep until
//! [`Center::poll_timeout`], or for ever when it is `None`, and call [`Center::handle_timeout`]. All
//! effects of a batch of inputs that are [`Effect::Store`] go into one transaction; the others, and the
//! answers, may leave only when it has committed, in their order.
pub mod center;
pub mod effect;
pub mod input;
pub mod record;
pub mod retention;
pub mod settings;

pub use center::Center;
pub use effect::{DialCommand, Effect, Endpoint, Notice, Prompt};
pub use input::{DialEvent, Input, Refusal};
pub use record::{Change, Snapshot};
pub use settings::Settings;

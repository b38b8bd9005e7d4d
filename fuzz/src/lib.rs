//! Whatever strangers send us, bent in every way: each decoder of the project is a [`Target`], a plain function
//! of bytes that must neither panic nor use more memory than its bound.
//!
//! `cargo test -p fuzz` tries each a bounded number of times, `cargo xtask fuzz` as long as you like. The
//! [`mutate`] module is deterministic: a seed and a count find the same input again. What was ever found stands
//! in `corpus/TARGET/` and is tried first, for ever.
pub mod meter;
pub mod mutate;
pub mod run;
pub mod targets;

pub use targets::{Target, all};

use std::cell::Cell;

thread_local! {
    static NOTED: Cell<u64> = const { Cell::new(0) };
}

/// Says what came of an input, so that one that led somewhere new is kept and bent further. A poor man's
/// coverage: the better a target tells its outcomes apart, the deeper it is searched.
pub fn note(outcome: impl std::hash::Hash) {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::hash::DefaultHasher::new();
    NOTED.get().hash(&mut hasher);
    outcome.hash(&mut hasher);
    NOTED.set(hasher.finish());
}

pub(crate) fn take_noted() -> u64 {
    NOTED.replace(0)
}

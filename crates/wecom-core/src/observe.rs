//! What a program can see of its calls while they run: [`Observer`], and spans with the feature `tracing`.

pub(crate) mod observer;
pub(crate) mod observers;
pub(crate) mod tracing;

pub use self::observer::{CallEvent, CallOutcome, Observer};

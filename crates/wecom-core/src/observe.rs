//! Observing calls: [`Observer`], and `tracing` spans with the feature of that name.

pub(crate) mod observer;
pub(crate) mod observers;
pub(crate) mod tracing;

pub use self::observer::{CallEvent, CallOutcome, Observer, TokenFetchReason};

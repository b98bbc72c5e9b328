//! What a program can see of its calls while they run: [`Layer`], and spans with the feature `tracing`.

pub(crate) mod observer;
pub(crate) mod tracing;

pub use self::observer::{CallEvent, CallOutcome, Layer};

//! Tests of the crate's guarantees through its public API.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod defects;
mod events;
mod hostile;
mod pitfalls;
mod receiver;
mod secrets;
mod seen_events;
mod support;
mod vectors;

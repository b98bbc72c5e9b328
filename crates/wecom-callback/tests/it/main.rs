//! What the crate promises, stated over its public API.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod defects;
mod events;
mod hostile;
mod receiver;
mod secrets;
mod seen_events;
mod support;
mod traps;
mod vectors;

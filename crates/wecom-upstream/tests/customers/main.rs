//! Looking up and linking customers, against the simulator.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod map;
mod pauses;
mod pending_ids;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod threading;

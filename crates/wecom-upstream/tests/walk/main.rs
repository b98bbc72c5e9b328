//! The walk and the tree: every corp once and in order, with faults, cancellation and latency, on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod diffs;
mod edges;
mod failures;
mod groups;
mod large;
mod memory;
mod outages;
mod pauses;
mod resuming;
mod speed;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod threading;
mod tickers;

//! Whole directories: every corp once and in order, whatever fails, stops and is slow. On virtual time: nothing here
//! sleeps.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod diffs;
mod failures;
mod families;
mod groups;
mod large;
mod memory;
mod restarts;
mod speed;
#[cfg(feature = "stream")]
mod stream;
mod support;

//! Directories that are kept current by events.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod any_order;
#[cfg(feature = "callback")]
mod callback;
mod cancelling;
mod events;
mod failed_groups;
mod failures;
mod state;
mod support;
mod threading;
mod waiting;
mod walks;

//! How calls survive: retries, deadlines, quotas, tokens that are renewed and shared, and what is told of it. On virtual
//! time: nothing here sleeps.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod deadlines;
mod downstream;
mod events;
mod quotas;
mod renewal;
mod retries;
mod stores;
mod support;
mod unpolled;

//! Customers by all their names, on a simulated service.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod map;
mod pending_ids;
mod support;
mod threading;

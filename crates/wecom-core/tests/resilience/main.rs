//! Retries, deadlines, quotas, the renewal and sharing of tokens, and their events, on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod deadlines;
mod downstream;
mod events;
mod leases;
mod quotas;
mod renewal;
mod retries;
mod shared_quotas;
mod stores;
mod support;
mod unpolled;

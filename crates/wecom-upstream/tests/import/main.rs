//! Whole imports, against the simulator and on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod faults;
mod job_ends;
mod leases;
mod limits;
mod lost;
mod pauses;
mod resuming;
mod searches;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod threading;
mod tickers;

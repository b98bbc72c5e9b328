//! Imports from the first row to the last, on a simulated service and in virtual time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod faults;
mod kills;
mod limits;
mod lost;
mod support;
mod threading;

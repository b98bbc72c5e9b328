//! Reads a stored file of each version of each saved state. A file stays as it is: a new version gets another one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod import;
mod kinds;

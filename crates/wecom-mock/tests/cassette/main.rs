//! Cassettes: recording, replaying, and the file.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

mod failing;
mod file;
mod replay;
mod secrets;
mod support;

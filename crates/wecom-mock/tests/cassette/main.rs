//! What cassettes promise, through a client, and in the file.
#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

mod failing;
mod file;
mod replay;
mod secrets;
mod support;

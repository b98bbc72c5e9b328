//! The mock, used through a client.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test helper fails the test by a panic")]

mod answers;
mod calls;
mod counts;
mod journal;
mod manual_timer;
mod matching;
mod secrets;
mod threading;
mod verification;

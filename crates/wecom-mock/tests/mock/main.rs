//! The mock, used through a client.
#![expect(clippy::panic, clippy::unwrap_used, reason = "what helps a test may fail it")]

mod answers;
mod calls;
mod counts;
mod journal;
mod manual_timer;
mod matching;
mod secrets;
mod threading;
mod verification;

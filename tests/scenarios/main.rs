//! Scenarios of the upstream API. Each runs in four environments with equal outcomes: the simulator in memory, the simulator
//! in memory with a recorder around it, the simulator on a socket through hyper, and a player of the recorded cassette.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod app_shares;
mod custom_ids;
mod customers;
mod directory;
mod harness;
mod import;
mod refusals;
mod removal;
mod tokens;

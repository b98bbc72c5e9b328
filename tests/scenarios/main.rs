//! Stories of the upstream API, each told once, and played on four stages: the simulator in memory, the same with a recorder
//! around it, the simulator on a socket through hyper, and a cassette of what was recorded. On each it has to go the same way.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod app_shares;
mod custom_ids;
mod customers;
mod directory;
mod import;
mod refusals;
mod removal;
mod stage;
mod tokens;

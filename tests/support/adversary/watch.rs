//! The promises that a [`Referee`](super::referee::Referee) watches, one a module.

pub mod calls;
pub mod fetches;
pub mod quotas;

//! The checks of a [`Checker`](super::checker::Checker), one subject in each module.

pub mod calls;
pub mod fetches;
pub mod quotas;

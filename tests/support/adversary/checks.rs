//! The checks of a [`Checker`](super::checker::Checker), one subject in each module.

pub mod calls;
pub mod fetches;
mod limits;
pub mod quotas;
pub mod shared_quotas;

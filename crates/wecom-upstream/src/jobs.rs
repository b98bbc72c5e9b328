//! Whole jobs: what takes more than one call.

pub(crate) mod chain_tree;
pub(crate) mod customers;
pub(crate) mod import;
pub(crate) mod pager;
pub(crate) mod walk;

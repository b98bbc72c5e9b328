//! The vendor's documented limits, kept by the client: how often an endpoint is called, and how many calls are under way
//! at once.
//!
//! Sliding windows, not a token bucket such as GCRA: a bucket lets a burst and then a full rate pass, and so more than a
//! minute's quota within some minute.

pub(crate) mod block;
pub(crate) mod concurrency;
pub(crate) mod error;
pub(crate) mod limiter;
pub(crate) mod limiters;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod turn;
pub(crate) mod window;

pub use self::error::{QuotaError, QuotaLimit};
pub use self::policy::Quotas;

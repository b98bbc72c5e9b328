//! The vendor's documented limits, kept by the client: how often an endpoint is called, and how many calls are under way
//! at the same time.
//!
//! The limits use sliding windows, not a token bucket such as GCRA. A bucket admits a burst and then calls at the full
//! rate, which is more than a minute's quota within some minute.

pub(crate) mod admissions;
pub(crate) mod block;
pub(crate) mod concurrency;
pub(crate) mod error;
pub(crate) mod limiter;
pub(crate) mod limiters;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod shared_quota;
pub(crate) mod store;
pub(crate) mod turn;
pub(crate) mod window;

pub use self::error::{QuotaError, QuotaLimit};
pub use self::policy::Quotas;
pub use self::store::{
    CallKind, LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError,
    QuotaWindow,
};

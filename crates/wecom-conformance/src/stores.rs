//! Checks that a store that several processes share keeps the contract of its trait.
//!
//! Each check takes a store, the timer on which the store's data expires, and the id of a corp for which the store has no
//! data.
//!
//! ```
//! use wecom_conformance::stores;
//! use wecom_mock::{InMemoryStore, ManualTimer};
//!
//! // `TokioTimer` of wecom-hyper for a store with a real clock.
//! let timer = ManualTimer::new();
//! let store = InMemoryStore::new(timer.clone());
//! timer.run(async {
//!     stores::check_token_store(&store, &timer, "wwconformance").await.assert();
//!     stores::check_quota_store(&store, &timer, "wwconformance").await.assert();
//!     stores::check_lease_store(&store, &timer, "wwconformance").await.assert();
//! });
//! ```
//!
//! With the feature `callback`, `check_seen_events` checks a store of seen events.

mod leases;
mod quotas;
#[cfg(feature = "callback")]
mod seen_events;
mod tokens;

use std::fmt;

pub use self::leases::check_lease_store;
pub use self::quotas::check_quota_store;
#[cfg(feature = "callback")]
pub use self::seen_events::check_seen_events;
pub use self::tokens::check_token_store;

/// The result of a check of a store: the promises that the store breaks.
#[derive(Clone, Debug, Default)]
#[must_use = "a report does nothing until it is read or asserted"]
pub struct StoreReport {
    promises: usize,
    findings: Vec<StoreFinding>,
}

/// A promise that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreFinding {
    /// The promise.
    pub promise: &'static str,
    /// What the store returned instead.
    pub actual: String,
}

impl StoreReport {
    /// The promises that the store breaks.
    #[must_use]
    pub fn findings(&self) -> &[StoreFinding] {
        &self.findings
    }

    /// Returns whether the store keeps all promises.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.findings.is_empty()
    }

    /// Fails the test if the store breaks a promise.
    ///
    /// # Panics
    ///
    /// Panics with the report if the store breaks a promise.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_passed(), "{self}");
    }

    /// Adds the outcome of an operation. The promise is kept if the outcome is `Ok` with an expected value.
    fn expect<T: fmt::Debug, E: fmt::Display>(
        &mut self,
        promise: &'static str,
        outcome: Result<T, E>,
        is_expected: impl FnOnce(&T) -> bool,
    ) {
        self.promises += 1;
        let actual = match outcome {
            Ok(value) if is_expected(&value) => return,
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("an error: {error}"),
        };
        self.findings.push(StoreFinding { promise, actual });
    }
}

impl fmt::Display for StoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} promises of a store: {} broken", self.promises, self.findings.len())?;
        self.findings.iter().try_for_each(|StoreFinding { promise, actual }| {
            writeln!(f, "  FAILED  {promise}\n            actual:   {actual}")
        })
    }
}

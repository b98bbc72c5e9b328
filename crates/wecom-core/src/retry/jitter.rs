//! Random waits. They need not be unpredictable, only spread out.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A random number generator without global state. The same seed gives the same numbers.
pub(crate) struct Jitter(Mutex<fastrand::Rng>);

impl Jitter {
    /// Creates a generator. Without a seed, each client gets a different one.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A random duration from zero to `limit`.
    pub(crate) fn up_to(&self, limit: Duration) -> Duration {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_nanos(random.u64(..=limit))
    }
}

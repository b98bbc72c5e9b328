//! Random waits. They need not be unpredictable, only spread out.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A generator of its own, without globals: the same numbers for the same seed.
pub(crate) struct Jitter(Mutex<fastrand::Rng>);

impl Jitter {
    /// Without a seed, one that differs from client to client.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// Any duration from zero up to a limit.
    pub(crate) fn up_to(&self, limit: Duration) -> Duration {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_nanos(random.u64(..=limit))
    }
}

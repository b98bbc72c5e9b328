//! Clocks and sleeps, passed in as values: this crate reads no clock of its own.

pub(crate) mod cached_clock;
pub(crate) mod clock;

use std::time::Duration;

use async_trait::async_trait;

pub use self::clock::Clock;

/// A clock that can be read and waited on.
///
/// `wecom-hyper` has a timer for tokio, and `wecom-mock` one that a test advances. A timer for another runtime takes a few
/// lines:
///
/// ```
/// use std::time::{Duration, Instant};
/// use wecom_core::{Timer, async_trait};
///
/// struct OurTimer {
///     start: Instant,
/// }
///
/// #[async_trait]
/// impl Timer for OurTimer {
///     fn now(&self) -> Duration {
///         self.start.elapsed()
///     }
///
///     async fn sleep(&self, duration: Duration) {
///         // ... the runtime's own sleep ...
/// #       let _ = duration;
///     }
/// }
/// ```
#[async_trait]
pub trait Timer: Send + Sync {
    /// Returns the time since a fixed moment. It never goes backwards.
    fn now(&self) -> Duration;

    /// Completes when `duration` has passed.
    async fn sleep(&self, duration: Duration);

    /// Returns the time since the Unix epoch, or `None` if the timer does not know the date.
    ///
    /// Only jobs that store times for later processes need it, such as the map of customers in `wecom-upstream`. The
    /// default implementation returns `None`. With a system clock, return
    /// `SystemTime::now().duration_since(UNIX_EPOCH).ok()`.
    fn unix_time(&self) -> Option<Duration> {
        None
    }
}

/// A [`Timer`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalTimer {
    /// Returns the time since a fixed moment. It never goes backwards.
    fn now(&self) -> Duration;

    /// Completes when `duration` has passed.
    async fn sleep(&self, duration: Duration);

    /// Returns the time since the Unix epoch, or `None` if the timer does not know the date.
    ///
    /// Only jobs that store times for later processes need it, such as the map of customers in `wecom-upstream`. The
    /// default implementation returns `None`. With a system clock, return
    /// `SystemTime::now().duration_since(UNIX_EPOCH).ok()`.
    fn unix_time(&self) -> Option<Duration> {
        None
    }
}

#[async_trait(?Send)]
impl<T: Timer> LocalTimer for crate::http::transport::AsLocal<T> {
    fn now(&self) -> Duration {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    fn unix_time(&self) -> Option<Duration> {
        self.0.unix_time()
    }
}

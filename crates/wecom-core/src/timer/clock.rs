//! The timer of a client, for whole jobs that read the time and wait between calls.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{LocalTimer, Timer};
use crate::threading::{Family, Local, Shared};

/// A timer of one threading family. Cheap to clone.
///
/// [`Client::clock`](crate::Client::clock) returns the client's own.
pub struct Clock<M: Family> {
    timer: M::Timer,
}

impl Clock<Shared> {
    /// Creates a clock from a timer.
    pub fn new(timer: impl Timer + 'static) -> Self {
        Self { timer: Arc::new(timer) }
    }
}

impl Clock<Local> {
    /// Creates a clock from a timer that stays on one thread.
    pub fn new(timer: impl LocalTimer + 'static) -> Self {
        Self { timer: Rc::new(timer) }
    }
}

impl<M: Family> Clock<M> {
    /// The time since the timer's fixed moment.
    #[must_use]
    pub fn now(&self) -> Duration {
        M::now(&self.timer)
    }

    /// The time since the Unix epoch; `None` if the timer does not know the date.
    #[must_use]
    pub fn unix_time(&self) -> Option<Duration> {
        M::unix_time(&self.timer)
    }

    /// Waits until `duration` has passed.
    pub fn sleep(&self, duration: Duration) -> M::Future<'_, ()> {
        M::sleep(&self.timer, duration)
    }
}

/// The timer is behind a pointer, so moving the clock does not move it.
impl<M: Family> Unpin for Clock<M> {}

impl<M: Family> Clone for Clock<M> {
    fn clone(&self) -> Self {
        Self { timer: self.timer.clone() }
    }
}

impl<M: Family> fmt::Debug for Clock<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

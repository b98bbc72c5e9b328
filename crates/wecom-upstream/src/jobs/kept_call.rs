//! A call that a job keeps when the future that awaits it is dropped.

use std::fmt;

use wecom_core::client::BoxedCall;
use wecom_core::{Error, Threading};

use crate::jobs::exclusive::Exclusive;

/// A call that may be in flight. Dropping the future of [`run`](Self::run) does not cancel the call: the next future
/// continues it.
pub(crate) struct KeptCall<M: Threading, T: 'static> {
    in_flight: Option<Exclusive<BoxedCall<M, T>>>,
}

impl<M: Threading, T: 'static> KeptCall<M, T> {
    pub(crate) fn new() -> Self {
        Self { in_flight: None }
    }

    /// Returns whether a call has begun, and its outcome was not returned yet.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Continues the call in flight, or begins one, and returns its outcome.
    pub(crate) async fn run(&mut self, begin: impl FnOnce() -> BoxedCall<M, T>) -> Result<T, Error> {
        let outcome = self.in_flight.get_or_insert_with(|| Exclusive::new(begin())).await;
        self.in_flight = None;
        outcome
    }
}

impl<M: Threading, T: 'static> fmt::Debug for KeptCall<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCall").field("is_in_flight", &self.is_in_flight()).finish()
    }
}

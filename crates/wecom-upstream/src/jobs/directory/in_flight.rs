//! A call that survives a cancelled refresh.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use wecom_core::client::BoxedCall;
use wecom_core::{Error, Threading};

use crate::jobs::transience::may_pass;

/// A call in flight. A refresh that is cancelled keeps it for the next one.
pub(crate) struct InFlight<M: Threading, R: 'static> {
    call: BoxedCall<M, R>,
    /// Whether the call was not polled for a while, so that it may time out although the service replied.
    is_starved: bool,
}

impl<M: Threading, R: 'static> InFlight<M, R> {
    pub(crate) fn new(call: BoxedCall<M, R>) -> Self {
        Self { call, is_starved: false }
    }

    pub(crate) fn mark_starved(&mut self) {
        self.is_starved = true;
    }

    /// Returns the outcome of the call; `None` if the call has to be repeated.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<R, Error>>> {
        let is_starved = self.is_starved;
        Pin::new(&mut self.call).poll(context).map(|outcome| match outcome {
            Err(error) if is_starved && may_pass(&error) => None,
            outcome => Some(outcome),
        })
    }
}

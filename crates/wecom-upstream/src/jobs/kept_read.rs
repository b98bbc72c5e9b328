//! Read-only calls of a job. The job keeps a call when the future that awaits it is dropped, and repeats a call that failed
//! because the consumer paused.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use wecom_core::client::BoxedCall;
use wecom_core::{Error, Threading};

use crate::jobs::attention::Attention;
use crate::jobs::exclusive::Exclusive;
use crate::jobs::transience::may_pass;

/// The maximum number of repeats of one call. Without it, a call would never end if the consumer pauses in each await and
/// the service does not reply.
const MAX_REPEATS: u32 = 3;

/// A read-only call in flight.
pub(crate) struct ReadCall<M: Threading, T: 'static> {
    call: Exclusive<BoxedCall<M, T>>,
    /// The number of [pauses](Attention::pauses) at the start of the call.
    pauses: u64,
}

/// The outcome of a [`ReadCall`].
pub(crate) enum ReadOutcome<T> {
    Ended(Result<T, Error>),
    /// The call failed after a pause without polls. The service may have replied in time, so the call may be repeated.
    Starved(Error),
}

impl<M: Threading, T: 'static> ReadCall<M, T> {
    /// Keeps a call that begins now.
    pub(crate) fn begin(call: BoxedCall<M, T>, attention: &mut Attention<M>) -> Self {
        attention.begin_poll();
        Self { call: Exclusive::new(call), pauses: attention.pauses() }
    }

    /// Polls the call. Call [`Attention::begin_poll`] first.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, attention: &Attention<M>) -> Poll<ReadOutcome<T>> {
        let is_starved = attention.pauses() > self.pauses;
        Pin::new(&mut self.call).poll(context).map(|outcome| match outcome {
            Err(error) if is_starved && may_pass(&error) => ReadOutcome::Starved(error),
            outcome => ReadOutcome::Ended(outcome),
        })
    }
}

impl<T> ReadOutcome<T> {
    /// Returns the outcome of the call, even if it was starved of polls.
    pub(crate) fn into_result(self) -> Result<T, Error> {
        match self {
            Self::Ended(outcome) => outcome,
            Self::Starved(error) => Err(error),
        }
    }
}

/// A [`ReadCall`] that may be in flight, and the polls of the job. Dropping the future of [`run`](Self::run) does not cancel
/// the call: the next future continues it.
pub(crate) struct KeptRead<M: Threading, T: 'static> {
    read: Option<ReadCall<M, T>>,
    repeats: u32,
    attention: Attention<M>,
}

impl<M: Threading, T: 'static> KeptRead<M, T> {
    pub(crate) fn new(attention: Attention<M>) -> Self {
        Self { read: None, repeats: 0, attention }
    }

    /// Returns whether a call has begun, and its outcome was not returned yet.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.read.is_some()
    }

    /// Continues the call in flight, or begins one, and returns its outcome.
    pub(crate) async fn run(&mut self, mut begin: impl FnMut() -> BoxedCall<M, T>) -> Result<T, Error> {
        self.attention.begin_await();
        poll_fn(|context| self.poll(context, &mut begin)).await
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        begin: &mut impl FnMut() -> BoxedCall<M, T>,
    ) -> Poll<Result<T, Error>> {
        let Self { read, repeats, attention } = self;
        attention.begin_poll();
        loop {
            let current = read.get_or_insert_with(|| ReadCall::begin(begin(), attention));
            let Poll::Ready(outcome) = current.poll(context, attention) else {
                attention.end_poll(context);
                return Poll::Pending;
            };
            *read = None;
            match outcome {
                ReadOutcome::Starved(_) if *repeats < MAX_REPEATS => *repeats += 1,
                outcome => {
                    *repeats = 0;
                    return Poll::Ready(outcome.into_result());
                }
            }
        }
    }
}

impl<M: Threading, T: 'static> fmt::Debug for KeptRead<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptRead").field("is_in_flight", &self.is_in_flight()).finish_non_exhaustive()
    }
}

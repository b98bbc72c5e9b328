//! Futures within a job.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// A future that only the owner of a job can poll. It is `Sync` if the future is `Send`. So the job is `Sync` too, and a
/// task can keep a reference to the job while it awaits something else.
pub(crate) struct Exclusive<F>(Mutex<F>);

impl<F> Exclusive<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Mutex::new(future))
    }
}

impl<F: Future + Unpin> Future for Exclusive<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Takes no lock, because `&mut self` is the only reference.
        let future = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(future).poll(context)
    }
}

//! Runs a future inside a tokio runtime, whichever thread and executor polls it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Polls and drops `future` inside the context of the runtime.
///
/// The future is passed pinned: by value, it would be stored twice.
pub(crate) fn run_in<'a, F: Future>(runtime: &'a Handle, future: Pin<&'a mut Option<F>>) -> Entered<'a, F> {
    Entered { runtime, future }
}

pub(crate) struct Entered<'a, F> {
    runtime: &'a Handle,
    future: Pin<&'a mut Option<F>>,
}

impl<F: Future> Future for Entered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = self.runtime.enter();
        match self.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(context),
            // Only `drop` takes the future.
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Entered<'_, F> {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.future.set(None);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    /// Needs a runtime when it is polled and when it is dropped.
    struct Needy;

    impl Future for Needy {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Handle::current();
            Poll::Pending
        }
    }

    impl Drop for Needy {
        fn drop(&mut self) {
            Handle::current();
        }
    }

    #[test]
    fn a_future_is_polled_and_dropped_inside_the_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut future = Box::pin(async { run_in(runtime.handle(), pin!(Some(Needy))).await });
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(future);
        assert!(Handle::try_current().is_err());
    }
}

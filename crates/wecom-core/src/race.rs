//! A future against the time.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::threading::Threading;

/// How a race against the time ended.
#[derive(Debug)]
pub(crate) enum Raced<T> {
    /// With what the future gave at once: no time has passed.
    AtOnce(T),
    /// With what the future gave after a while.
    InTime(T),
    /// The time was over first.
    TooLate,
}

/// What a future gives, unless the limit passes before it does.
///
/// The sleep begins when the future has to wait: most of what is raced is ready at once. So a transport that keeps the
/// same limit comes first, and says more about what happened than that time was over.
pub(crate) async fn within<M: Threading, F: Future>(
    timer: &M::Timer,
    limit: Option<Duration>,
    future: F,
) -> Raced<F::Output> {
    let mut future = pin!(future);
    let mut sleep = None;
    let mut waited = false;
    poll_fn(move |context| {
        match future.as_mut().poll(context) {
            Poll::Ready(output) if waited => return Poll::Ready(Raced::InTime(output)),
            Poll::Ready(output) => return Poll::Ready(Raced::AtOnce(output)),
            Poll::Pending => waited = true,
        }
        let Some(limit) = limit else { return Poll::Pending };
        let sleep = sleep.get_or_insert_with(|| M::sleep(timer, limit));
        Pin::new(sleep).poll(context).map(|()| Raced::TooLate)
    })
    .await
}

//! A future against the time.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::threading::Threading;

/// The time was over first.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// What a future gives, unless the limit passes before it does.
///
/// The sleep begins when the future has to wait: most of what is raced is ready at once. So a transport that keeps the
/// same limit comes first, and says more about what happened than that time was over.
pub(crate) async fn within<M: Threading, F: Future>(
    timer: &M::Timer,
    limit: Duration,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        let sleep = sleep.get_or_insert_with(|| M::sleep(timer, limit));
        Pin::new(sleep).poll(context).map(|()| Err(Elapsed))
    })
    .await
}

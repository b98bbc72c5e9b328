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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use pollster::block_on;

    use super::*;
    use crate::threading::Shared;
    use crate::timer::Timer;

    /// Its sleeps are over at once; it keeps how long they were to be.
    #[derive(Default)]
    struct Hasty(Mutex<Vec<Duration>>);

    #[async_trait]
    impl Timer for Hasty {
        fn now(&self) -> Duration {
            Duration::ZERO
        }

        async fn sleep(&self, duration: Duration) {
            self.0.lock().unwrap().push(duration);
        }
    }

    /// Is ready when it is polled for the second time.
    async fn later() {
        let mut polls = 0;
        poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls > 1 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[test]
    fn it_tells_whether_time_has_passed_and_sleeps_only_when_it_has_to_wait() {
        let hasty = Arc::new(Hasty::default());
        let timer: Arc<dyn Timer> = hasty.clone();
        let limit = Some(Duration::from_secs(3));
        assert!(matches!(block_on(within::<Shared, _>(&timer, limit, async {})), Raced::AtOnce(())));
        assert!(matches!(block_on(within::<Shared, _>(&timer, None, later())), Raced::InTime(())));
        assert_eq!(*hasty.0.lock().unwrap(), []);
        assert!(matches!(block_on(within::<Shared, _>(&timer, limit, later())), Raced::TooLate));
        assert_eq!(*hasty.0.lock().unwrap(), [Duration::from_secs(3)]);
    }
}

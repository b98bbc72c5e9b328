//! Tokio's clock and sleep for `wecom-core`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep};
use wecom_core::Timer;

/// A [`Timer`] on tokio. Its time starts at 0 when it is created.
///
/// It follows tokio's clock, which tests can pause. [`unix_time`](Timer::unix_time) reads the system's clock, which
/// tests cannot pause. The type of the same name in hyper-util is a timer for hyper, not for this client.
///
/// # Panics
///
/// Like tokio's own sleep, a sleep panics outside a runtime with a time driver, and when the runtime shuts down. Enable
/// the driver with tokio's `Builder::enable_time` or `enable_all`, as the panic's message says. A timer created by
/// [`TokioTimer::on`] sleeps on that runtime; when it shuts down, sleeps end at once.
///
/// ```
/// use wecom_core::Timer;
/// use wecom_hyper::TokioTimer;
///
/// let timer = TokioTimer::new();
/// assert!(timer.now() <= timer.now());
/// ```
#[derive(Clone, Debug)]
pub struct TokioTimer {
    start: Instant,
    runtime: Option<Handle>,
}

impl TokioTimer {
    /// Creates a timer that sleeps on the runtime of the polling thread.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now(), runtime: None }
    }

    /// Creates a timer that sleeps on this runtime, whichever thread and executor polls it.
    #[must_use]
    pub fn on(runtime: Handle) -> Self {
        Self { start: Instant::now(), runtime: Some(runtime) }
    }
}

impl Default for TokioTimer {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        match &self.runtime {
            // In a task: when its runtime shuts down, a task ends, while a sleep panics.
            Some(runtime) => {
                let _ = AbortOnDrop(runtime.spawn(async move { sleep(duration).await })).await;
            }
            None => sleep(duration).await,
        }
    }

    fn unix_time(&self) -> Option<Duration> {
        SystemTime::now().duration_since(UNIX_EPOCH).ok()
    }
}

/// A task that ends when its handle is dropped.
struct AbortOnDrop(JoinHandle<()>);

impl Future for AbortOnDrop {
    type Output = Result<(), JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sleep_advances_the_time_by_its_duration() {
        let timer = TokioTimer::new();
        timer.sleep(Duration::from_secs(7200)).await;
        assert_eq!(timer.now(), Duration::from_secs(7200));
    }

    #[test]
    #[should_panic(expected = "enable_time")]
    fn a_sleep_without_a_time_driver_panics_and_says_how_to_enable_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(TokioTimer::new().sleep(Duration::from_millis(1)));
    }

    #[test]
    fn a_timer_with_a_runtime_sleeps_on_any_thread() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let timer = TokioTimer::on(runtime.handle().clone());
        pollster::block_on(timer.sleep(Duration::from_millis(5)));
        assert!(timer.now() >= Duration::from_millis(5));
    }

    #[test]
    fn a_sleep_on_a_runtime_that_shuts_down_ends() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let timer = TokioTimer::on(runtime.handle().clone());
        let mut sleep = timer.sleep(Duration::from_secs(3600));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
        runtime.shutdown_background();
        pollster::block_on(sleep);
        pollster::block_on(timer.sleep(Duration::from_secs(3600)));
    }
}

//! Tokio's clock and sleep for `wecom-core`.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use wecom_core::Timer;

use crate::runtime::run_in;

/// A [`Timer`] on tokio. Its time starts at 0 when it is created.
///
/// It follows tokio's clock, which tests can pause. Not to be confused with the type of the same name in hyper-util,
/// which serves hyper.
///
/// # Panics
///
/// Like tokio's own sleep, a sleep panics outside a runtime with a time driver. A timer created by [`TokioTimer::on`]
/// carries its runtime.
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
            Some(runtime) => run_in(runtime, pin!(Some(async { sleep(duration).await }))).await,
            None => sleep(duration).await,
        }
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
    fn a_timer_with_a_runtime_sleeps_on_any_thread() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let timer = TokioTimer::on(runtime.handle().clone());
        pollster::block_on(timer.sleep(Duration::from_millis(5)));
        assert!(timer.now() >= Duration::from_millis(5));
    }
}

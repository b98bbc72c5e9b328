//! Tokio's clock and sleep, as `wecom-core` takes them.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use wecom_core::Timer;

use crate::runtime::run_in;

/// A [`Timer`] on tokio: its time begins when it is made.
///
/// It follows tokio's clock, so a test that pauses that clock pauses this one. Not to be confused with hyper-util's
/// type of the same name, which serves hyper.
///
/// # Panics
///
/// Sleeping panics, as tokio's own sleep does, outside a runtime with a time driver; a timer that is made by
/// [`TokioTimer::on`] brings its runtime along.
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
    /// A timer that sleeps on the runtime of the thread that polls it.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now(), runtime: None }
    }

    /// A timer that sleeps on this runtime, whichever thread and executor polls it.
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
    async fn a_sleep_moves_the_time_by_as_much() {
        let timer = TokioTimer::new();
        timer.sleep(Duration::from_secs(7200)).await;
        assert_eq!(timer.now(), Duration::from_secs(7200));
    }

    #[test]
    fn with_a_runtime_of_its_own_it_sleeps_on_any_thread() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let timer = TokioTimer::on(runtime.handle().clone());
        pollster::block_on(timer.sleep(Duration::from_millis(5)));
        assert!(timer.now() >= Duration::from_millis(5));
    }
}

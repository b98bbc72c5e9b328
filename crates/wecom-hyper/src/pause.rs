//! Whether a call comes after a pause, in which connections may have closed unseen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// Servers don't close what was used a moment ago; beyond this, a look costs nothing that would be noticed.
const PAUSE: Duration = Duration::from_millis(250);

/// When the last call began.
#[derive(Debug)]
pub(crate) struct Pauses {
    start: Instant,
    /// In milliseconds after the start.
    last_call: AtomicU64,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), last_call: AtomicU64::new(0) }
    }

    /// Notes a call, and tells whether none began for a while.
    pub(crate) fn call_began(&self) -> bool {
        self.call_began_at(self.start.elapsed())
    }

    fn call_began_at(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let last = self.last_call.swap(now, Ordering::Relaxed);
        u128::from(now.saturating_sub(last)) >= PAUSE.as_millis()
    }
}

/// Lets the runtime see what has come in meanwhile, and close the connections that the server closed.
///
/// A runtime that runs on the caller's thread stands still between two calls: the pool would hand out a connection that
/// is long closed, and the request would be lost on it. The first turn reads what came in, the second one lets the
/// connections act on it.
pub(crate) async fn look_at_connections() {
    yield_now().await;
    yield_now().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_the_time_between_two_calls() {
        let pauses = Pauses::new();
        for (at, after_a_pause) in [(0, false), (249, false), (499, true), (500, false), (400, false), (10_000, true)] {
            assert_eq!(pauses.call_began_at(Duration::from_millis(at)), after_a_pause, "{at}");
        }
    }
}

//! Tasks that make single calls.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wecom_core::{Endpoint, Timer};

use crate::environment::{TaskContext, poll_times};
use crate::run::FAULTS_END;

/// Makes calls, one after another or several at once.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) count: u32,
    pub(crate) at_once: u32,
    /// The pause before the next calls.
    pub(crate) pause: Duration,
}

/// Starts a call and polls it a few times, makes other calls without polling the first, and then finishes the first. The
/// body of a loop over a `buffered` stream does the same.
#[derive(Clone, Debug)]
pub(crate) struct KeptCall {
    pub(crate) kept: &'static Endpoint,
    pub(crate) polls: u32,
    pub(crate) others: &'static Endpoint,
    pub(crate) count: u32,
}

impl Calls {
    pub(crate) async fn run(self, context: TaskContext) {
        for call in 0..self.count {
            if call > 0 {
                context.sleep(self.pause).await;
            }
            if context.environment.checker.now() >= FAULTS_END {
                return;
            }
            // Each call is polled only if it was woken.
            let mut calls: FuturesUnordered<_> = (0..self.at_once).map(|_| context.call(self.endpoint)).collect();
            while calls.next().await.is_some() {}
        }
    }
}

impl KeptCall {
    pub(crate) async fn run(self, context: TaskContext) {
        let checker = &context.environment.checker;
        // This call is not polled for a while, even if the task is.
        let kept =
            TaskContext { is_always_polled: false, ..context.clone() }.begin(&context.environment.client, 0, self.kept);
        let id = kept.id;
        let mut kept = Box::pin(kept.finish());
        let outcome = poll_times(&mut kept, self.polls).await;
        checker.call_is_kept(id, true);
        for _ in 0..self.count {
            if checker.now() < FAULTS_END {
                let _ = context.call(self.others).await;
            }
        }
        checker.call_is_kept(id, false);
        if outcome.is_none() {
            let _ = kept.await;
        }
    }
}

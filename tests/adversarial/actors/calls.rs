//! Tasks that make single calls.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wecom_core::{Endpoint, Timer};

use crate::run::CALM;
use crate::stage::{Role, poll_times};

/// Makes calls, one after another or several at once.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) count: u32,
    pub(crate) at_once: u32,
    /// The pause before the next calls.
    pub(crate) pause: Duration,
}

/// Begins a call and polls it a few times, makes others without polling the first, and then finishes the first: as the
/// body of a loop over a stream with `buffered` does.
#[derive(Clone, Debug)]
pub(crate) struct KeptCall {
    pub(crate) kept: &'static Endpoint,
    pub(crate) polls: u32,
    pub(crate) others: &'static Endpoint,
    pub(crate) count: u32,
}

impl Calls {
    pub(crate) async fn run(self, role: Role) {
        for call in 0..self.count {
            if call > 0 {
                role.sleep(self.pause).await;
            }
            if role.stage.referee.now() >= CALM {
                return;
            }
            // Each call is polled only if it was woken itself.
            let mut calls: FuturesUnordered<_> = (0..self.at_once).map(|_| role.call(self.endpoint)).collect();
            while calls.next().await.is_some() {}
        }
    }
}

impl KeptCall {
    pub(crate) async fn run(self, role: Role) {
        let referee = &role.stage.referee;
        // Whatever becomes of the task, this one call is not polled for a while.
        let kept = Role { is_attentive: false, ..role.clone() }.begin(&role.stage.client, 0, self.kept);
        let id = kept.id;
        let mut kept = Box::pin(kept.finish());
        let outcome = poll_times(&mut kept, self.polls).await;
        referee.call_is_kept(id, true);
        for _ in 0..self.count {
            if referee.now() < CALM {
                let _ = role.call(self.others).await;
            }
        }
        referee.call_is_kept(id, false);
        if outcome.is_none() {
            let _ = kept.await;
        }
    }
}

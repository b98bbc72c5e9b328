//! The requests to the store of a quota that several processes share, with at most one at a time for each lane.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;

use super::admissions::Unused;
use super::limiter::{Lane, Limiter};
use super::store::{CallKind, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaWindow};
use crate::threading::Family;
use crate::timer::cached_clock::CachedClock;
use crate::timer::clock::Clock;

/// The time limit of a request to the store. If it passes, calls use the process's own share.
const LIMIT: Duration = Duration::from_millis(500);

/// The age at which a request that has not ended is replaced. It may have begun on an async runtime that no longer
/// runs.
const LONGEST: Duration = Duration::from_secs(2);

/// The store of a shared quota, for one endpoint.
///
/// A request to it is stored here, not in the future of the call that began it. Any call that is polled drives it.
pub(crate) struct SharedQuota<M: Family> {
    store: M::QuotaStore,
    key: QuotaKey,
    clock: Clock<M>,
    limiter: Arc<Limiter>,
    /// The windows of each lane.
    windows: [Vec<QuotaWindow>; 2],
    requests: Mutex<[Option<Request<M>>; 2]>,
    boxed: Boxed<M>,
}

/// Boxes the task of a request, where the threading family is known.
pub(crate) type Boxed<M> = fn(TakeTask<M>) -> TakeFuture<M>;

pub(crate) type TakeFuture<M> = <M as Family>::Future<'static, ()>;

/// A request under way.
struct Request<M: Family> {
    began: Duration,
    outcome: Shared<TakeFuture<M>>,
}

impl<M: Family> SharedQuota<M> {
    pub(super) fn new(
        store: M::QuotaStore,
        key: QuotaKey,
        clock: Clock<M>,
        limiter: Arc<Limiter>,
        windows: [Vec<QuotaWindow>; 2],
        boxed: Boxed<M>,
    ) -> Self {
        Self { store, key, clock, limiter, windows, requests: Mutex::default(), boxed }
    }

    /// The request under way, or a new one if the store has to be asked.
    pub(super) fn ask(&self, lane: Lane, now: Duration) -> Option<Shared<TakeFuture<M>>> {
        // No code that holds this lock panics.
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let [usual, ticketed] = &mut *requests;
        let request = if lane == Lane::Usual { usual } else { ticketed };
        let is_over = |request: &Request<M>| {
            request.outcome.peek().is_some() || now.checked_sub(request.began).is_none_or(|age| age > LONGEST)
        };
        request.take_if(|request| is_over(request));
        if let Some(request) = request {
            return Some(request.outcome.clone());
        }
        let (count, returns) = self.limiter.lock().ask(lane, now)?;
        let task = TakeTask {
            store: self.store.clone(),
            clock: self.clock.clone(),
            limiter: Arc::clone(&self.limiter),
            lane,
            began: now,
            returns,
            request: QuotaRequest::new(self.key.clone(), lane.kind(), self.windows(lane).to_vec(), count),
        };
        let outcome = (self.boxed)(task).shared();
        *request = Some(Request { began: now, outcome: outcome.clone() });
        Some(outcome)
    }

    /// Reports a refusal by WeCom to the other processes. If the store fails, they only notice it when WeCom refuses
    /// their own calls.
    pub(crate) async fn report(&self, refusal: QuotaRefusal) {
        let mut clock = CachedClock::new(Some(&self.clock));
        drop(clock.timeout(Some(LIMIT), M::report_refusal(&self.store, &self.key, refusal)).await);
    }

    /// Gives back the admissions that are not used. If the store fails, they stay counted until they leave its windows.
    pub(super) async fn give_back(&self) {
        let mut clock = CachedClock::new(Some(&self.clock));
        drop(clock.timeout(Some(LIMIT), self.give_back_all()).await);
    }

    async fn give_back_all(&self) {
        for lane in [Lane::Usual, Lane::Ticketed] {
            // A call that was dropped may have left its request.
            if let Some(request) = self.under_way(lane) {
                request.await;
            }
            let unused = self.limiter.lock().take_unused(lane);
            for Unused { counted_at, count } in unused {
                let request = QuotaRequest::new(self.key.clone(), lane.kind(), self.windows(lane).to_vec(), count);
                drop(M::give_back(&self.store, &request, counted_at, count).await);
            }
        }
    }

    fn under_way(&self, lane: Lane) -> Option<Shared<TakeFuture<M>>> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let [usual, ticketed] = &mut *requests;
        let request = if lane == Lane::Usual { usual } else { ticketed };
        request.as_ref().map(|request| request.outcome.clone())
    }

    fn windows(&self, lane: Lane) -> &[QuotaWindow] {
        let [usual, ticketed] = &self.windows;
        if lane == Lane::Usual { usual } else { ticketed }
    }
}

/// One request to the store, from its beginning to the change of the limiter.
pub struct TakeTask<M: Family> {
    store: M::QuotaStore,
    clock: Clock<M>,
    limiter: Arc<Limiter>,
    lane: Lane,
    began: Duration,
    /// Admissions of earlier batches, which are given back first.
    returns: Vec<Unused>,
    request: QuotaRequest,
}

impl<M: Family> TakeTask<M> {
    pub(crate) async fn run(self) {
        // A panic of the store would poison the request for all calls that share it.
        let outcome = AssertUnwindSafe(self.within_limit(self.take())).catch_unwind().await;
        let now = self.clock.now();
        match outcome.ok().flatten() {
            Some((grant, requested_at)) => self.limiter.lock().answered(self.lane, requested_at, Some(&grant), now),
            // A request that was not polled in time says nothing about the store.
            None if now.saturating_sub(self.began) > LIMIT * 2 => self.limiter.lock().wake_next(),
            None => self.limiter.lock().answered(self.lane, self.began, None, now),
        }
    }

    /// Takes admissions. Returns the grant, and when it was requested.
    async fn take(&self) -> Option<(QuotaGrant, Duration)> {
        for Unused { counted_at, count } in &self.returns {
            drop(M::give_back(&self.store, &self.request, *counted_at, *count).await);
        }
        let requested_at = self.clock.now();
        let mut grant = M::take(&self.store, &self.request).await.ok()?;
        grant.admitted = grant.admitted.min(self.request.count);
        Some((grant, requested_at))
    }

    async fn within_limit<T>(&self, future: impl Future<Output = Option<T>>) -> Option<T> {
        let mut clock = CachedClock::new(Some(&self.clock));
        clock.timeout(Some(LIMIT), future).await.ok().flatten()
    }
}

impl<M: Family> fmt::Debug for TakeTask<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeTask").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Lane {
    fn kind(self) -> CallKind {
        match self {
            Self::Usual => CallKind::Usual,
            Self::Ticketed => CallKind::Ticketed,
        }
    }
}

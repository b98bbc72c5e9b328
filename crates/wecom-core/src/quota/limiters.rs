//! The limiters of one client: one for each endpoint that it has called.

use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::limiter::{Lane, Limiter, shared_windows};
use super::policy::Quotas;
use super::shared_quota::{Boxed, SharedQuota};
use super::store::QuotaKey;
use super::turn::Turn;
use crate::endpoint::descriptor::Endpoint;
use crate::threading::Family;
use crate::timer::clock::Clock;

/// The limiters of one client.
pub(crate) struct Limiters<M: Family> {
    policy: Quotas,
    store: Option<CorpQuotas<M>>,
    /// A search is faster than a hash, because a program calls a few dozen endpoints.
    by_path: Mutex<Vec<(&'static str, Limits<M>)>>,
}

/// The store of the quotas that several processes share, and the corp whose quotas they are.
pub(crate) struct CorpQuotas<M: Family> {
    pub(crate) store: M::QuotaStore,
    pub(crate) corp_id: Arc<str>,
    pub(crate) clock: Clock<M>,
    pub(crate) boxed: Boxed<M>,
}

/// The limiter of one endpoint, and the store with which it shares its quota.
struct Limits<M: Family> {
    limiter: Arc<Limiter>,
    shared: Option<Arc<SharedQuota<M>>>,
}

impl<M: Family> Limiters<M> {
    pub(crate) fn new(policy: Quotas, store: Option<CorpQuotas<M>>) -> Self {
        Self { policy, store, by_path: Mutex::default() }
    }

    /// The limiters for the quotas of another corp, with the same settings.
    pub(crate) fn of_corp(&self, corp_id: &str) -> Self {
        let store = self.store.as_ref().map(|store| CorpQuotas { corp_id: corp_id.into(), ..store.clone() });
        Self::new(self.policy.clone(), store)
    }

    /// Begins the wait of a call for a permit.
    pub(crate) fn turn(&self, endpoint: &'static Endpoint, has_ticket: bool, now: Duration) -> Turn<M> {
        let mut limiters = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let (path, lane) = (endpoint.path(), Lane::of(endpoint, has_ticket));
        let turn = |Limits { limiter, shared }: &Limits<M>| {
            Turn::new(Arc::clone(limiter), shared.clone(), lane, self.policy.max_wait(), now)
        };
        // A path usually has one address.
        let found = limiters.iter().find(|(other, _)| ptr::eq(*other, path));
        if let Some((_, limits)) = found.or_else(|| limiters.iter().find(|(other, _)| *other == path)) {
            return turn(limits);
        }
        let limits = self.limits(endpoint);
        let turn = turn(&limits);
        limiters.push((path, limits));
        turn
    }

    /// Gives back the admissions that no call has used.
    pub(crate) async fn give_back(&self) {
        let shared: Vec<_> = {
            let limiters = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
            limiters.iter().filter_map(|(_, limits)| limits.shared.clone()).collect()
        };
        join_all(shared.iter().map(|shared| shared.give_back())).await;
    }

    fn limits(&self, endpoint: &'static Endpoint) -> Limits<M> {
        let Some(CorpQuotas { store, corp_id, clock, boxed }) = self.store.clone() else {
            return Limits { limiter: Arc::new(Limiter::new(endpoint, &self.policy, &[])), shared: None };
        };
        let windows = [Lane::Usual, Lane::Ticketed].map(|lane| shared_windows(endpoint, lane, &self.policy));
        let limiter = Arc::new(Limiter::new(endpoint, &self.policy, &windows));
        let key = QuotaKey::new(corp_id, endpoint.path());
        let shared = SharedQuota::new(store, key, clock, Arc::clone(&limiter), windows, boxed);
        Limits { limiter, shared: Some(Arc::new(shared)) }
    }
}

impl<M: Family> Clone for CorpQuotas<M> {
    fn clone(&self) -> Self {
        let Self { store, corp_id, clock, boxed } = self;
        Self { store: store.clone(), corp_id: Arc::clone(corp_id), clock: clock.clone(), boxed: *boxed }
    }
}

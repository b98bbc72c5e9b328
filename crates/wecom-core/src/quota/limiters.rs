//! The limiters of one client: one for each endpoint that it has called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::limiter::{Lane, Limiter};
use super::policy::Quotas;
use super::turn::Turn;
use crate::endpoint::descriptor::Endpoint;

/// The limiters of one client.
pub(crate) struct Limiters {
    policy: Quotas,
    by_path: Mutex<HashMap<&'static str, Arc<Limiter>>>,
}

impl Limiters {
    pub(crate) fn new(policy: Quotas) -> Self {
        Self { policy, by_path: Mutex::default() }
    }

    pub(crate) fn policy(&self) -> &Quotas {
        &self.policy
    }

    /// Begins the wait of a call for a permit.
    pub(crate) fn turn(&self, endpoint: &'static Endpoint, has_ticket: bool, now: Duration) -> Turn {
        let mut limiters = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry(endpoint.path()).or_insert_with(|| Arc::new(Limiter::new(endpoint, &self.policy)));
        Turn::new(Arc::clone(limiter), Lane::of(endpoint, has_ticket), self.policy.max_wait(), now)
    }
}

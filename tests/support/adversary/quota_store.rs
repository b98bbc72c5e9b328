//! A quota store that several processes share. It answers, fails, hangs and admits nothing without a reason.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use wecom_core::Timer;
use wecom_core::quota::{QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError};
use wecom_mock::InMemoryStore;

use super::behavior::StoreBehavior;
use super::checker::Checker;

/// A quota store. Cheap to clone; all clones share the counts.
#[derive(Clone)]
pub struct Quotas {
    checker: Checker,
    store: InMemoryStore,
    plan: Arc<Mutex<Plan>>,
}

struct Plan {
    behaviors: Vec<(u32, StoreBehavior)>,
    otherwise: StoreBehavior,
    operations: u32,
}

impl Quotas {
    /// Creates a store with these behaviors for single operations, by number from 1, and `otherwise` for all others.
    #[must_use]
    pub fn new(checker: Checker, behaviors: Vec<(u32, StoreBehavior)>, otherwise: StoreBehavior) -> Self {
        let plan = Arc::new(Mutex::new(Plan { behaviors, otherwise, operations: 0 }));
        Self { store: InMemoryStore::new(checker.clone()), checker, plan }
    }

    /// Stops all planned faults: later operations have the default behavior.
    pub fn stop_faults(&self) {
        self.with(|plan| plan.behaviors.clear());
    }

    async fn begin(&self) -> Result<StoreBehavior, QuotaStoreError> {
        let behavior = self.with(|plan| {
            plan.operations += 1;
            let planned = plan.behaviors.iter().find(|(nth, _)| *nth == plan.operations);
            planned.map_or(plan.otherwise, |&(_, behavior)| behavior)
        });
        self.checker.log(|| format!("the quota store: {behavior:?}"));
        match behavior {
            StoreBehavior::Normal(after) if after.is_zero() => {}
            StoreBehavior::Normal(after) => self.checker.sleep(after).await,
            StoreBehavior::Fails => return Err(QuotaStoreError::new("connection reset")),
            StoreBehavior::Hangs => pending().await,
            StoreBehavior::Inconsistent | StoreBehavior::ConcurrentSwap => self.checker.record_fault(),
        }
        Ok(behavior)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Plan) -> T) -> T {
        work(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl QuotaStore for Quotas {
    async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError> {
        match self.begin().await? {
            StoreBehavior::Inconsistent => return Ok(QuotaGrant::new(0, 0)),
            // Another process is faster.
            StoreBehavior::ConcurrentSwap => {
                QuotaStore::take(&self.store, request).await?;
            }
            _ => {}
        }
        QuotaStore::take(&self.store, request).await
    }

    async fn give_back(&self, request: &QuotaRequest, counted_at: u64, unused: u32) -> Result<(), QuotaStoreError> {
        self.begin().await?;
        QuotaStore::give_back(&self.store, request, counted_at, unused).await
    }

    async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
        self.begin().await?;
        QuotaStore::report(&self.store, key, refusal).await
    }
}

impl fmt::Debug for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}

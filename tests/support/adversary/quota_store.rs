//! A quota store that several processes share. It answers, fails, hangs and admits nothing without a reason.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::Timer;
use wecom_core::quota::{CallKind, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError};
use wecom_mock::InMemoryStore;

use super::behavior::StoreBehavior;
use super::checker::Checker;
use super::checks::shared_quotas::{OperationId, StoreOperation};

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
    /// The admissions of another process: when it gives them back, their request, the id and the number.
    returns: Vec<(Duration, QuotaRequest, u64, u32)>,
}

impl Quotas {
    /// Creates a store with these behaviors for single operations, by number from 1, and `otherwise` for all others.
    #[must_use]
    pub fn new(checker: Checker, behaviors: Vec<(u32, StoreBehavior)>, otherwise: StoreBehavior) -> Self {
        let plan = Arc::new(Mutex::new(Plan { behaviors, otherwise, operations: 0, returns: Vec::new() }));
        Self { store: InMemoryStore::new(checker.clone()), checker, plan }
    }

    /// Stops all planned faults: later operations have the default behavior.
    pub fn stop_faults(&self) {
        self.with(|plan| plan.behaviors.clear());
    }

    async fn begin<'a>(
        &'a self,
        key: &'a QuotaKey,
        operation: StoreOperation,
    ) -> Result<(UnderWay<'a>, StoreBehavior), QuotaStoreError> {
        let behavior = self.with(|plan| {
            plan.operations += 1;
            let planned = plan.behaviors.iter().find(|(nth, _)| *nth == plan.operations);
            planned.map_or(plan.otherwise, |&(_, behavior)| behavior)
        });
        let checker = &self.checker;
        checker.log(|| format!("the quota store: {key}, {operation:?}, {behavior:?}"));
        let mut under_way = UnderWay { checker, key, id: Some(checker.quota_operation_begins(key, operation)) };
        match behavior {
            StoreBehavior::Normal(after) if after.is_zero() => {}
            StoreBehavior::Normal(after) => checker.sleep(after).await,
            StoreBehavior::Fails => {
                let id = under_way.ends();
                checker.quota_operation_fails(key, id, false);
                return Err(QuotaStoreError::new("connection reset"));
            }
            StoreBehavior::Hangs => pending().await,
            StoreBehavior::Inconsistent | StoreBehavior::ConcurrentSwap => checker.record_fault(),
        }
        self.give_back_of_another_process().await?;
        Ok((under_way, behavior))
    }

    /// Another process takes admissions: as many as the client, before WeCom refuses its call and it reports the block, or all
    /// for a few seconds.
    async fn serve_another_process(&self, request: &QuotaRequest) -> Result<(), QuotaStoreError> {
        if self.with(|plan| plan.operations % 2 == 0) {
            let grant = QuotaStore::take(&self.store, request).await?;
            self.checker.quota_granted_to_another(&request.key, &grant, None);
            let refusal = QuotaRefusal::Frequency { kind: CallKind::Usual, block: BLOCK };
            return self.record(&request.key, refusal).await;
        }
        let mut all = request.clone();
        all.count = u32::MAX;
        let (grant, until) = (QuotaStore::take(&self.store, &all).await?, self.checker.now() + HOLD);
        self.checker.quota_granted_to_another(&request.key, &grant, Some(until));
        self.with(|plan| plan.returns.push((until, all, grant.counted_at, grant.admitted)));
        Ok(())
    }

    async fn give_back_of_another_process(&self) -> Result<(), QuotaStoreError> {
        let now = self.checker.now();
        let (due, later) = self.with(|plan| {
            let returns = std::mem::take(&mut plan.returns);
            returns.into_iter().partition::<Vec<_>, _>(|(until, ..)| *until <= now)
        });
        self.with(|plan| plan.returns = later);
        for (_, request, id, count) in due {
            QuotaStore::give_back(&self.store, &request, id, count).await?;
        }
        Ok(())
    }

    async fn record(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
        QuotaStore::report(&self.store, key, refusal).await?;
        if let QuotaRefusal::Frequency { block, .. } = refusal {
            self.checker.quota_is_blocked(key, block);
        }
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Plan) -> T) -> T {
        work(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long another process holds admissions that it gives back.
const HOLD: Duration = Duration::from_secs(5);

/// The length of a block that another process reports.
const BLOCK: Duration = Duration::from_secs(60);

/// An operation. Dropping it before it is carried out is a failure of the store for the client.
struct UnderWay<'a> {
    checker: &'a Checker,
    key: &'a QuotaKey,
    id: Option<OperationId>,
}

impl UnderWay<'_> {
    fn ends(&mut self) -> OperationId {
        self.id.take().unwrap_or_default()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.checker.quota_operation_fails(self.key, id, true);
        }
    }
}

#[async_trait]
impl QuotaStore for Quotas {
    async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError> {
        let (mut under_way, behavior) = self.begin(&request.key, StoreOperation::Take).await?;
        let is_withheld = behavior == StoreBehavior::Inconsistent;
        if behavior == StoreBehavior::ConcurrentSwap {
            self.serve_another_process(request).await?;
        }
        let grant = if is_withheld { QuotaGrant::new(0, 0) } else { QuotaStore::take(&self.store, request).await? };
        self.checker.quota_granted(&request.key, under_way.ends(), &grant, is_withheld);
        Ok(grant)
    }

    async fn give_back(&self, request: &QuotaRequest, counted_at: u64, unused: u32) -> Result<(), QuotaStoreError> {
        let operation = StoreOperation::GiveBack { id: counted_at, unused };
        let (mut under_way, _) = self.begin(&request.key, operation).await?;
        QuotaStore::give_back(&self.store, request, counted_at, unused).await?;
        self.checker.quota_operation_is_done(&request.key, under_way.ends());
        Ok(())
    }

    async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
        let operation = match refusal {
            QuotaRefusal::Frequency { .. } => StoreOperation::ReportBlock,
            _ => StoreOperation::ReportConcurrency,
        };
        let (mut under_way, _) = self.begin(key, operation).await?;
        self.record(key, refusal).await?;
        self.checker.quota_operation_is_done(key, under_way.ends());
        Ok(())
    }
}

impl fmt::Debug for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}

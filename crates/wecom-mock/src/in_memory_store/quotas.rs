//! Quotas that several processes share.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::async_trait;
use wecom_core::quota::{
    CallKind, LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError,
};

use super::InMemoryStore;

#[derive(Default)]
pub(super) struct Quotas {
    by_key: HashMap<QuotaKey, Usage>,
    grants: u64,
}

/// The usage of one quota.
#[derive(Default)]
struct Usage {
    counts: Vec<Count>,
    usual_block: Duration,
    block: Duration,
    concurrency_refusals: u64,
}

/// The admissions of one grant.
struct Count {
    id: u64,
    at: Duration,
    kind: CallKind,
    admitted: u32,
}

impl Quotas {
    fn take(&mut self, request: &QuotaRequest, now: Duration) -> QuotaGrant {
        self.grants += 1;
        let usage = self.by_key.entry(request.key.clone()).or_default();
        let longest = request.windows.iter().map(|window| window.length).max().unwrap_or_default();
        usage.counts.retain(|count| now < count.at.saturating_add(longest));
        let block = if request.kind == CallKind::Usual { usage.usual_block.max(usage.block) } else { usage.block };
        let (mut room, mut retry_after) = (request.count, None);
        for window in &request.windows {
            let counts = |count: &&Count| {
                let is_counted = window.counts == CallKind::Ticketed || count.kind == CallKind::Usual;
                is_counted && now < count.at.saturating_add(window.length)
            };
            let used = usage.counts.iter().filter(counts).fold(0u32, |used, count| used.saturating_add(count.admitted));
            let left = window.allowed.saturating_sub(used);
            if left == 0 {
                let oldest = usage.counts.iter().find(counts);
                let wait = oldest.map(|count| count.at.saturating_add(window.length).saturating_sub(now));
                retry_after = retry_after.max(wait);
            }
            room = room.min(left);
        }
        let blocked_for = Some(block.saturating_sub(now)).filter(|left| !left.is_zero());
        if blocked_for.is_some() {
            room = 0;
        }
        if room > 0 {
            usage.counts.push(Count { id: self.grants, at: now, kind: request.kind, admitted: room });
        }
        let mut grant = QuotaGrant::new(room, self.grants);
        (grant.retry_after, grant.blocked_for) = (retry_after, blocked_for);
        grant.concurrency_refusals = usage.concurrency_refusals;
        grant
    }

    fn give_back(&mut self, key: &QuotaKey, id: u64, unused: u32) {
        let counts = self.by_key.get_mut(key).map(|usage| &mut usage.counts);
        if let Some(count) = counts.into_iter().flatten().find(|count| count.id == id) {
            count.admitted = count.admitted.saturating_sub(unused);
        }
    }

    fn report(&mut self, key: &QuotaKey, refusal: QuotaRefusal, now: Duration) {
        let usage = self.by_key.entry(key.clone()).or_default();
        match refusal {
            QuotaRefusal::Frequency { kind: CallKind::Usual, block } => {
                usage.usual_block = usage.usual_block.max(now.saturating_add(block));
            }
            QuotaRefusal::Frequency { block, .. } => usage.block = usage.block.max(now.saturating_add(block)),
            _ => usage.concurrency_refusals += 1,
        }
    }
}

macro_rules! quota_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for InMemoryStore {
            async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError> {
                self.begin().await.map_err(QuotaStoreError::new)?;
                Ok(self.with(|state, now| state.quotas.take(request, now)))
            }

            async fn give_back(
                &self,
                request: &QuotaRequest,
                counted_at: u64,
                unused: u32,
            ) -> Result<(), QuotaStoreError> {
                self.begin().await.map_err(QuotaStoreError::new)?;
                self.with(|state, _| state.quotas.give_back(&request.key, counted_at, unused));
                Ok(())
            }

            async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
                self.begin().await.map_err(QuotaStoreError::new)?;
                self.with(|state, now| state.quotas.report(key, refusal, now));
                Ok(())
            }
        }
    )+};
}

quota_store!(
    #[async_trait]
    QuotaStore,
    #[async_trait(?Send)]
    LocalQuotaStore
);

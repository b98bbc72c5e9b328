//! Leases of work.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::async_trait;
use wecom_core::lease::{Fence, LeaseKey, LeaseStore, LeaseStoreError, LocalLeaseStore};

use super::InMemoryStore;

#[derive(Default)]
pub(super) struct Leases {
    held: HashMap<LeaseKey, (Fence, Duration)>,
    last: u64,
}

impl Leases {
    /// Returns the state after a loss of all data. Fences continue to grow.
    pub(super) fn cleared(&self) -> Self {
        Self { held: HashMap::new(), last: self.last }
    }

    fn acquire(&mut self, key: &LeaseKey, length: Duration, now: Duration) -> Option<Fence> {
        if self.held.get(key).is_some_and(|(_, until)| now < *until) {
            return None;
        }
        self.last += 1;
        let fence = Fence(self.last);
        self.held.insert(key.clone(), (fence, now.saturating_add(length)));
        Some(fence)
    }

    fn renew(&mut self, key: &LeaseKey, fence: Fence, length: Duration, now: Duration) -> bool {
        match self.held.get_mut(key) {
            Some((holder, until)) if *holder == fence && now < *until => {
                *until = now.saturating_add(length);
                true
            }
            _ => false,
        }
    }

    fn release(&mut self, key: &LeaseKey, fence: Fence) {
        if self.held.get(key).is_some_and(|(holder, _)| *holder == fence) {
            self.held.remove(key);
        }
    }
}

macro_rules! lease_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for InMemoryStore {
            async fn acquire(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError> {
                self.begin().await.map_err(LeaseStoreError::new)?;
                Ok(self.with(|state, now| state.leases.acquire(key, length, now)))
            }

            async fn renew(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError> {
                self.begin().await.map_err(LeaseStoreError::new)?;
                Ok(self.with(|state, now| state.leases.renew(key, fence, length, now)))
            }

            async fn release(&self, key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError> {
                self.begin().await.map_err(LeaseStoreError::new)?;
                self.with(|state, _| state.leases.release(key, fence));
                Ok(())
            }
        }
    )+};
}

lease_store!(
    #[async_trait]
    LeaseStore,
    #[async_trait(?Send)]
    LocalLeaseStore
);

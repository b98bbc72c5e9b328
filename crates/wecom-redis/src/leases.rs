//! Leases of work that only one process may do.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use wecom_core::async_trait;
use wecom_core::lease::{Fence, LeaseKey, LeaseStore, LeaseStoreError, LocalLeaseStore};

use crate::error::RedisStoreError;
use crate::store::RedisStore;

/// Returns the fence of the new lease; 0 if another process holds it. A fence is at least the time in microseconds, so
/// fences grow even if the server has lost its data. A repetition after a lost reply returns 0, until the lease expires.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local fence = math.max(now, tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
        local text = string.format('%.0f', fence)
        redis.call('SET', KEYS[2], text, 'EX', 7776000)
        redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
        return fence",
    )
});

/// Renews the lease if it has this fence.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Deletes the lease if it has this fence.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return 0",
    )
});

impl RedisStore {
    async fn acquire_lease(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, RedisStoreError> {
        let (lease, last) = (self.lease_key(key), self.keys().key("lease-fence", key));
        let mut script = ACQUIRE.key(lease);
        script.key(last).arg(milliseconds(length));
        let fence: u64 = self.connection().run(&script).await?;
        Ok(Some(Fence(fence)).filter(|fence| fence.0 > 0))
    }

    async fn renew_lease(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, RedisStoreError> {
        let mut script = RENEW.key(self.lease_key(key));
        script.arg(fence.0.to_string()).arg(milliseconds(length));
        self.connection().run(&script).await
    }

    async fn release_lease(&self, key: &LeaseKey, fence: Fence) -> Result<(), RedisStoreError> {
        let mut script = RELEASE.key(self.lease_key(key));
        script.arg(fence.0.to_string());
        let _zero: i64 = self.connection().run(&script).await?;
        Ok(())
    }

    fn lease_key(&self, key: &LeaseKey) -> String {
        self.keys().key("lease", key)
    }
}

fn milliseconds(length: Duration) -> String {
    length.as_millis().clamp(1, 1 << 52).to_string()
}

macro_rules! lease_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for RedisStore {
            async fn acquire(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError> {
                self.acquire_lease(key, length).await.map_err(LeaseStoreError::new)
            }

            async fn renew(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError> {
                self.renew_lease(key, fence, length).await.map_err(LeaseStoreError::new)
            }

            async fn release(&self, key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError> {
                self.release_lease(key, fence).await.map_err(LeaseStoreError::new)
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

//! Tokens, and the leases of their fetches.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use wecom_core::token::{FetchLease, LocalTokenStore, StoredToken, TokenKey, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, async_trait};

use crate::error::RedisStoreError;
use crate::random;
use crate::store::RedisStore;

/// Returns the token, and its remaining validity in milliseconds.
static GET: LazyLock<Script> =
    LazyLock::new(|| Script::new("return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}"));

/// Replaces the stored token if it is the expected one. An empty text means that no token is expected. Idempotent: a
/// repetition succeeds too.
static SWAP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('GET', KEYS[1]) or ''
        if found ~= ARGV[1] and found ~= ARGV[2] then return false end
        redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
        return true",
    )
});

/// Grants the lease unless another caller holds it. Idempotent: a repetition succeeds too.
static LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return false end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return true",
    )
});

/// Deletes the lease if the caller holds it.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return true")
});

/// The validity of a token for which WeCom states none.
const DEFAULT_VALIDITY: Duration = Duration::from_secs(7200);

impl RedisStore {
    async fn get_token(&self, key: &TokenKey) -> Result<Option<StoredToken>, RedisStoreError> {
        let (token, left): (Option<String>, i64) = self.connection().run(&GET.key(self.token_key(key))).await?;
        // Negative if the key has no time to live. This store writes no such key.
        let left = u64::try_from(left).map(Duration::from_millis).unwrap_or(DEFAULT_VALIDITY);
        Ok(token.map(|token| StoredToken::new(AccessToken::new(token)).expiring_in(left)))
    }

    async fn swap_token(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, RedisStoreError> {
        let mut script = SWAP.key(self.token_key(key));
        script.arg(expected.map_or("", AccessToken::expose)).arg(new.token().expose());
        script.arg(milliseconds(new.expires_in().unwrap_or(DEFAULT_VALIDITY)));
        self.connection().run(&script).await
    }

    async fn acquire_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, RedisStoreError> {
        let id = random::id();
        let mut script = LEASE.key(self.fetch_key(key));
        let is_granted: bool = self.connection().run(script.arg(id).arg(milliseconds(length))).await?;
        Ok(if is_granted { FetchLease::Granted { id } } else { FetchLease::Held })
    }

    async fn release_fetch(&self, key: &TokenKey, id: u64) -> Result<(), RedisStoreError> {
        let _true: bool = self.connection().run(RELEASE.key(self.fetch_key(key)).arg(id)).await?;
        Ok(())
    }

    fn token_key(&self, key: &TokenKey) -> String {
        self.keys().key("token", key)
    }

    fn fetch_key(&self, key: &TokenKey) -> String {
        self.keys().key("token-fetch", key)
    }
}

/// Converts a duration to milliseconds, at least 1, because Redis refuses a time to live of zero.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

macro_rules! token_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for RedisStore {
            async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
                self.get_token(key).await.map_err(TokenStoreError::new)
            }

            async fn compare_and_swap(
                &self,
                key: &TokenKey,
                expected: Option<&AccessToken>,
                new: &StoredToken,
            ) -> Result<bool, TokenStoreError> {
                self.swap_token(key, expected, new).await.map_err(TokenStoreError::new)
            }

            async fn lease_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError> {
                self.acquire_fetch(key, length).await.map_err(TokenStoreError::new)
            }

            async fn end_fetch(&self, key: &TokenKey, id: u64) -> Result<(), TokenStoreError> {
                self.release_fetch(key, id).await.map_err(TokenStoreError::new)
            }
        }
    )+};
}

token_store!(
    #[async_trait]
    TokenStore,
    #[async_trait(?Send)]
    LocalTokenStore
);

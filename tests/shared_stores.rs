//! The stores of `wecom-redis` with a real server keep the contracts that `wecom_conformance::stores` checks.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use wecom_conformance::stores;
use wecom_core::lease::{Fence, LeaseKey, LeaseStore};
use wecom_hyper::TokioTimer;
use wecom_redis::RedisStore;
use wecom_tests::redis_server::RedisServer;

#[tokio::test]
async fn tokens_quotas_leases_and_seen_events_in_redis_keep_their_contracts() {
    let Some(redis) = RedisServer::start() else { return };
    let (store, timer) = (RedisStore::connect(&redis.url()).await.unwrap(), TokioTimer::new());
    stores::check_token_store(&store, &timer, "ww1").await.assert();
    stores::check_quota_store(&store, &timer, "ww1").await.assert();
    stores::check_lease_store(&store, &timer, "ww1").await.assert();
    stores::check_seen_events(&store, &timer, [7; 16]).await.assert();
}

#[tokio::test]
async fn fences_grow_even_if_redis_lost_its_data() {
    let Some(mut redis) = RedisServer::start() else { return };
    let store = RedisStore::connect(&redis.url()).await.unwrap();
    let (key, mut last) = (LeaseKey::new("ww1", "import"), Fence(0));
    for _ in 0..3 {
        let length = std::time::Duration::from_secs(60);
        let fence = LeaseStore::acquire(&store, &key, length).await.unwrap().unwrap();
        assert!(fence > last, "{fence:?} after {last:?}");
        last = fence;
        redis.restart();
    }
}

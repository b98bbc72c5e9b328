//! The stores of `wecom-redis` over a real Redis, which each test starts on loopback.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]

mod company;
mod faults;
mod quotas;
mod sharing;
mod slow;
mod stores;

use wecom_redis::RedisStore;
use wecom_tests::redis_server::RedisServer;

/// A store with a connection of its own, as a process has.
fn store(server: &RedisServer) -> RedisStore {
    RedisStore::open(&server.url()).unwrap()
}

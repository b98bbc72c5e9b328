//! A token store in Redis: the processes of one app share its token, and Redis expires it.
//!
//! `cargo run -p wecom-tests --example token_store_redis` runs two clients against a simulated WeCom. They share a token through
//! the Redis at `REDIS_URL`, by default `redis://127.0.0.1/`.

#![allow(clippy::print_stdout, reason = "the example prints its steps")]

use std::env;
use std::error::Error;
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Client as Redis, RedisError, Script};
use wecom_core::token::{StoredToken, TokenKey, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, Client, async_trait};
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

/// Returns the token and its remaining validity in milliseconds, atomically.
const GET: &str = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

/// Replaces the token if the stored one is the expected one. An empty string stands for none.
const COMPARE_AND_SWAP: &str = "
    if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1";

/// The validity of a token for which WeCom reports none.
const DEFAULT_VALIDITY: Duration = Duration::from_secs(7200);

/// The time limit of a Redis command. If it passes, the client fetches its own token.
const TIME_LIMIT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct RedisTokenStore {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisTokenStore {
    /// Connects to Redis. The keys begin with a prefix. The store holds tokens, so no other program may read this Redis.
    pub(crate) async fn connect(url: &str, prefix: impl Into<String>) -> Result<Self, RedisError> {
        let connection = tokio::time::timeout(TIME_LIMIT, Redis::open(url)?.get_connection_manager()).await;
        let connection = connection.map_err(|_| RedisError::from((redis::ErrorKind::Io, "timed out")))??;
        Ok(Self { connection, prefix: prefix.into() })
    }

    fn key(&self, key: &TokenKey) -> String {
        format!("{}:{key}", self.prefix)
    }

    /// Runs a script on the key of a token, within the time limit.
    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &'static str,
        key: &TokenKey,
        arguments: &[&str],
    ) -> Result<T, TokenStoreError> {
        let script = Script::new(script);
        let mut invocation = script.key(self.key(key));
        for argument in arguments {
            invocation.arg(argument);
        }
        let mut connection = self.connection.clone();
        let answer = tokio::time::timeout(TIME_LIMIT, invocation.invoke_async(&mut connection)).await;
        let answer = answer.map_err(|_| TokenStoreError::new("Redis: timed out"))?;
        // The text of the error may echo the token, so only its kind is shown.
        answer.map_err(|error: RedisError| TokenStoreError::new(format!("Redis: {:?}", error.kind())))
    }
}

#[async_trait]
impl TokenStore for RedisTokenStore {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        let (token, left): (Option<String>, i64) = self.run(GET, key, &[]).await?;
        Ok(token.map(|token| {
            let token = StoredToken::new(AccessToken::new(token));
            // Negative if the key does not expire.
            u64::try_from(left).map_or(token.clone(), |left| token.expiring_in(Duration::from_millis(left)))
        }))
    }

    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        let validity = new.expires_in().unwrap_or(DEFAULT_VALIDITY).as_millis().max(1).to_string();
        let expected = expected.map_or("", AccessToken::expose);
        self.run(COMPARE_AND_SWAP, key, &[expected, new.token().expose(), &validity]).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1/".to_owned());
    let store = RedisTokenStore::connect(&url, "wecom-example").await?;
    let simulator = Simulator::demo();
    for process in ["first", "second"] {
        // Each client stands for a process. The store is all that they share.
        let client = Client::builder(simulator.clone()).credentials(simulator.credentials());
        let upstream = Upstream::new(client.token_store("dealer-app", store.clone()).build());
        println!("the {process} sees {} chains", upstream.get_chain_list().await?.chains.len());
    }
    let kept: Vec<String> = store.connection.clone().keys("wecom-example:*").await?;
    println!("and Redis keeps one token, as {kept:?}");
    Ok(())
}

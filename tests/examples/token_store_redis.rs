//! A store of tokens in Redis: several processes that call with one app share its token, and Redis lets it expire.
//!
//! `cargo run -p wecom-tests --example token_store_redis` has two clients share a token through the Redis at `REDIS_URL`
//! (`redis://127.0.0.1/` when it is not set), over a simulated WeCom.

#![allow(clippy::print_stdout, reason = "the example shows what happens")]

use std::env;
use std::error::Error;
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Client as Redis, RedisError, Script};
use wecom_core::{AccessToken, Client, StoredToken, TokenKey, TokenStore, TokenStoreError, async_trait};
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

/// The token and how many milliseconds it has left, of one moment.
const GET: &str = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

/// Sets the token if the one that is there is the expected one; an empty text stands for none.
const COMPARE_AND_SWAP: &str = "
    if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1";

/// How long a token is kept of which WeCom did not say how long it is valid.
const USUAL_VALIDITY: Duration = Duration::from_secs(7200);

/// How long Redis is waited for: without it, the client fetches a token by itself.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct RedisTokenStore {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisTokenStore {
    /// A store whose keys begin with a prefix, in a Redis that nobody else can read: it holds tokens.
    pub(crate) async fn connect(url: &str, prefix: impl Into<String>) -> Result<Self, RedisError> {
        let connection = tokio::time::timeout(PATIENCE, Redis::open(url)?.get_connection_manager()).await;
        let connection = connection.map_err(|_| RedisError::from((redis::ErrorKind::Io, "no answer in time")))??;
        Ok(Self { connection, prefix: prefix.into() })
    }

    fn key(&self, key: &TokenKey) -> String {
        format!("{}:{key}", self.prefix)
    }

    /// Runs a script on the key of a token.
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
        let answer = tokio::time::timeout(PATIENCE, invocation.invoke_async(&mut connection)).await;
        let answer = answer.map_err(|_| TokenStoreError::new("Redis did not answer in time"))?;
        // Redis may repeat what it was sent, and that is a token: the kind of the error has to do.
        answer.map_err(|error: RedisError| TokenStoreError::new(format!("Redis: {:?}", error.kind())))
    }
}

#[async_trait]
impl TokenStore for RedisTokenStore {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        let (token, left): (Option<String>, i64) = self.run(GET, key, &[]).await?;
        Ok(token.map(|token| {
            let token = StoredToken::new(AccessToken::new(token));
            // Negative: somebody has set it without an end.
            u64::try_from(left).map_or(token.clone(), |left| token.expiring_in(Duration::from_millis(left)))
        }))
    }

    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        let validity = new.expires_in().unwrap_or(USUAL_VALIDITY).as_millis().max(1).to_string();
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
        // Each stands for a process of its own: the store is all that they share.
        let client = Client::builder(simulator.clone()).credentials(simulator.credentials());
        let upstream = Upstream::new(client.token_store("dealer-app", store.clone()).build());
        println!("the {process} sees {} chains", upstream.get_chain_list().await?.chains.len());
    }
    let kept: Vec<String> = store.connection.clone().keys("wecom-example:*").await?;
    println!("and Redis keeps one token, as {kept:?}");
    Ok(())
}

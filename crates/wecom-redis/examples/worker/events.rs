//! A queue of events in Redis, from the worker that receives them to the one that keeps the directory.

use redis::{Client, Cmd, FromRedisValue, RedisResult, cmd};
use wecom_callback::Callback;

use super::config::Config;

/// The maximum number of messages that are read at once.
const BATCH: isize = 1000;

/// The queue. A worker removes an event only after it has saved a state that contains what the event names.
#[derive(Clone)]
pub(crate) struct EventQueue {
    client: Client,
    key: String,
}

impl EventQueue {
    pub(crate) fn new(config: &Config) -> RedisResult<Self> {
        let key = format!("dealers:events:{{{}}}", config.chain_id);
        Ok(Self { client: Client::open(config.redis_url.as_str())?, key })
    }

    /// Appends the message of a callback.
    pub(crate) async fn push(&self, callback: &Callback) -> RedisResult<()> {
        self.run(cmd("RPUSH").arg(&self.key).arg(callback.message().as_str())).await
    }

    /// Returns the messages at the front of the queue.
    pub(crate) async fn read(&self) -> RedisResult<Vec<String>> {
        self.run(cmd("LRANGE").arg(&self.key).arg(0).arg(BATCH - 1)).await
    }

    /// Removes this number of messages from the front.
    pub(crate) async fn remove(&self, count: usize) -> RedisResult<()> {
        self.run(cmd("LTRIM").arg(&self.key).arg(count).arg(-1)).await
    }

    /// Runs a command on a new connection: events are rare, and an older connection may be broken.
    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        command.query_async(&mut connection).await
    }
}

//! Seen events of `wecom-callback`.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use tokio::runtime::Handle;
use wecom_callback::{MessageDigest, Seen, SeenEvents};

use crate::error::RedisStoreError;
use crate::random;
use crate::store::RedisStore;

/// Marks a message, unless it is marked. Returns the previous mark. A repetition with the same mark returns none again.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local mark = redis.call('GET', KEYS[1])
        if mark and mark ~= ARGV[1] then return mark end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return false",
    )
});

static FINISH: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return true"));

/// Removes the mark if it begins with a prefix.
static FORGET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local mark = redis.call('GET', KEYS[1])
        if mark and string.sub(mark, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return true",
    )
});

/// The mark of a handled message.
const HANDLED: &str = "handled";

/// How long a message is marked as being handled. WeCom sends it again after 5 seconds.
const HANDLING_LASTS: Duration = Duration::from_secs(5);

/// How long a message is marked as handled.
const HANDLED_LASTS: Duration = Duration::from_secs(60 * 60);

impl SeenEvents for RedisStore {
    type Error = RedisStoreError;

    async fn begin(&self, digest: &MessageDigest) -> Result<Seen, RedisStoreError> {
        let mark = format!("{}{:016x}", self.handling_prefix(), random::id());
        let mut script = BEGIN.key(self.seen_key(digest));
        script.arg(mark).arg(milliseconds(HANDLING_LASTS));
        let previous: Option<String> = self.connection().run(&script).await?;
        Ok(match previous.as_deref() {
            None => Seen::New,
            Some(HANDLED) => Seen::Handled,
            Some(_) => Seen::InProgress,
        })
    }

    async fn finish(&self, digest: &MessageDigest) -> Result<(), RedisStoreError> {
        let mut script = FINISH.key(self.seen_key(digest));
        let _true: bool = self.connection().run(script.arg(HANDLED).arg(milliseconds(HANDLED_LASTS))).await?;
        Ok(())
    }

    async fn forget(&self, digest: &MessageDigest) -> Result<(), RedisStoreError> {
        let mut script = FORGET.key(self.seen_key(digest));
        let _true: bool = self.connection().run(script.arg(self.handling_prefix())).await?;
        Ok(())
    }

    /// Removes the mark in a task of the Tokio runtime. Outside a runtime, the mark expires.
    fn abandon(&self, digest: &MessageDigest) {
        let (store, digest) = (self.clone(), *digest);
        if let Ok(runtime) = Handle::try_current() {
            // If it fails, the mark expires.
            drop(runtime.spawn(async move { store.forget(&digest).await }));
        }
    }
}

impl RedisStore {
    fn seen_key(&self, digest: &MessageDigest) -> String {
        self.keys().key("seen", digest)
    }

    /// How the marks of this process begin. It never removes those of others, which may handle the message after a mark has
    /// expired.
    fn handling_prefix(&self) -> String {
        format!("handling {:016x} ", self.id())
    }
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}

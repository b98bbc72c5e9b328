//! Seen events of `wecom-callback`.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use tokio::runtime::Handle;
use tokio::time::sleep;
use wecom_callback::{MessageDigest, Seen, SeenEvents};

use crate::error::RedisStoreError;
use crate::random;
use crate::store::RedisStore;

/// Marks a message, unless it is marked. Returns the previous mark. Idempotent: a repetition with the same mark returns none
/// too.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local mark = redis.call('GET', KEYS[1])
        if mark and mark ~= ARGV[1] then return mark end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return false",
    )
});

/// Renews a mark, unless the message was handled or the mark has expired.
static PROLONG: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 1",
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

/// The time to live of the mark of a message that is being handled. WeCom sends the message again after 5 seconds.
const HANDLING_LASTS: Duration = Duration::from_secs(5);

/// The interval at which a process renews the mark of a message that it handles.
const PROLONGED_EVERY: Duration = Duration::from_secs(2);

/// How long a message is marked as handled.
const HANDLED_LASTS: Duration = Duration::from_secs(60 * 60);

/// While a message is being handled, a task of the Tokio runtime renews its mark, up to the
/// [limit](crate::RedisStoreBuilder::handling_limit). If the process ends or hangs, the mark expires within 5 seconds, and
/// another process handles the message when WeCom sends it again. If the first process then resumes, the message is handled
/// twice.
impl SeenEvents for RedisStore {
    type Error = RedisStoreError;

    async fn begin(&self, digest: &MessageDigest) -> Result<Seen, RedisStoreError> {
        let mark = format!("{}{:016x}", self.handling_prefix(), random::id());
        let mut script = BEGIN.key(self.seen_key(digest));
        script.arg(&mark).arg(milliseconds(HANDLING_LASTS));
        let mut attempt = Attempt { store: self, digest, mark: &mark, has_ended: false };
        let previous: Option<String> = self.connection().run(&script).await?;
        attempt.has_ended = true;
        Ok(match previous.as_deref() {
            None => {
                drop(tokio::spawn(self.clone().keep_marked(*digest, mark.clone())));
                Seen::New
            }
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
        self.forget_marks(digest, &self.handling_prefix()).await
    }

    fn abandon(&self, digest: &MessageDigest) {
        self.forget_soon(digest, self.handling_prefix());
    }
}

/// An attempt to mark a message. If the attempt fails or its future is dropped, the message may be marked although nothing
/// handles it, so the mark is removed.
struct Attempt<'a> {
    store: &'a RedisStore,
    digest: &'a MessageDigest,
    mark: &'a str,
    has_ended: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.store.forget_soon(self.digest, self.mark.to_owned());
        }
    }
}

impl RedisStore {
    fn seen_key(&self, digest: &MessageDigest) -> String {
        self.keys().key("seen", digest)
    }

    /// Removes the mark of a message if it begins with a prefix.
    async fn forget_marks(&self, digest: &MessageDigest, prefix: &str) -> Result<(), RedisStoreError> {
        let mut script = FORGET.key(self.seen_key(digest));
        let _true: bool = self.connection().run(script.arg(prefix)).await?;
        Ok(())
    }

    /// Removes a mark in a task of the Tokio runtime. Outside a runtime, or if the task fails, the mark expires instead.
    fn forget_soon(&self, digest: &MessageDigest, prefix: String) {
        let (store, digest) = (self.clone(), *digest);
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(async move { store.forget_marks(&digest, &prefix).await }));
        }
    }

    /// Renews the mark of a message while it is being handled, up to the handling limit.
    async fn keep_marked(self, digest: MessageDigest, mark: String) {
        let key = self.seen_key(&digest);
        let mut left = self.handling_limit();
        while let Some(rest) = left.checked_sub(PROLONGED_EVERY) {
            left = rest;
            sleep(PROLONGED_EVERY).await;
            let mut script = PROLONG.key(&key);
            script.arg(&mark).arg(milliseconds(HANDLING_LASTS));
            let is_marked: Result<bool, RedisStoreError> = self.connection().run(&script).await;
            // After an error, the next renewal may succeed.
            if let Ok(false) = is_marked {
                return;
            }
        }
    }

    /// The prefix of this store's marks. The store removes no other mark, because after a mark has expired, another process
    /// may handle the message.
    fn handling_prefix(&self) -> String {
        format!("handling {:016x} ", self.id())
    }
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}

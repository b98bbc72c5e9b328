//! The saved state of a job.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Script;
use tokio::time::{sleep, timeout};

use crate::error::RedisStoreError;
use crate::random;
use crate::store::RedisStore;

/// How long after a failed save the next one begins.
const PAUSE: Duration = Duration::from_millis(200);

static LOAD: LazyLock<Script> =
    LazyLock::new(|| Script::new("return redis.call('HMGET', KEYS[1], 'content', 'revision')"));

/// Replaces the content, unless another handle has saved since the caller's revision. Returns the new revision, or 0.
static SAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('HMGET', KEYS[1], 'owner', 'revision')
        if found[2] and found[1] ~= ARGV[1] and found[2] ~= ARGV[2] then return 0 end
        local revision = (found[2] or ARGV[2]) + 1
        redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'revision', revision, 'content', ARGV[3])
        redis.call('PEXPIRE', KEYS[1], ARGV[4])
        return revision",
    )
});

/// Deletes the content, unless another handle has saved since the caller's revision. Returns whether it was deleted.
static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('HMGET', KEYS[1], 'owner', 'revision')
        if found[2] and found[1] ~= ARGV[1] and found[2] ~= ARGV[2] then return false end
        redis.call('DEL', KEYS[1])
        return true",
    )
});

/// The saved state of a job, such as an import or a walk, created by [`RedisStore::saved_state`].
///
/// If a process ends, another one loads the state and continues the job. A process that hangs and resumes later cannot
/// replace the state that the other one has saved.
///
/// The content is any document of up to [32 MiB](Self::MAX_SIZE), such as the JSON of `ImportState`, which names its version. It
/// expires 30 days after the last save.
///
/// ```no_run
/// # async fn example(store: wecom_redis::RedisStore) -> Result<(), wecom_redis::RedisStoreError> {
/// let saved = store.saved_state("import/2026-11");
/// if let Some(document) = saved.load().await? {
///     println!("continues an import of {} bytes", document.len());
/// }
/// saved.save(br#"{"rows":1}"#).await?;
/// saved.remove().await?;
/// # Ok(())
/// # }
/// ```
pub struct SavedState {
    store: RedisStore,
    key: String,
    owner: u64,
    /// The revision that this handle has loaded or saved; 0 if there was none.
    revision: AtomicU64,
}

impl SavedState {
    /// The maximum size of the content in bytes.
    pub const MAX_SIZE: usize = 32 * 1024 * 1024;

    /// How long the content is kept after the last save.
    const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    fn new(store: RedisStore, key: String) -> Self {
        Self { store, key, owner: random::id(), revision: AtomicU64::new(0) }
    }

    /// Returns the content; `None` if nothing is saved.
    ///
    /// # Errors
    ///
    /// An error if Redis does not reply.
    pub async fn load(&self) -> Result<Option<Vec<u8>>, RedisStoreError> {
        let (content, revision): (Option<Vec<u8>>, Option<u64>) =
            self.store.connection().run(&LOAD.key(&self.key)).await?;
        self.revision.store(revision.unwrap_or(0), Ordering::Relaxed);
        Ok(content)
    }

    /// Replaces the content.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError::Conflict`] if another process has saved since this handle last loaded or saved: stop the job then.
    /// [`RedisStoreError::TooLarge`] beyond [`MAX_SIZE`](Self::MAX_SIZE). After another error, the content may have been
    /// replaced, and saving again is safe.
    pub async fn save(&self, content: &[u8]) -> Result<(), RedisStoreError> {
        if content.len() > Self::MAX_SIZE {
            return Err(RedisStoreError::TooLarge { size: content.len(), limit: Self::MAX_SIZE });
        }
        let mut script = SAVE.key(&self.key);
        script.arg(self.owner).arg(self.revision.load(Ordering::Relaxed)).arg(content);
        script.arg(Self::KEPT.as_millis().to_string());
        match self.store.connection().run(&script).await? {
            0 => Err(RedisStoreError::Conflict),
            revision => {
                self.revision.store(revision, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Replaces the content like [`save`](Self::save), and repeats it for up to `limit` after errors that
    /// [may pass](RedisStoreError::is_transient). So a job waits while Redis restarts, and does not end.
    ///
    /// # Errors
    ///
    /// As for [`save`](Self::save); after the limit, the last error.
    pub async fn save_within(&self, content: &[u8], limit: Duration) -> Result<(), RedisStoreError> {
        let mut last = match self.save(content).await {
            Err(error) if error.is_transient() => error,
            outcome => return outcome,
        };
        let repeated = async {
            loop {
                sleep(PAUSE).await;
                match self.save(content).await {
                    Err(error) if error.is_transient() => last = error,
                    outcome => return outcome,
                }
            }
        };
        let outcome = timeout(limit, repeated).await;
        outcome.unwrap_or(Err(last))
    }

    /// Deletes the content, for example when the job is done.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError::Conflict`] as for [`save`](Self::save), or an error if Redis does not reply.
    pub async fn remove(&self) -> Result<(), RedisStoreError> {
        let mut script = REMOVE.key(&self.key);
        script.arg(self.owner).arg(self.revision.load(Ordering::Relaxed));
        let is_removed: bool = self.store.connection().run(&script).await?;
        if is_removed { Ok(()) } else { Err(RedisStoreError::Conflict) }
    }
}

impl RedisStore {
    /// Returns the saved state of a job. Processes that work on the same job use the same name.
    #[must_use]
    pub fn saved_state(&self, name: &str) -> SavedState {
        SavedState::new(self.clone(), self.keys().key("state", name))
    }
}

impl fmt::Debug for SavedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedState").field("key", &self.key).finish_non_exhaustive()
    }
}

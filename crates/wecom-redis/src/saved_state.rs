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

/// The pause between a failed save and the next one.
const PAUSE: Duration = Duration::from_millis(200);

static LOAD: LazyLock<Script> =
    LazyLock::new(|| Script::new("return redis.call('HMGET', KEYS[1], 'content', 'revision')"));

/// Replaces the content, unless another handle has saved since the caller's revision. Returns the new revision; 0 if another
/// handle has saved.
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
/// If a process ends, another one loads the state and continues the job. If the first process only hung and resumes, it
/// cannot replace the state that the other one has saved.
///
/// The content is any bytes, up to [32 MiB](Self::MAX_SIZE), such as an `ImportState` as JSON, which contains its own
/// version. It expires 30 days after the last save.
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

    /// Loads the content. Returns `None` if nothing is saved.
    ///
    /// # Errors
    ///
    /// Returns an error if Redis cannot be reached, or refuses the operation.
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
    /// Returns [`RedisStoreError::Conflict`] if another handle, usually in another process, has saved since this one last
    /// loaded or saved: stop the job then. Returns [`RedisStoreError::TooLarge`] if the content is larger than
    /// [`MAX_SIZE`](Self::MAX_SIZE). After any other error, the content may have been replaced, and it is safe to save
    /// again.
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

    /// Replaces the content like [`save`](Self::save). After a [transient error](RedisStoreError::is_transient), saves again
    /// every 200 ms for up to `limit`. So a job waits while Redis restarts, instead of ending.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`save`](Self::save). If no save succeeds within the limit, returns the last error.
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

    /// Deletes the content, for example after the end of the job.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::Conflict`] as [`save`](Self::save) does, or an error if Redis cannot be reached or refuses
    /// the operation.
    pub async fn remove(&self) -> Result<(), RedisStoreError> {
        let mut script = REMOVE.key(&self.key);
        script.arg(self.owner).arg(self.revision.load(Ordering::Relaxed));
        let is_removed: bool = self.store.connection().run(&script).await?;
        if is_removed { Ok(()) } else { Err(RedisStoreError::Conflict) }
    }
}

impl RedisStore {
    /// Returns a handle to the saved state of a job. Nothing is loaded until [`SavedState::load`]. Processes that work on
    /// the same job use the same name.
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

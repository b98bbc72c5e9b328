//! Stores of leases.

use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// A store of leases, which several processes share.
///
/// # Responsibilities of an implementation
///
/// - [`acquire`](Self::acquire) checks and marks in one atomic step: of several callers, only one gets the lease.
/// - Leases expire by the store's own clock, not by those of the processes.
/// - Each lease of a key has a higher fence than all leases before it, even after the store has lost its data.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Acquires the lease of a key, which expires after `length`. Returns `None` if the lease is held already.
    async fn acquire(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError>;

    /// Extends a lease: it expires after `length` from now. Returns `false` if it has expired or another process holds
    /// it.
    async fn renew(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError>;

    /// Releases the lease with this fence. Does nothing if it has expired or been replaced.
    async fn release(&self, key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError>;
}

/// A [`LeaseStore`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalLeaseStore {
    /// Acquires the lease of a key, which expires after `length`. Returns `None` if the lease is held already.
    async fn acquire(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError>;

    /// Extends a lease: it expires after `length` from now. Returns `false` if it has expired or another process holds
    /// it.
    async fn renew(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError>;

    /// Releases the lease with this fence. Does nothing if it has expired or been replaced.
    async fn release(&self, key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError>;
}

/// The number of a lease. Each lease of a key has a higher number than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// The key of a lease: a corp, and the work that only one process may do.
///
/// Its text, such as `ww1234/import`, can be the key in a database: two keys never have the same text. A slash in the id of the
/// corp is written as `%2F`, and a percent sign as `%25`.
///
/// ```
/// use wecom_core::lease::LeaseKey;
///
/// assert_eq!(LeaseKey::new("ww1234", "import/2026").to_string(), "ww1234/import/2026");
/// assert_eq!(LeaseKey::new("ww1234/import", "2026").to_string(), "ww1234%2Fimport/2026");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaseKey {
    corp_id: Arc<str>,
    work: Arc<str>,
}

impl LeaseKey {
    /// Creates the key of a corp and some work, such as `import`.
    pub fn new(corp_id: impl Into<Arc<str>>, work: impl Into<Arc<str>>) -> Self {
        Self { corp_id: corp_id.into(), work: work.into() }
    }

    /// The corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The work.
    #[must_use]
    pub fn work(&self) -> &str {
        &self.work
    }
}

impl fmt::Display for LeaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The first slash ends the id of the corp.
        for character in self.corp_id.chars() {
            match character {
                '/' => f.write_str("%2F")?,
                '%' => f.write_str("%25")?,
                other => f.write_char(other)?,
            }
        }
        write!(f, "/{}", self.work)
    }
}

/// The error of a [`LeaseStore`].
#[derive(Clone, Debug)]
pub struct LeaseStoreError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl LeaseStoreError {
    /// Wraps the store's own error. Its text is shown unchanged, so it must not contain a secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }
}

impl fmt::Display for LeaseStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease store failed: {}", self.source)
    }
}

/// The text includes the store's own error, so the source is that error's own source.
impl StdError for LeaseStoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

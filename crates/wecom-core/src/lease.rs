//! Leases of work that only one of several processes may do, such as the import of a corp.

mod store;

use std::error::Error as StdError;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

pub use self::store::{Fence, LeaseKey, LeaseStore, LeaseStoreError, LocalLeaseStore};
use crate::client::Threading;
use crate::threading::{Family, Local, Shared};
use crate::timer::cached_clock::CachedClock;
use crate::timer::{Clock, LocalTimer, Timer};

/// The time limit of one operation of the store.
const LIMIT: Duration = Duration::from_secs(2);

/// The shortest length of a lease. Stores count milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// The right of one process to do some work, until the lease expires or is released.
///
/// A process that hangs loses its lease without notice. So it calls [`renew`](Self::renew) before each step that must not be
/// done twice. Another process that takes over gets a higher [`Fence`], and a store that knows the fence of each change
/// rejects those of the earlier process.
///
/// If the store fails or is slow, the work does not begin: an error of [`acquire`](Self::acquire) or `renew` means that
/// another process may hold the lease.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::lease::{Lease, LeaseError, LeaseKey};
/// use wecom_mock::{InMemoryStore, ManualTimer};
///
/// let timer = ManualTimer::new();
/// // In production: `RedisStore` of wecom-redis.
/// let store = InMemoryStore::new(timer.clone());
/// let key = LeaseKey::new("ww1234567890abcdef", "nightly-report");
/// # timer.run(async {
/// let lease =
///     <Lease>::acquire(store, timer.clone(), key, Duration::from_secs(60)).await?;
/// let Some(mut lease) = lease else { return Ok(()) }; // Another process does the work.
/// for _step in 1..=3 {
///     lease.renew().await?; // Fails if the lease is lost: then stop.
///     // ... a step that must not be done twice ...
/// }
/// lease.release().await?;
/// # Ok::<(), LeaseError>(())
/// # })?;
/// # Ok::<(), LeaseError>(())
/// ```
pub struct Lease<M: Threading = Shared> {
    store: M::LeaseStore,
    key: LeaseKey,
    clock: Clock<M>,
    length: Duration,
    fence: Fence,
    renewed_at: Duration,
}

/// Why a process may not do its work.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LeaseError {
    /// The lease has expired, and another process may hold it.
    Lost,
    /// The store failed.
    Store(LeaseStoreError),
    /// The store did not reply within two seconds.
    Timeout,
    /// The length of the lease is shorter than a millisecond, so it would expire at once.
    InvalidLength,
}

impl Lease<Shared> {
    /// Acquires a lease that expires `length` after it was last renewed. `None` if another process holds it.
    ///
    /// # Errors
    ///
    /// If the store fails, or does not reply within two seconds. [`LeaseError::InvalidLength`] if the length is shorter than
    /// a millisecond.
    pub async fn acquire(
        store: impl LeaseStore + 'static,
        timer: impl Timer + 'static,
        key: LeaseKey,
        length: Duration,
    ) -> Result<Option<Self>, LeaseError> {
        let store: Arc<dyn LeaseStore> = Arc::new(store);
        Self::acquire_on(store, Clock::<Shared>::new(timer), key, length).await
    }
}

impl Lease<Local> {
    /// Acquires a lease that expires `length` after it was last renewed. `None` if another process holds it.
    ///
    /// # Errors
    ///
    /// If the store fails, or does not reply within two seconds. [`LeaseError::InvalidLength`] if the length is shorter than
    /// a millisecond.
    pub async fn acquire(
        store: impl LocalLeaseStore + 'static,
        timer: impl LocalTimer + 'static,
        key: LeaseKey,
        length: Duration,
    ) -> Result<Option<Self>, LeaseError> {
        let store: Rc<dyn LocalLeaseStore> = Rc::new(store);
        Self::acquire_on(store, Clock::<Local>::new(timer), key, length).await
    }
}

impl<M: Threading> Lease<M> {
    async fn acquire_on(
        store: M::LeaseStore,
        clock: Clock<M>,
        key: LeaseKey,
        length: Duration,
    ) -> Result<Option<Self>, LeaseError> {
        if length < SHORTEST {
            return Err(LeaseError::InvalidLength);
        }
        let renewed_at = clock.now();
        let fence = within_limit(&clock, M::acquire_lease(&store, &key, length)).await?;
        Ok(fence.map(|fence| Self { store, key, clock, length, fence, renewed_at }))
    }

    /// The number of this lease, which is higher than those of all earlier leases of its key.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &LeaseKey {
        &self.key
    }

    /// How often the lease should be renewed: three times within its length.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.length / 3
    }

    /// Waits until the lease should be renewed.
    pub async fn due(&self) {
        let since = self.clock.now().saturating_sub(self.renewed_at);
        self.clock.sleep(self.interval().saturating_sub(since)).await;
    }

    /// Whether the last renewal is longer ago than the [interval](Self::interval).
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.clock.now().saturating_sub(self.renewed_at) >= self.interval()
    }

    /// Prolongs the lease by its length from now. On success, the process still holds it.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`] if the lease has expired; any other error leaves that open.
    pub async fn renew(&mut self) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let is_ours =
            within_limit(&self.clock, M::renew_lease(&self.store, &self.key, self.fence, self.length)).await?;
        // A reply that is read too late says nothing any more.
        if !is_ours || self.clock.now().saturating_sub(now) >= self.length {
            return Err(LeaseError::Lost);
        }
        self.renewed_at = now;
        Ok(())
    }

    /// Releases the lease, so that another process need not wait until it expires.
    ///
    /// # Errors
    ///
    /// If the store fails, or does not reply within two seconds. The lease then expires.
    pub async fn release(self) -> Result<(), LeaseError> {
        within_limit(&self.clock, M::release_lease(&self.store, &self.key, self.fence)).await
    }
}

async fn within_limit<M: Family, T>(
    clock: &Clock<M>,
    operation: M::Future<'_, Result<T, LeaseStoreError>>,
) -> Result<T, LeaseError> {
    let outcome = CachedClock::new(Some(clock)).timeout(Some(LIMIT), operation).await;
    outcome.map_err(|_| LeaseError::Timeout)?.map_err(LeaseError::Store)
}

impl<M: Threading> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("key", &self.key).field("fence", &self.fence).finish_non_exhaustive()
    }
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("lease lost: it has expired, and another process may do the work"),
            Self::Store(error) => error.fmt(f),
            Self::Timeout => write!(f, "timed out: no reply from the lease store within {LIMIT:?}"),
            Self::InvalidLength => write!(f, "invalid lease: its length must be {SHORTEST:?} or longer"),
        }
    }
}

impl StdError for LeaseError {}

/// Serializes as `{"kind":"lost","message":"…"}`. The kinds are `lost`, `store`, `timeout` and
/// `invalid_length`.
impl Serialize for LeaseError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self {
            Self::Lost => "lost",
            Self::Store(_) => "store",
            Self::Timeout => "timeout",
            Self::InvalidLength => "invalid_length",
        };
        let mut error = serializer.serialize_struct("LeaseError", 2)?;
        error.serialize_field("kind", kind)?;
        error.serialize_field("message", &self.to_string())?;
        error.end()
    }
}

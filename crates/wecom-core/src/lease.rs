//! Leases: they let only one of several processes do some work at a time, such as the import of a corp.

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

/// The time limit of one operation on the store.
const LIMIT: Duration = Duration::from_secs(2);

/// The shortest length of a lease. Stores count milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// The exclusive right of one process to do some work, until the lease expires or is [released](Self::release).
/// Dropping it does not release it.
///
/// A process that hangs loses its lease without notice, so call [`renew`](Self::renew) before each step that must not
/// be done twice. A process that takes over gets a higher [`Fence`]. If each change carries its fence, a database can
/// reject late changes of the earlier process.
///
/// Do not begin the work if the store fails or is slow: an error of [`acquire`](Self::acquire) or `renew` means that
/// another process may hold the lease.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Timer;
/// use wecom_core::lease::{Lease, LeaseError, LeaseKey, LeaseStore};
///
/// /// In production: `RedisStore` of wecom-redis and `TokioTimer` of wecom-hyper.
/// async fn write_report(
///     store: impl LeaseStore + 'static,
///     timer: impl Timer + 'static,
/// ) -> Result<(), LeaseError> {
///     let key = LeaseKey::new("ww1234567890abcdef", "nightly-report");
///     let lease = <Lease>::acquire(store, timer, key, Duration::from_secs(60)).await?;
///     let Some(mut lease) = lease else { return Ok(()) }; // Another process does the work.
///     for _step in 1..=3 {
///         lease.renew().await?; // Fails if the lease is lost: then stop.
///         // ... a step that must not be done twice ...
///     }
///     lease.release().await
/// }
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
    /// Acquires a lease that expires `length` after it was last renewed. Returns `None` if another process holds it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, if it does not reply within two seconds, if the lease has expired when its reply
    /// is read ([`LeaseError::Lost`]), or if the length is shorter than a millisecond ([`LeaseError::InvalidLength`]).
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
    /// Acquires a lease that expires `length` after it was last renewed. Returns `None` if another process holds it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, if it does not reply within two seconds, if the lease has expired when its reply
    /// is read ([`LeaseError::Lost`]), or if the length is shorter than a millisecond ([`LeaseError::InvalidLength`]).
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
        let Some(fence) = within_limit(&clock, M::acquire_lease(&store, &key, length)).await? else { return Ok(None) };
        let lease = Self { store, key, clock, length, fence, renewed_at };
        if lease.may_have_expired(renewed_at) { Err(LeaseError::Lost) } else { Ok(Some(lease)) }
    }

    /// Returns the number of this lease. It is higher than those of all earlier leases of its key.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &LeaseKey {
        &self.key
    }

    /// Returns the interval at which the lease should be renewed: a third of its length.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.length / 3
    }

    /// Waits until the lease should be renewed.
    pub async fn due(&self) {
        let since = self.clock.now().saturating_sub(self.renewed_at);
        self.clock.sleep(self.interval().saturating_sub(since)).await;
    }

    /// Returns whether the [interval](Self::interval) has passed since the last renewal.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.clock.now().saturating_sub(self.renewed_at) >= self.interval()
    }

    /// Extends the lease to its full length from now. On success, this process still holds it.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease has expired. After any other error, it is unknown whether this process
    /// still holds the lease.
    pub async fn renew(&mut self) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let is_ours =
            within_limit(&self.clock, M::renew_lease(&self.store, &self.key, self.fence, self.length)).await?;
        if !is_ours || self.may_have_expired(now) {
            return Err(LeaseError::Lost);
        }
        self.renewed_at = now;
        Ok(())
    }

    /// Returns whether the lease may have expired since a renewal, because its reply was read too late.
    fn may_have_expired(&self, renewed_at: Duration) -> bool {
        self.clock.now().saturating_sub(renewed_at) >= self.length
    }

    /// Releases the lease, so that another process need not wait until it expires.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails or does not reply within two seconds. The lease then ends when it expires.
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

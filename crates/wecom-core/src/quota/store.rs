//! Stores in which several processes share the quotas of one corp.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// A store that counts the calls of several processes, so that together they stay within a corp's quotas. Set with
/// [`ClientBuilder::quota_store`](crate::ClientBuilder::quota_store).
///
/// A client takes admissions in batches. A batch is for the calls that wait, or for those expected within the next half
/// second: at most twice the calls that used the batch before. So most calls of a busy process need no round trip, and
/// a process that makes few calls takes few admissions.
///
/// An admission is valid for a second after the client requested it, by the client's own clock. The windows of a
/// request are longer by this second, so the clocks of the processes need not agree. The client gives back unused
/// admissions with its next request. Before a program ends, it can give them back with
/// [`Client::give_back_quota`](crate::Client::give_back_quota); otherwise they stay counted until they leave the
/// windows.
///
/// A client that gets no admission asks again when the store expects room, but at the latest after two seconds, because
/// other processes may give some back.
///
/// If the store fails, or does not reply within half a second, a client uses its [own share](crate::Quotas::own_share)
/// of the quota, and asks the store again five seconds later.
///
/// # Responsibilities of an implementation
///
/// - [`take`](Self::take) counts the admissions of all processes in one atomic step, by one clock.
/// - Counts may be kept in intervals of a hundredth of a window, if each interval counts until all of it has left the
///   window.
/// - Counts expire once they have left all windows, because most corps are called rarely and their counts should take
///   no space.
#[async_trait]
pub trait QuotaStore: Send + Sync {
    /// Takes up to the requested number of admissions, as many as every window of the request has room for.
    async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError>;

    /// Gives back `unused` admissions of an earlier grant, so that they are no longer counted. `counted_at` is that of
    /// the grant. The request has the key, the kind and the windows of the one that took them; its `count` may differ.
    async fn give_back(&self, request: &QuotaRequest, counted_at: u64, unused: u32) -> Result<(), QuotaStoreError>;

    /// Records a refusal by WeCom. The next [grant](QuotaGrant) of each process shows it, in `blocked_for` or
    /// `concurrency_refusals`.
    async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError>;
}

/// A [`QuotaStore`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalQuotaStore {
    /// Takes up to the requested number of admissions, as many as every window of the request has room for.
    async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError>;

    /// Gives back `unused` admissions of an earlier grant, so that they are no longer counted. `counted_at` is that of
    /// the grant. The request has the key, the kind and the windows of the one that took them; its `count` may differ.
    async fn give_back(&self, request: &QuotaRequest, counted_at: u64, unused: u32) -> Result<(), QuotaStoreError>;

    /// Records a refusal by WeCom. The next [grant](QuotaGrant) of each process shows it, in `blocked_for` or
    /// `concurrency_refusals`.
    async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError>;
}

/// The key of a quota in a [`QuotaStore`]: a corp and an endpoint. Its text, such as `ww1234/corpgroup/corp/get_chain_list`,
/// can be the key in a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    corp_id: Arc<str>,
    path: &'static str,
}

impl QuotaKey {
    /// Creates the key of an endpoint's quota. Clients create their keys themselves; it is public for the tests of a store.
    pub fn new(corp_id: impl Into<Arc<str>>, path: &'static str) -> Self {
        Self { corp_id: corp_id.into(), path }
    }

    /// The id of the corp whose quota it is.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The endpoint's path.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }
}

impl fmt::Display for QuotaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.corp_id, self.path)
    }
}

/// A request for admissions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaRequest {
    /// The quota.
    pub key: QuotaKey,
    /// The windows that limit and count the calls.
    pub windows: Vec<QuotaWindow>,
    /// The kind of the calls.
    pub kind: CallKind,
    /// The maximum number of admissions to take.
    pub count: u32,
}

impl QuotaRequest {
    /// Creates a request. Clients create their requests themselves; it is public for the tests of a store.
    #[must_use]
    pub fn new(key: QuotaKey, kind: CallKind, windows: Vec<QuotaWindow>, count: u32) -> Self {
        Self { key, windows, kind, count }
    }
}

/// A window of a quota: no interval of this length contains more admissions than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QuotaWindow {
    /// The calls that the window counts. A request may have two windows of about the same length, one for each kind.
    pub counts: CallKind,
    /// The length. It is a second longer than the documented one, because an admission is valid for a second.
    pub length: Duration,
    /// The number of calls allowed.
    pub allowed: u32,
}

impl QuotaWindow {
    /// Creates a window.
    #[must_use]
    pub fn new(counts: CallKind, length: Duration, allowed: u32) -> Self {
        Self { counts, length, allowed }
    }
}

/// A kind of calls that WeCom counts separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// Calls without a ticket.
    Usual,
    /// Calls with a ticket. A window with this kind counts all calls.
    Ticketed,
}

/// The admissions that a store has granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaGrant {
    /// The number of admissions, at most the requested number.
    pub admitted: u32,
    /// Where the store has counted them, in a form of the store's own. The client passes it to
    /// [`QuotaStore::give_back`] unchanged.
    pub counted_at: u64,
    /// The time until there is room for another admission, if there is none now. If it is `None` although nothing was
    /// admitted, the client asks again after 100 ms.
    pub retry_after: Option<Duration>,
    /// How long WeCom still blocks these calls (45009), if it does.
    pub blocked_for: Option<Duration>,
    /// The number of refusals with 45033 at this endpoint that processes have [reported](QuotaStore::report). If it
    /// exceeds the highest number that a client knows, the client halves its limit on concurrent calls.
    pub concurrency_refusals: u64,
}

impl QuotaGrant {
    /// Creates a grant without a block, a wait or refusals.
    #[must_use]
    pub fn new(admitted: u32, counted_at: u64) -> Self {
        Self { admitted, counted_at, ..Self::default() }
    }
}

/// A refusal by WeCom that concerns all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaRefusal {
    /// 45009: WeCom blocks calls of this kind for a time. A block of calls with a ticket concerns all calls.
    Frequency {
        /// The calls that are blocked.
        kind: CallKind,
        /// The time until the block ends.
        block: Duration,
    },
    /// 45033: too many calls were under way.
    Concurrency,
}

/// The error of a [`QuotaStore`].
#[derive(Clone, Debug)]
pub struct QuotaStoreError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl QuotaStoreError {
    /// Wraps the store's own error. Its text is shown unchanged, so it must not contain a secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }
}

impl fmt::Display for QuotaStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quota store failed: {}", self.source)
    }
}

/// The text includes the store's own error, so the source is that error's own source.
impl StdError for QuotaStoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

//! What is remembered of customers, and where: the caller's store.

use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{CorpId, ExternalUserId, OpenId, PendingId, UnionId};

use crate::calls::ExternalUserInfo;

/// How long a `pending_id` is valid.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Where a [`CustomerMap`](crate::jobs::customers::CustomerMap) remembers customers: a table of yours, say, with an index on the
/// `pending_id`.
///
/// Each method is an `async fn`, in either threading family: a store whose futures are `Send` makes those of the map
/// `Send`. For one that several maps share, implement it for a handle (`&Pool`).
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use wecom_upstream::ids::PendingId;
/// use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore};
/// use wecom_upstream::UnionId;
///
/// #[derive(Default)]
/// struct InMemory(HashMap<UnionId, CustomerRecord>);
///
/// impl CustomerStore for InMemory {
///     type Error = Infallible;
///
///     async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, Infallible> {
///         Ok(self.0.get(unionid).cloned())
///     }
///
///     async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, Infallible> {
///         let mut records = self.0.values();
///         Ok(records.find(|record| record.pending.as_ref().is_some_and(|known| known.pending_id == *pending_id)).cloned())
///     }
///
///     async fn put(&mut self, record: &CustomerRecord) -> Result<(), Infallible> {
///         self.0.insert(record.unionid.clone(), record.clone());
///         Ok(())
///     }
/// }
/// # let _ = InMemory::default();
/// ```
pub trait CustomerStore {
    /// What the store fails with.
    type Error;

    /// What is remembered of a WeChat user; `None` when nothing is.
    fn get(&mut self, unionid: &UnionId) -> impl Future<Output = Result<Option<CustomerRecord>, Self::Error>>;

    /// What is remembered of the one who has this `pending_id`; `None` when nobody has. To find an expired one too does no
    /// harm.
    fn find(&mut self, pending_id: &PendingId) -> impl Future<Output = Result<Option<CustomerRecord>, Self::Error>>;

    /// Remembers this of the record's `unionid`, in place of what was there.
    fn put(&mut self, record: &CustomerRecord) -> impl Future<Output = Result<(), Self::Error>>;
}

/// What is remembered of a WeChat user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomerRecord {
    /// The user within the open platform account.
    pub unionid: UnionId,
    /// The same user within the mini-program or service account.
    pub openid: OpenId,
    /// The corps whose customer he is, and his id in each.
    pub known_to: Vec<ExternalUserInfo>,
    /// The id to know him by later, where he was nobody's customer when he was asked about.
    pub pending: Option<RememberedPendingId>,
}

/// A `pending_id`, and since when it is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RememberedPendingId {
    /// The id.
    pub pending_id: PendingId,
    /// When it was asked for, on the map's clock.
    pub since: Duration,
}

impl RememberedPendingId {
    /// An id that was asked for at a time of the map's clock.
    pub fn new(pending_id: impl Into<PendingId>, since: Duration) -> Self {
        Self { pending_id: pending_id.into(), since }
    }

    /// Whether it is still valid: it is for 90 days.
    #[must_use]
    pub fn is_valid(&self, now: Duration) -> bool {
        now < self.since.saturating_add(VALIDITY)
    }
}

impl CustomerRecord {
    /// A user of whom nothing else is known.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), known_to: Vec::new(), pending: None }
    }

    /// His id in a corp, if he is known to be its customer.
    #[must_use]
    pub fn external_userid(&self, corpid: &CorpId) -> Option<&ExternalUserId> {
        self.known_to.iter().find(|known| known.corpid == *corpid).map(|known| &known.external_userid)
    }

    /// Adds a corp whose customer he is; `false` when that was known.
    pub(crate) fn add(&mut self, info: ExternalUserInfo) -> bool {
        if self.known_to.contains(&info) {
            return false;
        }
        self.known_to.retain(|known| known.corpid != info.corpid);
        self.known_to.push(info);
        true
    }
}

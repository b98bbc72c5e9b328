//! The caller's store of customers, and its records.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{CorpId, ExternalUserId, OpenId, PendingId, UnionId};

use crate::calls::ExternalUserInfo;

/// The validity of a `pending_id`.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The store of a [`CustomerMap`](crate::jobs::customers::CustomerMap), such as a database table with an index on
/// `pending_id`. For a store in memory, use [`InMemoryCustomerStore`](crate::jobs::customers::InMemoryCustomerStore).
///
/// Implement the methods as `async fn`, in both threading families: if the futures of the store are `Send`, so are those of
/// the map. To share a database pool between maps, implement the trait for `&Pool`: then `Arc<Pool>` is a store too.
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use wecom_upstream::UnionId;
/// use wecom_upstream::ids::PendingId;
/// use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore};
///
/// /// A table, and its index on `pending_id`.
/// #[derive(Default)]
/// struct Table {
///     records: HashMap<UnionId, CustomerRecord>,
///     index: HashMap<PendingId, UnionId>,
/// }
///
/// impl CustomerStore for Table {
///     type Error = Infallible;
///
///     async fn get(
///         &mut self,
///         unionid: &UnionId,
///     ) -> Result<Option<CustomerRecord>, Infallible> {
///         Ok(self.records.get(unionid).cloned())
///     }
///
///     async fn find(
///         &mut self,
///         pending_id: &PendingId,
///     ) -> Result<Option<CustomerRecord>, Infallible> {
///         let unionid = self.index.get(pending_id);
///         Ok(unionid.and_then(|unionid| self.records.get(unionid)).cloned())
///     }
///
///     async fn put(&mut self, record: &CustomerRecord) -> Result<(), Infallible> {
///         let unionid = &record.unionid;
///         if let Some(pending) = &record.pending {
///             self.index.insert(pending.pending_id.clone(), unionid.clone());
///         }
///         self.records.insert(unionid.clone(), record.clone());
///         Ok(())
///     }
/// }
/// # let _ = Table::default();
/// ```
pub trait CustomerStore {
    /// The error of the store.
    type Error;

    /// Returns the record of a WeChat user, if there is one.
    fn get(&mut self, unionid: &UnionId) -> impl Future<Output = Result<Option<CustomerRecord>, Self::Error>>;

    /// Returns the record with a `pending_id`, if there is one. The `pending_id` may have expired.
    fn find(&mut self, pending_id: &PendingId) -> impl Future<Output = Result<Option<CustomerRecord>, Self::Error>>;

    /// Stores a record and replaces the record with the same `unionid`.
    fn put(&mut self, record: &CustomerRecord) -> impl Future<Output = Result<(), Self::Error>>;
}

impl<S: CustomerStore> CustomerStore for &mut S {
    type Error = S::Error;

    fn get(&mut self, unionid: &UnionId) -> impl Future<Output = Result<Option<CustomerRecord>, S::Error>> {
        (**self).get(unionid)
    }

    fn find(&mut self, pending_id: &PendingId) -> impl Future<Output = Result<Option<CustomerRecord>, S::Error>> {
        (**self).find(pending_id)
    }

    fn put(&mut self, record: &CustomerRecord) -> impl Future<Output = Result<(), S::Error>> {
        (**self).put(record)
    }
}

impl<S: CustomerStore> CustomerStore for Box<S> {
    type Error = S::Error;

    fn get(&mut self, unionid: &UnionId) -> impl Future<Output = Result<Option<CustomerRecord>, S::Error>> {
        (**self).get(unionid)
    }

    fn find(&mut self, pending_id: &PendingId) -> impl Future<Output = Result<Option<CustomerRecord>, S::Error>> {
        (**self).find(pending_id)
    }

    fn put(&mut self, record: &CustomerRecord) -> impl Future<Output = Result<(), S::Error>> {
        (**self).put(record)
    }
}

/// An `Arc` of a database pool is a store if a reference to the pool is one.
impl<T: ?Sized, E> CustomerStore for Arc<T>
where
    for<'a> &'a T: CustomerStore<Error = E>,
{
    type Error = E;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, E> {
        (&mut &**self).get(unionid).await
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, E> {
        (&mut &**self).find(pending_id).await
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), E> {
        (&mut &**self).put(record).await
    }
}

/// The stored record of a WeChat user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomerRecord {
    /// The user's id in the open platform account.
    pub unionid: UnionId,
    /// The user's id in the mini-program or service account.
    pub openid: OpenId,
    /// The user's id in each corp that has the user as a customer.
    pub known_to: Vec<ExternalUserInfo>,
    /// The user's `pending_id`, if the user was not a customer of any corp when WeCom returned it. A refresh keeps it
    /// while it is valid.
    pub pending: Option<RememberedPendingId>,
}

/// A `pending_id` with the start of its validity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RememberedPendingId {
    /// The id.
    pub pending_id: PendingId,
    /// The time of the call that returned the id, since the Unix epoch.
    pub since: Duration,
}

impl RememberedPendingId {
    /// Creates an id that a call returned at a time since the Unix epoch.
    pub fn new(pending_id: impl Into<PendingId>, since: Duration) -> Self {
        Self { pending_id: pending_id.into(), since }
    }

    /// Returns whether the id is still valid. Its validity is 90 days.
    #[must_use]
    pub fn is_valid(&self, now: Duration) -> bool {
        now < self.since.saturating_add(VALIDITY)
    }
}

impl CustomerRecord {
    /// Creates a record without customer ids.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), known_to: Vec::new(), pending: None }
    }

    /// Returns the user's id in a corp, if the record has it.
    #[must_use]
    pub fn external_userid(&self, corpid: &CorpId) -> Option<&ExternalUserId> {
        self.known_to.iter().find(|known| known.corpid == *corpid).map(|known| &known.external_userid)
    }

    /// Adds the user's id in a corp. Returns `false` if the record already had it.
    pub(crate) fn add(&mut self, info: ExternalUserInfo) -> bool {
        if self.known_to.contains(&info) {
            return false;
        }
        self.known_to.retain(|known| known.corpid != info.corpid);
        self.known_to.push(info);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boxed_store_is_a_store() {
        use crate::jobs::customers::InMemoryCustomerStore;

        let mut store = Box::new(InMemoryCustomerStore::new());
        let record = CustomerRecord::new(UnionId::new("u"), OpenId::new("o"));
        pollster::block_on(CustomerStore::put(&mut store, &record)).unwrap();
        assert_eq!(pollster::block_on(CustomerStore::get(&mut store, &record.unionid)).unwrap(), Some(record));
    }

    #[test]
    fn a_record_has_one_id_in_each_corp() {
        let mut record = CustomerRecord::new(UnionId::new("u"), OpenId::new("o"));
        let [first, other, newer] = [("ww1", "a"), ("ww2", "b"), ("ww1", "c")]
            .map(|(corp, id)| ExternalUserInfo::new(CorpId::new(corp), ExternalUserId::new(id)));
        assert!(record.add(first.clone()) && record.add(other.clone()));
        assert!(!record.add(first.clone()));
        assert_eq!(record.known_to, [first, other.clone()]);
        assert!(record.add(newer.clone()));
        assert_eq!(record.known_to, [other, newer]);
    }
}

//! A customers' store in memory.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wecom_core::ids::{PendingId, UnionId};

use crate::jobs::customers::store::{CustomerRecord, CustomerStore};
use crate::jobs::saved_format::{self, SavedContent};

/// A [`CustomerStore`] in memory, with an index on `unionid` and one on `pending_id`.
///
/// It suits a program that loads all records when it starts, and tests. A lookup and an insertion take constant time.
///
/// ```
/// use std::time::Duration;
/// use wecom_upstream::jobs::customers::{
///     CustomerRecord, CustomerStore, InMemoryCustomerStore, RememberedPendingId,
/// };
/// use wecom_upstream::{OpenId, UnionId, ids::PendingId};
///
/// let pending_id = PendingId::new("pending");
/// let mut record =
///     CustomerRecord::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
/// record.pending =
///     Some(RememberedPendingId::new(&pending_id, Duration::from_secs(1_780_000_000)));
///
/// let mut store = InMemoryCustomerStore::from_iter([record.clone()]);
/// # pollster::block_on(async {
/// assert_eq!(store.find(&pending_id).await?, Some(record));
/// # Ok::<(), std::convert::Infallible>(())
/// # })?;
/// # Ok::<(), std::convert::Infallible>(())
/// ```
///
/// Its JSON names its format and version. Deserializing a store of another version, or any other document, returns an error
/// that states the reason.
#[derive(Clone, Default)]
pub struct InMemoryCustomerStore {
    by_unionid: HashSet<ByUnionId>,
    by_pending_id: HashSet<ByPendingId>,
}

impl InMemoryCustomerStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_unionid.len()
    }

    /// Returns whether the store has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_unionid.is_empty()
    }

    /// Returns the records, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = &CustomerRecord> {
        self.by_unionid.iter().map(|entry| &*entry.0)
    }

    /// Inserts a record and replaces the record with the same `unionid`.
    pub fn insert(&mut self, record: CustomerRecord) {
        let record = Arc::new(record);
        if let Some(replaced) = self.by_unionid.replace(ByUnionId(Arc::clone(&record))) {
            self.forget_pending_id(&replaced.0);
        }
        if record.pending.is_some() {
            self.by_pending_id.replace(ByPendingId(record));
        }
    }

    /// Removes a record from the index on `pending_id`, unless another record with the same id is there.
    fn forget_pending_id(&mut self, record: &CustomerRecord) {
        let pending_id = pending_id(record);
        if self.by_pending_id.get(pending_id).is_some_and(|indexed| indexed.0.unionid == record.unionid) {
            self.by_pending_id.remove(pending_id);
        }
    }
}

impl CustomerStore for InMemoryCustomerStore {
    type Error = Infallible;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, Infallible> {
        Ok(self.by_unionid.get(unionid.as_str()).map(|entry| CustomerRecord::clone(&entry.0)))
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, Infallible> {
        Ok(self.by_pending_id.get(pending_id.as_str()).map(|entry| CustomerRecord::clone(&entry.0)))
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), Infallible> {
        self.insert(record.clone());
        Ok(())
    }
}

impl FromIterator<CustomerRecord> for InMemoryCustomerStore {
    fn from_iter<I: IntoIterator<Item = CustomerRecord>>(records: I) -> Self {
        let mut store = Self::new();
        store.extend(records);
        store
    }
}

impl Extend<CustomerRecord> for InMemoryCustomerStore {
    fn extend<I: IntoIterator<Item = CustomerRecord>>(&mut self, records: I) {
        records.into_iter().for_each(|record| self.insert(record));
    }
}

/// The saved form of a store.
#[derive(Serialize, Deserialize)]
struct Saved<R> {
    records: Vec<R>,
}

impl<R> SavedContent for Saved<R> {
    const KIND: &'static str = "customer store";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "remember the customers again";
}

impl Serialize for InMemoryCustomerStore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        saved_format::serialize(&Saved { records: self.records().collect() }, serializer)
    }
}

impl<'de> Deserialize<'de> for InMemoryCustomerStore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved: Saved<CustomerRecord> = saved_format::deserialize(deserializer)?;
        Ok(saved.records.into_iter().collect())
    }
}

/// Compares the records.
impl PartialEq for InMemoryCustomerStore {
    fn eq(&self, other: &Self) -> bool {
        let has = |record: &CustomerRecord| {
            other.by_unionid.get(record.unionid.as_str()).is_some_and(|entry| *entry.0 == *record)
        };
        self.len() == other.len() && self.records().all(has)
    }
}

impl Eq for InMemoryCustomerStore {}

/// Shows the number of records, and no ids.
impl fmt::Debug for InMemoryCustomerStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryCustomerStore").field("records", &self.len()).finish_non_exhaustive()
    }
}

/// A record, compared by its `unionid`. Both indexes share the record, so that no id is in memory twice.
#[derive(Clone)]
struct ByUnionId(Arc<CustomerRecord>);

/// A record, compared by its `pending_id`.
#[derive(Clone)]
struct ByPendingId(Arc<CustomerRecord>);

fn unionid(record: &CustomerRecord) -> &str {
    record.unionid.as_str()
}

/// Returns the `pending_id` of a record; empty if the record has none.
fn pending_id(record: &CustomerRecord) -> &str {
    record.pending.as_ref().map_or("", |pending| pending.pending_id.as_str())
}

/// Implements the traits by which a set finds a record by the text of an id.
macro_rules! compared_by {
    ($id:ident, $entry:ident) => {
        impl Borrow<str> for $entry {
            fn borrow(&self) -> &str {
                $id(&self.0)
            }
        }

        impl PartialEq for $entry {
            fn eq(&self, other: &Self) -> bool {
                $id(&self.0) == $id(&other.0)
            }
        }

        impl Eq for $entry {}

        impl Hash for $entry {
            fn hash<H: Hasher>(&self, state: &mut H) {
                $id(&self.0).hash(state);
            }
        }
    };
}

compared_by!(unionid, ByUnionId);
compared_by!(pending_id, ByPendingId);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wecom_core::ids::OpenId;

    use super::*;
    use crate::jobs::customers::RememberedPendingId;

    fn record(unionid: &str, pending_id: Option<&str>) -> CustomerRecord {
        let mut record = CustomerRecord::new(UnionId::new(unionid), OpenId::new(unionid));
        record.pending = pending_id.map(|id| RememberedPendingId::new(PendingId::new(id), Duration::ZERO));
        record
    }

    fn find(store: &mut InMemoryCustomerStore, id: &str) -> Option<CustomerRecord> {
        let Ok(found) = pollster::block_on(store.find(&PendingId::new(id)));
        found
    }

    #[test]
    fn a_replaced_record_is_found_by_its_new_ids_only() {
        let mut store = InMemoryCustomerStore::new();
        store.insert(record("u1", Some("p1")));
        store.insert(record("u2", None));
        store.insert(record("u1", Some("p2")));
        assert_eq!((store.len(), store.by_pending_id.len()), (2, 1));
        assert_eq!((find(&mut store, "p1"), find(&mut store, "p2")), (None, Some(record("u1", Some("p2")))));
        store.insert(record("u1", None));
        assert_eq!((find(&mut store, "p2"), store.by_pending_id.len()), (None, 0));
        let Ok(found) = pollster::block_on(store.get(&UnionId::new("u1")));
        assert_eq!(found, Some(record("u1", None)));
    }

    #[test]
    fn a_record_that_loses_a_shared_pending_id_leaves_it_to_the_other() {
        let mut store = InMemoryCustomerStore::from_iter([record("u1", Some("p")), record("u2", Some("p"))]);
        store.insert(record("u1", None));
        assert_eq!(find(&mut store, "p"), Some(record("u2", Some("p"))));
    }
}

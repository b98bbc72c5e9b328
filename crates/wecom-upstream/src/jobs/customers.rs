//! Links a downstream corp's customers (`external_userid`) with WeChat users (`unionid`).
//!
//! [`PendingIds`] looks up the `pending_id` of any number of customers. [`CustomerMap`] keeps the links in the caller's
//! [`CustomerStore`], such as the [`InMemoryCustomerStore`].

mod in_memory;
mod map;
mod pending_ids;
mod recognized;
mod store;
#[cfg(feature = "stream")]
mod stream;

pub use self::in_memory::InMemoryCustomerStore;
pub use self::map::{CustomerMap, MapError};
pub use self::pending_ids::{PendingIdAnswer, PendingIds};
pub use self::recognized::{Recognition, Recognized};
pub use self::store::{CustomerRecord, CustomerStore, RememberedPendingId};
#[cfg(feature = "stream")]
pub use self::stream::PendingIdStream;

//! Customers by all their names: `unionid`, `pending_id` and `external_userid`, any number of them, with a store that
//! remembers between runs. The calls themselves stand in `endpoints`.

mod map;
mod pending_ids;
mod recognised;
mod store;

pub use self::map::{CustomerMap, MapError};
pub use self::pending_ids::{PendingIdAnswer, PendingIds};
pub use self::recognised::{Recognised, Recognition};
pub use self::store::{CustomerRecord, CustomerStore, RememberedPendingId};

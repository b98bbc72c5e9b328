//! Why a condition of a stub does not hold.

use crate::stub::difference::Differences;

/// The result of a condition that does not hold.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// The request cannot be deserialized into the stub's call type.
    Unreadable(String),
    /// The request differs from the expected one.
    Differs(Differences),
    /// The predicate returned `false`.
    Predicate,
}

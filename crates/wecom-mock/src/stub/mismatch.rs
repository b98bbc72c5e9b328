//! Why one stub is not for a request.

use crate::stub::difference::Differences;

/// What stands against a request in the eyes of one condition of a stub.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// It can't be read as the stub's type of call.
    Unreadable(String),
    /// It is not the request that was asked for.
    Differs(Differences),
    /// The caller's own predicate refused it.
    Refused,
}

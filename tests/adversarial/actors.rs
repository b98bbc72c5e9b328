//! What the tasks of a run do.

mod calls;

use wecom_core::Endpoint;

pub(crate) use self::calls::{Calls, KeptCall};
use crate::stage::Role;

/// What a task does.
#[derive(Clone, Debug)]
pub(crate) enum Actor {
    /// Makes calls, one after another.
    Calls(Calls),
    /// Begins a call, makes others without polling the first, and then finishes the first.
    KeptCall(KeptCall),
}

impl Actor {
    pub(crate) async fn run(self, role: Role) {
        match self {
            Self::Calls(calls) => calls.run(role).await,
            Self::KeptCall(calls) => calls.run(role).await,
        }
    }

    /// The endpoints that it calls.
    pub(crate) fn endpoints(&self) -> Vec<&'static Endpoint> {
        match self {
            Self::Calls(calls) => vec![calls.endpoint],
            Self::KeptCall(calls) => vec![calls.kept, calls.others],
        }
    }
}

//! The actors of a run, one for each kind of task.

mod calls;
mod customers;
mod dealers;
mod import;
mod pending_ids;
mod walk;

use wecom_core::Endpoint;

pub(crate) use self::calls::{Calls, KeptCall};
pub(crate) use self::customers::{Customers, Step, USERS};
pub(crate) use self::dealers::DealerCalls;
pub(crate) use self::import::{Import, Kill};
pub(crate) use self::pending_ids::PendingIds;
pub(crate) use self::walk::{Between, Walk};
use crate::endpoints::{OWN, READ};
use crate::environment::TaskContext;

/// The work of a task.
#[derive(Clone, Debug)]
pub(crate) enum Actor {
    /// Makes calls, one after another.
    Calls(Calls),
    /// Begins a call, makes others without polling the first, and then finishes the first.
    KeptCall(KeptCall),
    /// Makes calls with the token of a dealer's corp.
    DealerCalls(DealerCalls),
    /// Walks the directory of a chain.
    Walk(Walk),
    /// Imports corps.
    Import(Import),
    /// Looks up the pending ids of customers.
    PendingIds(PendingIds),
    /// Links customers with users.
    Customers(Customers),
}

impl Actor {
    pub(crate) async fn run(self, context: TaskContext) {
        match self {
            Self::Calls(actor) => actor.run(context).await,
            Self::KeptCall(actor) => actor.run(context).await,
            Self::DealerCalls(actor) => actor.run(context).await,
            Self::Walk(actor) => actor.run(context).await,
            Self::Import(actor) => actor.run(context).await,
            Self::PendingIds(actor) => actor.run(context).await,
            Self::Customers(actor) => actor.run(context).await,
        }
    }

    /// Returns the endpoints to probe after the faults have ended.
    pub(crate) fn endpoints(&self) -> Vec<&'static Endpoint> {
        match self {
            Self::Calls(calls) => vec![calls.endpoint],
            Self::KeptCall(calls) => vec![calls.kept, calls.others],
            Self::DealerCalls(_) => vec![&READ, &OWN],
            Self::Walk(_) | Self::Import(_) | Self::PendingIds(_) | Self::Customers(_) => vec![&READ],
        }
    }
}

//! The events that a directory is notified of.

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, CorpId};

/// An event that names what may have changed in a chain. Passed to
/// [`DirectoryHints::note`](crate::jobs::directory::DirectoryHints::note).
///
/// With the feature `callback`, a `ChangeChain` of `wecom-callback` converts into one, and
/// [`DirectoryHints::note_callback`](crate::jobs::directory::DirectoryHints) takes any event.
///
/// Its JSON, for example for a queue between two processes, has the name of the variant in snake case as `event`:
/// `{"event":"corps","chain_id":"ChDealers","corps":["wwtaihu"]}`. The names are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DirectoryEvent {
    /// Corps joined, moved or were removed: `corp_join`, `update_corp`, `remove_corp`.
    Corps {
        /// The chain.
        chain_id: ChainId,
        /// The corps.
        corps: Vec<CorpId>,
    },
    /// Groups were created, changed or deleted: `create_group`, `update_group`, `delete_group`.
    Groups {
        /// The chain.
        chain_id: ChainId,
    },
    /// The chain itself was created, changed or deleted: `create_chain`, `update_chain`, `delete_chain`.
    Chain {
        /// The chain.
        chain_id: ChainId,
    },
    /// An import ended: `batch_job_result`. The event does not name the chain.
    ImportEnded,
}

impl DirectoryEvent {
    /// Returns the chain of the event; `None` if the event does not name it.
    #[must_use]
    pub fn chain_id(&self) -> Option<&ChainId> {
        match self {
            Self::Corps { chain_id, .. } | Self::Groups { chain_id } | Self::Chain { chain_id } => Some(chain_id),
            Self::ImportEnded => None,
        }
    }
}

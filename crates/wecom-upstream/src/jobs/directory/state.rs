//! The state of a directory, without the calls in flight.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::ChainId;

use super::mirror::Mirror;
use super::walking::WalkingState;
use crate::jobs::chain_tree::ChainTree;
use crate::jobs::pager::DEFAULT_PAGE_SIZE;
use crate::jobs::saved_format::{self, SavedContent};

/// The state of a [`Directory`](crate::jobs::directory::Directory). Store it, and resume with
/// [`Upstream::resume_directory`](crate::Upstream::resume_directory).
///
/// It holds the options, the directory as it was last read, the changes not returned yet, what remains to be read, including
/// the noted events, and the time left before the next walk.
///
/// Its JSON names its format and version, and is private to this library otherwise. Deserializing a state of another
/// version, or any other document, returns an error that states the reason. It contains the names of corps; the `Debug`
/// output does not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a state has no effect unless it is stored or resumed"]
pub struct DirectoryState {
    #[serde(with = "saved_format")]
    pub(crate) content: Content,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) options: DirectoryOptions,
    pub(crate) mirror: Mirror,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) walking: Option<WalkingState>,
    /// The time left before the next walk; `None` if none is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until_walk: Option<Duration>,
}

impl SavedContent for Content {
    const KIND: &'static str = "directory state";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "start without a state";
}

/// The options of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DirectoryOptions {
    pub(crate) chain_id: ChainId,
    pub(crate) need_pending: bool,
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
    pub(crate) outage_limit: Duration,
    pub(crate) walk_every: Duration,
}

impl DirectoryOptions {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        Self {
            chain_id,
            need_pending: false,
            concurrency: 4,
            page_size: DEFAULT_PAGE_SIZE,
            outage_limit: Duration::from_secs(300),
            walk_every: Duration::from_secs(86_400),
        }
    }
}

impl DirectoryState {
    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.content.options.chain_id
    }

    /// Returns the directory as it was last read; empty before the first walk has ended.
    #[must_use]
    pub fn tree(&self) -> &ChainTree {
        &self.content.mirror.tree
    }
}

impl fmt::Debug for DirectoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree();
        f.debug_struct("DirectoryState")
            .field("chain_id", self.chain_id())
            .field("groups", &tree.groups().len())
            .field("corps", &tree.placed_corps().count())
            .finish_non_exhaustive()
    }
}

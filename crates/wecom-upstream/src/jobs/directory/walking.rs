//! A walk over the whole chain that a directory is in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;
use wecom_core::{ErrCode, Error, Threading};

use crate::jobs::chain_tree::ChainTree;
use crate::jobs::walk::{Consequence, Walk, WalkEvent, WalkState};
use crate::upstream::Upstream;

/// A walk and the tree that it has read so far. A refresh that is cancelled keeps both for the next one.
pub(crate) struct Walking<M: Threading> {
    walk: Walk<M>,
    read: Read,
    /// The error of an unfinished group.
    error: Option<Error>,
}

/// What a walk has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) tree: ChainTree,
    /// The groups that failed with an error that may pass.
    pub(crate) unfinished: BTreeSet<GroupId>,
    /// Whether a group was deleted after the groups were listed.
    #[serde(default)]
    pub(crate) lost_group: bool,
}

/// The state of a walk, and what it has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalkingState {
    walk: WalkState,
    read: Read,
}

impl<M: Threading> Walking<M> {
    pub(crate) fn new(walk: Walk<M>) -> Self {
        let tree = ChainTree::new(walk.chain_id(), walk.needs_pending());
        Self { walk, read: Read { tree, unfinished: BTreeSet::new(), lost_group: false }, error: None }
    }

    pub(crate) fn resume(upstream: &Upstream<M>, state: WalkingState) -> Self {
        Self { walk: upstream.resume_walk(state.walk), read: state.read, error: None }
    }

    pub(crate) fn state(&self) -> WalkingState {
        WalkingState { walk: self.walk.state(), read: self.read.clone() }
    }

    /// Walks to the end. Awaiting this method again after an error continues the walk.
    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        while let Some(event) = self.walk.next().await? {
            match &event {
                WalkEvent::GroupFailed { groupid, error } if Consequence::of(error) == Consequence::Defer => {
                    self.read.unfinished.insert(*groupid);
                    self.error = error.call_error().cloned();
                }
                WalkEvent::GroupFailed { error, .. } => {
                    self.read.lost_group |= error.code() == Some(ErrCode::UNKNOWN_GROUP);
                }
                WalkEvent::GroupResumed { groupid } => drop(self.read.unfinished.remove(groupid)),
                _ => {}
            }
            self.read.tree.add(event);
        }
        Ok(())
    }

    /// Returns what was read, and the error of an unfinished group.
    pub(crate) fn into_read(self) -> (Read, Option<Error>) {
        (self.read, self.error)
    }
}

//! The state of a walk, without the calls in flight.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};

use crate::calls::{GetChainCorpinfoList, GroupCorp};
use crate::jobs::pager::{DEFAULT_PAGE_SIZE, PagePosition};
use crate::jobs::saved_format::{self, SavedContent};
use crate::jobs::walk::event::WalkEvent;
use crate::jobs::walk::group_order::PlannedGroup;
use crate::jobs::walk::progress::WalkProgress;
use crate::jobs::walk::remaining::Remaining;

/// The state of a [`Walk`](crate::jobs::walk::Walk). Store it, and resume the walk with
/// [`Upstream::resume_walk`](crate::Upstream::resume_walk).
///
/// It holds the options of the walk, the remaining groups, the groups that failed, and the corps fetched and not yet
/// yielded: at most one page for each group being fetched. The time to create or clone a state does not depend on the size
/// of the chain.
///
/// Its JSON names its format and version, and is private to this library otherwise. Deserializing a state of another
/// version, or any other document, returns an error that states the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a state has no effect unless it is stored or resumed"]
pub struct WalkState {
    #[serde(with = "saved_format")]
    pub(crate) content: Content,
}

/// The content of a [`WalkState`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) options: WalkOptions,
    /// `None` until the groups are listed.
    pub(crate) remaining: Option<Remaining>,
    pub(crate) open: VecDeque<OpenGroup>,
    /// The groups to list again at the end of the walk.
    #[serde(default)]
    pub(crate) deferred: VecDeque<OpenGroup>,
    /// The groups that failed, for a resumed walk.
    #[serde(default)]
    pub(crate) failed: VecDeque<OpenGroup>,
    #[serde(default)]
    pub(crate) progress: WalkProgress,
}

impl SavedContent for Content {
    const KIND: &'static str = "walk state";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "start the walk anew";
}

impl WalkState {
    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.content.options.chain_id
    }

    /// Returns whether the walk has ended and no group has failed, so that a resumed walk has nothing to do.
    #[must_use]
    pub fn is_end(&self) -> bool {
        let Content { remaining, open, deferred, failed, .. } = &self.content;
        let is_listed = remaining.as_ref().is_some_and(Remaining::is_empty);
        is_listed && open.is_empty() && deferred.is_empty() && failed.is_empty()
    }

    /// Returns the number of groups and corps that the walk has read.
    #[must_use]
    pub fn progress(&self) -> WalkProgress {
        self.content.progress
    }
}

/// The options of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalkOptions {
    pub(crate) chain_id: ChainId,
    pub(crate) need_pending: bool,
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
    #[serde(default)]
    pub(crate) fail_fast: bool,
    #[serde(default = "default_outage_limit")]
    pub(crate) outage_limit: Duration,
}

fn default_outage_limit() -> Duration {
    Duration::from_secs(300)
}

impl WalkOptions {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        let outage_limit = default_outage_limit();
        let (concurrency, page_size) = (4, DEFAULT_PAGE_SIZE);
        Self { chain_id, need_pending: false, concurrency, page_size, fail_fast: false, outage_limit }
    }

    /// Creates the call for the next page of a group.
    pub(crate) fn call(&self, groupid: GroupId, page: &PagePosition<GroupCorp>) -> GetChainCorpinfoList {
        let mut call = GetChainCorpinfoList::new(&self.chain_id).groupid(groupid).limit(self.page_size);
        call.need_pending = self.need_pending.then_some(true);
        call.cursor = page.next_cursor().cloned();
        call
    }
}

/// A group being yielded or prefetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGroup {
    pub(crate) planned: PlannedGroup,
    /// Whether the walk has yielded the event of the group itself.
    pub(crate) has_begun: bool,
    /// Whether the walk returns to the group, after it has yielded the events of other groups.
    #[serde(default)]
    pub(crate) is_deferred: bool,
    /// Whether the walk has yielded the event of its return to the group.
    pub(crate) is_resumed: bool,
    pub(crate) page: PagePosition<GroupCorp>,
}

impl OpenGroup {
    pub(crate) fn new(planned: PlannedGroup) -> Self {
        Self { planned, has_begun: false, is_deferred: false, is_resumed: false, page: PagePosition::at(None) }
    }

    /// Creates a group that an earlier walk has begun, to be listed from its start.
    pub(crate) fn to_mend(planned: PlannedGroup) -> Self {
        Self { has_begun: true, is_deferred: true, ..Self::new(planned) }
    }

    /// Marks the group as one that the walk returns to.
    pub(crate) fn deferred(self) -> Self {
        Self { is_deferred: true, is_resumed: false, ..self }
    }

    /// Returns the next event that needs no call.
    pub(crate) fn next_event(&mut self) -> Option<WalkEvent> {
        let Self { planned, has_begun, is_deferred, is_resumed, page } = self;
        if !std::mem::replace(has_begun, true) {
            return Some(WalkEvent::Group { group: planned.group.clone(), depth: planned.depth });
        }
        if *is_deferred && !std::mem::replace(is_resumed, true) {
            return Some(WalkEvent::GroupResumed { groupid: planned.group.groupid });
        }
        page.take_item().map(WalkEvent::Corp)
    }

    pub(crate) fn groupid(&self) -> GroupId {
        self.planned.group.groupid
    }
}

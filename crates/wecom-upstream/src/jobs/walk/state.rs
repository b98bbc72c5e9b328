//! The state of a walk, without the calls in flight.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};

use crate::calls::{GetChainCorpinfoList, GroupCorp};
use crate::jobs::pager::{DEFAULT_PAGE_SIZE, PagePosition};
use crate::jobs::walk::event::GroupFinding;
use crate::jobs::walk::group_order::PlannedGroup;

/// The state of a [`Walk`](crate::jobs::walk::Walk). Store it, and resume the walk with
/// [`Upstream::resume_walk`](crate::Upstream::resume_walk).
///
/// It holds the options of the walk, the remaining groups, and the corps fetched and not yet yielded: at most one page
/// for each group being fetched. The format of its JSON is private to this library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a state has no effect unless it is stored or resumed"]
pub struct WalkState {
    pub(crate) options: WalkOptions,
    /// `None` until the groups are listed.
    pub(crate) remaining: Option<Remaining>,
    pub(crate) open: VecDeque<OpenGroup>,
}

impl WalkState {
    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.options.chain_id
    }

    /// Returns whether the walk has ended.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.open.is_empty() && self.remaining.as_ref().is_some_and(Remaining::is_empty)
    }
}

/// The options of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalkOptions {
    pub(crate) chain_id: ChainId,
    pub(crate) need_pending: bool,
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
}

impl WalkOptions {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        Self { chain_id, need_pending: false, concurrency: 4, page_size: DEFAULT_PAGE_SIZE }
    }

    /// Creates the call for the next page of a group.
    pub(crate) fn call(&self, groupid: GroupId, page: &PagePosition<GroupCorp>) -> GetChainCorpinfoList {
        let mut call = GetChainCorpinfoList::new(&self.chain_id).groupid(groupid).limit(self.page_size);
        call.need_pending = self.need_pending.then_some(true);
        call.cursor = page.next_cursor().cloned();
        call
    }
}

/// The findings and groups that the walk has not started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remaining {
    pub(crate) findings: VecDeque<GroupFinding>,
    pub(crate) groups: VecDeque<PlannedGroup>,
}

impl Remaining {
    pub(crate) fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.groups.is_empty()
    }
}

/// A group being yielded or prefetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGroup {
    pub(crate) planned: PlannedGroup,
    /// Whether the walk has yielded the event of the group itself.
    pub(crate) has_begun: bool,
    pub(crate) page: PagePosition<GroupCorp>,
}

impl OpenGroup {
    pub(crate) fn new(planned: PlannedGroup) -> Self {
        Self { planned, has_begun: false, page: PagePosition::at(None) }
    }

    pub(crate) fn groupid(&self) -> GroupId {
        self.planned.group.groupid
    }
}

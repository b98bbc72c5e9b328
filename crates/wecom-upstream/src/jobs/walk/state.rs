//! Where a walk is, apart from anything that is under way.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};

use crate::calls::{GetChainCorpinfoList, GroupCorp};
use crate::jobs::pager::{DEFAULT_PAGE_SIZE, PagePosition};
use crate::jobs::walk::event::GroupFinding;
use crate::jobs::walk::group_order::PlannedGroup;

/// Where a [`Walk`](crate::jobs::walk::Walk) is: to store, and to go on from later with
/// [`Upstream::resume_walk`](crate::Upstream::resume_walk).
///
/// It holds what the walk was told to do, the groups that are still to come, and the corps that have been fetched and not
/// given: at most a page for each of as many groups as are asked about at once. Its JSON is for this library alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a state is to be stored"]
pub struct WalkState {
    pub(crate) options: WalkOptions,
    /// `None` until the groups are known.
    pub(crate) remaining: Option<Remaining>,
    pub(crate) open: VecDeque<OpenGroup>,
}

impl WalkState {
    /// The chain that is walked.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.options.chain_id
    }

    /// Whether the walk is over.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.open.is_empty() && self.remaining.as_ref().is_some_and(Remaining::is_empty)
    }
}

/// What a walk was told to do.
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

    /// The call for the next page of a group.
    pub(crate) fn call(&self, groupid: GroupId, page: &PagePosition<GroupCorp>) -> GetChainCorpinfoList {
        let mut call = GetChainCorpinfoList::new(&self.chain_id).groupid(groupid).limit(self.page_size);
        call.need_pending = self.need_pending.then_some(true);
        call.cursor = page.next_cursor().cloned();
        call
    }
}

/// What is still to be told and not begun.
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

/// A group that is being told of, or fetched ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGroup {
    pub(crate) planned: PlannedGroup,
    /// Whether it has been told that it begins.
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

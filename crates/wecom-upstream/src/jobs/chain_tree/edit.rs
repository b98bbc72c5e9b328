//! Changes a tree where parts of a chain were read again.

use std::collections::{HashMap, HashSet, VecDeque};

use wecom_core::ids::GroupId;

use super::diff::{self, ChainDiff, FailedGroups};
use super::{ChainTree, GroupFailure, TreeGroup};
use crate::calls::GroupCorp;
use crate::jobs::pager::PageError;
use crate::jobs::walk::{GroupFinding, PlannedGroup};
use crate::serde_helpers;

/// The changes that [`ChainTree::replace_groups`] has made.
pub(crate) struct Regrouped {
    /// The groups that the tree did not have.
    pub(crate) added: Vec<GroupId>,
    /// The corps of the groups that are gone.
    pub(crate) homeless: Vec<GroupCorp>,
}

impl ChainTree {
    pub(crate) fn group(&self, groupid: GroupId) -> Option<&TreeGroup> {
        self.groups.iter().find(|group| group.group.groupid == groupid)
    }

    /// Returns whether a group is incomplete because a call failed.
    pub(crate) fn has_failed(&self, groupid: GroupId) -> bool {
        self.failures.iter().any(|failure| failure.groupid == groupid)
    }

    /// Returns the changes since an older tree, if the failed groups of both trees keep their former corps.
    pub(crate) fn diff_with_former_corps(&self, older: &Self) -> ChainDiff {
        diff::between(older, self, FailedGroups::KeepFormerCorps)
    }

    /// Returns all corps with their groups.
    pub(crate) fn placed_corps(&self) -> impl Iterator<Item = (GroupId, &GroupCorp)> {
        self.groups.iter().flat_map(|group| group.corps.iter().map(|corp| (group.group.groupid, corp)))
    }

    /// Returns whether the tree has exactly these groups and findings.
    pub(crate) fn has_groups(&self, planned: &VecDeque<PlannedGroup>, findings: &VecDeque<GroupFinding>) -> bool {
        let groups = self.groups.iter().map(|group| (&group.group, group.depth));
        groups.eq(planned.iter().map(|planned| (&planned.group, planned.depth))) && self.findings.iter().eq(findings)
    }

    /// Replaces the groups. Those that stay keep their corps.
    pub(crate) fn replace_groups(
        &mut self,
        planned: VecDeque<PlannedGroup>,
        findings: VecDeque<GroupFinding>,
    ) -> Regrouped {
        let groups = std::mem::take(&mut self.groups);
        let mut corps: HashMap<_, _> = groups.into_iter().map(|group| (group.group.groupid, group.corps)).collect();
        let mut added = Vec::new();
        for PlannedGroup { group, depth } in planned {
            let corps = corps.remove(&group.groupid).unwrap_or_else(|| {
                added.push(group.groupid);
                Vec::new()
            });
            self.groups.push(TreeGroup { group, depth, corps });
        }
        self.findings = findings.into();
        self.failures.retain(|failure| !corps.contains_key(&failure.groupid));
        Regrouped { added, homeless: corps.into_values().flatten().collect() }
    }

    /// Replaces the corps of a group, and marks the group as complete. Returns its former corps.
    pub(crate) fn replace_corps(&mut self, groupid: GroupId, corps: Vec<GroupCorp>) -> Vec<GroupCorp> {
        self.failures.retain(|failure| failure.groupid != groupid);
        let group = self.groups.iter_mut().find(|group| group.group.groupid == groupid);
        group.map(|group| std::mem::replace(&mut group.corps, corps)).unwrap_or_default()
    }

    /// Adds a corp to a group. Returns whether the tree has the group.
    pub(crate) fn push_corp(&mut self, groupid: GroupId, corp: GroupCorp) -> bool {
        let group = self.groups.iter_mut().find(|group| group.group.groupid == groupid);
        group.map(|group| group.corps.push(corp)).is_some()
    }

    /// Keeps the corps for which a closure returns `true`.
    pub(crate) fn retain_corps(&mut self, mut keeps: impl FnMut(GroupId, &GroupCorp) -> bool) {
        for TreeGroup { group, corps, .. } in &mut self.groups {
            corps.retain(|corp| keeps(group.groupid, corp));
        }
    }

    /// Records that a group could not be listed.
    pub(crate) fn set_failure(&mut self, groupid: GroupId, error: &PageError) {
        self.failures.retain(|failure| failure.groupid != groupid);
        let errcode = error.code().unwrap_or_else(serde_helpers::code::none);
        self.failures.push(GroupFailure { groupid, errcode, message: error.to_string() });
    }

    /// Fills the groups that failed with the corps of an older tree, unless this tree has the corps elsewhere.
    pub(crate) fn fill_failed_groups(&mut self, older: &Self) {
        if self.failures.is_empty() {
            return;
        }
        let known: HashSet<_> = self.placed_corps().filter_map(|(_, corp)| corp.corp()).collect();
        for failure in &self.failures {
            let group = self.groups.iter_mut().find(|group| group.group.groupid == failure.groupid);
            let Some((group, older)) = group.zip(older.group(failure.groupid)) else { continue };
            let is_missing = |corp: &&GroupCorp| corp.corp().is_some_and(|id| !known.contains(&id));
            group.corps.extend(older.corps.iter().filter(is_missing).cloned());
        }
    }
}

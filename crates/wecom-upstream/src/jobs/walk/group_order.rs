//! The order of the groups in a walk: the list of groups, sorted as a tree.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use crate::calls::Group;
use crate::jobs::walk::event::GroupFinding;

/// A group with its depth in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedGroup {
    pub(crate) group: Group,
    /// The number of groups above the group.
    pub(crate) depth: u32,
}

/// Sorts groups as a tree: each group before the groups below it, siblings by `order` (largest first), then by id. Adds
/// the root group if it is missing. Returns the findings about groups that do not fit into the tree.
pub(crate) fn order_groups(groups: Vec<Group>) -> (VecDeque<PlannedGroup>, VecDeque<GroupFinding>) {
    let mut planner = Planner::new(groups);
    planner.visit(GroupId::ROOT);
    for orphan in std::mem::take(&mut planner.orphans) {
        planner.visit(orphan);
    }
    planner.visit_cycles();
    (planner.planned, planner.findings)
}

struct Planner {
    groups: HashMap<GroupId, Group>,
    /// All groups in the order of siblings.
    sorted: Vec<GroupId>,
    /// The children of each group, in the order of siblings.
    children: HashMap<GroupId, Vec<GroupId>>,
    /// The groups without a parent in the list.
    orphans: Vec<GroupId>,
    visited: HashSet<GroupId>,
    planned: VecDeque<PlannedGroup>,
    findings: VecDeque<GroupFinding>,
}

impl Planner {
    fn new(list: Vec<Group>) -> Self {
        let mut findings = VecDeque::new();
        let mut groups = HashMap::with_capacity(list.len() + 1);
        for group in list {
            match groups.entry(group.groupid) {
                Entry::Vacant(place) => drop(place.insert(group)),
                Entry::Occupied(_) => findings.push_back(GroupFinding::Repeated { groupid: group.groupid }),
            }
        }
        let root = Group { groupid: GroupId::ROOT, group_name: String::new(), parentid: None, order: 0 };
        groups.entry(GroupId::ROOT).or_insert(root);

        let mut sorted: Vec<_> = groups.values().map(|group| (Reverse(group.order), group.groupid)).collect();
        sorted.sort_unstable();
        let sorted: Vec<_> = sorted.into_iter().map(|(_, groupid)| groupid).collect();

        let mut children: HashMap<_, Vec<_>> = HashMap::new();
        let mut orphans = Vec::new();
        for &groupid in sorted.iter().filter(|&&groupid| groupid != GroupId::ROOT) {
            let parentid = groups.get(&groupid).and_then(|group| group.parentid);
            match parentid {
                Some(parentid) if groups.contains_key(&parentid) => {
                    children.entry(parentid).or_default().push(groupid);
                }
                _ => {
                    orphans.push(groupid);
                    findings.push_back(GroupFinding::Orphan { groupid, parentid });
                }
            }
        }
        let planned = VecDeque::with_capacity(groups.len());
        Self { groups, sorted, children, orphans, visited: HashSet::new(), planned, findings }
    }

    /// Adds a group and the groups below it. Uses an explicit stack, because the service decides how deep the tree is.
    fn visit(&mut self, top: GroupId) {
        let mut stack = vec![(top, 0)];
        while let Some((groupid, depth)) = stack.pop() {
            if !self.visited.insert(groupid) {
                continue;
            }
            if let Some(group) = self.groups.get(&groupid) {
                self.planned.push_back(PlannedGroup { group: group.clone(), depth });
            }
            let children = self.children.get(&groupid).into_iter().flatten().rev();
            stack.extend(children.map(|&groupid| (groupid, depth + 1)));
        }
    }

    /// Adds the remaining groups, which are in a cycle or below one. Each cycle starts with its first member in the
    /// order of siblings.
    fn visit_cycles(&mut self) {
        for groupid in std::mem::take(&mut self.sorted) {
            if self.visited.contains(&groupid) {
                continue;
            }
            let groupids = self.cycle_above(groupid);
            if let Some(&first) = groupids.first() {
                self.findings.push_back(GroupFinding::Cycle { groupids });
                self.visit(first);
            }
        }
    }

    /// Returns the cycle that the ancestors of a group lead into: the parent of each member is the next one.
    fn cycle_above(&self, groupid: GroupId) -> Vec<GroupId> {
        let parent = |groupid: &GroupId| self.groups.get(groupid).and_then(|group| group.parentid);
        let mut path = Vec::new();
        let mut seen = HashSet::new();
        let mut at = Some(groupid);
        while let Some(groupid) = at.filter(|&groupid| seen.insert(groupid)) {
            path.push(groupid);
            at = parent(&groupid);
        }
        let mut cycle: Vec<_> = path.into_iter().skip_while(|&groupid| Some(groupid) != at).collect();
        let rank = |groupid: &GroupId| self.groups.get(groupid).map(|group| (Reverse(group.order), group.groupid));
        let first = cycle.iter().enumerate().min_by_key(|(_, groupid)| rank(groupid)).map_or(0, |(place, _)| place);
        cycle.rotate_left(first);
        cycle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(groupid: i64, parentid: i64, order: i64) -> Group {
        Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::new(parentid)).order(order)
    }

    fn planned(groups: Vec<Group>) -> (Vec<(i64, u32)>, Vec<GroupFinding>) {
        let (planned, findings) = order_groups(groups);
        (planned.iter().map(|group| (group.group.groupid.get(), group.depth)).collect(), findings.into())
    }

    #[test]
    fn siblings_are_sorted_by_order_descending_then_by_id() {
        let groups =
            vec![group(7, 3, 0), group(5, 1, 4), group(4, 1, 4), group(3, 1, 9), group(6, 3, 2), group(2, 1, 0)];
        let expected = vec![(1, 0), (3, 1), (6, 2), (7, 2), (4, 1), (5, 1), (2, 1)];
        assert_eq!(planned(groups), (expected, vec![]));
    }

    #[test]
    fn a_missing_root_is_added_and_a_listed_one_is_kept() {
        assert_eq!(planned(vec![]), (vec![(1, 0)], vec![]));
        for parentid in [0, 1, 77] {
            let (groups, findings) = order_groups(vec![group(2, 1, 0), group(1, parentid, 0)]);
            assert_eq!(groups.iter().map(|group| group.group.group_name.as_str()).collect::<Vec<_>>(), ["g1", "g2"]);
            assert!(findings.is_empty(), "{findings:?}");
        }
    }

    #[test]
    fn an_orphan_comes_after_the_root_with_the_groups_below_it() {
        let without_parent = Group { parentid: None, ..group(9, 0, 0) };
        let (groups, findings) = planned(vec![group(3, 77, 0), group(4, 3, 0), without_parent, group(2, 1, 0)]);
        assert_eq!(groups, [(1, 0), (2, 1), (3, 0), (4, 1), (9, 0)]);
        let orphan = |groupid, parentid: Option<i64>| GroupFinding::Orphan {
            groupid: GroupId::new(groupid),
            parentid: parentid.map(GroupId::new),
        };
        assert_eq!(findings, [orphan(3, Some(77)), orphan(9, None)]);
    }

    #[test]
    fn each_group_of_a_cycle_and_below_it_comes_once() {
        let groups =
            vec![group(2, 4, 1), group(3, 2, 5), group(4, 3, 1), group(5, 4, 0), group(6, 6, 0), group(7, 5, 9)];
        let (groups, findings) = planned(groups);
        assert_eq!(groups, [(1, 0), (3, 0), (4, 1), (2, 2), (5, 2), (7, 3), (6, 0)]);
        let cycle =
            |groupids: &[i64]| GroupFinding::Cycle { groupids: groupids.iter().copied().map(GroupId::new).collect() };
        assert_eq!(findings, [cycle(&[3, 2, 4]), cycle(&[6])]);
    }

    #[test]
    fn the_first_entry_of_a_repeated_group_is_used() {
        let (groups, findings) = order_groups(vec![group(2, 1, 0), group(2, 9, 0)]);
        assert_eq!((groups.len(), groups[1].depth), (2, 1));
        assert_eq!(findings, [GroupFinding::Repeated { groupid: GroupId::new(2) }]);
    }

    #[test]
    fn a_tree_with_a_hundred_thousand_levels_does_not_overflow_the_stack() {
        let groups = (2..100_002).map(|groupid| group(groupid, groupid - 1, 0)).collect();
        assert_eq!(order_groups(groups).0.back().map(|group| group.depth), Some(100_000));
    }
}

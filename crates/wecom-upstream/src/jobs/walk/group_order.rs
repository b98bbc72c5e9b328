//! The order in which groups are walked: a tree made of a list that need not be one.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use crate::calls::Group;
use crate::jobs::walk::event::GroupFinding;

/// A group at its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedGroup {
    pub(crate) group: Group,
    /// How many groups lie above it.
    pub(crate) depth: u32,
}

/// Puts groups into the order of their tree, each before those below it, siblings by `order`, the larger first, and then by
/// id. The root is added where it is missing. Tells what keeps the groups from being a tree.
pub(crate) fn order_groups(groups: Vec<Group>) -> (VecDeque<PlannedGroup>, VecDeque<GroupFinding>) {
    let mut planner = Planner::new(groups);
    planner.visit(GroupId::ROOT);
    for top in std::mem::take(&mut planner.tops) {
        planner.visit(top);
    }
    planner.visit_cycles();
    (planner.planned, planner.findings)
}

struct Planner {
    groups: HashMap<GroupId, Group>,
    /// All groups in the order in which siblings stand.
    sorted: Vec<GroupId>,
    /// In that order too.
    below: HashMap<GroupId, Vec<GroupId>>,
    /// Groups whose group above is not there.
    tops: Vec<GroupId>,
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

        let mut below: HashMap<_, Vec<_>> = HashMap::new();
        let mut tops = Vec::new();
        for &groupid in sorted.iter().filter(|&&groupid| groupid != GroupId::ROOT) {
            let parentid = groups.get(&groupid).and_then(|group| group.parentid);
            match parentid {
                Some(parentid) if groups.contains_key(&parentid) => below.entry(parentid).or_default().push(groupid),
                _ => {
                    tops.push(groupid);
                    findings.push_back(GroupFinding::Orphan { groupid, parentid });
                }
            }
        }
        let planned = VecDeque::with_capacity(groups.len());
        Self { groups, sorted, below, tops, visited: HashSet::new(), planned, findings }
    }

    /// Plans a group and what lies below it. Not by recursion: how deep groups lie is the service's choice.
    fn visit(&mut self, top: GroupId) {
        let mut stack = vec![(top, 0)];
        while let Some((groupid, depth)) = stack.pop() {
            if !self.visited.insert(groupid) {
                continue;
            }
            if let Some(group) = self.groups.get(&groupid) {
                self.planned.push_back(PlannedGroup { group: group.clone(), depth });
            }
            let below = self.below.get(&groupid).into_iter().flatten().rev();
            stack.extend(below.map(|&groupid| (groupid, depth + 1)));
        }
    }

    /// What is left lies in circles or below one. Each circle is cut open above the member that siblings would begin with.
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

    /// The circle that the groups above this one end in, each member below the next.
    fn cycle_above(&self, groupid: GroupId) -> Vec<GroupId> {
        let above = |groupid: &GroupId| self.groups.get(groupid).and_then(|group| group.parentid);
        let mut way = Vec::new();
        let mut seen = HashSet::new();
        let mut at = Some(groupid);
        while let Some(groupid) = at.filter(|&groupid| seen.insert(groupid)) {
            way.push(groupid);
            at = above(&groupid);
        }
        let mut cycle: Vec<_> = way.into_iter().skip_while(|&groupid| Some(groupid) != at).collect();
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
    fn groups_stand_in_the_order_of_their_tree_the_larger_order_first_and_then_by_id() {
        let groups =
            vec![group(7, 3, 0), group(5, 1, 4), group(4, 1, 4), group(3, 1, 9), group(6, 3, 2), group(2, 1, 0)];
        let expected = vec![(1, 0), (3, 1), (6, 2), (7, 2), (4, 1), (5, 1), (2, 1)];
        assert_eq!(planned(groups), (expected, vec![]));
    }

    #[test]
    fn the_root_is_added_where_it_is_missing_and_kept_where_it_is_not() {
        assert_eq!(planned(vec![]), (vec![(1, 0)], vec![]));
        for parentid in [0, 1, 77] {
            let (groups, findings) = order_groups(vec![group(2, 1, 0), group(1, parentid, 0)]);
            assert_eq!(groups.iter().map(|group| group.group.group_name.as_str()).collect::<Vec<_>>(), ["g1", "g2"]);
            assert!(findings.is_empty(), "{findings:?}");
        }
    }

    #[test]
    fn a_group_whose_parent_is_missing_stands_by_itself_with_what_is_below_it() {
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
    fn a_circle_is_cut_open_and_what_hangs_on_it_is_there_once() {
        let groups =
            vec![group(2, 4, 1), group(3, 2, 5), group(4, 3, 1), group(5, 4, 0), group(6, 6, 0), group(7, 5, 9)];
        let (groups, findings) = planned(groups);
        assert_eq!(groups, [(1, 0), (3, 0), (4, 1), (2, 2), (5, 2), (7, 3), (6, 0)]);
        let cycle =
            |groupids: &[i64]| GroupFinding::Cycle { groupids: groupids.iter().copied().map(GroupId::new).collect() };
        assert_eq!(findings, [cycle(&[3, 2, 4]), cycle(&[6])]);
    }

    #[test]
    fn a_group_that_comes_twice_counts_once() {
        let (groups, findings) = order_groups(vec![group(2, 1, 0), group(2, 9, 0)]);
        assert_eq!((groups.len(), groups[1].depth), (2, 1));
        assert_eq!(findings, [GroupFinding::Repeated { groupid: GroupId::new(2) }]);
    }

    #[test]
    fn a_hundred_thousand_groups_in_one_line_are_no_deep_recursion() {
        let groups = (2..100_002).map(|groupid| group(groupid, groupid - 1, 0)).collect();
        assert_eq!(order_groups(groups).0.back().map(|group| group.depth), Some(100_000));
    }
}

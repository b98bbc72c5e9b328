//! The groups of a chain (上下游通讯录分组): a tree below the root group, indexed by parent and name.

use std::collections::{BTreeMap, HashMap};

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::steps::{each, step};

/// All groups of a chain except the root.
pub(crate) struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    /// The children of a group, by name. A world can have two groups with the same parent and name.
    children: HashMap<GroupId, HashMap<String, Vec<GroupId>>>,
    /// The greatest id so far. The id of a removed group is not used again.
    greatest: GroupId,
    /// Every id from 2 to this one is in use. Only needed when there is no id after the greatest one.
    used_up_to: i64,
}

impl Groups {
    /// Creates the groups. They must form a tree, as the check of a world guarantees.
    pub(crate) fn new(groups: Vec<Group>) -> Self {
        let mut this = Self {
            by_id: BTreeMap::new(),
            children: HashMap::new(),
            greatest: GroupId::ROOT,
            used_up_to: GroupId::ROOT.get(),
        };
        groups.into_iter().for_each(|group| this.insert(group));
        this
    }

    pub(crate) fn contains(&self, groupid: GroupId) -> bool {
        step();
        groupid == GroupId::ROOT || self.by_id.contains_key(&groupid)
    }

    /// Returns a group. The root is not stored.
    pub(crate) fn get(&self, groupid: GroupId) -> Option<&Group> {
        step();
        self.by_id.get(&groupid)
    }

    pub(crate) fn parent(&self, groupid: GroupId) -> Option<GroupId> {
        self.get(groupid)?.parentid
    }

    /// Finds the child of a group with this name. Two of them are an error.
    pub(crate) fn child_named(&self, parent: GroupId, name: &str) -> Result<Option<GroupId>, ErrCode> {
        step();
        match self.children.get(&parent).and_then(|children| children.get(name)).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([child]) => Ok(Some(*child)),
            Some(_) => Err(ErrCode::GROUP_NOT_UNIQUE),
        }
    }

    /// The number of groups, without the root.
    #[cfg(feature = "server")]
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The children of a group, in no particular order.
    pub(crate) fn children(&self, parent: GroupId) -> impl Iterator<Item = &Group> {
        let ids = self.children.get(&parent).into_iter().flat_map(|children| children.values().flatten());
        ids.filter_map(|groupid| self.get(*groupid))
    }

    /// The descendants of a group, by id.
    pub(crate) fn descendants(&self, groupid: GroupId) -> Vec<&Group> {
        if groupid == GroupId::ROOT {
            return each(self.by_id.values()).collect();
        }
        let mut found: Vec<&Group> = self.children(groupid).collect();
        let mut next = 0;
        while let Some(group) = found.get(next) {
            found.extend(self.children(group.groupid));
            next += 1;
        }
        found.sort_by_key(|group| group.groupid);
        found
    }

    /// Adds a group and returns its id.
    pub(crate) fn add(&mut self, parent: GroupId, name: &str) -> GroupId {
        let groupid = self.unused_id();
        self.insert(Group::new(groupid, name, parent));
        groupid
    }

    /// Changes the name or the parent of a group.
    pub(crate) fn change(&mut self, groupid: GroupId, change: impl FnOnce(&mut Group)) {
        if let Some(mut group) = self.remove(groupid) {
            change(&mut group);
            self.insert(group);
        }
    }

    /// Removes a group. Its children keep it as their parent.
    pub(crate) fn remove(&mut self, groupid: GroupId) -> Option<Group> {
        let group = self.by_id.remove(&groupid)?;
        let siblings = group.parentid.and_then(|parent| self.children.get_mut(&parent));
        if let Some(siblings) = siblings {
            if let Some(same_name) = siblings.get_mut(&group.group_name) {
                same_name.retain(|sibling| *sibling != groupid);
                if same_name.is_empty() {
                    siblings.remove(&group.group_name);
                }
            }
        }
        Some(group)
    }

    fn insert(&mut self, group: Group) {
        step();
        if let Some(parent) = group.parentid {
            let siblings = self.children.entry(parent).or_default();
            siblings.entry(group.group_name.clone()).or_default().push(group.groupid);
        }
        self.greatest = self.greatest.max(group.groupid);
        self.by_id.insert(group.groupid, group);
    }

    /// The id after the greatest one, or the first unused one if the greatest one is the maximum.
    fn unused_id(&mut self) -> GroupId {
        if let Some(next) = self.greatest.get().checked_add(1) {
            return GroupId::new(next);
        }
        let used =
            self.by_id.range(GroupId::new(self.used_up_to.saturating_add(1))..).map(|(groupid, _)| groupid.get());
        let used =
            each(used).zip(self.used_up_to.saturating_add(1)..).take_while(|(used, expected)| used == expected).count();
        self.used_up_to = self.used_up_to.saturating_add(used as i64).saturating_add(1);
        GroupId::new(self.used_up_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(ids: &[i64]) -> Groups {
        Groups::new(ids.iter().map(|id| Group::new(GroupId::new(*id), id.to_string(), GroupId::ROOT)).collect())
    }

    #[test]
    fn a_new_group_has_the_id_after_the_last_one() {
        let mut groups = groups(&[2, 9]);
        assert_eq!([(); 2].map(|()| groups.add(GroupId::ROOT, "x").get()), [10, 11]);
    }

    #[test]
    fn the_id_of_a_removed_group_is_not_used_again() {
        let mut groups = groups(&[2, 9]);
        assert_eq!(groups.remove(GroupId::new(9)).unwrap().group_name, "9");
        assert_eq!(groups.child_named(GroupId::ROOT, "9"), Ok(None));
        assert_eq!(groups.add(GroupId::ROOT, "x").get(), 10);
    }

    #[test]
    fn a_new_group_after_the_maximum_id_has_the_first_unused_id() {
        let mut groups = groups(&[2, 3, 5, i64::MAX]);
        assert_eq!([(); 3].map(|()| groups.add(GroupId::ROOT, "x").get()), [4, 6, 7]);
    }
}

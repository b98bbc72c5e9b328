//! The check of chains: the tree of groups, and the corps in them.

use std::collections::{HashMap, HashSet};

use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use super::WorldError;
use super::ids::{check_not_empty, check_positive, check_unique, check_unique_where_present};
use crate::world::{OwnerRange, World, WorldChain, WorldCorp, WorldCorpId};

impl World {
    pub(super) fn check_chains(&self) -> Result<(), WorldError> {
        check_unique("chains", "chain_id", self.chains.iter().map(|chain| &chain.chain_id))?;
        self.chains.iter().enumerate().try_for_each(|(index, chain)| chain.check(&format!("chains[{index}]")))
    }
}

impl WorldChain {
    fn check(&self, path: &str) -> Result<(), WorldError> {
        check_not_empty(&format!("{path}.chain_id"), self.chain_id.as_str())?;
        check_groups(&self.groups, &format!("{path}.groups"))?;
        let groups: HashSet<_> = self.groups.iter().map(|group| group.groupid).chain([GroupId::ROOT]).collect();
        let list = format!("{path}.corps");
        check_unique(&list, "id", self.corps.iter().map(|corp| &corp.id))?;
        check_unique_where_present(&list, "custom_id", self.corps.iter().map(|corp| corp.custom_id.as_ref()))?;
        for (index, corp) in self.corps.iter().enumerate() {
            corp.check(&groups, &format!("{list}[{index}]"))?;
        }
        self.owner_range.as_ref().map_or(Ok(()), |range| range.check(&format!("{path}.owner_corp_range")))
    }
}

impl WorldCorp {
    fn check(&self, groups: &HashSet<GroupId>, path: &str) -> Result<(), WorldError> {
        match &self.id {
            WorldCorpId::Joined(corpid) => check_not_empty(&format!("{path}.corpid"), corpid.as_str())?,
            WorldCorpId::Pending(corpid) => check_not_empty(&format!("{path}.pending_corpid"), corpid.as_str())?,
        }
        if !groups.contains(&self.groupid) {
            return Err(WorldError::new(format!("{path}.groupid"), format!("there is no group {}", self.groupid)));
        }
        let list = format!("{path}.members");
        check_unique(&list, "userid", self.members.iter().map(|member| &member.userid))?;
        for (index, member) in self.members.iter().enumerate() {
            check_not_empty(&format!("{list}[{index}].userid"), member.userid.as_str())?;
        }
        Ok(())
    }
}

impl OwnerRange {
    fn check(&self, path: &str) -> Result<(), WorldError> {
        for (index, departmentid) in self.departmentids.iter().enumerate() {
            check_positive(&format!("{path}.departmentids[{index}]"), *departmentid)?;
        }
        for (index, userid) in self.userids.iter().enumerate() {
            check_not_empty(&format!("{path}.userids[{index}]"), userid.as_str())?;
        }
        Ok(())
    }
}

/// Checks that the groups form a tree below the root, in linear time.
fn check_groups(groups: &[Group], list: &str) -> Result<(), WorldError> {
    check_unique(list, "groupid", groups.iter().map(|group| group.groupid))?;
    let ids: HashSet<_> = groups.iter().map(|group| group.groupid).chain([GroupId::ROOT]).collect();
    let mut children: HashMap<GroupId, Vec<GroupId>> = HashMap::new();
    for (index, group) in groups.iter().enumerate() {
        let path = format!("{list}[{index}]");
        check_positive(&format!("{path}.groupid"), group.groupid.get())?;
        if group.groupid == GroupId::ROOT {
            return Err(WorldError::new(format!("{path}.groupid"), "the root group always exists"));
        }
        if !(0..1 << 32).contains(&group.order) {
            return Err(WorldError::new(format!("{path}.order"), "is not in the range 0 to 2^32 - 1"));
        }
        let Some(parent) = group.parentid else {
            return Err(WorldError::new(format!("{path}.parentid"), "is missing"));
        };
        if !ids.contains(&parent) {
            return Err(WorldError::new(format!("{path}.parentid"), format!("there is no group {parent}")));
        }
        children.entry(parent).or_default().push(group.groupid);
    }
    let below_root = descendants(&children);
    match groups.iter().position(|group| !below_root.contains(&group.groupid)) {
        None => Ok(()),
        Some(index) => Err(WorldError::new(format!("{list}[{index}].parentid"), "its ancestors form a cycle")),
    }
}

/// The descendants of the root.
fn descendants(children: &HashMap<GroupId, Vec<GroupId>>) -> HashSet<GroupId> {
    let mut found = HashSet::new();
    let mut open = vec![GroupId::ROOT];
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

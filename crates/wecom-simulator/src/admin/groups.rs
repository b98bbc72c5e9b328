//! Groups: 上下游通讯录分组.

use wecom_callback::ChainChange;
use wecom_upstream::{ChainId, GroupId};

use super::{Admin, not_empty};
use crate::admin::AdminError;
use crate::chain::Chain;

impl Admin<'_> {
    /// Adds a group and returns its id. Sends `create_group`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownGroup`] for the parent, [`AdminError::EmptyName`].
    pub fn create_group(
        &self,
        chain_id: &ChainId,
        parent: GroupId,
        name: impl Into<String>,
    ) -> Result<GroupId, AdminError> {
        let name = not_empty(name)?;
        self.change_chain(chain_id, |chain| {
            check_known(chain, parent)?;
            let group = chain.groups.add(parent, &name);
            Ok((group, Some(ChainChange::CreateGroup(vec![group]))))
        })
    }

    /// Renames a group. Sends `update_group`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownGroup`], [`AdminError::RootGroup`], [`AdminError::EmptyName`].
    pub fn rename_group(&self, chain_id: &ChainId, group: GroupId, name: impl Into<String>) -> Result<(), AdminError> {
        let name = not_empty(name)?;
        self.change_chain(chain_id, |chain| {
            check_changeable(chain, group)?;
            chain.groups.change(group, |group| group.group_name = name);
            Ok(((), Some(ChainChange::UpdateGroup(vec![group]))))
        })
    }

    /// Moves a group with all that it contains below another group. Sends `update_group`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownGroup`], [`AdminError::RootGroup`],
    /// [`AdminError::GroupBelowItself`].
    pub fn move_group(&self, chain_id: &ChainId, group: GroupId, parent: GroupId) -> Result<(), AdminError> {
        self.change_chain(chain_id, |chain| {
            check_changeable(chain, group)?;
            check_known(chain, parent)?;
            let mut ancestors = std::iter::successors(Some(parent), |ancestor| chain.groups.parent(*ancestor));
            if ancestors.any(|ancestor| ancestor == group) {
                return Err(AdminError::GroupBelowItself(group));
            }
            chain.groups.change(group, |group| group.parentid = Some(parent));
            Ok(((), Some(ChainChange::UpdateGroup(vec![group]))))
        })
    }

    /// Deletes an empty group. Sends `delete_group`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownGroup`], [`AdminError::RootGroup`],
    /// [`AdminError::GroupNotEmpty`].
    pub fn delete_group(&self, chain_id: &ChainId, group: GroupId) -> Result<(), AdminError> {
        self.change_chain(chain_id, |chain| {
            check_changeable(chain, group)?;
            let has_groups = chain.groups.children(group).next().is_some();
            if has_groups || chain.corps.in_group(group, 0).next().is_some() {
                return Err(AdminError::GroupNotEmpty(group));
            }
            chain.groups.remove(group);
            Ok(((), Some(ChainChange::DeleteGroup(vec![group]))))
        })
    }
}

pub(super) fn check_known(chain: &Chain, group: GroupId) -> Result<(), AdminError> {
    if chain.groups.contains(group) { Ok(()) } else { Err(AdminError::UnknownGroup(group)) }
}

fn check_changeable(chain: &Chain, group: GroupId) -> Result<(), AdminError> {
    if group == GroupId::ROOT { Err(AdminError::RootGroup) } else { check_known(chain, group) }
}

//! The part of a chain that an app can see: all groups, or some of them.

use std::borrow::Cow;

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::chain::Chain;
use crate::refusal::Refusal;
use crate::world::{WorldApp, WorldCorp, WorldCorpId};

/// A chain and the groups that an app can see.
pub(crate) struct VisibleChain<'a> {
    pub(crate) chain: &'a Chain,
    /// The visible groups, apart from their descendants. `None` makes all groups visible.
    groups: Option<&'a [GroupId]>,
}

impl<'a> VisibleChain<'a> {
    pub(crate) fn new(chain: &'a Chain, app: &'a WorldApp) -> Self {
        Self { chain, groups: app.visible_groups_of(&chain.chain_id) }
    }

    /// Returns an error if a group does not exist or is not visible to the app.
    pub(crate) fn check_group(&self, groupid: GroupId) -> Result<(), Refusal> {
        if !self.chain.has_group(groupid) {
            return Err(ErrCode::UNKNOWN_GROUP.into());
        }
        if self.sees_group(groupid) { Ok(()) } else { Err(ErrCode::GROUP_FORBIDDEN.into()) }
    }

    /// The visible descendants of a group.
    pub(crate) fn descendants(&self, groupid: GroupId) -> impl Iterator<Item = &'a Group> {
        self.chain.descendants(groupid).filter(|group| self.sees_group(group.groupid))
    }

    /// Returns a corp of the chain, or an error if it is not visible to the app.
    pub(crate) fn corp(&self, id: &WorldCorpId) -> Result<Cow<'a, WorldCorp>, Refusal> {
        let corp = self.chain.corp(id).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
        if self.sees_group(corp.groupid) { Ok(corp) } else { Err(ErrCode::NOT_IN_RANGE.into()) }
    }

    fn sees_group(&self, groupid: GroupId) -> bool {
        self.groups.is_none_or(|groups| self.chain.is_in(groupid, groups))
    }
}

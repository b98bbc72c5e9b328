//! A chain as one app sees it: all of it, or some of its groups.

use std::borrow::Cow;

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::chain::Chain;
use crate::refusal::Refusal;
use crate::world::{WorldApp, WorldCorp, WorldCorpId};

pub(crate) struct VisibleChain<'a> {
    pub(crate) chain: &'a Chain,
    /// What the app sees, with what lies below; all groups when `None`.
    groups: Option<&'a [GroupId]>,
}

impl<'a> VisibleChain<'a> {
    pub(crate) fn new(chain: &'a Chain, app: &'a WorldApp) -> Self {
        Self { chain, groups: app.groups_of(&chain.chain_id) }
    }

    /// Refuses a group that isn't there, or that the app may not see.
    pub(crate) fn check_group(&self, groupid: GroupId) -> Result<(), Refusal> {
        if !self.chain.has_group(groupid) {
            return Err(ErrCode::UNKNOWN_GROUP.into());
        }
        if self.sees_group(groupid) { Ok(()) } else { Err(ErrCode::GROUP_FORBIDDEN.into()) }
    }

    /// The groups below one that the app sees.
    pub(crate) fn groups_below(&self, groupid: GroupId) -> impl Iterator<Item = &'a Group> {
        self.chain.groups_below(groupid).filter(|group| self.sees_group(group.groupid))
    }

    /// A corp of the chain; refused where the app may not see it.
    pub(crate) fn corp(&self, id: &WorldCorpId) -> Result<Cow<'a, WorldCorp>, Refusal> {
        let corp = self.chain.corp(id).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
        if self.sees_group(corp.groupid) { Ok(corp) } else { Err(ErrCode::NOT_IN_RANGE.into()) }
    }

    fn sees_group(&self, groupid: GroupId) -> bool {
        self.groups.is_none_or(|groups| self.chain.lies_in(groupid, groups))
    }
}

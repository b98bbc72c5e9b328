//! The part of a chain that an app can see: all groups, or some of them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::chain::Chain;
use crate::refusal::Refusal;
use crate::steps::each;
use crate::world::{WorldApp, WorldCorp, WorldCorpId};

/// A chain and the groups that an app can see.
pub(crate) struct VisibleChain<'a> {
    pub(crate) chain: &'a Chain,
    /// The visible groups, apart from their descendants. `None` makes all groups visible.
    groups: Option<HashSet<GroupId>>,
    /// Whether a group is visible, for the groups examined so far.
    visibility: RefCell<HashMap<GroupId, bool>>,
}

impl<'a> VisibleChain<'a> {
    pub(crate) fn new(chain: &'a Chain, app: &WorldApp) -> Self {
        let groups = app.visible_groups_of(&chain.chain_id).map(|groups| each(groups).copied().collect());
        Self { chain, groups, visibility: RefCell::default() }
    }

    /// Returns an error if a group does not exist or is not visible to the app.
    pub(crate) fn check_group(&self, groupid: GroupId) -> Result<(), Refusal> {
        if !self.chain.groups.contains(groupid) {
            return Err(ErrCode::UNKNOWN_GROUP.into());
        }
        if self.sees_group(groupid) { Ok(()) } else { Err(ErrCode::GROUP_FORBIDDEN.into()) }
    }

    /// The visible descendants of a group, by id.
    pub(crate) fn descendants(&self, groupid: GroupId) -> impl Iterator<Item = &'a Group> {
        self.chain.groups.descendants(groupid).into_iter().filter(|group| self.sees_group(group.groupid))
    }

    /// Returns a corp of the chain, or an error if it is not visible to the app.
    pub(crate) fn corp(&self, id: &WorldCorpId) -> Result<Cow<'a, WorldCorp>, Refusal> {
        let corp = self.chain.corp(id).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
        if self.sees_group(corp.groupid) { Ok(corp) } else { Err(ErrCode::NOT_IN_RANGE.into()) }
    }

    /// Walks up to the first ancestor whose visibility is known. Each group is examined once.
    fn sees_group(&self, groupid: GroupId) -> bool {
        let Some(groups) = &self.groups else { return true };
        let mut visibility = self.visibility.borrow_mut();
        let mut examined = Vec::new();
        let mut next = Some(groupid);
        let is_visible = loop {
            let Some(groupid) = next else { break false };
            if let Some(is_visible) = visibility.get(&groupid) {
                break *is_visible;
            }
            examined.push(groupid);
            if groups.contains(&groupid) {
                break true;
            }
            next = self.chain.groups.parent(groupid);
        };
        visibility.extend(examined.into_iter().map(|groupid| (groupid, is_visible)));
        is_visible
    }
}

//! The current state of one chain: its groups, corps and rules.

pub(crate) mod corps;
pub(crate) mod stored_rules;
pub(crate) mod visible_chain;

use std::borrow::Cow;
use std::collections::BTreeMap;

use wecom_core::ErrCode;
use wecom_upstream::calls::Group;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::{ChainId, CorpId, GroupId, UserId};

use crate::chain::corps::Corps;
use crate::chain::stored_rules::StoredRules;
use crate::hash::fnv1a;
use crate::world::{OwnerRange, WorldChain, WorldContact, WorldCorp, WorldCorpId, WorldMember};

/// A chain.
pub(crate) struct Chain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    corp_limit: Option<usize>,
    pub(crate) corp_people_limit: Option<usize>,
    pub(crate) owner_range: Option<OwnerRange>,
    pub(crate) rules: StoredRules,
    pub(crate) corps: Corps,
    /// All groups except the root.
    groups: BTreeMap<GroupId, Group>,
}

impl Chain {
    pub(crate) fn new(chain: WorldChain) -> Self {
        Self {
            chain_id: chain.chain_id,
            name: chain.name,
            corp_limit: chain.corp_limit,
            corp_people_limit: chain.corp_people_limit,
            owner_range: chain.owner_range,
            rules: StoredRules::new(chain.rule_limit),
            corps: Corps::new(chain.generated, chain.corps),
            groups: chain.groups.into_iter().map(|group| (group.groupid, group)).collect(),
        }
    }

    pub(crate) fn corp(&self, id: &WorldCorpId) -> Option<Cow<'_, WorldCorp>> {
        self.corps.at(self.corps.position(id)?)
    }

    /// Adds contacts to a corp. A contact replaces the one with the same mobile number.
    pub(crate) fn add_contacts(&mut self, position: u64, contacts: impl Iterator<Item = WorldContact>) {
        self.corps.change(position, |corp| {
            for contact in contacts {
                corp.contacts.retain(|known| known.mobile != contact.mobile);
                corp.contacts.push(contact);
            }
        });
    }

    /// Returns an error if the chain has reached its corp limit.
    pub(crate) fn check_corp_limit(&self) -> Result<(), ErrCode> {
        match self.corp_limit {
            Some(limit) if self.corps.len() >= limit => Err(ErrCode::CHAIN_CORPS_EXCEEDED),
            _ => Ok(()),
        }
    }

    /// Creates an id for the next corp.
    pub(crate) fn new_pending_id(&self) -> String {
        let number = fnv1a(fnv1a(self.corps.next_position(), self.chain_id.as_str().as_bytes()), b"corp");
        format!("wp{number:016x}")
    }

    /// Turns a pending corp into a joined one, and its imported contacts into members.
    ///
    /// Returns `false` if the pending corp does not exist, or if the new id is already in the chain.
    pub(crate) fn join(&mut self, pending: &PendingCorpId, corpid: CorpId) -> bool {
        let joined = WorldCorpId::Joined(corpid);
        let position = self.corps.position(&WorldCorpId::Pending(pending.clone()));
        let Some(position) = position.filter(|_| self.corps.position(&joined).is_none()) else { return false };
        self.corps.change(position, |corp| {
            corp.id = joined;
            let contacts = std::mem::take(&mut corp.contacts).into_iter();
            corp.members.extend(contacts.map(|contact| WorldMember {
                userid: UserId::new(contact.mobile),
                user_custom_id: contact.user_custom_id,
            }));
        });
        true
    }

    pub(crate) fn has_group(&self, groupid: GroupId) -> bool {
        groupid == GroupId::ROOT || self.groups.contains_key(&groupid)
    }

    /// Finds the child of a group with this name. Two of them are an error.
    pub(crate) fn child_named(&self, parent: GroupId, name: &str) -> Result<Option<GroupId>, ErrCode> {
        let children = self.groups.values().filter(|group| group.parentid == Some(parent));
        let mut named = children.filter(|group| group.group_name == name).map(|group| group.groupid);
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(ErrCode::GROUP_NOT_UNIQUE),
            (group, None) => Ok(group),
        }
    }

    /// Returns whether a corp with this name is directly in the group.
    pub(crate) fn has_corp_named(&self, groupid: GroupId, name: &str) -> bool {
        let mut corps = self.corps.positions_of_name(name).filter_map(|position| self.corps.at(position));
        corps.any(|corp| corp.groupid == groupid)
    }

    /// Adds a group and returns its id.
    pub(crate) fn add_group(&mut self, parent: GroupId, name: &str) -> GroupId {
        let last = self.groups.keys().next_back().copied().unwrap_or(GroupId::ROOT);
        let groupid = GroupId::new(last.get().saturating_add(1));
        self.groups.insert(groupid, Group::new(groupid, name, parent));
        groupid
    }

    /// The descendants of a group.
    pub(crate) fn descendants(&self, groupid: GroupId) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| self.is_descendant(group, groupid))
    }

    /// Returns whether a group is one of `groups` or a descendant of one.
    pub(crate) fn is_in(&self, groupid: GroupId, groups: &[GroupId]) -> bool {
        let is_descendant = |group: &Group| groups.iter().any(|ancestor| self.is_descendant(group, *ancestor));
        groups.contains(&groupid) || self.groups.get(&groupid).is_some_and(is_descendant)
    }

    fn is_descendant(&self, group: &Group, ancestor: GroupId) -> bool {
        let mut parent = group.parentid;
        while let Some(groupid) = parent {
            if groupid == ancestor {
                return true;
            }
            parent = self.groups.get(&groupid).and_then(|group| group.parentid);
        }
        false
    }
}

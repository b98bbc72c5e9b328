//! One chain as it stands: its groups, its corps and its rules.

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

pub(crate) struct Chain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    corp_limit: Option<usize>,
    pub(crate) corp_people_limit: Option<usize>,
    pub(crate) owner_range: Option<OwnerRange>,
    pub(crate) rules: StoredRules,
    pub(crate) corps: Corps,
    /// All groups but the root.
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

    /// Adds people to a corp; one who is there already, by his mobile number, is replaced.
    pub(crate) fn add_contacts(&mut self, position: u64, contacts: impl Iterator<Item = WorldContact>) {
        self.corps.change(position, |corp| {
            for contact in contacts {
                corp.contacts.retain(|there| there.mobile != contact.mobile);
                corp.contacts.push(contact);
            }
        });
    }

    /// Whether one more corp may come.
    pub(crate) fn check_corp_limit(&self) -> Result<(), ErrCode> {
        match self.corp_limit {
            Some(limit) if self.corps.len() >= limit => Err(ErrCode::CHAIN_CORPS_EXCEEDED),
            _ => Ok(()),
        }
    }

    /// An id for a corp that is about to come.
    pub(crate) fn fresh_pending_id(&self) -> String {
        let number = fnv1a(fnv1a(self.corps.next_position(), self.chain_id.as_str().as_bytes()), b"corp");
        format!("wp{number:016x}")
    }

    /// Makes a pending corp one that has joined: what was imported of its people are its members from then on. `false`
    /// when there is no such corp, or one with the new id is there already.
    pub(crate) fn join(&mut self, pending: &PendingCorpId, corpid: CorpId) -> bool {
        let joined = WorldCorpId::Joined(corpid);
        let position = self.corps.position(&WorldCorpId::Pending(pending.clone()));
        let Some(position) = position.filter(|_| self.corps.position(&joined).is_none()) else { return false };
        self.corps.change(position, |corp| {
            corp.id = joined;
            let people = std::mem::take(&mut corp.contacts).into_iter();
            corp.members.extend(people.map(|contact| WorldMember {
                userid: UserId::new(contact.mobile),
                user_custom_id: contact.user_custom_id,
            }));
        });
        true
    }

    pub(crate) fn has_group(&self, groupid: GroupId) -> bool {
        groupid == GroupId::ROOT || self.groups.contains_key(&groupid)
    }

    /// The group of a name directly below another one.
    pub(crate) fn group_named(&self, above: GroupId, name: &str) -> Result<Option<GroupId>, ErrCode> {
        let below = self.groups.values().filter(|group| group.parentid == Some(above));
        let mut named = below.filter(|group| group.group_name == name).map(|group| group.groupid);
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(ErrCode::GROUP_NOT_UNIQUE),
            (group, None) => Ok(group),
        }
    }

    /// Whether a corp of a name lies directly in a group.
    pub(crate) fn has_corp_named(&self, groupid: GroupId, name: &str) -> bool {
        let mut corps = self.corps.positions_of_name(name).filter_map(|position| self.corps.at(position));
        corps.any(|corp| corp.groupid == groupid)
    }

    pub(crate) fn add_group(&mut self, above: GroupId, name: &str) -> GroupId {
        let last = self.groups.keys().next_back().copied().unwrap_or(GroupId::ROOT);
        let groupid = GroupId::new(last.get().saturating_add(1));
        self.groups.insert(groupid, Group::new(groupid, name, above));
        groupid
    }

    /// The groups below one, at any depth.
    pub(crate) fn groups_below(&self, groupid: GroupId) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| self.lies_below(group, groupid))
    }

    /// Whether a group is one of these, or lies below one of them.
    pub(crate) fn lies_in(&self, groupid: GroupId, groups: &[GroupId]) -> bool {
        let is_below = |group: &Group| groups.iter().any(|above| self.lies_below(group, *above));
        groups.contains(&groupid) || self.groups.get(&groupid).is_some_and(is_below)
    }

    fn lies_below(&self, group: &Group, above: GroupId) -> bool {
        let mut parent = group.parentid;
        while let Some(groupid) = parent {
            if groupid == above {
                return true;
            }
            parent = self.groups.get(&groupid).and_then(|group| group.parentid);
        }
        false
    }
}

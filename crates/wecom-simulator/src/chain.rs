//! The current state of one chain: its groups, corps and rules.

pub(crate) mod corps;
pub(crate) mod groups;
pub(crate) mod stored_rules;
pub(crate) mod visible_chain;

use std::borrow::Cow;
use std::collections::HashMap;

use wecom_core::ErrCode;
use wecom_upstream::{ChainId, CorpId, GroupId, UserId};

use crate::chain::corps::Corps;
use crate::chain::groups::Groups;
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
    pub(crate) groups: Groups,
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
            groups: Groups::new(chain.groups),
        }
    }

    pub(crate) fn corp(&self, id: &WorldCorpId) -> Option<Cow<'_, WorldCorp>> {
        self.corps.at(self.corps.position(id)?)
    }

    /// Adds contacts to a corp. A contact replaces the one with the same mobile number.
    pub(crate) fn add_contacts(&mut self, position: u64, contacts: impl Iterator<Item = WorldContact>) {
        self.corps.change(position, |corp| {
            corp.contacts.extend(contacts);
            let last: HashMap<_, _> = corp.contacts.iter().map(|contact| contact.mobile.clone()).zip(0..).collect();
            let mut index = 0;
            corp.contacts.retain(|contact| {
                index += 1;
                last.get(&contact.mobile) == Some(&(index - 1))
            });
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
    pub(crate) fn join(&mut self, position: u64, corpid: CorpId) {
        self.corps.change(position, |corp| {
            corp.id = WorldCorpId::Joined(corpid);
            let contacts = std::mem::take(&mut corp.contacts).into_iter();
            corp.members.extend(contacts.map(|contact| WorldMember {
                userid: UserId::new(contact.mobile),
                user_custom_id: contact.user_custom_id,
            }));
        });
    }

    /// Returns whether a corp with this name is directly in the group.
    pub(crate) fn has_corp_named(&self, groupid: GroupId, name: &str) -> bool {
        let mut corps = self.corps.positions_of_name(name).filter_map(|position| self.corps.at(position));
        corps.any(|corp| corp.groupid == groupid)
    }
}

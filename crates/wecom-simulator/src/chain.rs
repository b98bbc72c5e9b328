//! The current state of one chain: its groups, corps and rules.

pub(crate) mod corps;
pub(crate) mod groups;
pub(crate) mod people;
pub(crate) mod stored_rules;
pub(crate) mod visible_chain;

use std::borrow::Cow;

use wecom_core::ErrCode;
use wecom_upstream::{ChainId, CorpId, UserId};

use crate::chain::corps::Corps;
use crate::chain::groups::Groups;
use crate::chain::stored_rules::StoredRules;
use crate::hash::fnv1a;
use crate::steps::each;
use crate::world::{OwnerRange, WorldChain, WorldCorp, WorldCorpId, WorldMember};

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
            let contacts = each(std::mem::take(&mut corp.contacts));
            corp.members.extend(contacts.map(|contact| WorldMember {
                userid: UserId::new(contact.mobile),
                user_custom_id: contact.user_custom_id,
            }));
        });
    }
}

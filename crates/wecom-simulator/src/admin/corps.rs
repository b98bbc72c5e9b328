//! Corps: invited, joined, moved and removed.

use wecom_callback::ChainChange;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::values::CorpRef;
use wecom_upstream::{ChainId, CorpId, GroupId};

use super::groups::check_known;
use super::{Admin, not_empty};
use crate::admin::AdminError;
use crate::chain::Chain;
use crate::world::{WorldCorp, WorldCorpId};

impl Admin<'_> {
    /// Adds a corp. Sends `corp_join` for a joined corp, and nothing for a pending one, which is only invited.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownGroup`], [`AdminError::CorpExists`],
    /// [`AdminError::CustomIdTaken`], [`AdminError::EmptyName`].
    pub fn add_corp(&self, chain_id: &ChainId, corp: WorldCorp) -> Result<(), AdminError> {
        not_empty(corp.id.to_string())?;
        not_empty(&*corp.name)?;
        self.change_chain(chain_id, |chain| {
            check_known(chain, corp.groupid)?;
            check_new(chain, &corp.id)?;
            if let Some(id) = corp.custom_id.as_ref().filter(|id| chain.corps.position_of_custom_id(id).is_some()) {
                return Err(AdminError::CustomIdTaken(id.clone()));
            }
            let joined = joined(&corp.id).map(|corpid| ChainChange::CorpJoin(vec![corpid]));
            chain.corps.insert(corp);
            Ok(((), joined))
        })
    }

    /// Lets a pending corp accept its invitation. Sends `corp_join`.
    ///
    /// Its imported contacts become members, with their mobile numbers as `userid`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownCorp`], [`AdminError::CorpExists`] if the chain has a corp with the
    /// new id, [`AdminError::EmptyName`].
    pub fn join_corp(
        &self,
        chain_id: &ChainId,
        pending_corpid: &PendingCorpId,
        corpid: impl Into<CorpId>,
    ) -> Result<(), AdminError> {
        let corpid = corpid.into();
        not_empty(corpid.as_str())?;
        self.change_chain(chain_id, |chain| {
            let position = position(chain, &WorldCorpId::Pending(pending_corpid.clone()))?;
            check_new(chain, &WorldCorpId::Joined(corpid.clone()))?;
            chain.join(position, corpid.clone());
            Ok(((), Some(ChainChange::CorpJoin(vec![corpid]))))
        })
    }

    /// Moves a corp to another group. Sends `update_corp`, unless the corp has not joined.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownCorp`], [`AdminError::UnknownGroup`].
    pub fn move_corp(&self, chain_id: &ChainId, corp: impl Into<CorpRef>, group: GroupId) -> Result<(), AdminError> {
        let id = world_id(corp.into());
        self.change_chain(chain_id, |chain| {
            let position = position(chain, &id)?;
            check_known(chain, group)?;
            chain.corps.change(position, |corp| corp.groupid = group);
            Ok(((), joined(&id).map(|corpid| ChainChange::UpdateCorp(vec![corpid]))))
        })
    }

    /// Removes a corp, as when it leaves the chain. Sends `remove_corp`, unless the corp has not joined.
    ///
    /// Once the corp has left all chains, no app is shared with it through a chain. This sends no separate event.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::UnknownCorp`], [`AdminError::CreatorNotRemovable`].
    pub fn remove_corp(&self, chain_id: &ChainId, corp: impl Into<CorpRef>) -> Result<(), AdminError> {
        let id = world_id(corp.into());
        if id == WorldCorpId::Joined(CorpId::new(self.simulator.corp_id())) {
            return Err(AdminError::CreatorNotRemovable);
        }
        self.change_chain(chain_id, |chain| {
            let position = position(chain, &id)?;
            chain.corps.remove(position);
            Ok(((), joined(&id).map(|corpid| ChainChange::RemoveCorp(vec![corpid]))))
        })
    }
}

fn position(chain: &Chain, id: &WorldCorpId) -> Result<u64, AdminError> {
    chain.corps.position(id).ok_or_else(|| AdminError::UnknownCorp(corp_ref(id)))
}

fn check_new(chain: &Chain, id: &WorldCorpId) -> Result<(), AdminError> {
    if chain.corps.position(id).is_none() { Ok(()) } else { Err(AdminError::CorpExists(corp_ref(id))) }
}

fn joined(id: &WorldCorpId) -> Option<CorpId> {
    match id {
        WorldCorpId::Joined(corpid) => Some(corpid.clone()),
        WorldCorpId::Pending(_) => None,
    }
}

fn world_id(corp: CorpRef) -> WorldCorpId {
    match (corp.corpid(), corp.pending_corpid()) {
        (None, Some(pending_corpid)) => WorldCorpId::Pending(pending_corpid.clone()),
        (corpid, _) => WorldCorpId::Joined(corpid.map_or_else(|| CorpId::new(""), CorpId::clone)),
    }
}

fn corp_ref(id: &WorldCorpId) -> CorpRef {
    match id {
        WorldCorpId::Joined(corpid) => CorpRef::Joined(corpid.clone()),
        WorldCorpId::Pending(pending_corpid) => CorpRef::Pending(pending_corpid.clone()),
    }
}

//! Chains: 上下游空间.

use wecom_callback::ChainChange;
use wecom_upstream::ChainId;

use super::{Admin, not_empty};
use crate::admin::AdminError;
use crate::chain::Chain;
use crate::world::WorldChain;

impl Admin<'_> {
    /// Creates a chain without groups and corps. Sends `create_chain`.
    ///
    /// # Errors
    ///
    /// [`AdminError::ChainExists`], [`AdminError::EmptyName`].
    pub fn create_chain(&self, chain_id: impl Into<ChainId>, name: impl Into<String>) -> Result<(), AdminError> {
        let (chain_id, name) = (chain_id.into(), not_empty(name)?);
        not_empty(chain_id.as_str())?;
        self.change(|state, now| {
            if state.chains.iter().any(|chain| chain.chain_id == chain_id) {
                return Err(AdminError::ChainExists(chain_id));
            }
            state.chains.push(Chain::new(WorldChain::new(&chain_id, name)));
            state.send_chain_change(&chain_id, ChainChange::CreateChain, now);
            Ok(())
        })
    }

    /// Renames a chain. Sends `update_chain`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`], [`AdminError::EmptyName`].
    pub fn rename_chain(&self, chain_id: &ChainId, name: impl Into<String>) -> Result<(), AdminError> {
        let name = not_empty(name)?;
        self.change_chain(chain_id, |chain| {
            chain.name = name;
            Ok(((), Some(ChainChange::UpdateChain)))
        })
    }

    /// Deletes a chain with its groups and corps. Sends `delete_chain` alone.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownChain`].
    pub fn delete_chain(&self, chain_id: &ChainId) -> Result<(), AdminError> {
        self.change(|state, now| {
            let position = state.chains.iter().position(|chain| chain.chain_id == *chain_id);
            state.chains.remove(position.ok_or_else(|| AdminError::UnknownChain(chain_id.clone()))?);
            state.send_chain_change(chain_id, ChainChange::DeleteChain, now);
            Ok(())
        })
    }
}

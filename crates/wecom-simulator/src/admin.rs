//! The changes that the upstream corp's administrator makes in the admin console (管理后台). Each change sends its event.

mod chains;
mod corps;
mod error;
mod groups;
mod shares;

use std::fmt;
use std::time::Duration;

use wecom_callback::{ChainChange, ChangeChain, Event};
use wecom_upstream::ChainId;

pub use self::error::AdminError;
use crate::chain::Chain;
use crate::simulator::Simulator;
use crate::state::State;

/// The administrator of the upstream corp, returned by [`Simulator::admin`]. Each change sends the event that WeCom sends.
///
/// ```
/// use wecom_callback::{ChainChange, ChangeChain, Event};
/// use wecom_simulator::Simulator;
/// use wecom_upstream::ids::PendingCorpId;
/// use wecom_upstream::{ChainId, CorpId};
///
/// let simulator = Simulator::demo();
/// let (chain, corp) = (ChainId::new("ChDealers"), CorpId::new("wwtaihu"));
/// simulator.admin().join_corp(&chain, &PendingCorpId::new("wptaihu"), &corp)?;
///
/// let joined = ChangeChain::new(chain, ChainChange::CorpJoin(vec![corp]));
/// assert_eq!(simulator.events().take(), [Event::ChangeChain(joined)]);
/// # Ok::<(), wecom_simulator::AdminError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Admin<'a> {
    simulator: &'a Simulator,
}

impl Simulator {
    /// The administrator, who changes the world without a call.
    #[must_use]
    pub fn admin(&self) -> Admin<'_> {
        Admin { simulator: self }
    }
}

impl Admin<'_> {
    /// Changes the state at the current time.
    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> Result<T, AdminError>) -> Result<T, AdminError> {
        let now = self.simulator.now();
        let mut service = self.simulator.lock();
        service.state.run_due_jobs(now);
        change(&mut service.state, now)
    }

    /// Revokes all access tokens, as resetting the secret of each app does.
    #[cfg(feature = "server")]
    pub(crate) fn revoke_tokens(&self) {
        self.simulator.revoke_tokens();
    }

    /// Changes a chain, and sends the event that the change returns.
    fn change_chain<T>(
        &self,
        chain_id: &ChainId,
        change: impl FnOnce(&mut Chain) -> Result<(T, Option<ChainChange>), AdminError>,
    ) -> Result<T, AdminError> {
        self.change(|state, now| {
            let chain = state.chains.iter_mut().find(|chain| chain.chain_id == *chain_id);
            let (value, event) = change(chain.ok_or_else(|| AdminError::UnknownChain(chain_id.clone()))?)?;
            if let Some(event) = event {
                state.send_chain_change(chain_id, event, now);
            }
            Ok(value)
        })
    }
}

impl State {
    /// Sends a change of a chain to each callable app that can see the chain.
    fn send_chain_change(&mut self, chain_id: &ChainId, change: ChainChange, now: Duration) {
        let event = Event::ChangeChain(ChangeChain::new(chain_id, change));
        for app in self.apps.iter().filter(|app| app.callable && app.sees_chain(chain_id)) {
            self.outboxes.of(app.agentid).push(event.clone(), now);
        }
    }
}

/// Returns the name, or an error if it is empty.
fn not_empty(name: impl Into<String>) -> Result<String, AdminError> {
    Some(name.into()).filter(|name| !name.is_empty()).ok_or(AdminError::EmptyName)
}

impl fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

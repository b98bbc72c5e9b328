//! The apps of a world: their ids, their secrets, and what they may see.

use wecom_core::Secret;
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, ChainId, GroupId};

/// An app (应用) of the upstream corp, which sees every chain and may make every call until something else is said.
#[derive(Clone, Debug)]
#[must_use = "an app does nothing until a world has it"]
pub struct WorldApp {
    pub(crate) agentid: AgentId,
    pub(crate) secret: Secret,
    /// All chains when `None`.
    pub(crate) visible_chains: Option<Vec<ChainId>>,
    /// Of a chain that is not here, all groups.
    pub(crate) visible_groups: Vec<(ChainId, Vec<GroupId>)>,
    pub(crate) callable: bool,
    pub(crate) shares: Vec<(BusinessType, SharedCorp)>,
}

impl WorldApp {
    /// An app by its id and its secret.
    pub fn new(agentid: impl Into<AgentId>, secret: Secret) -> Self {
        Self {
            agentid: agentid.into(),
            secret,
            visible_chains: None,
            visible_groups: Vec::new(),
            callable: true,
            shares: Vec::new(),
        }
    }

    /// Lets the app see this chain and, of all others, only those for which this is said too. The rest are unknown to it:
    /// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
    pub fn sees_only(mut self, chain_id: impl Into<ChainId>) -> Self {
        self.visible_chains.get_or_insert_default().push(chain_id.into());
        self
    }

    /// Lets the app see, of this chain, only these groups and those below them.
    ///
    /// Another group that it names is refused with [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN), and the
    /// corps that lie there, with their members, with [`NOT_IN_RANGE`](wecom_core::ErrCode::NOT_IN_RANGE). A list of
    /// groups goes without them.
    pub fn sees_only_groups(mut self, chain_id: impl Into<ChainId>, groups: impl IntoIterator<Item = GroupId>) -> Self {
        self.visible_groups.push((chain_id.into(), groups.into_iter().collect()));
        self
    }

    /// Takes the app off 上下游 → 可调用接口的应用: it may not list the chains
    /// ([`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN)), and isn't told who invited a corp.
    pub fn not_callable(mut self) -> Self {
        self.callable = false;
        self
    }

    /// Shares the app with a corp of a chain ([`BusinessType::Chain`]).
    pub fn shared_with(mut self, corp: SharedCorp) -> Self {
        self.shares.push((BusinessType::Chain, corp));
        self
    }

    /// Shares the app with a corp by 企业互联 ([`BusinessType::CorpGroup`]).
    pub fn shared_in_corp_group(mut self, corp: SharedCorp) -> Self {
        self.shares.push((BusinessType::CorpGroup, corp));
        self
    }

    /// The groups of a chain that it sees, with those below them; all of them when `None`.
    pub(crate) fn groups_of(&self, chain_id: &ChainId) -> Option<&[GroupId]> {
        self.visible_groups.iter().find(|(of, _)| of == chain_id).map(|(_, groups)| groups.as_slice())
    }
}

//! The apps of a world.

use wecom_core::Secret;
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, ChainId, GroupId};

use super::shares::Shares;

/// An app (应用) of the upstream corp. By default it can see every chain and make every call.
#[derive(Clone, Debug)]
#[must_use = "an app does nothing without a world"]
pub struct WorldApp {
    pub(crate) agentid: AgentId,
    pub(crate) secret: Secret,
    /// All chains if `None`.
    pub(crate) visible_chains: Option<Vec<ChainId>>,
    /// The visible groups. All groups of a chain that is not in the list are visible.
    pub(crate) visible_groups: Vec<(ChainId, Vec<GroupId>)>,
    pub(crate) callable: bool,
    pub(crate) shares: Shares,
}

impl WorldApp {
    /// Creates an app.
    pub fn new(agentid: impl Into<AgentId>, secret: Secret) -> Self {
        Self {
            agentid: agentid.into(),
            secret,
            visible_chains: None,
            visible_groups: Vec::new(),
            callable: true,
            shares: Shares::default(),
        }
    }

    /// Limits the app to this chain. Further calls add further chains.
    ///
    /// Calls about other chains fail with [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
    pub fn sees_only(mut self, chain_id: impl Into<ChainId>) -> Self {
        self.visible_chains.get_or_insert_default().push(chain_id.into());
        self
    }

    /// Limits the app to these groups of a chain and their descendants.
    ///
    /// Calls about other groups fail with [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN), calls about corps in
    /// them and their members with [`NOT_IN_RANGE`](wecom_core::ErrCode::NOT_IN_RANGE). Lists of groups omit them.
    pub fn sees_only_groups(mut self, chain_id: impl Into<ChainId>, groups: impl IntoIterator<Item = GroupId>) -> Self {
        self.visible_groups.push((chain_id.into(), groups.into_iter().collect()));
        self
    }

    /// Removes the app from the list 上下游 → 可调用接口的应用.
    ///
    /// It can't list the chains ([`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN)), and lists of corps omit
    /// `invite_userid`.
    pub fn not_callable(mut self) -> Self {
        self.callable = false;
        self
    }

    /// Shares the app with a corp of a chain ([`BusinessType::Chain`]).
    pub fn shared_with(mut self, corp: SharedCorp) -> Self {
        self.shares.add(BusinessType::Chain, corp);
        self
    }

    /// Shares the app with a corp by 企业互联 ([`BusinessType::CorpGroup`]).
    pub fn shared_in_corp_group(mut self, corp: SharedCorp) -> Self {
        self.shares.add(BusinessType::CorpGroup, corp);
        self
    }

    pub(crate) fn sees_chain(&self, chain_id: &ChainId) -> bool {
        self.visible_chains.as_ref().is_none_or(|visible| visible.contains(chain_id))
    }

    /// The visible groups of a chain, apart from their descendants. All groups if `None`.
    pub(crate) fn visible_groups_of(&self, chain_id: &ChainId) -> Option<&[GroupId]> {
        self.visible_groups.iter().find(|(chain, _)| chain == chain_id).map(|(_, groups)| groups.as_slice())
    }
}

//! `change_chain`: 上下游变更事件 ([95796](https://developer.work.weixin.qq.com/document/path/95796)).

use wecom_core::ids::{ChainId, CorpId, GroupId};

use super::fields::Fields;
use crate::xml::writer::Writer;

/// A change of a chain (上下游变更事件, [95796](https://developer.work.weixin.qq.com/document/path/95796)).
///
/// Sent to self-built apps only, and not for changes made through the API. It contains only ids. To get the rest, call
/// `get_chain_group` and `get_chain_corpinfo` of `wecom-upstream`.
///
/// ```
/// use wecom_callback::{ChainChange, ChangeChain};
/// use wecom_core::ids::{ChainId, CorpId};
///
/// let joined = ChainChange::CorpJoin(vec![CorpId::new("wwtaihu")]);
/// let event = ChangeChain::new(ChainId::new("ChDealers"), joined);
/// assert_eq!(event.change.change_type(), "corp_join");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeChain {
    /// The chain: `ChainId`.
    pub chain_id: ChainId,
    /// The change: `ChangeType`, and the ids in it.
    pub change: ChainChange,
}

/// A change in a chain: `ChangeType`.
///
/// Empty ids of a message are skipped, so a list of groups can be empty: then read all groups of the chain again. A list of
/// corps is never empty in a received event. A message without a corp is [`Event::Other`](crate::Event::Other).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainChange {
    /// `create_chain`: the chain was created.
    CreateChain,
    /// `update_chain`: the chain itself was changed.
    UpdateChain,
    /// `delete_chain`: the chain was deleted.
    DeleteChain,
    /// `create_group`: these groups were created.
    CreateGroup(Vec<GroupId>),
    /// `update_group`: these groups were changed.
    UpdateGroup(Vec<GroupId>),
    /// `delete_group`: these groups were deleted.
    DeleteGroup(Vec<GroupId>),
    /// `corp_join`: these corps have joined. There is no event for an invitation.
    CorpJoin(Vec<CorpId>),
    /// `update_corp`: these corps were moved to other groups.
    UpdateCorp(Vec<CorpId>),
    /// `remove_corp`: these corps were removed, and can no longer be queried.
    RemoveCorp(Vec<CorpId>),
}

impl ChangeChain {
    /// Creates a change of a chain.
    pub fn new(chain_id: impl Into<ChainId>, change: ChainChange) -> Self {
        Self { chain_id: chain_id.into(), change }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        let groups = || fields.list("GroupIds", "GroupId");
        // Without ids, a change of corps is `Event::Other`: a reader of the list would conclude that no corp has changed.
        let corps = || fields.list("CorpIds", "CorpId").filter(|corps: &Vec<CorpId>| !corps.is_empty());
        let change = match &*fields.text("ChangeType")? {
            "create_chain" => ChainChange::CreateChain,
            "update_chain" => ChainChange::UpdateChain,
            "delete_chain" => ChainChange::DeleteChain,
            "create_group" => ChainChange::CreateGroup(groups()?),
            "update_group" => ChainChange::UpdateGroup(groups()?),
            "delete_group" => ChainChange::DeleteGroup(groups()?),
            "corp_join" => ChainChange::CorpJoin(corps()?),
            "update_corp" => ChainChange::UpdateCorp(corps()?),
            "remove_corp" => ChainChange::RemoveCorp(corps()?),
            _ => return None,
        };
        Some(Self { chain_id: fields.value("ChainId")?, change })
    }

    pub(super) fn write(&self, xml: &mut Writer) {
        xml.text("ChangeType", self.change.change_type()).text("ChainId", &self.chain_id);
        match &self.change {
            ChainChange::CreateGroup(groups) | ChainChange::UpdateGroup(groups) | ChainChange::DeleteGroup(groups) => {
                xml.group("GroupIds", |xml| {
                    for group in groups {
                        xml.number("GroupId", group);
                    }
                });
            }
            ChainChange::CorpJoin(corps) | ChainChange::UpdateCorp(corps) | ChainChange::RemoveCorp(corps) => {
                xml.group("CorpIds", |xml| {
                    for corp in corps {
                        xml.text("CorpId", corp);
                    }
                });
            }
            ChainChange::CreateChain | ChainChange::UpdateChain | ChainChange::DeleteChain => {}
        }
    }
}

impl ChainChange {
    /// Returns the vendor's name of the change.
    #[must_use]
    pub fn change_type(&self) -> &'static str {
        match self {
            Self::CreateChain => "create_chain",
            Self::UpdateChain => "update_chain",
            Self::DeleteChain => "delete_chain",
            Self::CreateGroup(_) => "create_group",
            Self::UpdateGroup(_) => "update_group",
            Self::DeleteGroup(_) => "delete_group",
            Self::CorpJoin(_) => "corp_join",
            Self::UpdateCorp(_) => "update_corp",
            Self::RemoveCorp(_) => "remove_corp",
        }
    }
}

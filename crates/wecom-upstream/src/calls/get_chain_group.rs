//! `POST corpgroup/corp/get_chain_group`: 获取上下游通讯录分组
//! ([95820](https://developer.work.weixin.qq.com/document/path/95820)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, GroupId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::serde_helpers;

/// The descriptor of [`GetChainGroup`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/get_chain_group` |
/// | document | 获取上下游通讯录分组 ([95820](https://developer.work.weixin.qq.com/document/path/95820)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CHAIN_GROUP: Endpoint = Endpoint::post("get_chain_group", "corpgroup/corp/get_chain_group")
    .with_title("获取上下游通讯录分组")
    .with_documents(&[95820])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Lists the groups of a chain's directory: 获取上下游通讯录分组
/// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
///
/// One reply lists all groups of the chain, or all groups below one group.
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP), [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN).
///
/// ```
/// use wecom_upstream::calls::GetChainGroup;
/// use wecom_upstream::ChainId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let chain_id = ChainId::new("Ch1234");
/// for group in upstream.get_chain_group(GetChainGroup::new(&chain_id)).await?.groups {
///     println!("{} {}", group.groupid, group.group_name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetChainGroup {
    /// The chain.
    pub chain_id: ChainId,
    /// The group to list the groups below; by default all groups of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groupid: Option<GroupId>,
}

impl GetChainGroup {
    /// Creates a call for all groups of a chain.
    pub fn new(chain_id: impl Into<ChainId>) -> Self {
        Self { chain_id: chain_id.into(), groupid: None }
    }

    /// Limits the list to the groups below one group.
    pub fn groupid(mut self, groupid: impl Into<GroupId>) -> Self {
        self.groupid = Some(groupid.into());
        self
    }
}

impl ApiCall for GetChainGroup {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_GROUP;
    type Reply = GetChainGroupReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.into_result()
    }
}

/// The reply to [`GetChainGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainGroupReply {
    /// The groups, in no particular order.
    #[serde(default, deserialize_with = "wire::list")]
    pub groups: Vec<Group>,
}

impl GetChainGroupReply {
    /// Creates a reply with these groups.
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        Self { groups: groups.into_iter().collect() }
    }
}

/// A group (分组) of a chain's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The group's id. The root group has the id [`GroupId::ROOT`].
    pub groupid: GroupId,
    /// The group's name; empty if the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub group_name: String,
    /// The parent group, which may be missing from the reply; `None` if the reply names no parent.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub parentid: Option<GroupId>,
    /// The sort weight among sibling groups, 0 to 2^32 - 1: larger values come first. 0 if the reply has none.
    #[serde(default, deserialize_with = "serde_helpers::number_or_zero")]
    pub order: i64,
}

impl Group {
    /// Creates a group below a parent group, with `order` 0.
    pub fn new(groupid: impl Into<GroupId>, group_name: impl Into<String>, parentid: impl Into<GroupId>) -> Self {
        Self { groupid: groupid.into(), group_name: group_name.into(), parentid: Some(parentid.into()), order: 0 }
    }

    /// Sets the sort weight among sibling groups.
    #[must_use]
    pub fn order(mut self, order: i64) -> Self {
        self.order = order;
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_CHAIN_GROUP), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = GetChainGroup::new(ChainId::new("Chxxxxxx")).groupid(GroupId::ROOT);
        assert_request(sample!("get_chain_group.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/get_chain_group");
    }

    #[test]
    fn an_omitted_group_is_not_sent() {
        assert_eq!(body(&GetChainGroup::new(ChainId::new("Ch1"))), json!({"chain_id": "Ch1"}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetChainGroup>(
            sample!("get_chain_group.reply.json"),
            &GetChainGroupReply::new([
                Group::new(GroupId::new(2), "一级经销商", GroupId::ROOT).order(1),
                Group::new(GroupId::new(3), "二级经销商", GroupId::new(2)).order(3),
            ]),
        );
    }

    #[test]
    fn numbers_may_be_strings_and_optional_fields_may_be_absent() {
        let json = r#"{"groups":[
            {"groupid":"2","parentid":"1","order":"4294967295","group_name":"a","new":[]},
            {"groupid":3},
            {"groupid":4,"parentid":null,"order":null,"group_name":null}
        ]}"#;
        let without_parent = |groupid| Group { parentid: None, ..Group::new(groupid, "", groupid) };
        assert_eq!(
            reply::<GetChainGroup>(json).unwrap().groups,
            [
                Group::new(GroupId::new(2), "a", GroupId::ROOT).order(4_294_967_295),
                without_parent(GroupId::new(3)),
                without_parent(GroupId::new(4)),
            ]
        );
        assert!(reply::<GetChainGroup>(r#"{"groups":null}"#).unwrap().groups.is_empty());
    }

    #[test]
    fn a_group_without_an_id_is_an_error_with_its_path() {
        assert_eq!(failing_path::<GetChainGroup>(r#"{"groups":[{"groupid":"two"}]}"#), "groups[0].groupid");
        assert_eq!(failing_path::<GetChainGroup>(r#"{"groups":[{"group_name":"a"}]}"#), "groups[0]");
    }

    #[test]
    fn an_empty_chain_id_is_rejected() {
        assert_eq!(rejected_fields(&GetChainGroup::new(ChainId::new(""))), ["chain_id"]);
    }
}

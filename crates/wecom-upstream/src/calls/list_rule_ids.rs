//! `POST corpgroup/rule/list_ids`: 获取对接规则id列表
//! ([95631](https://developer.work.weixin.qq.com/document/path/95631)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;

/// The descriptor of [`ListRuleIds`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/rule/list_ids` |
/// | document | 获取对接规则id列表 ([95631](https://developer.work.weixin.qq.com/document/path/95631)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const LIST_RULE_IDS: Endpoint = Endpoint::post("list_rule_ids", "corpgroup/rule/list_ids")
    .with_title("获取对接规则id列表")
    .with_documents(&[95631])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Lists the ids of a chain's rules: 获取对接规则id列表
/// ([95631](https://developer.work.weixin.qq.com/document/path/95631)).
///
/// The vendor's path is `rule/list_ids`. [`GetRuleInfo`](crate::calls::GetRuleInfo) returns the contents of a rule.
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
///
/// ```
/// use wecom_upstream::ChainId;
/// use wecom_upstream::calls::{GetRuleInfo, ListRuleIds};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let chain_id = ChainId::new("Ch1234");
/// for rule_id in upstream.list_rule_ids(ListRuleIds::new(&chain_id)).await?.rule_ids {
///     let rule =
///         upstream.get_rule_info(GetRuleInfo::new(&chain_id, rule_id)).await?.rule_info;
///     println!("{rule_id}: {} corps", rule.member_corp_range.corpids.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ListRuleIds {
    /// The chain.
    pub chain_id: ChainId,
}

impl ListRuleIds {
    /// Creates a call for a chain.
    pub fn new(chain_id: impl Into<ChainId>) -> Self {
        Self { chain_id: chain_id.into() }
    }
}

impl ApiCall for ListRuleIds {
    const ENDPOINT: &'static Endpoint = &LIST_RULE_IDS;
    type Reply = ListRuleIdsReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.into_result()
    }
}

/// The reply to [`ListRuleIds`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListRuleIdsReply {
    /// The ids of the chain's rules.
    #[serde(default, deserialize_with = "wire::list")]
    pub rule_ids: Vec<RuleId>,
}

impl ListRuleIdsReply {
    /// Creates a reply with the ids of rules.
    pub fn new(rule_ids: impl IntoIterator<Item = impl Into<RuleId>>) -> Self {
        Self { rule_ids: rule_ids.into_iter().map(Into::into).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, failing_path, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&LIST_RULE_IDS), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = ListRuleIds::new(ChainId::new("Chxxxxxx"));
        assert_request(sample!("list_rule_ids.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/rule/list_ids");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<ListRuleIds>(
            sample!("list_rule_ids.reply.json"),
            &ListRuleIdsReply::new([1, 2].map(RuleId::new)),
        );
    }

    #[test]
    fn ids_may_be_strings_and_an_absent_list_has_no_rules() {
        let rule_ids = |json| reply::<ListRuleIds>(json).unwrap().rule_ids;
        assert_eq!(rule_ids(r#"{"rule_ids":["1",9223372036854775807],"new":1}"#), [1, i64::MAX].map(RuleId::new));
        for json in [r#"{"errcode":0}"#, r#"{"rule_ids":null}"#, r#"{"rule_ids":[]}"#] {
            assert!(rule_ids(json).is_empty(), "{json}");
        }
    }

    #[test]
    fn a_malformed_id_is_an_error_with_its_path() {
        assert_eq!(failing_path::<ListRuleIds>(r#"{"rule_ids":[1,"two"]}"#), "rule_ids[1]");
        assert_eq!(failing_path::<ListRuleIds>(r#"{"rule_ids":[null]}"#), "rule_ids[0]");
    }

    #[test]
    fn an_empty_chain_id_is_rejected() {
        assert_eq!(rejected_fields(&ListRuleIds::new(ChainId::new(""))), ["chain_id"]);
    }
}

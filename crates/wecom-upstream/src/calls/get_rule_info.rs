//! `POST corpgroup/rule/get_rule_info`: 获取对接规则详情
//! ([95633](https://developer.work.weixin.qq.com/document/path/95633)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::values::StoredRuleInfo;

/// The descriptor of [`GetRuleInfo`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/rule/get_rule_info` |
/// | document | 获取对接规则详情 ([95633](https://developer.work.weixin.qq.com/document/path/95633)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_RULE_INFO: Endpoint = Endpoint::post("get_rule_info", "corpgroup/rule/get_rule_info")
    .with_title("获取对接规则详情")
    .with_documents(&[95633])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Returns the contents of a rule of a chain: 获取对接规则详情
/// ([95633](https://developer.work.weixin.qq.com/document/path/95633)).
///
/// The contents can be changed and sent back; see [`ModifyRule`](crate::calls::ModifyRule).
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_RULE`](wecom_core::ErrCode::UNKNOWN_RULE).
///
/// ```
/// use wecom_upstream::ChainId;
/// use wecom_upstream::calls::GetRuleInfo;
/// use wecom_upstream::ids::RuleId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let rule = upstream
///     .get_rule_info(GetRuleInfo::new(ChainId::new("Ch1234"), RuleId::new(1)))
///     .await?
///     .rule_info;
/// for corpid in rule.member_corp_range.corpids {
///     println!("{corpid}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetRuleInfo {
    /// The chain.
    pub chain_id: ChainId,
    /// The rule.
    pub rule_id: RuleId,
}

impl GetRuleInfo {
    /// Creates a call for a rule of a chain.
    pub fn new(chain_id: impl Into<ChainId>, rule_id: impl Into<RuleId>) -> Self {
        Self { chain_id: chain_id.into(), rule_id: rule_id.into() }
    }
}

impl ApiCall for GetRuleInfo {
    const ENDPOINT: &'static Endpoint = &GET_RULE_INFO;
    type Reply = GetRuleInfoReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.into_result()
    }
}

/// The reply to [`GetRuleInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetRuleInfoReply {
    /// The contents of the rule.
    pub rule_info: StoredRuleInfo,
}

impl GetRuleInfoReply {
    /// Creates a reply with this rule.
    pub fn new(rule_info: impl Into<StoredRuleInfo>) -> Self {
        Self { rule_info: rule_info.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};

    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, failing_path, rejected_fields, reply, sample, target};
    use crate::values::{StoredMemberRange, StoredOwnerRange};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_RULE_INFO), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = GetRuleInfo::new(ChainId::new("Chxxxxxx"), RuleId::new(1));
        assert_request(sample!("get_rule_info.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/rule/get_rule_info");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetRuleInfo>(
            sample!("get_rule_info.reply.json"),
            &GetRuleInfoReply::new(StoredRuleInfo::new(
                StoredOwnerRange::new(
                    ["departmentid1", "departmentid2"].map(DepartmentId::new),
                    ["userid1", "userid2"].map(UserId::new),
                ),
                StoredMemberRange::new([1, 2].map(GroupId::new), ["corpid1", "corpid2"].map(CorpId::new)),
            )),
        );
    }

    #[test]
    fn ids_decode_from_numbers_or_strings_and_groups_serialize_as_strings() {
        let json = r#"{"rule_info":{
            "owner_corp_range":{"departmentids":[1,"2"],"userids":[3],"new":0},
            "member_corp_range":{"groupids":["1",9223372036854775807],"corpids":[4,"c"]},
            "new":{}
        }}"#;
        let reply = reply::<GetRuleInfo>(json).unwrap();
        assert_eq!(
            serde_json::to_value(&reply.rule_info).unwrap(),
            json!({
                "owner_corp_range": {"departmentids": ["1", "2"], "userids": ["3"]},
                "member_corp_range": {"groupids": ["1", "9223372036854775807"], "corpids": ["4", "c"]},
            })
        );
    }

    #[test]
    fn absent_and_null_ranges_are_empty() {
        for json in [
            r#"{"rule_info":{}}"#,
            r#"{"rule_info":{"owner_corp_range":null,"member_corp_range":null}}"#,
            r#"{"rule_info":{"owner_corp_range":{},"member_corp_range":{"groupids":null,"corpids":[]}}}"#,
        ] {
            assert_eq!(reply::<GetRuleInfo>(json).unwrap().rule_info, StoredRuleInfo::default(), "{json}");
        }
    }

    #[test]
    fn a_malformed_id_and_a_missing_rule_are_errors_with_their_paths() {
        let json = r#"{"rule_info":{"member_corp_range":{"groupids":["1","two"]}}}"#;
        assert_eq!(failing_path::<GetRuleInfo>(json), "rule_info.member_corp_range.groupids[1]");
        let json = r#"{"rule_info":{"owner_corp_range":{"userids":[null]}}}"#;
        assert_eq!(failing_path::<GetRuleInfo>(json), "rule_info.owner_corp_range.userids[0]");
        let error = reply::<GetRuleInfo>(r#"{"errcode":0}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `rule_info`"), "{error}");
    }

    #[test]
    fn an_empty_chain_id_is_rejected() {
        assert_eq!(rejected_fields(&GetRuleInfo::new(ChainId::new(""), RuleId::new(1))), ["chain_id"]);
    }
}

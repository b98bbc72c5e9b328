//! `POST corpgroup/rule/add_rule`: 新增对接规则
//! ([95634](https://developer.work.weixin.qq.com/document/path/95634)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::RULE_CHANGE_QUOTA;
use crate::values::RuleInfo;

/// The descriptor of [`AddRule`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/rule/add_rule` |
/// | document | 新增对接规则 ([95634](https://developer.work.weixin.qq.com/document/path/95634)) |
/// | token | the upstream corp's |
/// | safety | not idempotent: never repeated if it may have been carried out |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour, 1,000 a day |
pub const ADD_RULE: Endpoint = Endpoint::post("add_rule", "corpgroup/rule/add_rule")
    .with_title("新增对接规则")
    .with_documents(&[95634])
    .with_safety(Safety::NotIdempotent)
    .with_quota(RULE_CHANGE_QUOTA);

/// Adds a rule to a chain: 新增对接规则
/// ([95634](https://developer.work.weixin.qq.com/document/path/95634)).
///
/// Not idempotent: repeating the call adds a second rule. A corp may make 1,000 calls a day, calls of
/// [`ModifyRule`](crate::calls::ModifyRule) included.
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`RULES_EXCEEDED`](wecom_core::ErrCode::RULES_EXCEEDED); for the contents of the ranges
/// [`MEMBER_NOT_IN_RANGE`](wecom_core::ErrCode::MEMBER_NOT_IN_RANGE),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP), [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN),
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN).
///
/// ```
/// use wecom_upstream::calls::AddRule;
/// use wecom_upstream::ids::DepartmentId;
/// use wecom_upstream::values::{MemberCorpRange, OwnerCorpRange, RuleInfo};
/// use wecom_upstream::{ChainId, GroupId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let rule = RuleInfo::new(
///     OwnerCorpRange::department(DepartmentId::new("7")),
///     MemberCorpRange::group(GroupId::new(2)).and_groups([GroupId::new(3)]),
/// );
/// let rule_id =
///     upstream.add_rule(AddRule::new(ChainId::new("Ch1234"), rule)).await?.rule_id;
/// # let _ = rule_id;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct AddRule {
    /// The chain.
    pub chain_id: ChainId,
    /// The contents of the rule.
    pub rule_info: RuleInfo,
}

impl AddRule {
    /// Creates a call that adds a rule to a chain.
    pub fn new(chain_id: impl Into<ChainId>, rule_info: RuleInfo) -> Self {
        Self { chain_id: chain_id.into(), rule_info }
    }
}

impl ApiCall for AddRule {
    const ENDPOINT: &'static Endpoint = &ADD_RULE;
    type Reply = AddRuleReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        self.rule_info.check(&mut violations);
        violations.into_result()
    }
}

/// The reply to [`AddRule`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AddRuleReply {
    /// The id of the new rule.
    pub rule_id: RuleId,
}

impl AddRuleReply {
    /// Creates a reply with the id of the new rule.
    pub fn new(rule_id: impl Into<RuleId>) -> Self {
        Self { rule_id: rule_id.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };
    use crate::values::{MemberCorpRange, OwnerCorpRange};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&ADD_RULE), "Upstream, NotIdempotent, 10000 a minute, 150000 an hour, 1000 a day");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let rule = RuleInfo::new(
            OwnerCorpRange::department(DepartmentId::new("departmentid1"))
                .and_departments([DepartmentId::new("departmentid2")])
                .and_users(["userid1", "userid2"].map(UserId::new)),
            MemberCorpRange::group(GroupId::new(1))
                .and_groups([GroupId::new(2)])
                .and_corps(["corpid1", "corpid2"].map(CorpId::new)),
        );
        let call = AddRule::new(ChainId::new("Chxxxxxx"), rule);
        assert_request(sample!("add_rule.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/rule/add_rule");
    }

    #[test]
    fn one_list_of_each_range_is_enough() {
        let rule = RuleInfo::new(OwnerCorpRange::user(UserId::new("u")), MemberCorpRange::corp(CorpId::new("c")));
        let expected = json!({"owner_corp_range": {"userids": ["u"]}, "member_corp_range": {"corpids": ["c"]}});
        assert_eq!(body(&AddRule::new(ChainId::new("Ch1"), rule)), json!({"chain_id": "Ch1", "rule_info": expected}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<AddRule>(sample!("add_rule.reply.json"), &AddRuleReply::new(RuleId::new(1)));
    }

    #[test]
    fn the_id_may_be_a_string_and_is_required() {
        assert_eq!(reply::<AddRule>(r#"{"rule_id":"7","new":1}"#).unwrap(), AddRuleReply::new(RuleId::new(7)));
        assert_eq!(failing_path::<AddRule>(r#"{"rule_id":null}"#), "rule_id");
        let error = reply::<AddRule>(r#"{"errcode":0}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `rule_id`"), "{error}");
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let owner = OwnerCorpRange::department(DepartmentId::new("")).and_users([UserId::new("")]);
        let call = AddRule::new(ChainId::new(""), RuleInfo::new(owner, MemberCorpRange::corp(CorpId::new(""))));
        assert_eq!(
            rejected_fields(&call),
            [
                "chain_id",
                "rule_info.owner_corp_range.departmentids[0]",
                "rule_info.owner_corp_range.userids[0]",
                "rule_info.member_corp_range.corpids[0]",
            ]
        );
    }
}

//! `POST corpgroup/rule/modify_rule`: 更新对接规则
//! ([95635](https://developer.work.weixin.qq.com/document/path/95635)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::RULE_CHANGE_QUOTA;
use crate::values::RuleInfo;

/// The descriptor of [`ModifyRule`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/rule/modify_rule` |
/// | document | 更新对接规则 ([95635](https://developer.work.weixin.qq.com/document/path/95635)) |
/// | token | the upstream corp's |
/// | safety | idempotent |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour, 1,000 a day |
pub const MODIFY_RULE: Endpoint = Endpoint::post("modify_rule", "corpgroup/rule/modify_rule")
    .with_title("更新对接规则")
    .with_documents(&[95635])
    .with_safety(Safety::Idempotent)
    .with_quota(RULE_CHANGE_QUOTA);

/// Replaces the contents of a rule of a chain: 更新对接规则
/// ([95635](https://developer.work.weixin.qq.com/document/path/95635)).
///
/// The call replaces the whole rule, so the rule loses the departments, members, groups and corps that the new contents
/// do not name. A corp may make 1,000 calls a day, calls of [`AddRule`](crate::calls::AddRule) included.
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_RULE`](wecom_core::ErrCode::UNKNOWN_RULE); for the contents of the ranges
/// [`MEMBER_NOT_IN_RANGE`](wecom_core::ErrCode::MEMBER_NOT_IN_RANGE),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP), [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN),
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN).
///
/// To change a part of a rule, read the rule, change it and send it back. The conversion in between returns an
/// [`InvalidRequest`] if a range has become empty. Unknown fields of a rule are lost.
///
/// ```
/// use wecom_upstream::calls::{GetRuleInfo, ModifyRule};
/// use wecom_upstream::ids::RuleId;
/// use wecom_upstream::values::RuleInfo;
/// use wecom_upstream::{ChainId, CorpId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), Box<dyn std::error::Error>> {
/// let (chain_id, rule_id) = (ChainId::new("Ch1234"), RuleId::new(1));
/// let mut rule =
///     upstream.get_rule_info(GetRuleInfo::new(&chain_id, rule_id)).await?.rule_info;
/// rule.member_corp_range.corpids.push(CorpId::new("ww1234"));
/// upstream
///     .modify_rule(ModifyRule::new(&chain_id, rule_id, RuleInfo::try_from(rule)?))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ModifyRule {
    /// The chain.
    pub chain_id: ChainId,
    /// The rule.
    pub rule_id: RuleId,
    /// The new contents of the rule.
    pub rule_info: RuleInfo,
}

impl ModifyRule {
    /// Creates a call that replaces the contents of a rule.
    pub fn new(chain_id: impl Into<ChainId>, rule_id: impl Into<RuleId>, rule_info: RuleInfo) -> Self {
        Self { chain_id: chain_id.into(), rule_id: rule_id.into(), rule_info }
    }
}

impl ApiCall for ModifyRule {
    const ENDPOINT: &'static Endpoint = &MODIFY_RULE;
    type Reply = ModifyRuleReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        self.rule_info.check(&mut violations);
        violations.into_result()
    }
}

/// The reply to [`ModifyRule`], which has no fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModifyRuleReply {}

impl ModifyRuleReply {
    /// Creates the reply.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};

    use super::*;
    use crate::calls::GetRuleInfo;
    use crate::samples::{assert_reply, assert_request, body, facts, rejected_fields, reply, sample, target};
    use crate::values::{MemberCorpRange, OwnerCorpRange};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&MODIFY_RULE), "Upstream, Idempotent, 10000 a minute, 150000 an hour, 1000 a day");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let rule = RuleInfo::new(
            OwnerCorpRange::user(UserId::new("userid1"))
                .and_users([UserId::new("userid2")])
                .and_departments(["departmentid1", "departmentid2"].map(DepartmentId::new)),
            MemberCorpRange::corp(CorpId::new("corpid1"))
                .and_corps([CorpId::new("corpid2")])
                .and_groups([1, 2].map(GroupId::new)),
        );
        let call = ModifyRule::new(ChainId::new("Chxxxxxx"), RuleId::new(1), rule);
        assert_request(sample!("modify_rule.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/rule/modify_rule");
    }

    #[test]
    fn a_rule_is_sent_back_unchanged() {
        let read = reply::<GetRuleInfo>(sample!("get_rule_info.reply.json")).unwrap().rule_info;
        let call = ModifyRule::new(ChainId::new("Chxxxxxx"), RuleId::new(1), RuleInfo::try_from(read).unwrap());
        let documented: serde_json::Value = serde_json::from_str(sample!("modify_rule.request.json")).unwrap();
        assert_eq!(body(&call), documented);
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<ModifyRule>(sample!("modify_rule.reply.json"), &ModifyRuleReply::new());
    }

    #[test]
    fn unknown_fields_of_the_reply_are_ignored() {
        assert_eq!(reply::<ModifyRule>(r#"{"errcode":"0","new":[1]}"#).unwrap(), ModifyRuleReply::new());
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let rule = RuleInfo::new(
            OwnerCorpRange::user(UserId::new("")),
            MemberCorpRange::group(GroupId::ROOT).and_corps([CorpId::new("")]),
        );
        let call = ModifyRule::new(ChainId::new(""), RuleId::new(1), rule);
        assert_eq!(
            rejected_fields(&call),
            ["chain_id", "rule_info.owner_corp_range.userids[0]", "rule_info.member_corp_range.corpids[0]"]
        );
    }
}

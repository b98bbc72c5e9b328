//! `POST corpgroup/rule/modify_rule`: 更新对接规则
//! ([95635](https://developer.work.weixin.qq.com/document/path/95635)).

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, InvalidRequest, Safety, Violations};

use crate::calls::RULE_CHANGE_QUOTA;
use crate::values::RuleInfo;

/// The descriptor of [`ModifyRule`].
pub const MODIFY_RULE: Endpoint = Endpoint::post("modify_rule", "corpgroup/rule/modify_rule")
    .with_title("更新对接规则")
    .with_documents(&[95635])
    .with_safety(Safety::Idempotent)
    .with_quota(RULE_CHANGE_QUOTA);

/// Replaces what a rule between upstream and downstream says: 更新对接规则
/// ([95635](https://developer.work.weixin.qq.com/document/path/95635)).
///
/// The whole rule is replaced: what the new one does not name is no longer part of it. At most 1,000 calls a day, those
/// of [`AddRule`](crate::calls::AddRule) included.
///
/// It may be refused with [`UNKNOWN_RULE`](wecom_core::ErrCode::UNKNOWN_RULE); with
/// [`MEMBER_NOT_IN_RANGE`](wecom_core::ErrCode::MEMBER_NOT_IN_RANGE),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP), [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN) or
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN) for what its ranges name; and with
/// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
///
/// To change a part of a rule, read it, change it and send it back. The conversion in between fails with an
/// [`InvalidRequest`] when a range has become empty. A field of a rule that has no name here is not read, and so is not
/// sent back.
///
/// ```
/// use wecom_upstream::calls::{GetRuleInfo, ModifyRule};
/// use wecom_upstream::ids::RuleId;
/// use wecom_upstream::values::RuleInfo;
/// use wecom_upstream::{ChainId, CorpId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), Box<dyn std::error::Error>> {
/// let (chain_id, rule_id) = (ChainId::new("Ch1234"), RuleId::new(1));
/// let mut rule = upstream.get_rule_info(GetRuleInfo::new(&chain_id, rule_id)).await?.rule_info;
/// rule.member_corp_range.corpids.push(CorpId::new("ww1234"));
/// upstream.modify_rule(ModifyRule::new(&chain_id, rule_id, RuleInfo::try_from(rule)?)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client is given it"]
#[non_exhaustive]
pub struct ModifyRule {
    /// The chain.
    pub chain_id: ChainId,
    /// The rule.
    pub rule_id: RuleId,
    /// What it says from now on.
    pub rule_info: RuleInfo,
}

impl ModifyRule {
    /// The call to replace what a rule of a chain says.
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

/// What [`ModifyRule`] answers: that it was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModifyRuleReply {}

impl ModifyRuleReply {
    /// The reply.
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
    use crate::samples::{assert_reply, assert_request, body, refused_fields, reply, sample, target};
    use crate::values::{MemberCorpRange, OwnerCorpRange};

    #[test]
    fn the_documented_request_is_written() {
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
    fn a_rule_that_was_read_is_sent_back_as_it_was() {
        let read = reply::<GetRuleInfo>(sample!("get_rule_info.reply.json")).unwrap().rule_info;
        let call = ModifyRule::new(ChainId::new("Chxxxxxx"), RuleId::new(1), RuleInfo::try_from(read).unwrap());
        let documented: serde_json::Value = serde_json::from_str(sample!("modify_rule.request.json")).unwrap();
        assert_eq!(body(&call), documented);
    }

    #[test]
    fn the_documented_reply_is_read() {
        assert_reply::<ModifyRule>(sample!("modify_rule.reply.json"), &ModifyRuleReply::new());
    }

    #[test]
    fn unknown_fields_of_the_reply_are_ignored() {
        assert_eq!(reply::<ModifyRule>(r#"{"errcode":"0","new":[1]}"#).unwrap(), ModifyRuleReply::new());
    }

    #[test]
    fn every_empty_id_is_refused() {
        let rule = RuleInfo::new(
            OwnerCorpRange::user(UserId::new("")),
            MemberCorpRange::group(GroupId::ROOT).and_corps([CorpId::new("")]),
        );
        let call = ModifyRule::new(ChainId::new(""), RuleId::new(1), rule);
        assert_eq!(
            refused_fields(&call),
            ["chain_id", "rule_info.owner_corp_range.userids[0]", "rule_info.member_corp_range.corpids[0]"]
        );
    }
}

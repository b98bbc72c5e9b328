//! `POST corpgroup/rule/delete_rule`: 删除对接规则
//! ([95632](https://developer.work.weixin.qq.com/document/path/95632)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, RuleId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;

/// The descriptor of [`DeleteRule`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/rule/delete_rule` |
/// | document | 删除对接规则 ([95632](https://developer.work.weixin.qq.com/document/path/95632)) |
/// | token | the upstream corp's |
/// | safety | idempotent |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const DELETE_RULE: Endpoint = Endpoint::post("delete_rule", "corpgroup/rule/delete_rule")
    .with_title("删除对接规则")
    .with_documents(&[95632])
    .with_safety(Safety::Idempotent)
    .with_quota(USUAL_QUOTA);

/// Deletes a rule of a chain: 删除对接规则
/// ([95632](https://developer.work.weixin.qq.com/document/path/95632)).
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_RULE`](wecom_core::ErrCode::UNKNOWN_RULE). After a retry, `UNKNOWN_RULE` means that an earlier attempt has
/// deleted the rule.
///
/// ```
/// use wecom_upstream::calls::DeleteRule;
/// use wecom_upstream::ids::RuleId;
/// use wecom_upstream::ChainId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// upstream.delete_rule(DeleteRule::new(ChainId::new("Ch1234"), RuleId::new(1))).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct DeleteRule {
    /// The chain.
    pub chain_id: ChainId,
    /// The rule.
    pub rule_id: RuleId,
}

impl DeleteRule {
    /// Creates a call that deletes a rule of a chain.
    pub fn new(chain_id: impl Into<ChainId>, rule_id: impl Into<RuleId>) -> Self {
        Self { chain_id: chain_id.into(), rule_id: rule_id.into() }
    }
}

impl ApiCall for DeleteRule {
    const ENDPOINT: &'static Endpoint = &DELETE_RULE;
    type Reply = DeleteRuleReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.into_result()
    }
}

/// The reply to [`DeleteRule`], which has no fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeleteRuleReply {}

impl DeleteRuleReply {
    /// Creates the reply.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&DELETE_RULE), "Upstream, Idempotent, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = DeleteRule::new(ChainId::new("Chxxxxxx"), RuleId::new(1));
        assert_request(sample!("delete_rule.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/rule/delete_rule");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<DeleteRule>(sample!("delete_rule.reply.json"), &DeleteRuleReply::new());
    }

    #[test]
    fn unknown_fields_of_the_reply_are_ignored() {
        assert_eq!(reply::<DeleteRule>(r#"{"errcode":"0","new":[1]}"#).unwrap(), DeleteRuleReply::new());
    }

    #[test]
    fn an_empty_chain_id_is_rejected() {
        assert_eq!(rejected_fields(&DeleteRule::new(ChainId::new(""), RuleId::new(1))), ["chain_id"]);
    }
}

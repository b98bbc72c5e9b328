//! The rules of a chain (对接规则): who of the upstream corp deals with whom downstream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wecom_core::{ErrCode, wire};
use wecom_upstream::{CorpId, GroupId};

use super::call::Call;
use super::chain::Chain;
use super::parameters::invalid;
use super::refusal::Refusal;
use super::world::WorldCorpId;

#[derive(Default)]
pub(crate) struct Rules {
    rules: BTreeMap<i64, RuleInfo>,
    given_ids: i64,
}

/// A rule: at least one of the two lists on either side.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RuleInfo {
    owner_corp_range: OwnerCorpRange,
    member_corp_range: MemberCorpRange,
}

#[derive(Clone, Serialize, Deserialize)]
struct OwnerCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    departmentids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    userids: Vec<Id>,
}

#[derive(Clone, Serialize, Deserialize)]
struct MemberCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    groupids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    corpids: Vec<Id>,
}

/// An id that is written as a string, and taken as a number too.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Id(#[serde(deserialize_with = "wire::text")] String);

impl Rules {
    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        self.rules.keys().copied()
    }

    pub(crate) fn add(&mut self, rule: RuleInfo) -> i64 {
        self.given_ids += 1;
        self.rules.insert(self.given_ids, rule);
        self.given_ids
    }

    pub(crate) fn get(&self, id: i64) -> Result<&RuleInfo, Refusal> {
        self.rules.get(&id).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }

    pub(crate) fn replace(&mut self, id: i64, rule: RuleInfo) -> Result<(), Refusal> {
        *self.rules.get_mut(&id).ok_or(ErrCode::UNKNOWN_RULE)? = rule;
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: i64) -> Result<(), Refusal> {
        self.rules.remove(&id).map(drop).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }
}

/// The `rule_info` of a call, which must name groups and corps of the chain.
pub(crate) fn rule_info(chain: &Chain, call: &Call<'_>) -> Result<RuleInfo, Refusal> {
    let rule: RuleInfo = call.parameters.object("rule_info")?;
    let RuleInfo { owner_corp_range: owner, member_corp_range: member } = &rule;
    if owner.departmentids.is_empty() && owner.userids.is_empty() {
        return Err(Refusal::about(ErrCode::EMPTY_PARAMETER, "owner_corp_range"));
    }
    if member.groupids.is_empty() && member.corpids.is_empty() {
        return Err(Refusal::about(ErrCode::EMPTY_PARAMETER, "member_corp_range"));
    }
    for Id(groupid) in &member.groupids {
        chain.check_group(groupid.parse::<GroupId>().map_err(|_| invalid("groupids"))?)?;
    }
    for Id(corpid) in &member.corpids {
        let corp = WorldCorpId::Joined(CorpId::new(corpid.as_str()));
        chain.corp(&corp).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
    }
    Ok(rule)
}
